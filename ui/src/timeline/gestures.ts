// `Gestures`: what fingers, mouse and wheel do on the time line. The ruler is for moving, the lines are for showing.

import { RULER, LINE, isNear } from "./draw";
import type { Review } from "./Review";
import type { Scale } from "./scale";

type Mode = "show" | "move" | "pinch" | "mark" | "in" | "out";
type Hover = (place: { time: number; line: number; x: number } | null) => void;

/** A wheel's notch. */
const NOTCH = 0.0018;

export class Gestures {
	private readonly pointers = new Map<number, { x: number; y: number }>();
	private mode: Mode | null = null;
	private began: { scale: Scale; x: number; time: number } | null = null;
	private wasPlaying = false;
	private readonly leave = new AbortController();

	constructor(private readonly canvas: HTMLCanvasElement, private readonly review: Review, private readonly hover: Hover) {
		const options = { signal: this.leave.signal };
		canvas.addEventListener("pointerdown", (event) => this.down(event), options);
		canvas.addEventListener("pointermove", (event) => this.move(event), options);
		canvas.addEventListener("pointerup", (event) => this.up(event), options);
		canvas.addEventListener("pointercancel", (event) => this.up(event), options);
		canvas.addEventListener("pointerleave", () => this.hover(null), options);
		canvas.addEventListener("dblclick", (event) => this.zoom(0.25, this.place(event).x), options);
		canvas.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
	}

	close(): void {
		this.leave.abort();
	}

	private get scale(): Scale {
		return this.review.scale.peek();
	}

	private place(event: MouseEvent): { x: number; y: number } {
		const box = this.canvas.getBoundingClientRect();
		return { x: event.clientX - box.left, y: event.clientY - box.top };
	}

	private down(event: PointerEvent): void {
		if (event.button > 0) return;
		const at = this.place(event);
		this.pointers.set(event.pointerId, at);
		this.canvas.setPointerCapture(event.pointerId);
		this.hover(null);
		if (this.pointers.size === 2) return this.begin("pinch", this.centre().x);
		const time = this.scale.time(at.x);
		const { markedIn, markedOut } = this.review;
		const mode =
			markedIn.value !== null && isNear(this.scale, markedIn.value, time) ? "in"
			: markedOut.value !== null && isNear(this.scale, markedOut.value, time) ? "out"
			: event.shiftKey ? "mark"
			: at.y < RULER ? "move" : "show";
		this.begin(mode, at.x);
		if (mode === "show") {
			this.wasPlaying = this.review.playback.isPlaying.value;
			this.review.playback.pause();
			this.review.playback.seek(time);
		} else if (mode === "mark") {
			this.review.clearMarks();
		}
	}

	private begin(mode: Mode, x: number): void {
		this.mode = mode;
		this.began = { scale: this.scale, x, time: this.scale.time(x) };
	}

	private move(event: PointerEvent): void {
		const at = this.place(event);
		const { began } = this;
		if (!this.pointers.has(event.pointerId) || !began) {
			if (event.pointerType === "mouse") {
				const line = Math.floor((at.y - RULER) / LINE);
				this.hover({ time: this.scale.time(at.x), line, x: at.x });
			}
			return;
		}
		const before = this.spread();
		this.pointers.set(event.pointerId, at);
		const time = this.scale.time(at.x);
		switch (this.mode) {
			case "move":
				this.review.show(began.scale.moved(began.time - began.scale.time(at.x)));
				break;
			case "show":
				this.review.seek(time);
				break;
			case "mark":
				this.review.markedIn.value = Math.min(began.time, time);
				this.review.markedOut.value = Math.max(began.time, time);
				break;
			case "in":
			case "out":
				this.review.mark(this.mode, time);
				this.review.playback.seek(time);
				break;
			case "pinch": {
				if (this.pointers.size < 2) break;
				const { x } = this.centre();
				const zoomed = this.scale.zoomed(Math.max(1, before) / Math.max(1, this.spread()), this.scale.time(x));
				this.review.show(zoomed.moved(began.time - zoomed.time(x)));
				break;
			}
		}
	}

	private up(event: PointerEvent): void {
		this.pointers.delete(event.pointerId);
		if (this.pointers.size > 0) return;
		if (this.mode === "show" && this.wasPlaying) this.review.playback.play();
		this.mode = null;
		this.began = null;
		this.wasPlaying = false;
	}

	/** Turning zooms around the pointer; to the side, or with Shift, it moves. */
	private wheel(event: WheelEvent): void {
		event.preventDefault();
		const unit = event.deltaMode === 1 ? 16 : 1;
		const side = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
		if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
			this.review.show(this.scale.moved(((side * unit) / Math.max(1, this.scale.width)) * this.scale.length));
		} else {
			const speed = event.ctrlKey ? 6 : 1;
			this.zoom(Math.exp(event.deltaY * unit * NOTCH * speed), this.place(event).x);
		}
	}

	private zoom(factor: number, x: number): void {
		this.review.show(this.scale.zoomed(factor, this.scale.time(x)));
	}

	private centre(): { x: number } {
		const all = [...this.pointers.values()];
		return { x: all.reduce((sum, { x }) => sum + x, 0) / all.length };
	}

	/** How far two fingers are apart, in pixels along the line. */
	private spread(): number {
		const xs = [...this.pointers.values()].map(({ x }) => x);
		return xs.length < 2 ? 0 : Math.max(...xs) - Math.min(...xs);
	}
}

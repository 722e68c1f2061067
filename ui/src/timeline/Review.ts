// `Review`: one visit to the time line. What is shown of which cameras, which span is on the screen, what is marked.

import { type Signal, computed, effect, signal } from "@preact/signals";
import { note } from "../app/router";
import { allCameras, now90k } from "../api/recorder";
import type { Camera } from "../api/types";
import { Playback } from "../play/Playback";
import { zone } from "../time/recorderZone";
import { DAY, HOUR, MINUTE, SECOND } from "../time/units";
import { parseTime } from "../time/zone";
import { Film } from "./film";
import { Scale } from "./scale";
import { type Span, frameOf, nextOf, rowAt } from "./spans";

const FIRST_LENGTH = 6 * HOUR;
const LOOK_MS = 1_000;
const NOTE_MS = 400;

export class Review {
	readonly playback = new Playback();
	readonly names = signal<string[]>([]);
	readonly scale: Signal<Scale>;
	readonly markedIn = signal<number | null>(null);
	readonly markedOut = signal<number | null>(null);
	/** The marked span, once it has both its ends. */
	readonly marked = computed<Span | null>(() => {
		const [start, end] = [this.markedIn.value, this.markedOut.value];
		return start !== null && end !== null && start < end ? { start, end } : null;
	});
	/** The cameras on the screen; all of them, unless some were chosen. */
	readonly cameras = computed<Camera[]>(() => {
		const known = allCameras.value.filter((camera) => !camera.removed || hasFilm(camera));
		const chosen = known.filter((camera) => this.names.value.includes(camera.name));
		return chosen.length > 0 ? chosen : known;
	});
	private readonly known = new Map<string, Film>();
	private readonly ends: Array<() => void> = [];

	constructor(asked: URLSearchParams) {
		const time = parseTime(asked.get("t") ?? "", zone.peek());
		const length = Number(asked.get("span")) * SECOND || FIRST_LENGTH;
		const now = now90k();
		this.names.value = (asked.get("cameras") ?? "").split(",").filter(Boolean);
		this.markedIn.value = parseTime(asked.get("in") ?? "", zone.peek());
		this.markedOut.value = parseTime(asked.get("out") ?? "", zone.peek());
		const at = time ?? this.lastFilm() ?? now - MINUTE;
		this.playback.at.value = at;
		const scale = Scale.around(at, length, 0);
		this.scale = signal(time === null ? scale.moved(Math.min(0, now + length * 0.04 - scale.end)).showing(at) : scale);
		const timer = setInterval(() => this.look(), LOOK_MS);
		this.ends.push(() => clearInterval(timer), effect(() => this.lookAt(this.scale.value)), this.written());
	}

	close(): void {
		this.playback.close();
		for (const end of this.ends) end();
	}

	film(camera: Camera): Film {
		const kind = Film.kindOf(camera);
		const key = `${camera.uuid}/${kind}`;
		let film = this.known.get(key);
		if (!film) this.known.set(key, (film = new Film(camera.uuid, kind)));
		return film;
	}

	get films(): Film[] {
		return this.cameras.value.map((camera) => this.film(camera));
	}

	show(scale: Scale): void {
		this.scale.value = scale.within(this.firstTime(), now90k());
	}

	/** Shows a moment, wherever it is. */
	seek(time90k: number): void {
		this.playback.seek(time90k);
		const { scale } = this;
		scale.value = scale.value.showing(this.playback.at.value);
	}

	/** Makes this span fill the screen. */
	zoomTo(span: Span): void {
		this.scale.value = Scale.around((span.start + span.end) / 2, span.end - span.start, this.scale.value.width);
	}

	zoomToLength(length: number): void {
		const at = this.playback.at.value;
		this.scale.value = Scale.around(Math.min(at, now90k() - length * 0.4), length, this.scale.value.width).showing(at);
	}

	/** A day of the recorder's zone, from its first film on. */
	showDay(start: number): void {
		const end = zone.value.startOfDay(start + DAY / 2, 1);
		this.zoomTo({ start, end });
		void Promise.all(this.films.map((film) => film.look({ start, end }))).then(() => {
			const firsts = this.films.flatMap((film) => film.rows.value.filter((row) => row.endTime90k > start && row.startTime90k < end));
			const first = Math.min(...firsts.map((row) => Math.max(start, row.startTime90k)));
			if (Number.isFinite(first)) this.playback.seek(first);
		});
	}

	step(frames: 1 | -1): void {
		const at = this.playback.at.value;
		const row = this.films.map((film) => rowAt(film.rows.value, at)).find(Boolean);
		this.playback.step(frames, row ? frameOf(row) : SECOND / 10);
	}

	/** The next event, or where film begins again after a hole; false when there is none. */
	async jump(direction: 1 | -1): Promise<boolean> {
		const at = this.playback.at.value;
		// What is near is known already; what is far is asked for in larger and larger spans.
		for (const length of [HOUR, DAY, 8 * DAY, 64 * DAY, 512 * DAY]) {
			const span = direction === 1 ? { start: at, end: at + length } : { start: at - length, end: at };
			await Promise.all(this.films.map((film) => film.look(span)));
			const events = this.films.flatMap((film) => film.events.value.map((event) => event.start90k));
			const starts = this.films.flatMap((film) => film.rows.value.map((row) => row.startTime90k));
			const near = [...events, ...starts].filter((moment) => moment >= span.start && moment <= span.end);
			const next = nextOf(near, at, direction, SECOND);
			if (next === null) continue;
			this.seek(next);
			return true;
		}
		return false;
	}

	/** Marks an end; one on the wrong side of the other becomes the other. */
	mark(end: "in" | "out", time90k: number): void {
		(end === "in" ? this.markedIn : this.markedOut).value = time90k;
		const [start, stop] = [this.markedIn.value, this.markedOut.value];
		if (start !== null && stop !== null && start > stop) [this.markedIn.value, this.markedOut.value] = [stop, start];
	}

	clearMarks(): void {
		this.markedIn.value = null;
		this.markedOut.value = null;
	}

	/** An address that leads here again. */
	address(): Record<string, string | null> {
		const stamp = (time: number | null) => (time === null ? null : zone.value.stamp(time));
		return {
			t: stamp(this.playback.at.value),
			span: String(Math.round(this.scale.value.length / SECOND)),
			cameras: this.names.value.length > 0 ? this.names.value.join(",") : null,
			in: stamp(this.markedIn.value),
			out: stamp(this.markedOut.value),
		};
	}

	private look(): void {
		this.lookAt(this.scale.peek());
	}

	private lookAt({ start, end }: Scale): void {
		for (const film of this.films) void film.look({ start, end });
	}

	/** Keeps the address true, but not with every frame. */
	private written(): () => void {
		let timer: ReturnType<typeof setTimeout> | undefined;
		const stop = effect(() => {
			const isPlaying = this.playback.isPlaying.value;
			const address = this.address();
			clearTimeout(timer);
			if (!isPlaying) timer = setTimeout(() => location.pathname === "/timeline" && note(address), NOTE_MS);
		});
		return () => {
			clearTimeout(timer);
			stop();
		};
	}

	private firstTime(): number {
		return Math.min(now90k() - HOUR, ...allCameras.value.flatMap((camera) => firstOf(camera)));
	}

	private lastFilm(): number | null {
		const last = allCameras.peek().flatMap((camera) => [camera.streams.main, camera.streams.sub].flatMap((stream) => stream?.lastTime90k ?? []));
		return last.length > 0 ? Math.max(...last) - 20 * SECOND : null;
	}
}

const firstOf = (camera: Camera): number[] =>
	[camera.streams.main, camera.streams.sub].flatMap((stream) => stream?.firstTime90k ?? []);

const hasFilm = (camera: Camera): boolean => firstOf(camera).length > 0;

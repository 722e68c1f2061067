// `Playback`: one clock for the film of all cameras that are shown. Their players follow it; while one of them loads, it
// waits for a moment, and where none has film it jumps to the next.

import { batch, signal } from "@preact/signals";
import { now90k } from "../api/recorder";
import { SECOND } from "../time/units";
import type { FilmPlayer } from "./FilmPlayer";

export const RATES = [0.5, 1, 2, 4, 8, 16] as const;

const TICK_MS = 100;
/** The others wait no longer for a player that loads. */
const PATIENCE_MS = 4_000;
/** Film is there so long after it happened. */
const EDGE = 4 * SECOND;

export class Playback {
	/** The moment that is shown. */
	readonly at = signal(0);
	readonly isPlaying = signal(false);
	readonly rate = signal<number>(1);
	readonly isWaiting = signal(false);
	/** Goes up with each change of a player's state. */
	readonly changes = signal(0);

	private readonly players = new Set<FilmPlayer>();
	private timer: ReturnType<typeof setInterval> | undefined;
	private tickedAt = 0;
	private waitingSince = 0;

	add(player: FilmPlayer): () => void {
		this.players.add(player);
		player.show(this.at.peek());
		return () => this.players.delete(player);
	}

	readonly changed = (): void => {
		this.changes.value = this.changes.peek() + 1;
	};

	/** Shows this moment, and goes on from there if it was playing. */
	seek(time90k: number): void {
		this.at.value = Math.min(Math.round(time90k), now90k());
		this.waitingSince = Date.now();
		if (this.isPlaying.peek()) this.tick();
		else for (const player of this.players) player.show(this.at.peek());
	}

	play(): void {
		if (this.isPlaying.peek()) return;
		this.isPlaying.value = true;
		this.tickedAt = performance.now();
		this.waitingSince = Date.now();
		this.timer = setInterval(() => this.tick(), TICK_MS);
		this.tick();
	}

	pause(): void {
		if (!this.isPlaying.peek()) return;
		clearInterval(this.timer);
		batch(() => {
			this.isPlaying.value = false;
			this.isWaiting.value = false;
		});
		for (const player of this.players) player.show(this.at.peek());
	}

	toggle(): void {
		if (this.isPlaying.peek()) this.pause();
		else this.play();
	}

	setRate(rate: number): void {
		this.rate.value = rate;
	}

	/** So many frames on or back; `frame90k` is how long one lasts. */
	step(frames: number, frame90k: number): void {
		this.pause();
		this.seek(this.at.peek() + frames * frame90k);
	}

	close(): void {
		clearInterval(this.timer);
		this.players.clear();
	}

	private tick(): void {
		const now = performance.now();
		const passed = Math.min(now - this.tickedAt, 1_000);
		this.tickedAt = now;
		const states = [...this.players].map((player) => player.state);
		const loads = states.some((state) => state.kind === "loading");
		if (!loads) this.waitingSince = Date.now();
		const waits = loads && Date.now() - this.waitingSince < PATIENCE_MS;
		this.isWaiting.value = waits;
		let at = this.at.peek();
		if (!waits) at += Math.round(((passed * this.rate.peek()) / 1000) * SECOND);
		if (states.length > 0 && states.every((state) => state.kind === "empty")) at = this.beyond(at, states);
		const edge = now90k() - EDGE;
		this.at.value = Math.min(at, Math.max(edge, this.at.peek()));
		for (const player of this.players) player.follow(this.at.peek(), this.rate.peek());
		if (at > edge && this.rate.peek() > 1) this.rate.value = 1;
	}

	/** Where the next film begins, of whichever camera. */
	private beyond(at: number, states: FilmPlayer["state"][]): number {
		const next = states.flatMap((state) => (state.kind === "empty" && state.next !== null ? [state.next] : []));
		const nearest = Math.min(...next);
		return Number.isFinite(nearest) && nearest > at ? nearest : at;
	}
}

// `FilmPlayer`: recorded film of one stream in a video element, by wall time. The video's own time line is the wall clock
// from `epoch` on, so that players of several cameras are in step when their times are the same. Film comes as the media
// segments of the recorder's playlist: the few seconds around a moment are there at once, whatever the film's length.

import { Refusal, ask, take } from "../api/ask";
import { t } from "../text";
import { DAY, MINUTE, SECOND } from "../time/units";
import { mimeOf } from "../live/LiveBuffer";
import { now90k } from "../api/recorder";
import type { Listing } from "../api/types";
import { type Segment, nextStart, parsePlaylist, segmentAt } from "./playlist";

/** What a list is asked for around a moment. */
const BEFORE = 30 * SECOND;
const AFTER = 10 * MINUTE;
/** So much is loaded ahead of what is shown, in seconds of playing time. */
const AHEAD = 8;
/** So much stays behind, in seconds. */
const BEHIND = 20;
/** A list that ends now grows: it is asked for again no sooner. */
const AGAIN_MS = 2_000;
/** Film is listed this long after it happened at the latest. */
const LATE = 15 * SECOND;
const NOTHING = { start: 0, end: 0, settled: 0, at: 0 };
/** Seconds between two media segments that no player minds. */
const SEAM = 0.1;
/** Further off than this, in seconds, it jumps; nearer it plays faster or slower. */
const JUMP = 0.35;

/** `empty`: there is no film at this moment; the next begins at `next`. */
export type FilmState = { kind: "ready" | "loading" } | { kind: "empty"; next: number | null } | { kind: "failed"; words: string };

export class FilmPlayer {
	state: FilmState = { kind: "loading" };
	private source: MediaSource | null = null;
	private buffer: SourceBuffer | null = null;
	private mime = "";
	private epoch = 0;
	private segments: Segment[] = [];
	/** What the list is of; up to `settled` it stays what it is, and beyond for a little while. */
	private listed = NOTHING;
	private inits = new Map<string, ArrayBuffer>();
	private lastInit = "";
	private target = 0;
	private rate = 1;
	private isPlaying = false;
	private isWorking = false;
	private isClosed = false;
	private leave = new AbortController();
	private lastUrl = "";
	private hole: { start: number; end: number | null; at: number } = { start: Infinity, end: null, at: 0 };
	private failedAt = 0;

	/** `path` is the stream's; `changed` is called when `state` is another. */
	constructor(
		private readonly video: HTMLVideoElement,
		private readonly path: string,
		private readonly codecOf: (init: string) => Promise<string>,
		private readonly changed: () => void,
	) {}

	close(): void {
		this.isClosed = true;
		this.leave.abort();
		this.video.removeAttribute("src");
		this.video.load();
	}

	/** Shows the picture of this moment and stays there. */
	show(time90k: number): void {
		this.isPlaying = false;
		this.video.pause();
		this.aim(time90k);
		this.place();
		void this.work();
	}

	/** Plays along with a clock that is there now, so fast. */
	follow(time90k: number, rate: number): void {
		this.isPlaying = true;
		this.rate = rate;
		this.aim(time90k);
		if (!this.place()) this.video.pause();
		void this.work();
	}

	/** When that was filmed which is shown. */
	shown90k(): number {
		return this.epoch + this.video.currentTime * SECOND;
	}

	private aim(time90k: number): void {
		const isFar = Math.abs(time90k - this.target) > 10 * SECOND;
		this.target = time90k;
		if (isFar && this.isWorking) {
			this.leave.abort();
			this.leave = new AbortController();
		}
	}

	private seconds(time90k: number): number {
		return (time90k - this.epoch) / SECOND;
	}

	/** Brings the video to the moment that is wanted, if that is buffered. */
	private place(): boolean {
		const { video } = this;
		const at = this.seconds(this.target);
		if (!this.buffer || this.bufferedTo(at) === null) return false;
		const off = at - video.currentTime;
		if (!this.isPlaying) {
			if (Math.abs(off) > 0.0005) video.currentTime = at;
		} else {
			if (Math.abs(off) > JUMP * Math.max(1, this.rate)) video.currentTime = at;
			const rate = Math.min(16, Math.max(0.25, this.rate * (1 + Math.max(-0.15, Math.min(0.15, off)))));
			if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
			if (video.paused) video.play().catch(() => {});
		}
		this.tell({ kind: "ready" });
		return true;
	}

	/** Where the film that is buffered at these seconds ends. */
	private bufferedTo(at: number): number | null {
		const { buffered } = this.video;
		let end: number | null = null;
		for (let i = 0; i < buffered.length; i += 1) {
			if (end === null ? buffered.start(i) <= at + 0.001 && at < buffered.end(i) : buffered.start(i) - end < SEAM) end = buffered.end(i);
		}
		return end;
	}

	/** Loads what is missing, one thing after the other, until nothing is. */
	private async work(): Promise<void> {
		if (this.isWorking || this.isClosed || Date.now() - this.failedAt < AGAIN_MS) return;
		this.isWorking = true;
		for (let goesOn = true; goesOn && !this.isClosed; ) {
			const { leave } = this;
			try {
				goesOn = await this.step();
			} catch (e) {
				// What was left because another moment is wanted is no failure.
				if (leave.signal.aborted) continue;
				this.fail(e);
				goesOn = false;
			}
		}
		this.isWorking = false;
	}

	/** One thing that brings the picture nearer, or film ahead of it; false when there is nothing to do. */
	private async step(): Promise<boolean> {
		const { target } = this;
		if (!this.isListed(target)) {
			if (!this.place()) this.tell({ kind: "loading" });
			await this.list(target);
			return true;
		}
		const end = this.buffer ? this.bufferedTo(this.seconds(target)) : null;
		if (end === null) {
			const at = segmentAt(this.segments, target);
			const segment = this.segments[at];
			if (!segment) {
				this.video.pause();
				this.tell({ kind: "empty", next: nextStart(this.segments, target) ?? (await this.holeEnd(target)) });
				return target !== this.target && !this.isHole(this.target);
			}
			this.tell({ kind: "loading" });
			await this.append(segment);
			if (!this.place() && target === this.target) this.settle(segment);
			return true;
		}
		this.place();
		const wanted = this.isPlaying ? AHEAD * Math.max(1, this.rate) : 1;
		if (end - this.seconds(target) > wanted) return this.forget();
		const next = this.epoch + end * SECOND;
		if (!this.isListed(next)) {
			await this.list(next, target);
			return true;
		}
		const at = segmentAt(this.segments, next + 0.05 * SECOND);
		const segment = this.segments[at];
		if (!segment || segment.url === this.lastUrl) return this.forget();
		await this.append(segment);
		this.lastUrl = segment.url;
		return true;
	}

	/** The list and the film differ by some milliseconds at a border: what is nearest is shown. */
	private settle(segment: Segment): void {
		const { buffered } = this.video;
		const at = this.seconds(this.target);
		for (let i = 0; i < buffered.length; i += 1) {
			const [start, end] = [buffered.start(i), buffered.end(i)];
			if (Math.abs(start - at) < 1) this.target = this.epoch + (start + 0.001) * SECOND;
			else if (Math.abs(end - at) < 1) this.target = this.epoch + (end - 0.005) * SECOND;
		}
		if (!this.place()) this.fail(new Error(`${segment.url}: no picture`));
	}

	/** Where film goes on, however far that is. */
	private async holeEnd(time90k: number): Promise<number | null> {
		if (!this.isHole(time90k)) {
			const [start, end] = [Math.round(time90k), Math.round(now90k())];
			if (start >= end) return null;
			const { recordings } = await ask<Listing>(`${this.path}/recordings?start90k=${start}&end90k=${end}`, { signal: this.leave.signal });
			const starts = recordings.filter((row) => !row.missing && row.startTime90k > time90k).map((row) => row.startTime90k);
			this.hole = { start: time90k, end: starts.length > 0 ? Math.min(...starts) : null, at: Date.now() };
		}
		return this.hole.end;
	}

	/** It is known that there is nothing, and until when. */
	private isHole(time90k: number): boolean {
		const { start, end, at } = this.hole;
		return time90k >= start && (end !== null ? time90k < end : Date.now() - at < AGAIN_MS);
	}

	private isListed(time90k: number): boolean {
		const { start, end, settled, at } = this.listed;
		return time90k >= start && time90k < end && (time90k < settled || Date.now() - at < AGAIN_MS);
	}

	private async list(time90k: number, from = time90k): Promise<void> {
		const [start, end] = [Math.round(from - BEFORE), Math.round(time90k + AFTER)];
		const base = `${this.path}/vod.m3u8`;
		try {
			const { bytes } = await take(`${base}?start90k=${start}&end90k=${end}`, { signal: this.leave.signal });
			this.segments = parsePlaylist(new TextDecoder().decode(bytes), base);
		} catch (e) {
			if (!(e instanceof Refusal && e.status === 404)) throw e;
			this.segments = [];
		}
		const last = this.segments.reduce((end, segment) => Math.max(end, segment.end), start);
		this.listed = { start, end, settled: Math.min(end, Math.max(last, now90k() - LATE)), at: Date.now() };
	}

	private async append(segment: Segment): Promise<void> {
		const { signal } = this.leave;
		let init = this.inits.get(segment.init);
		const [codec, told, film] = await Promise.all([
			this.codecOf(segment.init),
			init ? null : take(segment.init, { signal }),
			take(segment.url, { signal }),
		]);
		if (told) this.inits.set(segment.init, (init = told.bytes));
		const first = Number(film.headers.get("x-start-time-90k"));
		await this.open(codec, first);
		const buffer = this.buffer;
		if (!buffer || !init) return;
		if (this.lastInit !== segment.init) {
			if (this.mime !== mimeOf(codec)) buffer.changeType((this.mime = mimeOf(codec)));
			await this.put(init);
			this.lastInit = segment.init;
		}
		buffer.timestampOffset = this.seconds(first) - Number(film.headers.get("x-media-time")) / SECOND;
		await this.put(film.bytes);
	}

	/** A source whose time line has this moment. */
	private async open(codec: string, time90k: number): Promise<void> {
		if (this.buffer && time90k > this.epoch && time90k < this.epoch + 90 * DAY) return;
		this.epoch = Math.floor((time90k - DAY) / SECOND) * SECOND;
		this.lastInit = "";
		this.mime = mimeOf(codec);
		const Kind = globalThis.MediaSource ?? (globalThis as unknown as { ManagedMediaSource: typeof MediaSource }).ManagedMediaSource;
		if (!Kind?.isTypeSupported(this.mime)) throw new Error(t.live.cannotPlay(codec));
		const source = new Kind();
		this.source = source;
		const url = URL.createObjectURL(source);
		const opened = new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
		this.video.src = url;
		await opened;
		URL.revokeObjectURL(url);
		source.duration = Infinity;
		this.buffer = source.addSourceBuffer(this.mime);
	}

	private put(bytes: ArrayBuffer): Promise<void> {
		const { buffer } = this;
		return new Promise((done, failed) => {
			if (!buffer || this.source?.readyState !== "open") return failed(new Error("closed"));
			buffer.onupdateend = () => done();
			buffer.onerror = () => failed(new Error(this.video.error?.message ?? "refused"));
			try {
				buffer.appendBuffer(bytes);
			} catch (e) {
				failed(e);
			}
		});
	}

	/** Takes film out of memory that is far from what is shown; false when there was none. */
	private async forget(): Promise<boolean> {
		const { buffer } = this;
		const { buffered } = this.video;
		if (!buffer || buffered.length === 0 || buffer.updating) return false;
		const at = this.seconds(this.target);
		const [first, last] = [buffered.start(0), buffered.end(buffered.length - 1)];
		const far = AHEAD * 16 * 2;
		// With a key frame goes all that needs it: what is shown keeps its own, however far back that is.
		const shown = this.segments[segmentAt(this.segments, this.target)];
		const old = Math.min(at - BEHIND, shown ? this.seconds(shown.start) - SEAM : first);
		const cut = first < old - BEHIND ? [first, old] : last > at + far ? [at + far, last + 1] : null;
		if (!cut) return false;
		await new Promise<void>((done) => {
			buffer.onupdateend = () => done();
			buffer.remove(cut[0] as number, cut[1] as number);
		});
		return false;
	}

	private fail(e: unknown): void {
		this.failedAt = Date.now();
		setTimeout(() => void this.work(), AGAIN_MS + 100);
		this.buffer = null;
		this.listed = NOTHING;
		this.tell({ kind: "failed", words: e instanceof Error ? e.message : String(e) });
	}

	private tell(state: FilmState): void {
		if (state.kind === this.state.kind && !("next" in state && "next" in this.state && state.next !== this.state.next)) return;
		this.state = state;
		this.changed();
	}
}

// A video element's buffer of live fragments: appends them, forgets old ones and keeps playback close to the newest.

import { take } from "../api/ask";
import { t } from "../text";

type Source = typeof MediaSource;
const Kind: Source | undefined =
	globalThis.MediaSource ?? (globalThis as unknown as { ManagedMediaSource?: Source }).ManagedMediaSource;

/** Seconds, all beside the newest frame's own time: of a slow camera that frame alone may last a second. What is played
 * stays so long behind, or the player would starve between two frames. */
const MARGIN = 0.25;
/** Above this lag it plays a little faster … */
const HURRY_ABOVE = 0.6;
/** … and above this it jumps. */
const JUMP_ABOVE = 0.9;
/** Behind what is shown so much stays in memory. */
const KEEP = 5;
/** Fragments that wait for the decoder; more of them mean that it does not keep up. */
const MOST_WAITING = 200;

/** What a `start` message names. */
export type Start = { initSegment: string; codec: string };

export const mimeOf = (codec: string): string => `video/mp4; codecs="${codec}"`;
export const canPlay = (codec: string): boolean => Kind?.isTypeSupported(mimeOf(codec)) ?? false;

export class LiveBuffer {
	private source: MediaSource | null;
	private buffer: SourceBuffer | null = null;
	private waiting: ArrayBuffer[] = [];
	/** Where the buffer ended at the last look, and by how much it grew when it grew last. */
	private end = 0;
	private newest = 0;

	/** `failed` is called with the reason, once, when nothing more will be shown. */
	constructor(private readonly video: HTMLVideoElement, start: Start, private readonly failed: (why: string) => void) {
		this.source = Kind ? new Kind() : null;
		if (!this.source) return;
		const url = URL.createObjectURL(this.source);
		this.source.addEventListener("sourceopen", () => void this.open(start, url), { once: true });
		video.src = url;
		video.play().catch(() => {}); // A browser that wants a click first: muted video rarely does.
	}

	private async open({ initSegment, codec }: Start, url: string): Promise<void> {
		URL.revokeObjectURL(url);
		try {
			const { bytes } = await take(initSegment);
			if (!this.source) return;
			this.buffer = this.source.addSourceBuffer(mimeOf(codec));
			this.buffer.addEventListener("updateend", () => this.next());
			this.buffer.addEventListener("error", () => this.fail(t.live.refused));
			this.waiting.unshift(bytes);
			this.next();
		} catch (e) {
			this.fail(e instanceof Error ? e.message : String(e));
		}
	}

	append(fragment: ArrayBuffer): void {
		this.waiting.push(fragment);
		if (this.waiting.length > MOST_WAITING) this.fail(t.live.behind);
		else this.next();
	}

	close(): void {
		this.source = null;
		this.buffer = null;
		this.waiting = [];
	}

	private next(): void {
		if (!this.buffer || this.buffer.updating) return;
		try {
			this.follow(this.buffer.buffered);
			const old = this.video.currentTime - KEEP;
			const fragment = this.waiting.shift();
			if (fragment) this.buffer.appendBuffer(fragment);
			else if (this.buffer.buffered.length > 0 && this.buffer.buffered.start(0) < old - KEEP) this.buffer.remove(0, old);
		} catch (e) {
			this.fail(e instanceof Error ? e.message : String(e));
		}
	}

	/** Keeps what is shown close to the newest frame. */
	private follow(buffered: TimeRanges): void {
		if (buffered.length === 0) return;
		const { video } = this;
		const [start, end] = [buffered.start(buffered.length - 1), buffered.end(buffered.length - 1)];
		if (end !== this.end) {
			this.newest = end - Math.max(start, this.end);
			this.end = end;
		}
		const lag = end - this.newest - video.currentTime;
		if (video.currentTime < start || lag > JUMP_ABOVE) video.currentTime = Math.max(start, end - this.newest - MARGIN);
		video.playbackRate = lag > HURRY_ABOVE ? 1.1 : 1;
	}

	private fail(why: string): void {
		if (!this.source) return;
		this.close();
		this.failed(why);
	}
}

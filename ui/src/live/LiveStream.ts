// `LiveStream`: the live picture of one stream in a video element, and words where there is none. Fragments come over a
// WebSocket; `LiveBuffer` minds that playback stays close to the newest of them.

import type { LiveText } from "../api/types";
import { t } from "../text";
import { SECOND } from "../time/units";
import { LiveBuffer, canPlay } from "./LiveBuffer";

const RETRY_MS = { first: 500, most: 10_000 };
/** A recorder that has a picture sends at least so often: a connection that is silent for longer is dead. */
const SILENCE_MS = 12_000;
/** A timer that comes later than this was asleep with its machine. */
const SLEPT_MS = 4_000;
const LOOK_MS = 1_000;

/** What to say in place of the picture; `cannotPlay` is for good, the others pass. */
export type LiveState = { kind: "playing" | "waiting" | "noPicture" | "cannotPlay"; words: string };

export class LiveStream {
	private socket: WebSocket | null = null;
	private buffer: LiveBuffer | null = null;
	private time: { mediaTime90k: number; wallTime90k: number } | null = null;
	private retryMs = RETRY_MS.first;
	private retry: ReturnType<typeof setTimeout> | undefined;
	private looks: ReturnType<typeof setInterval>;
	private heardAt = 0;
	private lookedAt = 0;
	private isPlaying = false;
	private isClosed = false;

	constructor(
		private readonly video: HTMLVideoElement,
		private readonly path: string,
		private readonly say: (state: LiveState) => void,
	) {
		video.addEventListener("error", this.broke);
		document.addEventListener("visibilitychange", this.seen);
		window.addEventListener("online", this.seen);
		this.lookedAt = Date.now();
		this.looks = setInterval(() => this.look(), LOOK_MS);
		this.say({ kind: "waiting", words: t.live.connecting });
		if (!document.hidden) this.connect();
	}

	close(): void {
		this.isClosed = true;
		this.hangUp();
		clearInterval(this.looks);
		document.removeEventListener("visibilitychange", this.seen);
		window.removeEventListener("online", this.seen);
		this.video.removeEventListener("error", this.broke);
		this.video.removeAttribute("src");
		this.video.load();
	}

	/** When that happened which is shown, or `null` when nothing is. */
	shown90k(): number | null {
		const { time, video } = this;
		if (!time || !this.isPlaying || video.readyState === 0) return null;
		return time.wallTime90k + Math.round(video.currentTime * SECOND) - time.mediaTime90k;
	}

	private readonly seen = (): void => (document.hidden ? this.hangUp() : this.connect());

	private readonly broke = (): void => {
		if (this.socket && this.video.error) this.fail(t.live.doesNotPlay(this.video.error.message || t.live.noReason));
	};

	/** A machine that slept, and a line that died without a word. */
	private look(): void {
		const now = Date.now();
		const slept = now - this.lookedAt > SLEPT_MS;
		this.lookedAt = now;
		if (document.hidden || !this.socket) return;
		if (slept) this.connect();
		else if (this.isPlaying && now - this.heardAt > SILENCE_MS) this.fail(t.live.sleeping);
	}

	private connect(): void {
		this.hangUp();
		const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}${this.path}`);
		socket.binaryType = "arraybuffer";
		// What a socket that was left still says is not heard.
		socket.onmessage = ({ data }) => {
			if (socket !== this.socket) return;
			this.heardAt = Date.now();
			if (typeof data === "string") this.read(JSON.parse(data) as LiveText);
			else this.take(data as ArrayBuffer);
		};
		socket.onclose = ({ reason }) => {
			if (socket === this.socket) this.fail(reason ? t.live.ended(reason) : t.live.silent);
		};
		this.socket = socket;
	}

	private hangUp(): void {
		clearTimeout(this.retry);
		const { socket } = this;
		this.socket = null;
		socket?.close();
		this.buffer?.close();
		this.buffer = null;
		this.time = null;
		this.isPlaying = false;
	}

	private read(message: LiveText): void {
		if (message.type === "start") {
			this.begin(message);
		} else if (message.type === "time") {
			this.time = message;
		} else if (message.type === "error") {
			this.isPlaying = false;
			this.say({ kind: "noPicture", words: message.detail });
		}
		// After a drop the next fragment lies ahead: the buffer jumps there.
	}

	/** Another run or other parameters: another time line or another decoder. */
	private begin(start: Extract<LiveText, { type: "start" }>): void {
		this.buffer?.close();
		this.buffer = null;
		if (!canPlay(start.codec)) {
			const codec = /^h(vc|ev)1/.test(start.codec) ? "H.265" : start.codec;
			this.hangUp();
			this.say({ kind: "cannotPlay", words: t.live.cannotPlay(codec) });
			return;
		}
		this.time = start;
		this.buffer = new LiveBuffer(this.video, start, (why) => this.fail(t.live.doesNotPlay(why)));
	}

	private take(fragment: ArrayBuffer): void {
		this.retryMs = RETRY_MS.first;
		if (!this.isPlaying) {
			this.isPlaying = true;
			this.say({ kind: "playing", words: "" });
		}
		this.buffer?.append(fragment);
	}

	/** Says why there is no picture and tries again, later and later. */
	private fail(why: string): void {
		if (this.isClosed) return;
		this.hangUp();
		this.say({ kind: "waiting", words: t.live.retry(why, Math.ceil(this.retryMs / 1000)) });
		if (document.hidden) return;
		this.retry = setTimeout(() => this.connect(), this.retryMs);
		this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.most);
	}
}

// The live picture of one stream, and words where there is none. Fragments come over a WebSocket and go into a
// MediaSource; `buffer.js` minds that playback stays close to the newest of them.

import { el } from "/dom.js";
import { LiveBuffer } from "/buffer.js";
import { UNITS_PER_SECOND, clock } from "/format.js";

const RETRY_MS = { first: 500, most: 10000 };

export class Live {
	constructor() {
		this.video = el("video", { muted: true, playsInline: true, autoplay: true, disableRemotePlayback: true });
		this.words = el("p", { className: "note" });
		this.words.setAttribute("role", "status");
		this.clock = el("span", { className: "clock" });
		this.root = el("div", { className: "live", hidden: true }, this.video, this.words, this.clock);
		this.path = null;
		this.socket = null;
		this.buffer = null;
		this.video.addEventListener("timeupdate", () => this.showClock());
		this.video.addEventListener("error", () => this.fail(`The picture does not play: ${this.video.error?.message || "the browser does not say why"}`));
		document.addEventListener("visibilitychange", () => this.path && (document.hidden ? this.hangUp() : this.connect()));
	}

	get isOn() {
		return this.path !== null;
	}

	/** Shows this stream; `sampleTime` is a time text in the recorder's zone. */
	show(path, sampleTime) {
		this.sampleTime = sampleTime;
		if (path === this.path) return;
		this.stop();
		this.path = path;
		this.root.hidden = false;
		this.retryMs = RETRY_MS.first;
		this.say("Connecting …");
		if (!document.hidden) this.connect();
	}

	stop() {
		this.path = null;
		this.hangUp();
		this.root.hidden = true;
		this.video.removeAttribute("src");
		this.video.load();
	}

	connect() {
		this.hangUp();
		const url = new URL(this.path, location.href);
		url.protocol = url.protocol.replace("http", "ws");
		const socket = new WebSocket(url);
		socket.binaryType = "arraybuffer";
		// What a socket that was left still says is not heard.
		const heard = (listen) => (event) => socket === this.socket && listen(event);
		socket.onmessage = heard(({ data }) => (typeof data === "string" ? this.read(JSON.parse(data)) : this.take(data)));
		socket.onclose = heard(({ reason }) => this.fail(reason ? `The recorder ended this: ${reason}` : "The recorder does not answer"));
		this.socket = socket;
	}

	hangUp() {
		clearTimeout(this.retry);
		const { socket } = this;
		this.socket = null;
		socket?.close();
		this.buffer?.close();
		this.buffer = null;
		this.time = null;
		this.showClock();
	}

	read(message) {
		if (message.type === "start") {
			this.begin(message);
		} else if (message.type === "time") {
			this.time = message;
		} else if (message.type === "error") {
			this.say(`No picture: ${message.detail}. It comes back by itself.`);
		}
		// After a drop the next fragment lies ahead: the buffer jumps there.
	}

	/** Another run or other parameters: another time line or another decoder. */
	begin(start) {
		this.buffer?.close();
		this.buffer = null;
		if (!LiveBuffer.plays(start.codec)) {
			const codec = /^h(vc|ev)1/.test(start.codec) ? "H.265" : start.codec;
			this.hangUp();
			this.say(`This browser cannot play ${codec} live (${start.codec}). The camera's other stream may be H.264, or another browser can.`);
			return;
		}
		this.time = start;
		this.buffer = new LiveBuffer(this.video, start, (why) => this.fail(`The picture does not play: ${why}`));
	}

	take(fragment) {
		this.retryMs = RETRY_MS.first;
		this.say("");
		this.buffer?.append(fragment);
	}

	/** Says why there is no picture and tries again, later and later. */
	fail(why) {
		if (!this.isOn) return;
		this.hangUp();
		this.say(`${why}. Trying again in ${Math.ceil(this.retryMs / 1000)}\u00a0s.`);
		if (document.hidden) return;
		this.retry = setTimeout(() => this.connect(), this.retryMs);
		this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.most);
	}

	say(text) {
		if (this.words.textContent !== text) this.words.textContent = text;
		this.words.hidden = text === "";
		// What stands still must not look live.
		this.root.classList.toggle("still", text !== "");
	}

	showClock() {
		const { time, video } = this;
		const at = time && time.wallTime90k + video.currentTime * UNITS_PER_SECOND - time.mediaTime90k;
		this.clock.textContent = time && video.readyState > 0 ? clock(at, this.sampleTime) : "";
	}
}

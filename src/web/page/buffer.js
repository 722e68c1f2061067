// A video element's buffer of live fragments: appends them, forgets old ones and keeps playback close to the newest.

const MediaSource = window.MediaSource ?? window.ManagedMediaSource;

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

export class LiveBuffer {
	static plays(codec) {
		return MediaSource?.isTypeSupported(type(codec)) ?? false;
	}

	/** `failed` is called with the reason, once, when nothing more will be shown. */
	constructor(video, start, failed) {
		this.video = video;
		this.failed = failed;
		this.waiting = [];
		/** Where the buffer ended at the last look, and by how much it grew when it grew last. */
		this.end = 0;
		this.newest = 0;
		this.source = new MediaSource();
		this.url = URL.createObjectURL(this.source);
		this.source.addEventListener("sourceopen", () => this.open(start), { once: true });
		video.src = this.url;
		video.play().catch(() => {}); // A browser that wants a click first: muted video rarely does.
	}

	async open({ initSegment, codec }) {
		URL.revokeObjectURL(this.url);
		try {
			const answer = await fetch(initSegment);
			if (!answer.ok) throw new Error(`initialisation segment: status ${answer.status}`);
			const init = await answer.arrayBuffer();
			if (this.source === null) return;
			this.buffer = this.source.addSourceBuffer(type(codec));
			this.buffer.addEventListener("updateend", () => this.next());
			this.buffer.addEventListener("error", () => this.fail("a fragment was refused"));
			this.waiting.unshift(init);
			this.next();
		} catch (e) {
			this.fail(e.message);
		}
	}

	append(fragment) {
		this.waiting.push(fragment);
		if (this.waiting.length > MOST_WAITING) this.fail("the browser does not keep up");
		else this.next();
	}

	close() {
		this.source = null;
		this.buffer = null;
		this.waiting = [];
	}

	next() {
		if (!this.buffer || this.buffer.updating) return;
		try {
			this.follow();
			const old = this.video.currentTime - KEEP;
			if (this.waiting.length > 0) this.buffer.appendBuffer(this.waiting.shift());
			else if (this.buffer.buffered.length > 0 && this.buffer.buffered.start(0) < old - KEEP) this.buffer.remove(0, old);
		} catch (e) {
			this.fail(e.message);
		}
	}

	/** Keeps what is shown close to the newest frame. */
	follow() {
		const { buffered } = this.buffer;
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

	fail(why) {
		if (this.source === null) return;
		this.close();
		this.failed(why);
	}
}

const type = (codec) => `video/mp4; codecs="${codec}"`;

// A <video> in Chromium, on a page of the recorder, and the numbers of the pictures that it shows.

import { fileURLToPath } from "node:url";

/** Not a script of the page, whose policy takes none but its own. */
const HLS = fileURLToPath(new URL("node_modules/hls.js/dist/hls.min.js", import.meta.url));

export class Screen {
	/** A page of its own with a video that shows `src`. */
	static async open(browser, recorder, src) {
		const screen = new Screen();
		screen.page = await browser.newPage();
		await screen.page.addInitScript(inPage);
		await screen.page.addInitScript({ path: HLS });
		await screen.page.goto(recorder.page);
		await screen.page.evaluate(() => screenOf(document.createElement("video")));
		if (src) await screen.load(src);
		return screen;
	}

	/** Shows another film, and answers with how long it says it is. */
	load(src) {
		return this.page.evaluate((src) => load(src), src);
	}

	/** Seeks, and answers with what is shown then: `{number, mediaTime}`. */
	seek(seconds) {
		return this.page.evaluate((seconds) => seek(seconds), seconds);
	}

	/** Plays from a time to another or to the end, and answers with each picture that was shown. */
	play(from, to = Infinity, rate = 1) {
		return this.page.evaluate(([from, to, rate]) => play(from, to, rate), [from, to, rate]);
	}

	/** Shows a playlist with hls.js, and answers with how long it is. */
	loadPlaylist(src) {
		return this.page.evaluate((src) => loadPlaylist(src), src);
	}

	/** Plays on, and answers with so many pictures that were shown and the dates that the playlist tells of them. */
	playWithDates(count) {
		return this.page.evaluate((count) => playWithDates(count), count);
	}

	/** Shows what is appended from now on. */
	openSource(codec) {
		return this.page.evaluate((codec) => openSource(codec), codec);
	}

	/** Appends a resource. Answers with what its headers tell and where all that is buffered ends, in seconds. */
	append(path) {
		return this.page.evaluate((path) => append(path), path);
	}

	/** Appends what `live.m4s` sends until so many seconds are buffered, and answers with from when to when. */
	watch(path, seconds) {
		return this.page.evaluate(([path, seconds]) => watch(path, seconds), [path, seconds]);
	}

	/** Shows what is appended from now on so many seconds later than its time stamps say. */
	offset(seconds) {
		return this.page.evaluate((seconds) => offset(seconds), seconds);
	}

	/** Whether the browser says that it plays this. */
	canPlay(type) {
		return this.page.evaluate((type) => document.createElement("video").canPlayType(type) !== "", type);
	}

	close() {
		return this.page.close();
	}
}

/** Runs in the page before its own scripts. */
export function inPage() {
	const canvas = document.createElement("canvas");
	const context = canvas.getContext("2d", { willReadFrequently: true });
	let video;

	globalThis.screenOf = (element) => {
		video = element;
		video.muted = true;
		document.body.append(video);
	};

	const PATIENCE_MS = 60_000;
	const LATE_MS = 15;

	/** What `wait(done, failed)` waits for, unless the player or we give up first. */
	const unlessItFails = (wait) =>
		new Promise((done, failed) => {
			video.onerror = () => failed(new Error(video.error.message));
			setTimeout(() => failed(new Error(`waited in vain at ${video.currentTime} s`)), PATIENCE_MS);
			wait(done, failed);
		});

	globalThis.load = (src) =>
		unlessItFails((done) => {
			video.onloadeddata = () => done(video.duration);
			video.src = src;
		});

	let hls;

	globalThis.loadPlaylist = (src) => {
		hls?.destroy();
		hls = new Hls({ enableWorker: false });
		return unlessItFails((done, failed) => {
			hls.on(Hls.Events.ERROR, (_, { fatal, details, reason }) => fatal && failed(new Error(reason ?? details)));
			video.onloadeddata = () => done(video.duration);
			hls.loadSource(src);
			hls.attachMedia(video);
		});
	};

	globalThis.seek = async (seconds) => {
		video.pause();
		const shown = unlessItFails((done) => video.requestVideoFrameCallback((_, { mediaTime }) => done(mediaTime)));
		const sought = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
		video.currentTime = seconds;
		const mediaTime = await shown;
		await sought;
		return { number: number(), mediaTime };
	};

	globalThis.play = async (from, to, rate) => {
		const pictures = [];
		let late = [];
		await globalThis.seek(from);
		video.playbackRate = rate;
		const ended = unlessItFails((done) => {
			const look = (_, { mediaTime, expectedDisplayTime }) => {
				// Who is told late may see the next picture already, if there is one.
				const isLate = performance.now() > expectedDisplayTime + LATE_MS;
				late = isLate ? [{ number: number(), mediaTime }] : [];
				if (!isLate) pictures.push({ number: number(), mediaTime });
				if (mediaTime >= to) done();
				else video.requestVideoFrameCallback(look);
			};
			video.requestVideoFrameCallback(look);
			video.onended = done;
		});
		await video.play();
		await ended;
		video.pause();
		return [...pictures, ...late];
	};

	globalThis.playWithDates = async (count) => {
		const pictures = [];
		const date = (time) => {
			const at = hls.levels[0].details.fragments.find((f) => f.start <= time && time < f.start + f.duration);
			return at && at.programDateTime + (time - at.start) * 1000;
		};
		const all = unlessItFails((done) => {
			const look = (_, { mediaTime }) => {
				// Amid a picture: a border between two media segments is not exact.
				pictures.push({ number: number(), date: date(mediaTime + 0.1) });
				if (pictures.length === count) done(pictures);
				else video.requestVideoFrameCallback(look);
			};
			video.requestVideoFrameCallback(look);
		});
		await video.play();
		return all;
	};

	let buffer;

	globalThis.openSource = async (codec) => {
		const source = new MediaSource();
		const opened = new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
		video.src = URL.createObjectURL(source);
		await opened;
		buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
	};

	const appended = (bytes) =>
		unlessItFails((done) => {
			buffer.onupdateend = done;
			buffer.appendBuffer(bytes);
		});

	globalThis.append = async (path) => {
		const answer = await fetch(path);
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		await appended(await answer.arrayBuffer());
		const { buffered } = video;
		const told = (name) => Number(answer.headers.get(name));
		return {
			leading: told("x-leading-media-duration"),
			mediaTime: told("x-media-time"),
			end: buffered.length > 0 ? buffered.end(buffered.length - 1) : 0,
		};
	};

	globalThis.offset = (seconds) => {
		buffer.timestampOffset = seconds;
	};

	globalThis.watch = async (path, seconds) => {
		const socket = new WebSocket(location.origin.replace("http", "ws") + path);
		socket.binaryType = "arraybuffer";
		const waiting = [];
		let wake;
		socket.onmessage = ({ data }) => {
			waiting.push(data);
			wake?.();
		};
		socket.onclose = ({ code }) => waiting.push(JSON.stringify({ type: "error", detail: `closed with ${code}` }));
		for (;;) {
			while (waiting.length === 0) await new Promise((done) => (wake = done));
			const message = waiting.shift();
			if (message instanceof ArrayBuffer) {
				await appended(message);
			} else {
				const { type, codec, initSegment, detail } = JSON.parse(message);
				if (type === "error" || type === "drop") throw new Error(detail ?? type);
				if (type === "start") {
					if (!buffer) await globalThis.openSource(codec);
					await globalThis.append(initSegment);
				}
			}
			const { buffered } = video;
			if (buffered.length > 0 && buffered.end(0) - buffered.start(0) >= seconds) break;
		}
		socket.onclose = null;
		socket.close();
		return [video.buffered.start(0), video.buffered.end(0)];
	};

	const number = () => numberOf(video);

	/** The number of the picture that a video shows: eight by six fields, see tests/support/numbers.rs. */
	globalThis.numberOf = (video) => {
		const { videoWidth: width, videoHeight: height } = video;
		Object.assign(canvas, { width, height });
		context.drawImage(video, 0, 0);
		const { data } = context.getImageData(0, 0, width, height);
		const field = (i) => {
			const [x, y] = [((i % 8) + 0.5) * (width / 8), (Math.floor(i / 8) + 0.5) * (height / 6)];
			return data[4 * (Math.floor(y) * width + Math.floor(x)) + 1] > 128;
		};
		let number = 0;
		for (let bit = 0; bit < 24; bit += 1) {
			if (field(bit) === field(bit + 24)) throw new Error(`a picture without a number, ${width} by ${height}`);
			if (field(bit)) number += 2 ** bit;
		}
		return number;
	};
}

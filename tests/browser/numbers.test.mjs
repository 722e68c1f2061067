// Chromium shows the picture that was filmed then, wherever one seeks in whatever film.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./chromium.mjs";
import { CLIPS, NOON, Recorder, SECOND } from "./recorder.mjs";
import { Screen } from "./screen.mjs";
import { numbersOf, pictureAt, seekAnywhere, shows } from "./shown.mjs";

const HOUR = 3600 * SECOND;
const { evening, large, minutes, minutesH265, morning, other } = CLIPS;

let recorder, browser, screen;

before(async () => {
	[recorder, browser] = await Promise.all([
		Recorder.start({
			day: [
				[morning, 0],
				[evening, 11 * HOUR],
			],
			sizes: [
				[other, 0],
				[large, 60 * SECOND],
			],
			overlap: [
				[other, 0],
				[minutes, 10 * SECOND],
			],
			h265: [[minutesH265, 0]],
			growing: "live",
		}),
		launch(),
	]);
	screen = await Screen.open(browser, recorder);
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

// The day begins and ends amid a group of pictures, so many seconds after and before the hour.
const [FROM, TO] = [14, 16];
const MORNING_ENDS = 36_000 - FROM;
const day = (more) => recorder.film("day", FROM * SECOND, 24 * HOUR - TO * SECOND, more);
const inTheMorning = (seconds) => pictureAt(morning, FROM + seconds);
const inSkippedDay = (seconds) =>
	seconds < MORNING_ENDS ? inTheMorning(seconds) : pictureAt(evening, seconds - MORNING_ENDS);
const inHeldDay = (seconds) =>
	seconds < MORNING_ENDS + 3600 ? inTheMorning(seconds) : pictureAt(evening, seconds - MORNING_ENDS - 3600);

test("anywhere in a day whose hole is skipped", async () => {
	const duration = await screen.load(day(""));
	assert.equal(duration, 23 * 3600 - FROM - TO);
	await seekAnywhere(screen, duration, inSkippedDay, 1);
});

test("anywhere in a day whose hole is held", async () => {
	const duration = await screen.load(day("&gaps=hold&ts=true"));
	assert.equal(duration, 24 * 3600 - FROM - TO);
	await seekAnywhere(screen, duration, inHeldDay, 2);
	for (const seconds of [0, MORNING_ENDS - 1, MORNING_ENDS + 1, MORNING_ENDS + 3599, MORNING_ENDS + 3601]) {
		assert.equal((await screen.seek(seconds)).number, inHeldDay(seconds), `at ${seconds} s`);
	}
});

test("plays on across a hole and to the end", async () => {
	await screen.load(day(""));
	shows(await screen.play(MORNING_ENDS - 20, MORNING_ENDS + 20, 16), inSkippedDay);
	const last = shows(await screen.play(23 * 3600 - FROM - TO - 20, Infinity, 16), inSkippedDay);
	assert.equal(last, evening.first + evening.pictures - 1 - TO / 2);
	await screen.load(day("&gaps=hold"));
	shows(await screen.play(MORNING_ENDS + 3580, MORNING_ENDS + 3620, 16), inHeldDay);
});

test("an overlap, and cuts with hidden starts", async () => {
	// Both runs whole, one after the other, from amid a group of pictures.
	const duration = await screen.load(recorder.film("overlap", 1.4 * SECOND, 30 * SECOND));
	const border = 20 - 1.4;
	assert.ok(Math.abs(duration - border - 20) < 0.001);
	const inBoth = (seconds) =>
		seconds < border ? pictureAt(other, 1.4 + seconds) : pictureAt(minutes, seconds - border);
	await seekAnywhere(screen, duration, inBoth, 10);
	shows(await screen.play(border - 2, border + 2, 4), inBoth);
	const cut = (from, to) => `s=2.${Math.round(from * SECOND)}-${Math.round(to * SECOND)}`;
	await screen.load(recorder.stream("overlap", `view.mp4?${cut(1, 5)}&${cut(10.8, 14)}`));
	const inCuts = (seconds) => pictureAt(minutes, seconds < 4 ? 1 + seconds : 6.8 + seconds);
	// Not from 3.2 to 4 s: what is hidden before the second cut lies there, and Chromium seeks to it.
	await seekAnywhere(screen, 3.2, inCuts, 11);
	await seekAnywhere(screen, 3.2, (seconds) => inCuts(4 + seconds), 12, 4);
	shows(await screen.play(3, Infinity, 2), inCuts);
});

test("a film that is still recorded, up to now", async () => {
	const film = await recorder.growing("growing", 6);
	const numberAt = numbersOf(await recorder.bytes(film));
	const duration = await screen.load(film);
	assert.ok(Math.abs(duration - 6) < 0.001);
	await seekAnywhere(screen, duration, numberAt, 3);
	shows(await screen.play(0, Infinity, 4), numberAt);
});

test("media segments, anywhere in a morning", async () => {
	const [{ videoSampleEntryId: entry, startId }] = await recorder.recordings("day");
	await screen.openSource(recorder.codec(entry));
	await screen.append(`/api/init/${entry}.mp4`);
	// From amid a group of pictures on: a key frame is there each twenty seconds.
	const segment = `view.m4s?s=${startId}-${startId + 99}.${304 * SECOND}-`;
	const { leading, mediaTime, end } = await screen.append(recorder.stream("day", segment));
	assert.deepEqual([leading, mediaTime], [4 * SECOND, 300 * SECOND]);
	await seekAnywhere(screen, end - 300, (seconds) => pictureAt(morning, 300 + seconds), 7, 300);
});

test("media segments of two sizes, one after the other", async () => {
	const [first, second] = await recorder.recordings("sizes");
	await screen.openSource(recorder.codec(first.videoSampleEntryId));
	for (const { videoSampleEntryId, startId } of [first, second]) {
		await screen.append(`/api/init/${videoSampleEntryId}.mp4`);
		await screen.append(recorder.stream("sizes", `view.m4s?s=${startId}`));
		// The other run's time line begins anew.
		await screen.offset(first.mediaDuration90k / SECOND);
	}
	const border = first.mediaDuration90k / SECOND;
	const expected = (seconds) => (seconds < border ? pictureAt(other, seconds) : pictureAt(large, seconds - border));
	await seekAnywhere(screen, border + second.mediaDuration90k / SECOND, expected, 8);
	shows(await screen.play(border - 2, border + 2, 4), expected);
});

test("hls.js plays on across a hole, and seeks anywhere", async () => {
	const span = `start90k=${NOON + FROM * SECOND}&end90k=${NOON + 24 * HOUR - TO * SECOND}`;
	const duration = await screen.loadPlaylist(recorder.stream("day", `vod.m3u8?${span}`));
	// It begins with a key frame: at noon.
	const border = 36_000;
	const expected = (seconds) =>
		seconds < border ? pictureAt(morning, seconds) : pictureAt(evening, seconds - border);
	assert.ok(Math.abs(duration - 23 * 3600 + TO) < 0.1);
	await seekAnywhere(screen, duration, expected, 13);
	shows(await screen.play(border - 20, border + 20, 8), expected);
});

test("hls.js goes on in another size", async () => {
	const span = `start90k=${NOON}&end90k=${NOON + HOUR}`;
	const duration = await screen.loadPlaylist(recorder.stream("sizes", `vod.m3u8?${span}`));
	assert.ok(Math.abs(duration - 40) < 0.5);
	const expected = (seconds) => (seconds < 20 ? pictureAt(other, seconds) : pictureAt(large, seconds - 20));
	await seekAnywhere(screen, 39.5, expected, 14);
	shows(await screen.play(18, 22, 4), expected);
});

test("hls.js follows what goes on, and its dates are right", async () => {
	await recorder.growing("growing", 10);
	const live = await Screen.open(browser, recorder);
	await live.loadPlaylist(recorder.stream("growing", "live.m3u8"));
	const pictures = await live.playWithDates(20);
	const [{ startTime90k }] = await recorder.recordings("growing");
	const since = ({ date }) => date / 1000 - startTime90k / SECOND;
	const film = await recorder.growing("growing", Math.ceil(since(pictures.at(-1))));
	const numberAt = numbersOf(await recorder.bytes(film));
	const wrong = pictures.filter((picture) => picture.number !== numberAt(since(picture)));
	assert.deepEqual(wrong, []);
	await live.close();
});

test("the live picture is that of its time", async () => {
	const live = await Screen.open(browser, recorder);
	const [from, to] = await live.watch(recorder.stream("growing", "live.m4s"), 6);
	// What was sent is what is recorded: its time line is the run's.
	const film = await recorder.growing("growing", Math.ceil(to));
	const numberAt = numbersOf(await recorder.bytes(film));
	await seekAnywhere(live, to - from, (seconds) => numberAt(from + seconds), 9, from);
	shows(await live.play(from, to - 1, 4), numberAt);
	await live.close();
});

// Limits of Chromium's own.

test("of a film in two sizes Chromium shows the first, and says that it cannot go on", async () => {
	// Its demuxer takes a track's first sample entry for all of it. The page asks for one at a time; HLS changes it.
	await screen.load(recorder.film("sizes", 0, 80 * SECOND));
	await seekAnywhere(screen, 19.9, (seconds) => pictureAt(other, seconds), 4);
	await assert.rejects(screen.seek(21), /DECODE/);
	await screen.load(recorder.film("sizes", 30 * SECOND, 80 * SECOND));
	await seekAnywhere(screen, 19.7, (seconds) => pictureAt(large, seconds), 5);
});

test("H.265 is shown if Chromium was built with it, else refused", async () => {
	const film = recorder.film("h265", 3 * SECOND, 199 * SECOND);
	const [{ videoSampleEntryId }] = await recorder.recordings("h265");
	if (await screen.canPlay(`video/mp4; codecs="${recorder.codec(videoSampleEntryId)}"`)) {
		await seekAnywhere(screen, await screen.load(film), (seconds) => pictureAt(minutesH265, 3 + seconds), 6);
	} else {
		await assert.rejects(screen.load(film), /NO_SUPPORTED|not supported|DEMUXER_ERROR/i);
	}
});

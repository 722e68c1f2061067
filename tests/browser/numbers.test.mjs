// Chromium shows the picture that was filmed then, wherever one seeks in whatever film.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./chromium.mjs";
import { look } from "./mp4box.mjs";
import { CLIPS, Recorder, SECOND } from "./recorder.mjs";
import { Screen } from "./screen.mjs";

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

test("a film that is still recorded, up to now", async () => {
	const film = await recorder.growing("growing", 6);
	const { samples, shown90k } = look(await recorder.bytes(film));
	const numberAt = (seconds) => samples.findLastIndex(([, , time]) => time <= seconds * SECOND);
	const duration = await screen.load(film);
	assert.ok(Math.abs(duration - shown90k / SECOND) < 0.001);
	await seekAnywhere(screen, duration, numberAt, 3);
	shows(await screen.play(0, Infinity, 4), numberAt);
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
	const { rfc6381Codec } = recorder.sampleEntries[videoSampleEntryId];
	if (await screen.canPlay(`video/mp4; codecs="${rfc6381Codec}"`)) {
		await seekAnywhere(screen, await screen.load(film), (seconds) => pictureAt(minutesH265, 3 + seconds), 6);
	} else {
		await assert.rejects(screen.load(film), /NO_SUPPORTED|not supported|DEMUXER_ERROR/i);
	}
});

/** Seeks to twenty random places and compares what is shown there with `expected(seconds)`: a number. */
async function seekAnywhere(screen, duration, expected, seed) {
	const random = randomFrom(seed);
	const missed = [];
	for (let i = 0; i < 20; i += 1) {
		const seconds = random() * duration;
		const { number } = await screen.seek(seconds);
		if (number !== expected(seconds)) missed.push({ seconds, number, expected: expected(seconds) });
	}
	assert.deepEqual(missed, []);
}

/** Pictures that were played are those of their time, and none comes twice. Answers with the last one's number. */
function shows(pictures, expected) {
	// A moment later: times of pictures are rounded to microseconds.
	const wrong = pictures.filter(({ number, mediaTime }) => number !== expected(mediaTime + 0.001));
	assert.deepEqual(wrong, []);
	const numbers = pictures.map(({ number }) => number);
	assert.ok(numbers.length > 1);
	assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
	return numbers.at(-1);
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed) {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** The number that a clip shows so many seconds after its start. */
function pictureAt(clip, seconds) {
	return clip.first + Math.min(Math.floor(seconds * clip.fps), clip.pictures - 1);
}

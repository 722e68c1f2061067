// Chromium shows the picture that was filmed then, wherever one seeks in whatever film.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./chromium.mjs";
import { CLIPS, Recorder, SECOND } from "./recorder.mjs";
import { Screen } from "./screen.mjs";

const HOUR = 3600 * SECOND;
const { large, minutes, other, morning, evening } = CLIPS;

let recorder, browser;

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
				[minutes, 120 * SECOND],
			],
		}),
		launch(),
	]);
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

/** Seeks to random places and compares what is shown with `expected(seconds)`: a number. */
async function seekAnywhere(screen, duration, expected, seed) {
	const random = numbersFrom(seed);
	const missed = [];
	for (let i = 0; i < 20; i += 1) {
		const seconds = random() * duration;
		const { number } = await screen.seek(seconds);
		if (number !== expected(seconds)) missed.push({ seconds, number, expected: expected(seconds) });
	}
	assert.deepEqual(missed, []);
}

/** Numbers from 0 to 1, the same for the same seed. */
function numbersFrom(seed) {
	return () => {
		seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
		return seed / 2 ** 32;
	};
}

/** The picture of a clip that is shown so many seconds after its start. */
const pictureAt = (clip, seconds) => clip.first + Math.min(Math.floor(seconds * clip.fps), clip.pictures - 1);

test("anywhere in a day whose hole is skipped", async () => {
	// From amid a group of pictures, to amid another.
	const screen = await Screen.open(browser, recorder);
	const start = 14;
	const duration = await screen.load(recorder.film("day", start * SECOND, 24 * HOUR - 16 * SECOND));
	const lengthOfMorning = 36_000 - start;
	assert.equal(duration, 86_400 - 16 - 3600 - start);
	const expected = (seconds) =>
		seconds < lengthOfMorning
			? pictureAt(morning, start + seconds)
			: pictureAt(evening, seconds - lengthOfMorning);
	await seekAnywhere(screen, duration, expected, 1);
	await screen.close();
});

// What a screen shows, held against the numbers of the pictures that were filmed then.

import assert from "node:assert/strict";
import { look } from "./mp4box.mjs";
import { SECOND } from "./recorder.mjs";

/** Seeks to twenty random places and compares what is shown there with `expected(seconds)`: a number. */
export async function seekAnywhere(screen, duration, expected, seed, start = 0) {
	const random = randomFrom(seed);
	const missed = [];
	for (let i = 0; i < 20; i += 1) {
		const seconds = random() * duration;
		const { number } = await screen.seek(start + seconds);
		if (number !== expected(seconds)) missed.push({ seconds, number, expected: expected(seconds) });
	}
	assert.deepEqual(missed, []);
}

/** Pictures that were played are those of their time, and none comes twice. Answers with the last one's number. */
export function shows(pictures, expected) {
	// A moment later: times of pictures are rounded to microseconds.
	const wrong = pictures.filter(({ number, mediaTime }) => number !== expected(mediaTime + 0.001));
	assert.deepEqual(wrong, []);
	assert.ok(pictures.length > 1);
	assert.ok(pictures.every(({ mediaTime }, i) => i === 0 || mediaTime > pictures[i - 1].mediaTime));
	assert.equal(new Set(pictures.map(({ number }) => number)).size, pictures.length);
	return pictures.at(-1).number;
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed) {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** Of a film of a camera that plays its clip once, from its first picture on: the number shown at a time. */
export function numbersOf(film) {
	const times = look(film).samples.map(([, , time]) => time);
	times.sort((a, b) => a - b);
	return (seconds) => times.findLastIndex((time) => time <= seconds * SECOND);
}

/** The number that a clip shows so many seconds after its start. */
export function pictureAt(clip, seconds) {
	return clip.first + Math.min(Math.floor(seconds * clip.fps), clip.pictures - 1);
}

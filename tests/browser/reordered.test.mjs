// Pictures that are decoded in another order than they are shown, in Chromium: as a film, by MSE, by HLS, live.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./chromium.mjs";
import { CLIPS, NOON, Recorder, SECOND } from "./recorder.mjs";
import { Screen } from "./screen.mjs";
import { numbersOf, pictureAt, seekAnywhere, shows } from "./shown.mjs";

const { pyramid } = CLIPS;
/** When the same is shown again. */
const AGAIN = 300;

let recorder, browser, screen;

before(async () => {
	[recorder, browser] = await Promise.all([
		Recorder.start({
			door: [
				[pyramid, 0],
				[pyramid, AGAIN * SECOND],
			],
			growing: { live: pyramid },
		}),
		launch(),
	]);
	screen = await Screen.open(browser, recorder);
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

test("a film that begins and ends amid them", async () => {
	// Each begins with a picture of another kind: others refer to it, some do, none does.
	for (const [from, to] of [
		[2.6, 150.2],
		[2.4, 150.4],
		[2.2, 150.6],
	]) {
		const duration = await screen.load(recorder.film("door", from * SECOND, to * SECOND));
		assert.ok(Math.abs(duration - (to - from)) < 0.001);
		const expected = (seconds) => pictureAt(pyramid, from + 0.001 + seconds);
		await seekAnywhere(screen, duration, expected, 21);
		const last = shows(await screen.play(duration - 4, Infinity, 2), expected);
		assert.equal(last, pyramid.first + Math.round(to * pyramid.fps) - 1, "to the last picture");
	}
});

test("on across the border of two recordings, and across a hole that is skipped or held", async () => {
	const [first] = await recorder.recordings("door");
	const border = first.mediaDuration90k / SECOND;
	await screen.load(recorder.film("door", 0, 200 * SECOND));
	shows(await screen.play(border - 3, border + 3, 2), (seconds) => pictureAt(pyramid, seconds));

	// The last picture of a run is shown for as long as the one before, or until the film goes on.
	const from = 190.6;
	for (const [more, gap] of [
		["", 200 - from],
		["&gaps=hold", AGAIN - from],
	]) {
		await screen.load(recorder.film("door", from * SECOND, (AGAIN + 20) * SECOND, more));
		const expected = (seconds) =>
			seconds < gap ? pictureAt(pyramid, from + seconds) : pictureAt(pyramid, seconds - gap);
		await seekAnywhere(screen, gap + 20, expected, 22);
		shows(await screen.play(gap - 3, gap + 3, 2), expected);
	}
});

test("media segments one after the other", async () => {
	const [{ videoSampleEntryId: entry, startId }] = await recorder.recordings("door");
	await screen.openSource(recorder.codec(entry));
	await screen.append(`/api/init/${entry}.mp4`);
	// From amid a group of pictures on, and what follows, recording by recording.
	const { leading, mediaTime } = await screen.append(
		recorder.stream("door", `view.m4s?s=${startId}.${Math.round(2.6 * SECOND)}-`),
	);
	assert.deepEqual([leading, mediaTime], [Math.round(0.6 * SECOND), 2 * SECOND]);
	const { end } = await screen.append(recorder.stream("door", `view.m4s?s=${startId + 1}`));
	await seekAnywhere(screen, end - 2.5, (seconds) => pictureAt(pyramid, 2 + seconds), 23, 2);
	const border = (await recorder.recordings("door"))[0].mediaDuration90k / SECOND;
	shows(await screen.play(border - 3, border + 3, 2), (seconds) => pictureAt(pyramid, seconds));
});

test("hls.js", async () => {
	const span = `start90k=${NOON}&end90k=${NOON + 200 * SECOND}`;
	const duration = await screen.loadPlaylist(recorder.stream("door", `vod.m3u8?${span}`));
	const expected = (seconds) => pictureAt(pyramid, seconds);
	assert.ok(Math.abs(duration - 200) < 0.5);
	// Not near the end of a segment: hls.js takes the next one there, and shows its first picture before it goes back.
	for (let i = 0; i < 20; i += 1) {
		const seconds = ((i * 7) % 49) * 4 + 0.5 + (i % 5) / 2 + 0.1;
		assert.equal((await screen.seek(seconds)).number, expected(seconds), `at ${seconds} s`);
	}
	shows(await screen.play(60, 70, 2), expected);
});

test("hls.js follows what goes on, and the live picture is that of its time", async () => {
	await recorder.growing("growing", 10);
	const playlist = await Screen.open(browser, recorder);
	await playlist.loadPlaylist(recorder.stream("growing", "live.m3u8"));
	const pictures = await playlist.playWithDates(20);
	const live = await Screen.open(browser, recorder);
	const [from, to] = await live.watch(recorder.stream("growing", "live.m4s"), 7);

	const [{ startTime90k }] = await recorder.recordings("growing");
	const since = ({ date }) => date / 1000 - startTime90k / SECOND;
	const film = await recorder.growing("growing", Math.ceil(Math.max(since(pictures.at(-1)), to)));
	// The clip is shown from its first picture on, once.
	const expected = (seconds) => pyramid.first + numberAt(seconds);
	const numberAt = numbersOf(await recorder.bytes(film));
	assert.deepEqual(
		pictures.filter((picture) => picture.number !== expected(since(picture))),
		[],
	);
	await seekAnywhere(live, to - from - 0.8, (seconds) => expected(from + seconds), 25, from);
	// The decoder holds the last ones until it knows that nothing is shown before them.
	shows(await live.play(from, to - 2.5, 2), (seconds) => expected(seconds));
	await playlist.close();
	await live.close();
});

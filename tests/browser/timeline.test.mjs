// The time line: Chromium shows the picture that was filmed then, in every shown camera at once.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { Camera } from "./camera.mjs";
import { launch } from "./chromium.mjs";
import { open } from "./picture.mjs";
import { CLIPS, NOON, Recorder, SECOND } from "./recorder.mjs";
import { inPage } from "./screen.mjs";

const HOUR = 3600;
const { evening, minutes, minutesH265, morning } = CLIPS;
/** How far into its evening the clip of a camera is `late`. */
const LATE = 40;

let recorder, browser, context, page, camera;
const complaints = [];

before(async () => {
	[camera, browser] = await Promise.all([Camera.start(), launch()]);
	recorder = await Recorder.start({
		day: [
			[morning, 0],
			[evening, 11 * HOUR * SECOND],
		],
		early: [[minutes, 0]],
		late: [[minutes, LATE * SECOND]],
		h265: [[minutesH265, 0]],
		slow: [[{ ...morning, fps: 0.1 }, 0]],
		yard: camera.url,
	});
	context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
	await context.addInitScript(inPage);
	await context.addInitScript(shown);
	page = await open(context, recorder.page, complaints);
});

/** In the page: the number of the picture that a camera shows; NaN while there is none, or none that can be read. */
function shown() {
	globalThis.shownBy = (name) => {
		try {
			const video = document.querySelector(`[data-camera=${name}] video`);
			return video && video.readyState >= 2 && !video.seeking ? numberOf(video) : NaN;
		} catch {
			return NaN;
		}
	};
}

after(async () => {
	await browser?.close();
	await recorder?.end();
	await camera?.unplug();
});

const inMorning = (seconds) => morning.first + Math.floor(seconds * morning.fps + 1e-6);
const inMinutes = (seconds) => minutes.first + Math.floor(seconds * minutes.fps + 1e-6);

test("a link to a moment shows its picture", async () => {
	for (const seconds of [7 * HOUR + 1801, 5, 3 * HOUR]) {
		await look("day", seconds);
		await shows("day", inMorning(seconds));
	}
	assert.equal(await page.locator(".moment").inputValue(), "15:00:00");
});

test("a click on the line shows the picture there, within half a second", async () => {
	await look("day", 4 * HOUR, 2 * HOUR);
	await shows("day", inMorning(4 * HOUR));
	const line = await page.locator(".lines canvas").boundingBox();
	const took = [];
	for (const part of [0.31, 0.77, 0.12, 0.6, 0.45]) {
		await page.evaluate(() => (globalThis.began = 0));
		await page.mouse.move(line.x + line.width * part, line.y + 55);
		await page.evaluate(() => addEventListener("pointerdown", () => (globalThis.began = performance.now()), { once: true, capture: true }));
		await page.mouse.down();
		await page.mouse.up();
		const seconds = 3 * HOUR + part * 2 * HOUR;
		// A pixel is some seconds.
		took.push(await until("day", [inMorning(seconds - 8), inMorning(seconds + 8)]));
	}
	console.log(`# pictures after ${took.map(Math.round).join(", ")} ms`);
	assert.ok(Math.min(...took) < 500, `${took} ms`);
});

test("dragging takes the picture along", async () => {
	await look("day", 4 * HOUR, 2 * HOUR);
	await shows("day", inMorning(4 * HOUR));
	const line = await page.locator(".lines canvas").boundingBox();
	await page.mouse.move(line.x + line.width * 0.2, line.y + 55);
	await page.mouse.down();
	for (const part of [0.3, 0.4, 0.5, 0.6, 0.7]) await page.mouse.move(line.x + line.width * part, line.y + 55);
	await page.mouse.up();
	const seconds = 3 * HOUR + 0.7 * 2 * HOUR;
	await until("day", [inMorning(seconds - 8), inMorning(seconds + 8)]);
});

test("frame by frame, on and back, by keys", async () => {
	await look("early", 61.1);
	await shows("early", inMinutes(61.1));
	for (const [key, by] of [[".", 1], [".", 2], [",", 1], [",", 0], [",", -1]]) {
		await page.keyboard.press(key);
		await shows("early", inMinutes(61.1) + by);
	}
});

test("film whose key frames are minutes apart is shown, and stays", async () => {
	await look("slow", 85);
	await shows("slow", morning.first + 8);
	const after = await page.evaluate(async () => {
		const seen = [];
		for (let frame = 0; frame < 30; frame += 1) {
			await new Promise((done) => requestAnimationFrame(done));
			seen.push(shownBy("slow"));
		}
		return seen;
	});
	assert.deepEqual([...new Set(after)], [morning.first + 8]);
});

test("a hole says that it is one, and the next film is a key away", async () => {
	await look("day", 10.5 * HOUR);
	await page.getByText("No film here").waitFor();
	await page.keyboard.press("n");
	await shows("day", evening.first);
	await page.keyboard.press("p");
	await shows("day", inMorning(0));
});

test("playing goes over a hole to the next film", async () => {
	await look("day", 10 * HOUR - 6);
	await page.getByLabel("Speed").selectOption("4");
	await page.getByRole("button", { name: "Play", exact: true }).click();
	await until("day", [evening.first, evening.first + 20]);
	await page.getByRole("button", { name: "Pause" }).click();
	await page.getByLabel("Speed").selectOption("1");
});

test("cameras play in step, at any speed", async () => {
	await look("early,late", 50);
	await shows("early", inMinutes(50));
	await shows("late", inMinutes(50 - LATE));
	for (const rate of ["1", "8"]) {
		await page.getByLabel("Speed").selectOption(rate);
		await page.keyboard.press("k");
		const from = await number("early");
		await page.waitForFunction((from) => shownBy("early") > from + 20, from);
		const [early, late] = await page.evaluate(() => ["early", "late"].map((name) => shownBy(name)));
		// Of a fast film some frames are not shown.
		assert.ok(Math.abs(early - late - LATE * minutes.fps) <= 2 * Number(rate), `${early} beside ${late} at ${rate}`);
		await page.keyboard.press("k");
		await page.waitForFunction(() => [...document.querySelectorAll(".tile video")].every((video) => video.paused && !video.seeking));
		// Where it stands, it is exact.
		await page.waitForFunction((apart) => shownBy("early") - shownBy("late") === apart, LATE * minutes.fps);
	}
	await page.getByLabel("Speed").selectOption("1");
});

test("what is marked is saved as the bytes that the API gives", async () => {
	await look("early", 20);
	await shows("early", inMinutes(20));
	await page.keyboard.press("i");
	await page.locator(".moment").fill("12:00:30");
	await page.locator(".moment").press("Enter");
	await shows("early", inMinutes(30));
	await page.getByRole("button", { name: "Mark the end" }).click();
	for (const withTime of [false, true]) {
		if (withTime) await page.getByLabel("with the time as subtitles").check();
		const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
		assert.equal(download.suggestedFilename(), "early 2026-03-01 12.00.20.mp4");
		const saved = new Uint8Array(await readFile(await download.path()));
		const film = await recorder.bytes(recorder.film("early", 20 * SECOND, 30 * SECOND, withTime ? "&ts=true" : ""));
		assert.ok(saved.length > 2_000 && Buffer.from(saved).equals(Buffer.from(film)), `${saved.length} bytes, not ${film.length}`);
	}
	assert.deepEqual(await violations(page), []);
});

test("a marked span can be kept, and let go", async () => {
	const kept = async () => (await recorder.ask(recorder.stream("early", "protected"))).protected;
	await page.getByRole("button", { name: "Keep", exact: true }).click();
	await page.getByRole("button", { name: "Kept", exact: true }).waitFor();
	assert.deepEqual((await kept()).map((span) => [span.startTime90k, span.endTime90k]), [[NOON + 20 * SECOND, NOON + 30 * SECOND]]);
	await page.getByRole("button", { name: "Kept", exact: true }).click();
	await page.getByRole("button", { name: "Keep", exact: true }).waitFor();
	assert.deepEqual(await kept(), []);
	await page.keyboard.press("Escape");
	await page.getByRole("link", { name: "Download" }).waitFor({ state: "detached" });
});

test("the calendar leads to the days that have film", async () => {
	await look("day", 0.5 * HOUR);
	await page.getByRole("button", { name: /1 Mar/ }).click();
	const day = page.getByRole("button", { name: /2 March 2026: .* of film/ });
	await day.waitFor();
	assert.deepEqual(await violations(page), []);
	assert.equal(await page.getByRole("button", { name: /^Tuesday,? 3 March 2026: no film/ }).isDisabled(), true);
	await day.click();
	// Midnight is an hour into the evening.
	await shows("day", evening.first + HOUR * evening.fps);
});

test("by keyboard alone: the line is a slider that zooms, moves and plays", async () => {
	await look("early", 60, 120);
	const slider = page.getByRole("slider", { name: "Time line" });
	for (let tab = 0; tab < 60 && !(await slider.evaluate((line) => line === document.activeElement)); tab += 1) await page.keyboard.press("Tab");
	assert.ok(await slider.evaluate((line) => line === document.activeElement), "Tab leads to the time line");
	await page.keyboard.press("ArrowRight");
	await shows("early", inMinutes(61));
	const length = async () => Number(await slider.getAttribute("aria-valuemax")) - Number(await slider.getAttribute("aria-valuemin"));
	const before = await length();
	await page.keyboard.press("ArrowUp");
	await page.waitForFunction(([line, before]) => line.ariaValueMax - line.ariaValueMin === before / 2, [await slider.elementHandle(), before]);
	assert.match(await slider.getAttribute("aria-valuetext"), /1 March 2026, 12:01:01/);
	await page.keyboard.press("Space");
	await until("early", [inMinutes(62), inMinutes(66)]);
	await page.keyboard.press("Space");
});

test("by touch, on a phone: tap, drag and pinch", async () => {
	const phone = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
	await phone.addInitScript(inPage);
	await phone.addInitScript(shown);
	const desktop = page;
	page = await open(phone, recorder.page, complaints);
	try {
		await look("early", 60, 120);
		await shows("early", inMinutes(60));
		const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(over <= 0, `${over} pixels too wide`);
		const canvas = page.locator(".lines canvas");
		await canvas.scrollIntoViewIfNeeded();
		const line = await canvas.boundingBox();
		await page.touchscreen.tap(line.x + line.width / 4, line.y + 55);
		await until("early", [inMinutes(29), inMinutes(31.5)]);
		// Two fingers, from half the width apart to all of it.
		const fingers = await phone.newCDPSession(page);
		const touch = (type, parts) => fingers.send("Input.dispatchTouchEvent", {
			type, touchPoints: parts.map((part, id) => ({ id, x: line.x + line.width * part, y: line.y + 55 })),
		});
		const slider = page.getByRole("slider");
		const before = Number(await slider.getAttribute("aria-valuemax")) - Number(await slider.getAttribute("aria-valuemin"));
		await touch("touchStart", [0.3, 0.6]);
		for (const by of [0.05, 0.1, 0.15, 0.2]) await touch("touchMove", [0.3 - by, 0.6 + by]);
		await touch("touchEnd", []);
		const after = Number(await slider.getAttribute("aria-valuemax")) - Number(await slider.getAttribute("aria-valuemin"));
		assert.ok(after > before * 0.35 && after < before * 0.6, `${before} s became ${after} s`);
		assert.deepEqual(await violations(page), []);
	} finally {
		await phone.close();
		page = desktop;
	}
});

test("H.265 plays, or it is said that it does not", async () => {
	await look("h265", 30);
	const can = await page.evaluate(() => MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L60.B0"'));
	if (can) await shows("h265", minutesH265.first + 150);
	else await page.getByText(/cannot play .* live|cannot play hvc1|cannot play H.265/).waitFor();
});

test("a camera that is lost says since when and why, and is found again", async () => {
	await page.goto(`${recorder.page}?camera=yard`);
	const tile = page.locator("[data-camera=yard]");
	await playing(tile);
	await camera.unplug();
	await tile.getByText(/Away since \d\d:\d\d: .*It comes back by itself/).waitFor({ timeout: 60_000 });
	assert.deepEqual(await violations(page), []);
	await camera.plug();
	await tile.getByText(/Away since/).waitFor({ state: "detached", timeout: 60_000 });
	await playing(tile);
	// The hole, with its cause, once film goes on behind it.
	const gap = await page.evaluate(async (path) => {
		for (;;) {
			const { gaps } = await (await fetch(path)).json();
			const over = gaps.find((gap) => gap.endTime90k !== null);
			if (over) return over;
			await new Promise((done) => setTimeout(done, 200));
		}
	}, recorder.stream("yard", "gaps"));
	await page.goto(`${recorder.page}timeline?cameras=yard&span=240&t=${Math.round((gap.startTime90k + gap.endTime90k) / 2)}`);
	await page.getByText(/No film here: The camera/).waitFor();
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

/** Shows so many seconds after noon, as a link does. */
async function look(cameras, seconds, span = 600) {
	await page.goto(`${recorder.page}timeline?cameras=${cameras}&t=${NOON + Math.round(seconds * SECOND)}&span=${span}`);
}

const number = (name) => page.evaluate((name) => shownBy(name), name);

/** Waits until a camera shows the picture with this number. */
async function shows(name, wanted) {
	try {
		await until(name, [wanted, wanted]);
	} catch (e) {
		throw new Error(`${name} shows ${await number(name).catch(() => "nothing")}, not ${wanted}: ${e.message}`);
	}
}

/** Waits for a picture of these numbers, and answers with how long after `began` it was there, in ms. */
async function until(name, [first, last]) {
	const handle = await page.waitForFunction(
		([name, first, last]) => {
			const shown = shownBy(name);
			return shown >= first && shown <= last && performance.now() - (globalThis.began ?? 0);
		},
		[name, first, last],
		{ polling: "raf", timeout: 20_000 },
	);
	return handle.jsonValue();
}

/** Waits until a live picture moves. */
async function playing(tile) {
	const video = await tile.locator("video").elementHandle();
	await page.waitForFunction((video) => video.readyState >= 2 && video.currentTime > 0, video);
	const from = await video.evaluate((video) => video.currentTime);
	await page.waitForFunction(([video, from]) => video.currentTime > from + 0.5, [video, from]);
}

// The page of the demo, in the distribution's Chromium.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";
import { Demo } from "./demo.mjs";
import { open, showsAPicture as shows } from "./picture.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
const UNITS_PER_SECOND = 90_000;

let demo, browser, page;
const complaints = [];

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	demo = await Demo.start();
	browser = await launch();
	page = await open(browser, demo.page, complaints);
});

after(async () => {
	await browser?.close();
	await demo?.end();
});

test("every camera is on the page, with its recordings newest first", async () => {
	const { cameras } = await demo.ask("/api/");
	assert.ok(cameras.length >= 2);
	for (const camera of cameras) {
		const card = page.locator(".card", { has: page.getByRole("heading", { name: camera.name, exact: true }) });
		await card.waitFor();
		await card.locator("td.time button").first().waitFor();
		const times = await card.locator("td.time button").allTextContents();
		assert.deepEqual(times, [...times].sort().reverse());
	}
});

test("a recording plays, and can be sought to its middle and its end", async () => {
	await filmOf(8);
	await page.reload();
	await page.locator(".card td.time button").first().click();
	await page.waitForFunction(() => document.querySelector("video").currentTime > 0.5);
	assert.ok(await showsAPicture(), "the picture is not of one colour");
	await page.screenshot({ path: `${PICTURES}page.png`, fullPage: true });

	const duration = await page.evaluate(() => document.querySelector("video").duration);
	assert.ok(duration >= 4, `${duration} s of film`);
	assert.ok(Math.abs((await seek(duration / 2)) - duration / 2) < 0.5);
	assert.ok(await showsAPicture());
	await seek(duration - 0.4);
	await page.evaluate(() => document.querySelector("video").play());
	await page.waitForFunction(() => document.querySelector("video").ended);
	assert.ok(await showsAPicture());
});

test("any span is one film that Chromium can seek in", async () => {
	const [camera] = (await demo.ask("/api/")).cameras;
	const end = camera.streams.main.lastTime90k;
	const src = `/api/cameras/${camera.uuid}/main/view.mp4?start90k=${end - 6 * UNITS_PER_SECOND}&end90k=${end - UNITS_PER_SECOND}`;
	const duration = await page.evaluate(async (src) => {
		const video = document.querySelector("video");
		video.src = src;
		await new Promise((done, failed) => {
			video.onloadeddata = done;
			video.onerror = () => failed(new Error(video.error.message));
		});
		return video.duration;
	}, src);
	assert.ok(Math.abs(duration - 5) < 0.1, `${duration} s`);
	for (const part of [0.5, 0.97, 0.1]) {
		assert.ok(Math.abs((await seek(duration * part)) - duration * part) < 0.1);
		assert.ok(await showsAPicture());
	}
});

test("nothing sticks out at phone width", async () => {
	await page.setViewportSize({ width: 390, height: 800 });
	const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
	assert.ok(over <= 0, `${over} pixels too wide`);
	await page.screenshot({ path: `${PICTURES}page-phone.png` });
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

test("an interrupt ends the whole demo", async () => {
	await page.close();
	assert.equal(await demo.interrupt(), 0);
	await assert.rejects(fetch(demo.page));
});

/** Waits until so many seconds of the first camera are listed. */
async function filmOf(seconds) {
	const deadline = Date.now() + 60_000;
	for (;;) {
		const [camera] = (await demo.ask("/api/")).cameras;
		if (camera.streams.main.duration90k >= seconds * UNITS_PER_SECOND) return;
		assert.ok(Date.now() < deadline, `waited in vain for ${seconds} s of film`);
		await page.waitForTimeout(250);
	}
}

/** Seeks, and answers with the time of the picture that is shown then. */
function seek(seconds) {
	return page.evaluate(async (seconds) => {
		const video = document.querySelector("video");
		video.pause();
		const sought = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
		video.currentTime = seconds;
		await sought;
		return video.currentTime;
	}, seconds);
}

const showsAPicture = () => shows(page);

// Live pictures on the page of the demo, in the distribution's Chromium.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";
import { Demo } from "./demo.mjs";
import { open, showsAPicture } from "./picture.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
const LIVE = ".live video";

let demo, browser, page;
const complaints = [];
const sockets = new Set();

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	demo = await Demo.start();
	browser = await launch();
	page = await open(browser, demo.page, complaints);
	page.on("websocket", (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
	});
});

after(async () => {
	await browser?.close();
	await demo?.end();
});

test("a live picture plays, and stays close to what happens", async () => {
	await liveButton().click();
	await plays(2);
	assert.ok(await showsAPicture(page, LIVE));
	await isClose();
	const deadline = Date.now() + 30_000;
	let seconds;
	while ((seconds = await page.evaluate(behind, LIVE)) >= 1) assert.ok(Date.now() < deadline, `${seconds} s behind`);
	// The picture's clock is the recorder's.
	const shown = await page.locator(".live .clock").first().textContent();
	assert.match(shown, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
	await page.screenshot({ path: `${PICTURES}live.png`, fullPage: true });
	// It goes on, and old pictures are forgotten.
	await plays(14);
	await page.waitForFunction((live) => {
		const { buffered, currentTime } = document.querySelector(live);
		return currentTime - buffered.start(0) < 11;
	}, LIVE);
	await isClose();
	assert.equal(await page.locator(".live .note").first().isVisible(), false, "there is nothing to be said");
});

test("a player that fell behind jumps forward", async () => {
	await page.evaluate((live) => {
		const video = document.querySelector(live);
		video.currentTime = video.buffered.start(0);
	}, LIVE);
	await isClose();
	await plays(1);
});

test("the other stream is another picture", async () => {
	const widths = new Set([await width()]);
	await card().getByRole("button", { name: "sub", exact: true }).click();
	await page.waitForFunction(([live, was]) => ![0, was].includes(document.querySelector(live).videoWidth), [LIVE, [...widths][0]]);
	await plays(1);
	await isClose();
	await card().getByRole("button", { name: "main", exact: true }).click();
	await plays(1);
});

test("a hidden page takes nothing, and goes on when it is seen", async () => {
	await setHidden(true);
	await left();
	const at = await time();
	await setHidden(false);
	await page.waitForFunction(([live, at]) => document.querySelector(live).currentTime > at + 0.5, [LIVE, at]);
	await isClose();
});

test("what the browser cannot decode is said in words, as is a recorder that went", async () => {
	await liveButton().click();
	await page.evaluate(() => {
		window.canDecode = MediaSource.isTypeSupported;
		MediaSource.isTypeSupported = () => false;
	});
	await liveButton().click();
	await page.getByText(/This browser cannot play .* live/).waitFor();
	await page.evaluate(() => {
		MediaSource.isTypeSupported = window.canDecode;
	});
	await liveButton().click();
	await liveButton().click();
	await plays(1);
	assert.deepEqual(complaints, [], "the browser had nothing to complain about");
	await demo.interrupt();
	await page.setViewportSize({ width: 390, height: 800 });
	await page.getByText(/Trying again in \d+\s*s\./).waitFor();
	await page.screenshot({ path: `${PICTURES}live-gone.png` });
});

const card = () => page.locator(".card").first();
const liveButton = () => card().getByRole("button", { name: "Live", exact: true });
const time = () => page.evaluate((live) => document.querySelector(live).currentTime, LIVE);
const width = () => page.evaluate((live) => document.querySelector(live).videoWidth, LIVE);

/** Waits until so many seconds more were played. */
async function plays(seconds) {
	await page.waitForFunction((live) => document.querySelector(live).currentTime > 0, LIVE);
	const from = await time();
	await page.waitForFunction(([live, to]) => document.querySelector(live).currentTime >= to, [LIVE, from + seconds]);
}

/** Waits until the page listens to nothing. */
async function left() {
	for (const socket of sockets) await socket.waitForEvent("close").catch(() => {});
}

/** In the page: how many seconds ago that happened which is shown. Recorder and browser are one machine's. */
async function behind(live) {
	const camera = (await (await fetch("/api/")).json()).cameras[0];
	const socket = new WebSocket(`ws://${location.host}/api/cameras/${camera.uuid}/main/live.m4s`);
	const { mediaTime90k, wallTime90k } = await new Promise((done) => {
		socket.onmessage = ({ data }) => typeof data === "string" && done(JSON.parse(data));
	});
	socket.close();
	const shown90k = wallTime90k + document.querySelector(live).currentTime * 90000 - mediaTime90k;
	return Date.now() / 1000 - shown90k / 90000;
}

/** Waits until what is shown is less than a second behind the newest frame. */
async function isClose() {
	await page.waitForFunction((live) => {
		const { buffered, currentTime } = document.querySelector(live);
		return buffered.length > 0 && buffered.end(buffered.length - 1) - currentTime < 1;
	}, LIVE);
}

/** As a browser tells a page that its tab was left. */
function setHidden(hidden) {
	return page.evaluate((hidden) => {
		Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
		document.dispatchEvent(new Event("visibilitychange"));
	}, hidden);
}

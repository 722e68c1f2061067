// The page of the demo, in the distribution's Chromium: its frame, and live pictures.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { launch } from "./chromium.mjs";
import { Demo } from "./demo.mjs";
import { open, showsAPicture } from "./picture.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
const PLACES = ["", "timeline", "cameras", "storage", "system"];
/** Of the first load, compressed, in bytes. */
const MOST = 150_000;

let demo, browser, page, names;
const complaints = [];
const sockets = new Set();

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	[demo, browser] = await Promise.all([Demo.start(), launch()]);
	names = (await demo.ask("/api/")).cameras.map((camera) => camera.name);
	page = await open(browser, demo.page, complaints);
	page.on("websocket", (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
	});
	await page.reload();
});

after(async () => {
	await browser?.close();
	await demo?.end();
});

test("the first load is small, keeps to its policy and leaves the box alone", async () => {
	const context = await browser.newContext();
	const first = await context.newPage();
	const sizes = [];
	first.on("response", (answer) => {
		const { hostname, pathname } = new URL(answer.url());
		assert.equal(hostname, "127.0.0.1");
		if (!pathname.startsWith("/api/")) sizes.push(answer.request().sizes().then((of) => [pathname, of.responseBodySize]));
	});
	const answer = await first.goto(demo.page);
	await first.locator(".tile").first().waitFor();
	const policy = answer.headers()["content-security-policy"];
	for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) assert.ok(policy.includes(rule));
	const told = await Promise.all(sizes);
	const sum = told.reduce((sum, [, size]) => sum + size, 0);
	console.log(`# first load: ${sum} bytes in ${told.length} files`);
	assert.ok(told.length >= 3 && sum > 5_000 && sum < MOST, JSON.stringify(told));
	// What has its hash in its name is never asked for again.
	const script = told.find(([path]) => path.endsWith(".js"))[0];
	const headers = (await fetch(new URL(script, demo.page))).headers;
	assert.match(headers.get("cache-control"), /immutable/);
	await context.close();
});

test("every camera's live picture plays, and the clock is the recorder's", async () => {
	assert.ok(names.length >= 2);
	for (const name of names) {
		await plays(name, 1);
		assert.ok(await showsAPicture(page, `[data-camera="${name}"] video`));
		await isClose(name);
	}
	const clock = await tile(names[0]).locator(".clock").textContent();
	const { now } = await demo.ask("/api/");
	const seconds = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
	const apart = Math.abs(seconds(now.slice(11, 19)) - seconds(clock)) % 86_400;
	assert.ok(apart < 5 || apart > 86_395, `${clock} at ${now}`);
	await page.screenshot({ path: `${PICTURES}live.png` });
});

test("a camera is shown large, by its main stream, less than a second behind", async () => {
	const [name] = names;
	const before = await width(name);
	await tile(name).getByRole("button").click();
	await page.waitForFunction((name) => document.querySelectorAll(".tile").length === 1 && document.querySelector(".tile").dataset.camera === name, name);
	assert.equal(new URL(page.url()).searchParams.get("camera"), name);
	await page.waitForFunction(([name, before]) => document.querySelector(`[data-camera="${name}"] video`).videoWidth > before, [name, before]);
	await plays(name, 2);
	const deadline = Date.now() + 30_000;
	let seconds;
	while ((seconds = await page.evaluate(behind, [name])) >= 1) assert.ok(Date.now() < deadline, `${seconds} s behind`);
	// A player that fell behind jumps forward, and old pictures are forgotten.
	await page.evaluate(() => {
		const video = document.querySelector(".tile video");
		video.currentTime = video.buffered.start(0);
	});
	await isClose(name);
	await plays(name, 12);
	await page.waitForFunction(() => {
		const { buffered, currentTime } = document.querySelector(".tile video");
		return currentTime - buffered.start(0) < 11;
	});
	await page.keyboard.press("Escape");
	await page.waitForFunction((count) => document.querySelectorAll(".tile").length === count, names.length);
});

test("layouts share the screen as they say", async () => {
	for (const [label, count] of [["1", 1], ["2 × 2", Math.min(4, names.length)], ["One large, the others small", names.length], ["All", names.length]]) {
		await page.getByRole("button", { name: label, exact: true }).click();
		await page.waitForFunction((count) => document.querySelectorAll(".tile").length === count, count);
		const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
		assert.ok(over.every((pixels) => pixels <= 0), `${label}: ${over}`);
	}
});

test("a hidden page takes nothing, and goes on when it is seen", async () => {
	await plays(names[0], 0.3);
	await setHidden(true);
	for (const socket of sockets) await socket.waitForEvent("close").catch(() => {});
	await setHidden(false);
	await plays(names[0], 0.5);
	await isClose(names[0]);
});

test("what the browser cannot decode is said in words", async () => {
	await page.evaluate(() => {
		MediaSource.isTypeSupported = () => false;
	});
	await page.keyboard.press("1");
	await page.getByText(/This browser cannot play .* live/).waitFor();
	assert.deepEqual(await violations(page), []);
	await page.goto(demo.page);
	await plays(names[0], 0.3);
});

test("no place has a fault for those who do not see it, in light or dark", async () => {
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		for (const place of PLACES) {
			await page.goto(demo.page + place);
			await page.locator("main h1").first().waitFor({ state: "attached" });
			await page.waitForTimeout(150);
			assert.deepEqual(await violations(page), [], `/${place} in ${colorScheme}`);
		}
	}
});

test("by keyboard alone from place to place", async () => {
	await page.goto(demo.page);
	await page.locator(".tile").first().waitFor();
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
	const focusOn = async (name) => {
		for (let tab = 0; tab < 40; tab += 1) {
			await page.keyboard.press("Tab");
			if ((await page.evaluate(() => document.activeElement.textContent.trim())) === name) return;
		}
		assert.fail(`Tab never reaches ${name}`);
	};
	await focusOn("Time line");
	await page.keyboard.press("Enter");
	await page.waitForFunction(() => location.pathname === "/timeline" && document.querySelector("[role=slider]"));
	await page.goBack();
	await page.locator(".toolbar").waitFor();
	assert.equal(new URL(page.url()).pathname, "/");
});

test("at phone width nothing sticks out, and a tap shows a camera large", async () => {
	const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
	const phone = await open(context, demo.page, complaints);
	for (const place of PLACES) {
		await phone.goto(demo.page + place);
		await phone.locator("main h1").first().waitFor({ state: "attached" });
		const over = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(over <= 0, `/${place}: ${over} pixels too wide`);
	}
	await phone.goto(demo.page);
	await phone.locator(".tile").first().waitFor();
	await phone.locator(".tile .cover").nth(1).tap();
	await phone.waitForFunction(() => document.querySelectorAll(".tile").length === 1);
	await phone.screenshot({ path: `${PICTURES}phone.png` });
	await context.close();
});

test("an address that is none leads back", async () => {
	await page.goto(`${demo.page}system/nothing/here`);
	await page.getByText("There is nothing at this address.").waitFor();
	await page.getByRole("link", { name: "To the live pictures" }).click();
	await page.locator(".tile").first().waitFor();
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

test("an interrupt ends the whole demo, and the page says that the recorder went", async () => {
	await plays(names[0], 0.3);
	assert.equal(await demo.interrupt(), 0);
	await page.getByText(/No connection: the recorder does not answer/).waitFor();
	await page.getByText(/Trying again in \d+\s*s/).first().waitFor();
	await assert.rejects(fetch(demo.page));
});

const tile = (name) => page.locator(`[data-camera="${name}"]`);
const width = (name) => tile(name).locator("video").evaluate((video) => video.videoWidth);

/** Waits until so many seconds more were played. */
async function plays(name, seconds) {
	const selector = `[data-camera="${name}"] video`;
	await page.waitForFunction((selector) => document.querySelector(selector)?.currentTime > 0, selector);
	const from = await page.evaluate((selector) => document.querySelector(selector).currentTime, selector);
	await page.waitForFunction(([selector, to]) => document.querySelector(selector).currentTime >= to, [selector, from + seconds]);
}

/** Waits until what is shown is less than a second behind the newest frame. */
async function isClose(name) {
	await page.waitForFunction((name) => {
		const { buffered, currentTime } = document.querySelector(`[data-camera="${name}"] video`);
		return buffered.length > 0 && buffered.end(buffered.length - 1) - currentTime < 1;
	}, name);
}

/** In the page: how many seconds ago that happened which is shown. Recorder and browser are one machine's. */
async function behind([name]) {
	const camera = (await (await fetch("/api/")).json()).cameras.find((camera) => camera.name === name);
	const socket = new WebSocket(`ws://${location.host}/api/cameras/${camera.uuid}/main/live.m4s`);
	const { mediaTime90k, wallTime90k } = await new Promise((done) => {
		socket.onmessage = ({ data }) => typeof data === "string" && done(JSON.parse(data));
	});
	socket.close();
	const shown90k = wallTime90k + document.querySelector(".tile video").currentTime * 90000 - mediaTime90k;
	return Date.now() / 1000 - shown90k / 90000;
}

/** As a browser tells a page that its tab was left. */
function setHidden(hidden) {
	return page.evaluate((hidden) => {
		Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
		document.dispatchEvent(new Event("visibilitychange"));
	}, hidden);
}

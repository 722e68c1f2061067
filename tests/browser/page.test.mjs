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

test("a span in the address trims what is listed, what plays and what is kept", async () => {
	const [camera] = (await demo.ask("/api/")).cameras;
	const end = camera.streams.main.lastTime90k - UNITS_PER_SECOND;
	const start = end - 5 * UNITS_PER_SECOND;
	const [first, last] = await Promise.all([start, end].map(timeText));
	await page.goto(`${demo.page}#start=${start}&end=${last}`);
	await listsOne(first, last);
	const link = await page.locator(".card td.save a").first().getAttribute("href");
	const [, from, to] = /\?s=\d+-\d+\.(\d+)-(\d+)$/.exec(link);
	assert.equal(to - from, end - start);
	await page.locator(".card td.time button").first().click();
	await page.waitForFunction(() => Math.abs(document.querySelector("#video").duration - 5) < 0.1);
	await page.waitForFunction((day) => document.querySelector("#clock").textContent >= day, first.slice(0, 19).replace("T", " "));

	await page.getByLabel("Downloads with the time").check();
	assert.equal(await page.locator(".card td.save a").first().getAttribute("href"), `${link}&ts=true`);
	await page.reload();
	await listsOne(first, last);
	// Another one, from the keyboard; then back and forward.
	const later = await timeText(start + 2 * UNITS_PER_SECOND);
	await page.fill("#start", String(start + 2 * UNITS_PER_SECOND));
	await page.press("#start", "Enter");
	await listsOne(later, last);
	assert.equal(new URL(page.url()).hash, `#start=${later}&end=${last}`);
	await page.goBack();
	await listsOne(first, last);
	await page.goForward();
	await listsOne(later, last);
	await page.screenshot({ path: `${PICTURES}page-span.png` });
});

test("a time that is none is said in words, and nothing else happens", async () => {
	const before = complaints.length;
	await page.goto(`${demo.page}#start=yesterday`);
	await page.getByText('time "yesterday": expected YYYY-MM-DD').waitFor();
	await page.locator(".card td.time button").first().waitFor();
	assert.deepEqual(complaints.splice(before).map((text) => /status of (\d+)/.exec(text)?.[1]), ["400"]);
	await page.goto(`${demo.page}#start=2026-01-02&end=2026-01-01%2010:30`);
	await page.getByText("The start is not before the end.").waitFor();
	await page.getByRole("button", { name: "All", exact: true }).click();
	await page.waitForFunction(() => location.hash === "" && document.querySelector("#start").value === "");
	await page.getByText(/now$/).first().waitFor();
	assert.equal(await page.locator("#span-words").isVisible(), false);
});

test("the list grows where it is, and is not asked for again as a whole", async () => {
	const [camera] = (await demo.ask("/api/")).cameras;
	const path = `/api/cameras/${camera.uuid}/main/recordings`;
	const isOurs = (request) => new URL(request.url()).pathname === path;
	await page.reload();
	const button = page.locator(".card td.time button").first();
	await button.click();
	await page.evaluate(() => {
		window.row = document.querySelector(".card tr");
		window.was = row.textContent;
		row.querySelector("button").focus();
	});
	const again = new URL((await page.waitForRequest(isOurs)).url()).searchParams;
	const [newest] = (await demo.ask(`${path}?start90k=${again.get("start90k")}`)).recordings;
	assert.equal(Number(again.get("start90k")), newest.startTime90k);
	await page.waitForFunction(() => row.textContent !== was);
	const { isThere, isFocused, film } = await page.evaluate(() => ({
		isThere: row === document.querySelector(".card tr"),
		isFocused: row.contains(document.activeElement),
		film: document.querySelector("#video").src,
	}));
	assert.ok(isThere && isFocused && film.includes("/view.mp4?s="));
	// What comes above the row that has the focus does not move it.
	await page.setViewportSize({ width: 1280, height: 300 });
	const moved = await page.evaluate(async () => {
		const { steady } = await import("/dom.js");
		row.querySelector("button").focus();
		const top = row.getBoundingClientRect().top;
		const other = document.createElement("tr");
		other.innerHTML = "<td>another</td>";
		steady(() => row.before(other));
		const moved = row.getBoundingClientRect().top - top;
		other.remove();
		return moved;
	});
	assert.ok(Math.abs(moved) < 1, `moved by ${moved} pixels`);
});

test("rows of single recordings are those of the list, an hour long, filled from the oldest", async () => {
	const rows = await page.evaluate(async () => {
		const { HOUR, joined, renewed, settled } = await import("/rows.js");
		const minute = HOUR / 60;
		const one = (n, run) => ({
			startId: n, endId: n, runStartId: run, startTime90k: n * minute, endTime90k: (n + 1) * minute, wallDuration90k: minute,
			mediaDuration90k: minute, sampleFileBytes: 1, videoSamples: 1, videoSampleEntryId: 1, missing: false, growing: n === 130,
		});
		const list = (from, to) => Array.from({ length: to - from }, (_, at) => one(from + at, from + at < 125 ? 1 : 125)).reverse();
		const told = (rows) => rows.map((row) => `${row.startId}-${row.endId}: ${row.sampleFileBytes}`).join(", ");
		const known = joined(list(1, 120));
		const from = settled(known);
		return [told(known), told(renewed(known, joined(list(from / minute, 131)), from))];
	});
	assert.deepEqual(rows, ["61-119: 59, 1-60: 60", "125-130: 6, 121-124: 4, 61-120: 60, 1-60: 60"]);
});

test("rows lose what was deleted of them, and no others", async () => {
	const told = await page.evaluate(async () => {
		const { harmed } = await import("/rows.js");
		const row = (startId, endId, missing = false) => ({ startId, endId, missing });
		const known = [row(121, 130), row(61, 120), row(1, 60), row(200, 210), row(150, 160, true)];
		// A list is cut elsewhere; 62 was protected and is all that is left of its row's beginning.
		const listed = [row(205, 210), row(110, 140), row(90, 109), row(62, 62), row(200, 204, true)];
		return harmed(known, listed).map(({ row, isLeft }) => `${row.startId}-${row.endId}: ${isLeft}`);
	});
	assert.deepEqual(told, ["61-120: true", "1-60: false", "200-210: true"]);
});

test("how full the disk is, and how long film stays, is one line", async () => {
	const told = await page.evaluate(async () => {
		const { words } = await import("/storage.js");
		const disk = (fullInDays) => ({ usedBytes: 12.3e9, capacityBytes: 58e9, fullInDays });
		const streams = [{ forecastDays: 14.2 }, { forecastDays: null }, { forecastDays: 16 }];
		const all = [
			{ disk: null, streams: [], trouble: null },
			{ disk: disk(3.21), streams, trouble: null },
			{ disk: disk(0), streams, trouble: null },
			{ disk: disk(null), streams, trouble: "others fill the film's disk" },
		];
		return all.map((storage) => words(storage).replaceAll("\u00a0", " "));
	});
	assert.deepEqual(told, [
		"",
		"Film takes 12.3 GB of 58.0 GB, full in about 3.2 days",
		"Film takes 12.3 GB of 58.0 GB; the oldest goes, about 14 days stay",
		"Film takes 12.3 GB of 58.0 GB – others fill the film's disk",
	]);
	await page.waitForFunction(() => /^Film takes .* of .*/.test(document.getElementById("storage").textContent));
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

/** As `lunette ts` prints it. */
async function timeText(time90k) {
	return (await demo.ask(`/api/time?time90k=${time90k}`)).time;
}

/** Waits until the first camera's only row is of this span. */
async function listsOne(first, last) {
	const words = `${first.slice(11, 19)} – ${last.slice(11, 19)}`;
	await page.waitForFunction((words) => {
		const shown = [...document.querySelector(".card")?.querySelectorAll("td.time button") ?? []];
		return shown.length === 1 && shown[0].textContent === words;
	}, words);
	assert.ok((await page.inputValue("#start")).startsWith(first.slice(0, 19).replace("T", " ")));
}

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

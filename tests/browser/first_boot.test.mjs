// The way of somebody who has just unpacked it: from a blank recorder and three cameras in the network to live pictures, and on to
// what the cameras noticed meanwhile.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { Camera } from "./camera.mjs";
import { launch } from "./chromium.mjs";
import { open, showsAPicture } from "./picture.mjs";
import { Recorder } from "./recorder.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));
const OURS = "correct horse battery";
const THEIRS = "hunter2-of-the-yard";
const LOGIN = ["--login", `admin:${THEIRS}`];

let cameras = [];
let recorder, browser, page, began;
const complaints = [];
const asked = [];

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	browser = await launch();
	cameras = [
		await Camera.start("Porch", "--motion", "3"),
		await Camera.start("Garden", ...LOGIN),
		await Camera.start("Garage", ...LOGIN),
	];
	recorder = await Recorder.start({}, { login: "required", discovery: ["lo"] });
	page = await open(browser, recorder.page, complaints);
	page.on("request", (request) => asked.push(new URL(request.url()).pathname));
	began = Date.now();
});

after(async () => {
	await browser?.close();
	await recorder?.end();
	for (const camera of cameras) await camera.unplug();
});

test("before the password, cameras are there by name and by nothing else", async () => {
	const there = page.getByRole("region", { name: "Cameras that answer already" });
	for (const name of ["Porch", "Garden", "Garage"]) await there.getByText(name).waitFor();
	assert.ok(!asked.some((path) => path.includes("snapshot")), "no picture is asked for");
	assert.equal(await page.getByText("127.0.0.1").count(), 0);
	assert.deepEqual(await violations(page), []);
	await picture("first-boot-welcome");
	await page.getByLabel("New password").fill(OURS);
	await page.getByLabel("The same again").fill(OURS);
	await page.getByRole("button", { name: "This is my recorder" }).click();
});

test("the open camera shows its picture, and is recorded with one tap", async () => {
	await page.getByRole("heading", { name: "Add a camera" }).waitFor();
	await row("Porch").getByText("Ready.").waitFor();
	await page.waitForFunction(() => [...document.querySelectorAll(".found img")].some((picture) => picture.naturalWidth > 0));
	await row("Porch").getByText(/H\.264 \d+×\d+, H\.264 \d+×\d+/).waitFor();
	assert.deepEqual(await violations(page), []);
	await row("Porch").getByRole("button", { name: "Record" }).click();
	await row("Porch").getByText(/Recorded\./).waitFor();
});

test("one login for the others; a wrong one is told, and asked for again", async () => {
	for (const name of ["Garden", "Garage"]) await row(name).getByLabel("Log in").check();
	await page.getByText("User name and password of these 2 cameras").waitFor();
	await page.locator("main").screenshot({ path: `${PICTURES}first-boot-cameras.png` });
	const list = page.getByRole("region", { name: "Cameras in the network" });
	await list.getByLabel("Password of the camera").fill("not that");
	await list.locator("form").getByRole("button", { name: "Record" }).click();
	for (const name of ["Garden", "Garage"]) await row(name).locator(".wrong").waitFor();
	await list.getByLabel("Password of the camera").fill(THEIRS);
	await list.locator("form").getByRole("button", { name: "Record" }).click();
	for (const name of ["Garden", "Garage"]) await row(name).getByText(/Recorded\./).waitFor();
	assert.deepEqual(await violations(page), []);
});

test("all three are live", async () => {
	await page.getByRole("link", { name: "Live", exact: true }).click();
	const names = await page.evaluate(async () => (await (await fetch("/api/")).json()).cameras.map(({ name }) => name));
	assert.equal(names.length, 3);
	for (const name of names) {
		const video = `[data-camera="${name}"] video`;
		await page.waitForFunction((video) => document.querySelector(video)?.currentTime > 1, video, { timeout: 60_000 });
		assert.ok(await showsAPicture(page, video), name);
	}
	console.log(`# from the first look to three live pictures: ${((Date.now() - began) / 1000).toFixed(1)} s`);
	await picture("first-boot-live");
});

test("motion that a camera notices is on the time line, a key away", async () => {
	const uuid = await page.evaluate(async () => (await (await fetch("/api/")).json()).cameras.find(({ name }) => name.includes("Porch")).uuid);
	const ended = () => page.evaluate(async (uuid) => {
		const { events } = await (await fetch(`/api/cameras/${uuid}/events`)).json();
		return events.filter(({ end90k }) => end90k !== null);
	}, uuid);
	let events = [];
	for (const deadline = Date.now() + 60_000; events.length < 2; events = await ended()) assert.ok(Date.now() < deadline, "no motion came");
	const last = events.reduce((a, b) => (a.start90k > b.start90k ? a : b));
	await page.goto(`${recorder.page}timeline?t=${last.start90k - 90_000 * 2}&span=60`);
	await page.locator(".lines canvas").waitFor();
	await page.getByRole("button", { name: "Next event" }).click();
	// The address follows what is shown.
	const isThere = async (start) => {
		const t = new URL(location.href).searchParams.get("t");
		if (!t?.includes("T")) return false;
		const { time90k } = await (await fetch(`/api/time?time90k=${encodeURIComponent(t)}`)).json();
		return Math.abs(time90k - start) <= 90_000;
	};
	await page.waitForFunction(isThere, last.start90k);
	// The mark itself says what it is.
	const line = await page.locator(".lines canvas").boundingBox();
	const isTold = async () => (await page.getByText("Motion").count()) > 0;
	for (let x = 0; x < line.width && !(await isTold()); x += line.width / 60) await page.mouse.move(line.x + x, line.y + 55);
	assert.ok(await isTold());
	await picture("first-boot-motion");
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

const row = (name) => page.locator(".found li", { hasText: name });
const picture = (name) => page.screenshot({ path: `${PICTURES}${name}.png` });

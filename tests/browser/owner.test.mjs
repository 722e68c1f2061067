// From a recorder that knows nobody to live pictures; and who may see what, after.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { Camera } from "./camera.mjs";
import { launch } from "./chromium.mjs";
import { open } from "./picture.mjs";
import { Recorder } from "./recorder.mjs";

const PASSWORD = "correct horse battery";

let recorder, camera, browser, page;
const complaints = [];

before(async () => {
	[camera, browser] = await Promise.all([Camera.start(), launch()]);
	recorder = await Recorder.start({}, { login: "required" });
	page = await open(browser, recorder.page, complaints);
});

after(async () => {
	await browser?.close();
	await recorder?.end();
	await camera?.unplug();
});

test("whoever comes first chooses the owner's password", async () => {
	await page.getByRole("heading", { name: "Welcome" }).waitFor();
	assert.deepEqual(await violations(page), []);
	await page.getByLabel("New password").fill("short");
	await page.getByText("At least 8 characters, please.").waitFor();
	await page.getByLabel("New password").fill(PASSWORD);
	await page.getByLabel("The same again").fill(`${PASSWORD}!`);
	await page.getByText("The two are not the same.").waitFor();
	await page.getByLabel("The same again").fill(PASSWORD);
	await page.getByRole("button", { name: "This is my recorder" }).click();
	await page.getByRole("heading", { name: "Add a camera" }).waitFor();
	assert.deepEqual(await violations(page), []);
});

test("a camera is tried, recorded and seen", async () => {
	await page.getByLabel("Large picture").fill(camera.url.replace("/main", "/nothing"));
	await page.getByRole("button", { name: "Test" }).click();
	await page.locator(".result.wrong").waitFor();
	assert.match(complaints.splice(0).join(), /502/);
	// What people paste has the login in it.
	await page.getByLabel("Large picture").fill(camera.url.replace("rtsp://", "rtsp://viewer:secret@"));
	assert.equal(await page.getByLabel("Large picture").inputValue(), camera.url);
	assert.equal(await page.getByLabel("Password of the camera").inputValue(), "secret");
	await page.getByRole("button", { name: "Test" }).click();
	await page.locator(".result.good").getByText(/H\.264 640x360/).waitFor({ timeout: 60_000 });
	await page.getByLabel("Name", { exact: true }).fill("Porch");
	// Cameras that were found have such a button too.
	await page.locator("form", { hasText: "By its address" }).getByRole("button", { name: "Record" }).click();
	await page.locator("[data-camera=Porch]").waitFor();
	await page.waitForFunction(() => document.querySelector("[data-camera=Porch] video")?.currentTime > 1, null, { timeout: 60_000 });
});

test("how long film stays is told before it is saved", async () => {
	await page.getByRole("link", { name: "Cameras" }).click();
	await page.getByRole("link", { name: "Porch: settings" }).click();
	await page.getByLabel("At most").check();
	await page.getByLabel("Gigabytes").fill("3");
	await page.getByText(/This holds about|How long that lasts/).waitFor();
	assert.deepEqual(await violations(page), []);
	await page.getByLabel("Name", { exact: true }).fill("Front door");
	await page.getByRole("button", { name: "Save" }).click();
	await page.getByText("Saved.").waitFor();
	const { cameras } = await page.evaluate(async () => (await fetch("/api/")).json());
	assert.deepEqual(cameras.map(({ name, streams }) => [name, streams.main.retainBytes]), [["Front door", 3_000_000_000]]);
});

test("a viewer watches, and changes nothing", async () => {
	await page.getByRole("link", { name: "Users" }).click();
	await page.getByText("Add somebody").click();
	const form = page.locator("details[open]");
	await form.getByLabel("Name").fill("Ida");
	await form.getByLabel("Password").fill(PASSWORD);
	await form.getByRole("button", { name: "Save" }).click();
	await page.locator("summary", { hasText: "Ida" }).waitFor();
	assert.deepEqual(await violations(page), []);
	await page.getByRole("button", { name: "Log out" }).click();
	await page.getByRole("heading", { name: "Log in" }).waitFor();
	assert.deepEqual(await violations(page), []);

	const before = complaints.length;
	await page.getByLabel("Name").fill("Ida");
	await page.getByLabel("Password").fill("not that one");
	await page.getByRole("button", { name: "Log in" }).click();
	await page.getByText(/That did not work/).waitFor();
	assert.match(complaints.splice(before).join(), /401/);
	await page.getByLabel("Password").fill(PASSWORD);
	await page.getByRole("button", { name: "Log in" }).click();
	await page.locator("nav").waitFor();
	assert.deepEqual(await page.locator("nav a").allTextContents(), ["Live", "Time line", "System"]);
	await page.goto(recorder.page);
	await page.waitForFunction(() => document.querySelector("[data-camera='Front door'] video")?.currentTime > 0.5);
});

test("a session that was ended elsewhere asks for the password again", async () => {
	await page.context().clearCookies();
	await page.getByRole("heading", { name: "Log in" }).waitFor();
	complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("401")));
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

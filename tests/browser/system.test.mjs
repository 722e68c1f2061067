// What an owner does on the system page of any machine: the own password, backups, the log; and what happens when the recorder is
// upgraded meanwhile.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { launch } from "./chromium.mjs";
import { open } from "./picture.mjs";
import { Recorder } from "./recorder.mjs";

const PASSWORD = "correct horse battery";
const ANOTHER = "battery staple horse";
const PASSPHRASE = "only for this file";

let recorder, browser, page;
const complaints = [];

before(async () => {
	browser = await launch();
	recorder = await Recorder.start({}, {
		login: "required",
		then: (recorder) => recorder.verb("camera", "add", "--name", "Porch", "--url", "rtsp://127.0.0.1:1/Streaming/Channels/101", "--record", "false"),
	});
	page = await open(browser, recorder.page, complaints);
	await page.getByLabel("New password").fill(PASSWORD);
	await page.getByLabel("The same again").fill(PASSWORD);
	await page.getByRole("button", { name: "This is my recorder" }).click();
	await page.getByRole("link", { name: "System" }).click();
	await page.getByRole("heading", { name: "Recorder" }).waitFor();
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

const backup = () => page.getByRole("region", { name: "Backup" });
const file = async (download) => JSON.parse(await readFile(await (await download).path(), "utf8"));

test("the own password is changed by who knows it", async () => {
	await page.getByText("Your password").click();
	await page.getByLabel("Password until now").fill("not that");
	await page.getByLabel("New password").fill(ANOTHER);
	await page.getByLabel("The same again").fill(ANOTHER);
	await page.getByRole("button", { name: "Save" }).click();
	await page.getByText("current: it is not the password").waitFor();
	assert.match(complaints.splice(0).join(), /400/);
	await page.getByLabel("Password until now").fill(PASSWORD);
	await page.getByRole("button", { name: "Save" }).click();
	await page.getByText("You have a new password.").waitFor();
	const login = (password) => fetch(new URL("/api/login", recorder.page), {
		method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "owner", password }),
	});
	assert.deepEqual([(await login(PASSWORD)).status, (await login(ANOTHER)).status], [401, 200]);
	assert.deepEqual(await violations(page), []);
});

test("a backup is made, with and without secrets, and given back", async () => {
	const plain = page.waitForEvent("download");
	await backup().getByRole("link", { name: "Without secrets" }).click();
	assert.match((await plain).suggestedFilename(), /^lunette-backup-\d{4}-\d\d-\d\d\.json$/);
	assert.deepEqual((await file(plain)).content.cameras.map(({ name }) => name), ["Porch"]);
	await backup().getByText("With all passwords").click();
	await backup().getByLabel("Passphrase").first().fill(PASSPHRASE);
	const sealed = page.waitForEvent("download");
	await backup().getByRole("button", { name: "Make and download" }).click();
	assert.match((await sealed).suggestedFilename(), /^lunette-backup-/);
	assert.equal((await file(sealed)).content, undefined);
	assert.deepEqual(await violations(page), []);

	await backup().getByText("Give a backup back").click();
	const give = async (download) => backup().getByLabel("File").setInputFiles(await (await download).path());
	await backup().getByLabel("File").setInputFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from("{}") });
	await backup().getByText("This is no backup of Lunette.").waitFor();
	await give(sealed);
	const form = backup().locator("details", { hasText: "Give a backup back" });
	await form.getByLabel("Passphrase").fill("another one");
	await form.getByRole("button", { name: "Give it back" }).click();
	await form.getByText("the passphrase is another one, or the file is damaged").waitFor();
	assert.match(complaints.splice(0).join(), /400/);
	await form.getByLabel("Passphrase").fill(PASSPHRASE);
	await form.getByRole("button", { name: "Give it back" }).click();
	await form.getByText(/Porch is as it was\./).waitFor();
	await form.getByText("is a user here already, and stays as they are").waitFor();
	assert.deepEqual(await violations(page), []);
});

test("the log is read, filtered and saved", async () => {
	await page.getByRole("link", { name: "Log and diagnostics" }).click();
	const log = page.getByRole("log");
	await log.getByText("owner has another password").waitFor();
	const all = await log.locator("p").count();
	await page.getByLabel("Only lines with").fill("wrong password");
	await page.waitForFunction((all) => document.querySelectorAll("[role=log] p").length < all, all);
	assert.ok((await log.locator("p").count()) >= 1);
	const saved = page.waitForEvent("download");
	await page.getByRole("button", { name: "Download" }).click();
	const text = await readFile(await (await saved).path(), "utf8");
	assert.ok(text.includes("wrong password") && !text.includes("listening on"));
	await page.getByLabel("Only lines with").fill("");
	await page.getByRole("button", { name: "Errors" }).click();
	await page.waitForFunction(() => document.querySelectorAll("[role=log] p").length === 0);
	assert.deepEqual(await violations(page), []);
	const diagnostics = page.waitForEvent("download");
	await page.getByRole("link", { name: "Diagnostics" }).click();
	const told = await readFile(await (await diagnostics).path(), "utf8");
	for (const heading of ["machine", "configuration", "notices", "cameras", "storage", "figures", "log"]) assert.ok(told.includes(`== ${heading} ==`), heading);
	assert.ok(!told.includes(ANOTHER) && !told.includes("Streaming/Channels"));
});

test("at phone width nothing of it sticks out", async () => {
	await page.setViewportSize({ width: 360, height: 740 });
	for (const place of ["system", "system/log"]) {
		await page.goto(recorder.page + place);
		await page.locator("main h1").waitFor();
		await page.waitForTimeout(300);
		const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(over <= 0, `/${place}: ${over} pixels too wide`);
	}
	await page.setViewportSize({ width: 1280, height: 900 });
});

test("a page that is open while the recorder is upgraded says so, and loads anew", async () => {
	await page.goto(`${recorder.page}cameras`);
	await page.locator("[data-camera=Porch]").waitFor();
	const address = new URL(recorder.page).host;
	recorder.process.kill("SIGTERM");
	await recorder.ended;
	await page.getByText(/No connection: the recorder does not answer/).waitFor();
	// The same daemon stands for the next version: only what it calls itself is another.
	await page.route(/\/api\/\?/, async (route) => {
		const answer = await route.fetch().catch(() => null);
		if (!answer) return route.abort();
		return route.fulfill({ response: answer, json: { ...(await answer.json()), version: "99.0.0" } });
	});
	await recorder.serve(address);
	await page.getByText("Lunette was upgraded.").waitFor();
	assert.equal(await page.getByText(/No connection/).count(), 0);
	assert.deepEqual(await violations(page), []);
	await page.unrouteAll({ behavior: "ignoreErrors" });
	await page.getByRole("button", { name: "Reload the page" }).click();
	await page.locator("[data-camera=Porch]").waitFor();
	assert.equal(await page.getByText("Lunette was upgraded.").count(), 0, "and who was logged in still is");
	complaints.splice(0, complaints.length, ...complaints.filter((text) => !/ERR_CONNECTION|ERR_FAILED/.test(text)));
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

// A bit that turned over on the disk: it is told on top of every page, on the time line, and with the storage.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { open as openFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { launch } from "./chromium.mjs";
import { open } from "./picture.mjs";
import { CLIPS, NOON, Recorder, SECOND } from "./recorder.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));

let recorder, browser, page;
const complaints = [];

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	browser = await launch();
	recorder = await Recorder.start({ door: [[CLIPS.minutes, 0]] }, { store: "verify_interval = '5s'", then: turnABit });
	page = await open(browser, recorder.page, complaints);
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

/** In its second recording. */
async function turnABit({ dir }) {
	const films = (await readdir(join(dir, "film"))).filter((name) => /^[0-9a-f]{16}$/.test(name)).sort();
	assert.ok(films.length >= 3, films.join());
	const file = await openFile(join(dir, "film", films[1]), "r+");
	const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 2000);
	await file.write(Buffer.from([buffer[0] ^ 0x10]), 0, 1, 2000);
	await file.close();
}

test("it stands on top of the page, by camera", async () => {
	const notices = page.getByRole("region", { name: "What needs a look" });
	await notices.getByText("1 recording is damaged: the disk has lost a part of the film").waitFor({ timeout: 60_000 });
	await notices.getByText("door/main:").waitFor();
	assert.deepEqual(await violations(page), []);
});

test("the storage page says how far film was read again, and what came of it", async () => {
	await page.goto(`${recorder.page}storage`);
	const card = page.locator("section", { hasText: "Film read again" });
	await card.getByText("1 recording came back from the disk damaged: they are marked on the time line.").waitFor();
	assert.ok(Number(await card.locator("progress").getAttribute("max")) > 1);
	await page.screenshot({ path: `${PICTURES}verification.png` });
	assert.deepEqual(await violations(page), []);
});

test("its stripes on the time line say what they are", async () => {
	const [, second] = await recorder.recordings("door");
	assert.equal(second.damaged, true);
	const middle = (second.startTime90k + second.endTime90k) / 2;
	assert.ok(middle > NOON && middle < NOON + 200 * SECOND);
	await page.goto(`${recorder.page}timeline?t=${Math.round(middle)}&span=240`);
	const line = await page.locator(".lines canvas").boundingBox();
	await page.waitForTimeout(500);
	const isTold = async () => (await page.getByText("The disk has damaged this film").count()) > 0;
	const at = [];
	for (let part = 0; part < 60; part += 1) {
		await page.mouse.move(line.x + (line.width * part) / 60, line.y + 55);
		if (await isTold()) at.push(part);
	}
	// A minute of four.
	assert.ok(at.length >= 12 && at.length <= 17, at.join());
	await page.screenshot({ path: `${PICTURES}damage.png` });
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

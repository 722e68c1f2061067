// The page of a box of ours: its health, firmware, network, disks and power. The recorder is real, the box is pretended.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { pretend } from "./box.mjs";
import { launch } from "./chromium.mjs";
import { open } from "./picture.mjs";
import { Recorder } from "./recorder.mjs";

const PICTURES = fileURLToPath(new URL("../../target/pictures/", import.meta.url));

let recorder, browser, page;
const complaints = [];
const asked = [];

before(async () => {
	mkdirSync(PICTURES, { recursive: true });
	browser = await launch();
	recorder = await Recorder.start({});
	page = await open(browser, recorder.page, complaints);
	await pretend(page, asked);
	await page.goto(`${recorder.page}system`);
	await page.getByRole("heading", { name: "Firmware" }).waitFor();
});

after(async () => {
	await browser?.close();
	await recorder?.end();
});

const card = (name) => page.getByRole("region", { name, exact: true });

test("what needs a look stands out", async () => {
	const box = card("The box");
	await box.getByText("48 °C").waitFor();
	for (const words of ["too weak: use one that is made for it", "3 errors"]) assert.equal(await box.locator(".wrong", { hasText: words }).count(), 1, words);
	const firmware = card("Firmware");
	await firmware.getByText("The upgrade to 0.3.0 did not work: 0.2.0 runs again.").waitFor();
	await firmware.getByText("porch/main did not record within 15 minutes").waitFor();
	await firmware.screenshot({ path: `${PICTURES}firmware.png` });
	assert.equal(await firmware.locator(".slot.runs").textContent(), "System A runs now0.2.0Good. As flashed.");
});

test("an upgrade by file tells how far it is, one by address what is wrong", async () => {
	const firmware = card("Firmware");
	await firmware.getByLabel("Or an address that the recorder fetches").fill("https://a.example/old.raucb");
	await firmware.getByRole("button", { name: "Fetch and install" }).click();
	await firmware.getByText("It was not installed: the bundle is refused: it is older than what runs").waitFor();
	assert.deepEqual(asked.pop(), ["POST /api/firmware", { url: "https://a.example/old.raucb", force: false }]);
	assert.match(complaints.splice(0).join(), /409/);
	await firmware.getByLabel("A file from this device (.raucb)").setInputFiles({ name: "x.raucb", mimeType: "application/octet-stream", buffer: Buffer.alloc(300_000, 7) });
	await firmware.getByRole("button", { name: "Upload and install" }).click();
	await firmware.getByText(/Installing; recording goes on … 40/).waitFor();
	await picture("box-installing");
	await firmware.getByText("Installed. It begins with the next start.").waitFor();
	assert.deepEqual(asked.pop(), ["POST /api/firmware", null]);
});

test("a channel and a window are set", async () => {
	const firmware = card("Firmware");
	assert.equal(await firmware.getByLabel("From", { exact: true }).inputValue(), "03:00");
	await firmware.getByLabel("To", { exact: true }).fill("");
	await firmware.getByRole("button", { name: "Save" }).click();
	await firmware.getByText("Two different times are needed, or none.").waitFor();
	await firmware.getByLabel("To", { exact: true }).fill("05:00");
	await firmware.getByRole("button", { name: "Save" }).click();
	await firmware.getByText("Saved.").waitFor();
	assert.deepEqual(asked.pop(), ["PATCH /api/firmware", { channel: "https://a.example/lunette.raucb", window: "03:00-05:00" }]);
});

test("a fixed address is given, and where the page is from then on", async () => {
	const network = card("Network");
	await network.getByText("connected, 1000 Mbit/s").waitFor();
	await network.locator("summary", { hasText: "eth0" }).click();
	const eth0 = network.locator("details[open]");
	await eth0.getByLabel("is always this").check();
	await eth0.getByLabel("Address and prefix").fill("192.168.1.50/24");
	await eth0.getByLabel("Router", { exact: true }).fill("192.168.1.1");
	await eth0.getByLabel("Name servers").fill("9.9.9.9 1.1.1.1");
	await eth0.getByRole("button", { name: "Save" }).click();
	await network.getByText("From now on the page is at http://192.168.1.50/.").waitFor();
	const setting = { interface: "eth0", method: "static", address: "192.168.1.50/24", gateway: "192.168.1.1", dns: ["9.9.9.9", "1.1.1.1"] };
	assert.deepEqual(asked.pop(), ["PUT /api/system/network", setting]);
});

test("a disk is taken for film, and formatted only by its name", async () => {
	const disks = card("Disks");
	await disks.getByText("Film is kept on the card.").waitFor();
	await disks.getByRole("button", { name: "Keep film here" }).click();
	await disks.getByText("From the next start on.").waitFor();
	assert.deepEqual(asked.pop(), ["POST /api/system/disks", { adopt: "7d4f" }]);
	await disks.getByText("Format it").click();
	const format = disks.getByRole("button", { name: "Format", exact: true });
	assert.ok(await format.isDisabled());
	await disks.getByLabel("Type its name to go on: Portable SSD").fill("Portable");
	assert.ok(await format.isDisabled());
	await disks.getByLabel("Type its name to go on: Portable SSD").fill("Portable SSD");
	await format.click();
	await disks.getByText("Portable SSD is ready").waitFor();
	assert.deepEqual(asked.pop(), ["POST /api/system/disks", { format: "sda", confirm: "Portable SSD" }]);
});

test("it starts anew when it is asked twice, by keyboard", async () => {
	const power = card("Power");
	await power.getByRole("button", { name: "Start anew" }).focus();
	await page.keyboard.press("Enter");
	await power.getByText("Start the box anew? Nothing is recorded for a minute.").waitFor();
	await power.getByRole("button", { name: "Cancel" }).click();
	assert.deepEqual(asked, []);
	await power.getByRole("button", { name: "Switch off" }).click();
	await page.waitForFunction(() => document.activeElement?.textContent === "Switch off now");
	await page.keyboard.press("Enter");
	await power.getByText("Wait until its light stays dark").waitFor();
	assert.deepEqual(asked.pop(), ["POST /api/system/poweroff", null]);
});

test("nothing of it is wrong for those who do not see it, or sticks out on a phone", async () => {
	for (const [width, colorScheme] of [[1200, "light"], [1200, "dark"], [360, "light"], [360, "dark"]]) {
		await page.setViewportSize({ width, height: 800 });
		await page.emulateMedia({ colorScheme });
		await page.waitForTimeout(200);
		await picture(`box-${width}-${colorScheme}`, { fullPage: true });
		assert.deepEqual(await violations(page), [], `${width} ${colorScheme}`);
		const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(over <= 0, `${over} pixels too wide`);
	}
});

test("on another machine none of it is there", async () => {
	await page.unrouteAll({ behavior: "ignoreErrors" });
	await page.reload();
	await page.getByRole("heading", { name: "Recorder" }).waitFor();
	await page.getByRole("heading", { name: "Keys" }).waitFor();
	for (const name of ["The box", "Firmware", "Network", "Disks", "Power"]) assert.equal(await card(name).count(), 0, name);
});

test("the browser had nothing to complain about", () => {
	assert.deepEqual(complaints, []);
});

const picture = (name, options) => page.screenshot({ path: `${PICTURES}${name}.png`, ...options });

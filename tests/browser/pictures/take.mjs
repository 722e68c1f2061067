// Takes the pictures of README and guides: a recorder with drawn cameras and film of a night, and the page of it.
// Run by scripts/pictures; writes PNGs into the directory that is given.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch } from "../chromium.mjs";
import { Recorder, SECOND } from "../recorder.mjs";
import { SCENES, drawn } from "./scenes.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);
const [, , target] = argv;
const FPS = 10;
const LOOP = 20;
/** Pictures of a piece of the night, four hours at most: the recorder imports no film slower than a picture in ten seconds. */
const PAST = 1440;
/** Film of the night: hours before now, and how many there are, of each camera. */
const NIGHT = [[[11.5, 4], [7.4, 4], [3.2, 3]], [[11.5, 4], [7.5, 4], [2.1, 2]], [[9.5, 4], [5.5, 4], [1.5, 1.4]], [[11.8, 4], [7.8, 4], [3.8, 3.7]]];

const place = await mkdtemp(join(tmpdir(), "lunette-pictures-"));
const browser = await launch();
const cameras = [];
let recorder;
try {
	await Promise.all(SCENES.map(film));
	for (const at of SCENES.keys()) cameras.push(await camera(at));
	recorder = await Recorder.start(Object.fromEntries(SCENES.map(({ name }, at) => [name, cameras[at].url])), {
		then: async (recorder) => {
			const now = Math.round(Date.now() / 1000);
			for (const [at, pieces] of NIGHT.entries()) {
				for (const [before, hours] of pieces) {
					const file = join(place, `${at}.past.h264`);
					const start = Math.round((now - before * 3600) * SECOND);
					await recorder.verb("import", file, "--camera", SCENES[at].name, "--fps", String(PAST / (hours * 3600)), "--start", String(start));
				}
			}
		},
	});
	await take();
} finally {
	await browser.close();
	await recorder?.end();
	for (const { process, ended } of cameras) {
		process.kill();
		await ended;
	}
	await rm(place, { recursive: true });
}

/** Clips of a scene: what it sends now, large and small, and what it saw in the night. */
async function film(scene, at) {
	const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
	const draw = async (markup, file, [width, height]) => {
		await page.setViewportSize({ width, height });
		await page.setContent(`<body style="margin:0">${markup}</body>`);
		await page.screenshot({ path: join(place, file), omitBackground: true });
	};
	await draw(scene.still, `${at}.still.png`, [1280, 720]);
	await draw(drawn(scene.walker, scene.size), `${at}.walker.png`, scene.size);
	await page.close();
	const [x, y] = scene.path;
	const again = (path) => path.replace(/\bt\b/g, `mod(t,${LOOP})`);
	const clip = (file, size, fps, seconds) =>
		run("ffmpeg", [
			"-nostdin", "-v", "error", "-loop", "1", "-r", String(fps), "-i", join(place, `${at}.still.png`), "-loop", "1", "-r", String(fps),
			"-i", join(place, `${at}.walker.png`), "-filter_complex", `[0][1]overlay=x='${again(x)}':y='${again(y)}':shortest=0,scale=${size},noise=alls=5:allf=t,vignette=PI/5`,
			"-t", String(seconds), "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", String(fps * 2), "-pix_fmt", "yuv420p",
			"-x264-params", "sliced-threads=0:scenecut=0", "-f", "h264", join(place, file),
		]);
	await clip(`${at}.main.${FPS}fps.h264`, "1280:720", FPS, LOOP);
	await clip(`${at}.sub.${FPS}fps.h264`, "640:360", FPS, LOOP);
	await clip(`${at}.past.h264`, "640:360", FPS, PAST / FPS);
}

async function camera(at) {
	const args = ["--streams", "2", "--clips", place, "--main", `${at}.main.${FPS}fps.h264`, "--sub", `${at}.sub.${FPS}fps.h264`];
	const process = spawn(join(ROOT, "target/debug/examples/demo_camera"), args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
	for await (const line of createInterface({ input: process.stdout })) {
		const url = /rtsp:\/\/\S+\/main/.exec(line)?.[0];
		if (url) return { process, url, ended: once(process, "exit") };
	}
	throw new Error("the camera did not start");
}

async function take() {
	const shoot = async (name, path, { size = [1280, 800], theme = "dark", act = async () => {}, wait = 2500 } = {}) => {
		const [width, height] = size;
		const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: width < 600 ? 2 : 1 });
		const page = await context.newPage();
		await page.goto(recorder.page + path);
		await page.waitForFunction(() => [...document.querySelectorAll(".tile video")].every((video) => video.readyState >= 2 && !video.seeking));
		await page.waitForTimeout(wait);
		await act(page);
		await page.screenshot({ path: join(target, `${name}.png`) });
		await context.close();
	};
	const ago = (hours) => Math.round((Date.now() / 1000 - hours * 3600) * SECOND);
	// A little film of now.
	await new Promise((done) => setTimeout(done, 12_000));
	await shoot("live", "");
	await shoot("timeline", `timeline?t=${ago(5)}&span=46800`, { act: async (page) => {
		const line = await page.locator(".lines canvas").boundingBox();
		await page.mouse.move(line.x + line.width * 0.43, line.y + 75);
		await page.waitForTimeout(800);
	} });
	await shoot("save", `timeline?cameras=${encodeURIComponent("Front door")}&t=${ago(2.9)}&span=14400&in=${ago(2.9)}&out=${ago(2.4)}`, { theme: "light" });
	await shoot("cameras", "cameras", { theme: "light", size: [1280, 760] });
	await shoot("add-camera", "cameras/add", { theme: "light", size: [900, 900], act: async (page) => {
		await page.getByLabel("Address in the network").fill("192.168.1.20");
		await page.getByLabel("Maker").selectOption({ index: 2 });
	} });
	await shoot("phone", `timeline?t=${ago(5)}&span=21600`, { size: [390, 760] });
}

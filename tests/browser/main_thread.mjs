// What nine live streams take of the page: processor time of its main thread and of its whole process, by Chromium's own count.

import { setTimeout } from "node:timers/promises";
import { Camera } from "./camera.mjs";
import { launch } from "./chromium.mjs";
import { Recorder } from "./recorder.mjs";

const STREAMS = 9;
const SECONDS = 20;

const cameras = [];
let recorder;
const browser = await launch();
try {
	for (let n = 0; n < STREAMS; n += 1) cameras.push(await Camera.start(undefined, "--streams", "2"));
	recorder = await Recorder.start({}, {
		then: async (recorder) => {
			for (const [n, { url }] of cameras.entries()) {
				await recorder.verb("camera", "add", "--name", `camera ${n + 1}`, "--url", url, "--sub-url", url.replace("/main", "/sub"));
			}
		},
	});
	const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
	await page.goto(recorder.page);
	await page.waitForFunction((count) => {
		const videos = [...document.querySelectorAll(".tile video")];
		return videos.length === count && videos.every((video) => video.currentTime > 3);
	}, STREAMS);
	const session = await page.context().newCDPSession(page);
	await session.send("Performance.enable");
	const look = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
	const before = await look();
	await setTimeout(SECONDS * 1000);
	const after = await look();
	const a_second = (name) => `${((1000 * (after[name] - before[name])) / (after.Timestamp - before.Timestamp)).toFixed(1)} ms/s`;
	const frames = await page.evaluate(() => [...document.querySelectorAll(".tile video")].map((video) => {
		const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
		return { totalVideoFrames, droppedVideoFrames };
	}));
	const sum = (name) => frames.reduce((sum, one) => sum + one[name], 0);
	for (const [name, words] of [["ThreadTime", "main thread"], ["ScriptDuration", "of that, scripts"], ["LayoutDuration", "of that, layout"], ["RecalcStyleDuration", "of that, styles"], ["ProcessTime", "all threads of the page's process"]]) {
		console.log(`${words}: ${a_second(name)}`);
	}
	console.log(`${sum("totalVideoFrames")} pictures shown, ${sum("droppedVideoFrames")} dropped`);
} finally {
	await browser.close();
	await recorder?.end();
	for (const camera of cameras) await camera.unplug();
}

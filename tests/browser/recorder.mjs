// A recorder with film of numbered clips, imported as an owner would, and with a camera that shows one of them.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLIPS_DIR = join(ROOT, "target/clips");
const LUNETTE = process.env.LUNETTE ?? join(ROOT, "target/debug/lunette");
const run = promisify(execFile);

export const SECOND = 90_000;
/** 2026-03-01T12:00:00Z. Times are in units after it. */
export const NOON = 1_772_366_400 * SECOND;

/** The clips of `scripts/make-clip --numbered`; see tests/support/numbers.rs. */
export const CLIPS = {
	minutes: clip("minutes.5fps.h264", 5, 1000, 0),
	minutesH265: clip("minutes.5fps.h265", 5, 1000, 30_000),
	other: clip("other.5fps.h264", 5, 100, 10_000),
	large: clip("large.5fps.h264", 5, 100, 20_000),
	pyramid: clip("pyramid.5fps.h264", 5, 1000, 40_000),
	morning: clip("morning.0.5fps.h264", 0.5, 18_000, 100_000),
	evening: clip("evening.0.5fps.h264", 0.5, 23_400, 200_000),
};

function clip(file, fps, pictures, first) {
	return { path: join(CLIPS_DIR, `numbered-${file}`), fps, pictures, first };
}

export class Recorder {
	/** Starts one with cameras `{name: [[clip, start], …]}`; one that has `"live"` in place of that shows a clip now, as does one
	 * with `{live: clip}`, and one that has an address is recorded from there. It looks for cameras on these
	 * networks. `then` is done before it runs. */
	static async start(cameras, { login = "none", discovery = "off", store = "", then = async () => {} } = {}) {
		await run(join(ROOT, "scripts/make-clip"), ["--numbered"]);
		await run(join(ROOT, "scripts/page"));
		// The example makes it the binary that cargo test has built: without it each dependency is built anew.
		await run("cargo", ["build", "--quiet", "--locked", "--bin", "lunette", "--example", "demo_camera"], { cwd: ROOT });
		const recorder = new Recorder();
		recorder.dir = await mkdtemp(join(tmpdir(), "lunette-"));
		await writeFile(join(recorder.dir, "lunette.toml"), recorder.configuration(login, discovery, store));
		for (const [name, films] of Object.entries(cameras)) await recorder.add(name, films);
		await then(recorder);
		await recorder.serve();
		return recorder;
	}

	configuration(login, discovery, store) {
		return `[store]
db_dir = '${this.dir}/db'
sample_dir = '${this.dir}/film'
reserve = '1MiB'
${store}
[web]
login = '${login}'
listen = ['127.0.0.1:0']
[recorder]
discovery = ${JSON.stringify(discovery)}
`;
	}

	async add(name, films) {
		const live = films === "live" ? CLIPS.minutes : films.live;
		if (live) {
			const { path, fps } = live;
			const play = `ffmpeg -nostdin -v error -re -r ${fps} -i ${basename(path)} -c copy -f h264 -`;
			await this.verb("camera", "add", "--name", name, "--url", `exec:h264@${fps}:${play}`);
			return;
		}
		if (typeof films === "string") return this.verb("camera", "add", "--name", name, "--url", films);
		await this.verb("camera", "add", "--name", name, "--url", "rtsp://127.0.0.1:1/", "--record", "false");
		for (const [{ path, fps }, start] of films) {
			await this.verb("import", path, "--camera", name, "--fps", `${fps}`, "--start", `${NOON + start}`);
		}
	}

	verb(...args) {
		return run(LUNETTE, ["--config", join(this.dir, "lunette.toml"), ...args]);
	}

	/** Runs it, anew at an address that it had. */
	async serve(address) {
		if (address) {
			const file = join(this.dir, "lunette.toml");
			await writeFile(file, (await readFile(file, "utf8")).replace("127.0.0.1:0", address));
		}
		this.process = spawn(LUNETTE, ["--config", join(this.dir, "lunette.toml"), "run"], {
			stdio: ["ignore", "ignore", "pipe"],
			env: { ...process.env, RUST_LOG: "info" },
			cwd: CLIPS_DIR,
		});
		this.ended = once(this.process, "exit");
		for await (const line of createInterface({ input: this.process.stderr })) {
			this.page = /http:\/\/127\.0\.0\.1:\d+\//.exec(line)?.[0];
			if (this.page) break;
		}
		this.process.stderr.resume();
		const answer = await fetch(new URL("/api/", this.page));
		// One that asks for a login is asked by its page alone.
		const { cameras } = answer.ok ? await answer.json() : { cameras: [] };
		this.uuids = Object.fromEntries(cameras.map(({ name, uuid }) => [name, uuid]));
	}

	/** A path of a camera's main stream. */
	stream(name, resource) {
		return `/api/cameras/${this.uuids[name]}/main/${resource}`;
	}

	/** `view.mp4` of a span, in units after noon. */
	film(name, start, end, more = "") {
		const [from, to] = [start, end].map((time) => NOON + Math.round(time));
		return this.stream(name, `view.mp4?start90k=${from}&end90k=${to}${more}`);
	}

	/** The bytes of a path. */
	async bytes(path) {
		const answer = await fetch(new URL(path, this.page));
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return new Uint8Array(await answer.arrayBuffer());
	}

	/** A JSON answer of the API. */
	async ask(path) {
		return JSON.parse(new TextDecoder().decode(await this.bytes(path)));
	}

	/** What it recorded of a camera, oldest first. */
	async recordings(name) {
		const answer = await fetch(new URL(this.stream(name, "recordings?split90k=1"), this.page));
		const { recordings, videoSampleEntries } = await answer.json();
		this.sampleEntries = videoSampleEntries;
		return recordings.reverse();
	}

	/** The codec of a sample entry that was listed, as browsers are asked for it. */
	codec(entry) {
		return this.sampleEntries[entry].rfc6381Codec;
	}

	/** Waits until so many seconds of a camera are listed, and answers with `view.mp4` of them. */
	async growing(name, seconds) {
		for (const deadline = Date.now() + 60_000; ; await setTimeout(100)) {
			const [first] = await this.recordings(name);
			const end = first && first.startTime90k + seconds * SECOND;
			if (end <= first?.endTime90k) return this.film(name, first.startTime90k - NOON, end - NOON);
			if (Date.now() > deadline) throw new Error(`waited in vain for ${seconds} s of film of ${name}`);
		}
	}

	/** Ends it and removes its directory. */
	async end() {
		this.process?.kill("SIGTERM");
		await this.ended;
		await rm(this.dir, { recursive: true });
	}
}

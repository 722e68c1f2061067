// A camera that can be unplugged: the demo camera, always at the same address.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export class Camera {
	/** Builds it, starts it at a port that is free, and knows the address of its main stream. With `found`, it answers whoever
	 * looks for cameras on the loopback, by this name, with these other arguments. */
	static async start(found, ...more) {
		const run = promisify(execFile);
		await run(`${ROOT}scripts/make-clip`);
		await run("cargo", ["build", "--quiet", "--locked", "--example", "demo_camera"], { cwd: ROOT });
		const camera = new Camera();
		camera.more = found ? ["--streams", "2", "--onvif", "127.0.0.1:0", "--name", found, ...more] : more.length > 0 ? more : ["--streams", "1"];
		await camera.plug("127.0.0.1:0");
		camera.listen = new URL(camera.url.replace("rtsp:", "http:")).host;
		return camera;
	}

	async plug(listen = this.listen) {
		this.process = spawn(`${ROOT}target/debug/examples/demo_camera`, [...this.more, "--listen", listen], {
			cwd: ROOT,
			stdio: ["ignore", "pipe", "inherit"],
		});
		this.ended = once(this.process, "exit");
		for await (const line of createInterface({ input: this.process.stdout })) {
			this.url = /rtsp:\/\/\S+\/main/.exec(line)?.[0];
			if (this.url) break;
		}
	}

	async unplug() {
		this.process.kill("SIGKILL");
		await this.ended;
	}
}

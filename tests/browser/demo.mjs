// The demo, run as a person would run it: `scripts/demo` on free ports, until it is told to end.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD_AND_FILM_MS = 600_000;

export class Demo {
	/** Starts it and waits until it says that film is there. */
	static async start() {
		const demo = new Demo();
		demo.said = [];
		demo.process = spawn("scripts/demo", ["--port", "0"], {
			cwd: ROOT,
			stdio: ["ignore", "pipe", "inherit"],
			detached: true,
		});
		demo.ended = once(demo.process, "exit");
		demo.lines = createInterface({ input: demo.process.stdout });
		demo.lines.on("line", (line) => demo.said.push(line));
		demo.page = (await demo.says(/http:\/\/127\.0\.0\.1:\d+\//))[0];
		await demo.says(/film is there/i);
		return demo;
	}

	/** Waits for a line that it prints, past or future. */
	async says(pattern) {
		const found = () => this.said.map((line) => pattern.exec(line)).find(Boolean);
		const signal = AbortSignal.timeout(BUILD_AND_FILM_MS);
		const ended = this.ended.then(([status]) => Promise.reject(new Error(`scripts/demo ended with ${status}`)));
		ended.catch(() => {});
		while (!found()) await Promise.race([once(this.lines, "line", { signal }), ended]);
		return found();
	}

	/** What a person's Ctrl-C does: a signal to the whole group. Answers with the exit status. */
	async interrupt() {
		process.kill(-this.process.pid, "SIGINT");
		const [status, signal] = await this.ended;
		return status ?? signal;
	}

	/** Ends it whatever state it is in. */
	async end() {
		if (this.process.exitCode === null && this.process.signalCode === null) await this.interrupt();
	}

	/** An answer of the API. */
	async ask(path) {
		const answer = await fetch(new URL(path, this.page));
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer.json();
	}
}

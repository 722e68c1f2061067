// A camera: what each of its streams does now, and the recordings of the one that is chosen.

import { el } from "/dom.js";
import { duration, rate, timeOfDay } from "/format.js";
import { Live } from "/live.js";
import { Recordings } from "/recordings.js";

const STATES = {
	connecting: "connecting",
	recording: "recording",
	notRecording: "not recording",
	waiting: "trying again soon",
};

export class Card {
	constructor(player, span) {
		this.name = el("h2");
		this.state = el("span", { className: "state" });
		this.tabs = el("span", { className: "tabs", role: "group", ariaLabel: "Stream" });
		this.facts = el("p", { className: "facts" });
		this.trouble = el("p", { className: "trouble" });
		this.recordings = new Recordings(player, span);
		this.live = new Live();
		this.watch = el("button", { type: "button", textContent: "Live", onclick: () => this.toggleLive() });
		const head = el("div", {}, this.name, this.state, this.tabs);
		const below = el("div", {}, this.facts, this.watch);
		this.root = el("article", { className: "card" }, head, this.live.root, below, this.trouble, this.recordings.root);
		this.kind = "main";
	}

	update(camera) {
		this.camera = camera;
		this.name.textContent = camera.name;
		const kinds = Object.keys(camera.streams);
		if (!kinds.includes(this.kind)) this.kind = kinds[0];
		this.drawTabs(kinds);
		this.drawState(camera.streams[this.kind]);
		this.showLive(this.live.isOn);
		this.recordings.show(camera, this.kind);
	}

	/** The camera is gone from the page. */
	leave() {
		this.live.stop();
		this.recordings.leave();
		this.root.remove();
	}

	toggleLive() {
		this.showLive(!this.live.isOn);
	}

	showLive(wanted) {
		const stream = this.camera.streams[this.kind];
		this.watch.hidden = !stream.live;
		const path = `/api/cameras/${this.camera.uuid}/${this.kind}/live.m4s`;
		if (wanted && stream.live) this.live.show(path, stream.lastTime ?? "");
		else if (this.live.isOn) this.live.stop();
		this.watch.ariaPressed = String(this.live.isOn);
	}

	drawTabs(kinds) {
		const wanted = kinds.length > 1 ? kinds : [];
		const drawn = [...this.tabs.children];
		if (drawn.map((tab) => tab.textContent).join() !== wanted.join()) {
			const choose = (kind) => () => {
				this.kind = kind;
				this.update(this.camera);
			};
			this.tabs.replaceChildren(...wanted.map((kind) => el("button", { type: "button", textContent: kind, onclick: choose(kind) })));
		}
		for (const tab of this.tabs.children) tab.ariaPressed = String(tab.textContent === this.kind);
	}

	drawState(stream) {
		const live = stream.live;
		const state = live?.state ?? "off";
		this.state.className = `state ${state}`;
		this.state.textContent = live ? STATES[state] : stream.record && !this.camera.removed ? "not started" : "not to be recorded";
		const facts = [];
		if (live?.video) facts.push(live.video);
		if (state === "recording" && live.framesPerSecond > 0) {
			facts.push(`${live.framesPerSecond.toFixed(1)}\u00a0pictures/s`, rate(live.bitsPerSecond));
		}
		if (live?.lostPackets > 0) facts.push(`${live.lostPackets} packets lost`);
		if (live?.cameraClockPpm != null) facts.push(drift(live));
		if (stream.duration90k > 0) facts.push(`${duration(stream.duration90k)}\u00a0kept`);
		this.facts.textContent = facts.join(" · ");
		const failed = live?.lastError && state !== "recording";
		this.trouble.hidden = !failed;
		this.trouble.textContent = failed ? `${live.lastError} (${timeOfDay(live.lastErrorAt)})` : "";
	}
}

/** How wrong the camera's clock runs, with no more digits than are known. */
function drift(live) {
	const digits = live.cameraClockUncertaintyPpm < 1 ? 1 : 0;
	const ppm = live.cameraClockPpm.toFixed(digits);
	return `clock\u00a0${ppm > 0 ? "+" : ""}${ppm}\u00a0±\u00a0${live.cameraClockUncertaintyPpm.toFixed(digits)}\u00a0ppm`;
}

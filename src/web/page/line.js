// One row of the list on the screen. It stays the same element while its recording grows, so that a finger, the focus and
// a reader's eye find it where it was.

import { el } from "/dom.js";
import { bytes, day, duration, timeOfDay } from "/format.js";

export class Line {
	/** `play` is called with this line. */
	constructor(play) {
		this.button = el("button", { type: "button", onclick: () => play(this) });
		this.missing = el("span", { className: "trouble", textContent: "film missing" });
		this.duration = el("td", { className: "figure" });
		this.bytes = el("td", { className: "figure" });
		this.save = el("a", { className: "button", textContent: "⤓" });
		const time = el("td", { className: "time" }, this.button, this.missing);
		this.root = el("tr", {}, time, this.duration, this.bytes, el("td", { className: "save" }, this.save));
	}

	/** `row` is trimmed already; `path` is of its stream, `style` goes behind what is downloaded. */
	update(row, camera, path, style) {
		const span = `${timeOfDay(row.startTime)} – ${row.isNow ? "now" : timeOfDay(row.endTime)}`;
		const title = `${camera.name}, ${day(row.startTime)} ${span}`;
		this.row = row;
		this.url = `${path}/view.mp4?s=${row.s}`;
		this.saveUrl = `${this.url}${style}`;
		set(this.button, { textContent: span, title: `Play ${title}`, disabled: row.missing });
		set(this.duration, { textContent: duration(row.wallDuration90k), title: row.endReason ?? "" });
		set(this.bytes, { textContent: `${row.isPart ? "≈\u00a0" : ""}${bytes(row.sampleFileBytes)}` });
		set(this.save, { title: `Download ${title}`, ariaLabel: `Download ${title}`, download: fileName(title), hidden: row.missing });
		this.save.setAttribute("href", this.saveUrl);
		this.missing.hidden = !row.missing;
	}
}

/** Touches only what is another: a selection and a screen reader mind. */
function set(element, properties) {
	for (const [name, value] of Object.entries(properties)) if (element[name] !== value) element[name] = value;
}

const fileName = (title) => `${title.replaceAll(/[^\p{L}\p{N}]+/gu, "-")}.mp4`;

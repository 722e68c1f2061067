// The recordings of one stream, newest first, about an hour a row.

import { ask } from "/api.js";
import { el } from "/dom.js";
import { UNITS_PER_SECOND, bytes, day, duration, longDay, timeOfDay } from "/format.js";

const HOUR = 3600 * UNITS_PER_SECOND;
const FIRST_SPAN = 24 * HOUR;
const REFRESH_MS = 10000;

export class Recordings {
	constructor(player) {
		this.player = player;
		this.note = el("p", { className: "note", textContent: "Looking for recordings …" });
		this.tables = el("div");
		this.older = el("button", { type: "button", className: "older", textContent: "Show older", hidden: true });
		this.older.addEventListener("click", () => {
			this.span *= 4;
			this.load();
		});
		this.root = el("section", { ariaLabel: "Recordings" }, this.note, this.tables, this.older);
		this.asked = 0;
		player.addEventListener("film", () => this.mark());
	}

	/** Called with every poll; asks only when the stream is another one or some time has passed. */
	show(camera, kind) {
		const base = `/api/cameras/${camera.uuid}/${kind}`;
		this.stream = camera.streams[kind];
		this.camera = camera;
		if (base !== this.base) {
			this.base = base;
			this.span = FIRST_SPAN;
			this.asked = 0;
			this.tables.replaceChildren();
		}
		if (Date.now() - this.asked >= REFRESH_MS) this.load();
	}

	async load() {
		this.asked = Date.now();
		const base = this.base;
		const { lastTime90k, firstTime90k } = this.stream;
		if (lastTime90k === null) {
			this.say("No recording yet.");
			this.older.hidden = true;
			this.asked = 0;
			return;
		}
		const start = lastTime90k - this.span;
		try {
			const list = await ask(`${base}/recordings?start90k=${start}&split90k=${HOUR}`);
			if (base !== this.base) return;
			this.draw(list);
			this.older.hidden = firstTime90k >= start;
		} catch (e) {
			this.say(`Recordings cannot be listed: ${e.message}`);
		}
	}

	draw(list) {
		const rows = list.recordings.filter((row) => row.mediaDuration90k > 0);
		this.say(rows.length > 0 ? null : "No recording is long enough to play yet.");
		const days = groupByDay(rows);
		const focused = document.activeElement?.dataset?.start;
		this.tables.replaceChildren(...[...days.values()].map((ofDay) => this.dayTable(ofDay, list.videoSampleEntries)));
		if (focused) this.tables.querySelector(`button[data-start="${focused}"]`)?.focus();
		this.mark();
	}

	dayTable(rows, entries) {
		const lines = rows.map((row) => this.line(row, entries[row.videoSampleEntryId]));
		return el("table", {}, el("caption", { textContent: longDay(rows[0].startTime) }), el("tbody", {}, ...lines));
	}

	line(row, entry) {
		// A recording that grows is asked for with an end: the same bytes then, however much comes behind it.
		const part = row.growing ? `.-${row.wallDuration90k}` : "";
		const url = `${this.base}/view.mp4?s=${row.startId}-${row.endId}${part}`;
		const span = `${timeOfDay(row.startTime)} – ${row.growing ? "now" : timeOfDay(row.endTime)}`;
		const title = `${this.camera.name}, ${day(row.startTime)} ${span}`;
		const button = el("button", { type: "button", textContent: span, title: `Play ${title}` });
		button.dataset.start = row.startTime90k;
		button.addEventListener("click", () => this.player.play({ title: this.camera.name, url, codec: entry.rfc6381Codec, row }, button));
		const save = el("a", { href: url, className: "button", download: fileName(title), textContent: "⤓", title: `Download ${title}` });
		save.ariaLabel = save.title;
		button.disabled = row.missing;
		return el(
			"tr",
			{},
			el("td", { className: "time" }, button, row.missing ? el("span", { className: "trouble", textContent: "film missing" }) : null),
			el("td", { className: "figure", textContent: duration(row.wallDuration90k), title: row.endReason ?? "" }),
			el("td", { className: "figure", textContent: bytes(row.sampleFileBytes) }),
			el("td", { className: "save" }, row.missing ? null : save),
		);
	}

	mark() {
		const playing = this.player.film?.url.startsWith(`${this.base}/`) ? String(this.player.film.row.startTime90k) : null;
		for (const button of this.tables.querySelectorAll("button[data-start]")) {
			button.closest("tr").classList.toggle("playing", button.dataset.start === playing);
		}
	}

	say(text) {
		this.note.hidden = text === null;
		if (text !== null && this.note.textContent !== text) this.note.textContent = text;
	}
}

function groupByDay(rows) {
	const days = new Map();
	for (const row of rows) days.set(day(row.startTime), [...(days.get(day(row.startTime)) ?? []), row]);
	return days;
}

function fileName(title) {
	return `${title.replaceAll(/[^\p{L}\p{N}]+/gu, "-")}.mp4`;
}

// The recordings of one stream, newest first, about an hour a row. What is known stays; only from the newest row on the
// recorder is asked again.

import { ask } from "/api.js";
import { arrange, el, steady } from "/dom.js";
import { day, longDay } from "/format.js";
import { Line } from "/line.js";
import { HOUR, extended, harmed, joined, renewed, settled, trimmed } from "/rows.js";

const FIRST_REACH = 24 * HOUR;
const REFRESH_MS = 10000;

export class Recordings {
	constructor(player, span) {
		this.player = player;
		this.span = span;
		this.note = el("p", { className: "note", textContent: "Looking for recordings …" });
		this.tables = el("div");
		this.older = el("button", { type: "button", className: "older", textContent: "Show older", hidden: true, onclick: () => this.showOlder() });
		this.root = el("section", { ariaLabel: "Recordings" }, this.note, this.tables, this.older);
		this.forget();
		player.addEventListener("film", this.mark);
		span.addEventListener("span", this.turn);
	}

	/** The card is gone. */
	leave() {
		this.forget();
		this.player.removeEventListener("film", this.mark);
		this.span.removeEventListener("span", this.turn);
	}

	/** Called with every poll; asks only when the stream is another one or some time has passed. */
	show(camera, kind) {
		const base = `/api/cameras/${camera.uuid}/${kind}`;
		const stream = camera.streams[kind];
		[this.camera, this.stream] = [camera, stream];
		if (base !== this.base) {
			this.clear();
			this.base = base;
			this.forget();
		}
		if (Date.now() - this.asked >= REFRESH_MS) this.look();
	}

	/** Another stream's rows are not to be seen under this one's name. */
	clear() {
		[this.lines, this.days] = [null, null];
		this.tables.replaceChildren();
		this.older.hidden = true;
		this.say("Looking for recordings …");
	}

	/** What was asked for before is of another list. */
	forget() {
		this.of = this.spanOf();
		this.list = {};
		this.rows = [];
		this.entries = {};
		this.asked = 0;
		this.reach = FIRST_REACH;
		/** All from here on is listed, or asked for. */
		this.edge = Infinity;
		this.isListed = false;
	}

	/** Another span, or other links. */
	turn = () => {
		if (!this.base) return;
		if (this.of !== this.spanOf()) this.forget();
		if (this.isListed) this.draw();
		else this.look();
	};

	look() {
		this.asked = Date.now();
		if (this.stream.lastTime90k === null) {
			this.rows = [];
			this.draw();
			this.asked = 0;
		} else if (this.rows.length === 0) {
			this.take(`start90k=${this.from()}${this.upTo(this.span.end?.time90k)}&split90k=${HOUR}`, (listed) => listed);
		} else if (!(this.span.end?.time90k <= this.rows[0].endTime90k)) {
			this.lookOn();
		}
	}

	/** From the newest row on. When it has become too long for one, it ends and another begins. */
	lookOn() {
		const from = settled(this.rows);
		const span = `start90k=${from}${this.upTo(this.span.end?.time90k)}`;
		const renew = (listed) => renewed(this.rows, listed, from);
		this.take(`${span}&split90k=${24 * HOUR}`, (listed) => {
			if (listed.every((row) => row.wallDuration90k <= HOUR)) return renew(listed);
			this.take(`${span}&split90k=1`, (singles) => renew(joined(singles)));
			return this.rows;
		});
	}

	/** Film was deleted, perhaps of this list: what is not there any more goes from it. */
	async prune() {
		const { list, base } = this;
		if (!this.isListed || this.rows.length === 0) return;
		const over = (rows) => {
			const [start, end] = [Math.min(...rows.map((row) => row.startTime90k)), Math.max(...rows.map((row) => row.endTime90k))];
			return `${base}/recordings?start90k=${start}&end90k=${end + 1}`;
		};
		const left = new Map();
		try {
			const { recordings } = await ask(`${over(this.rows)}&split90k=${24 * HOUR}`);
			for (const { row, isLeft } of harmed(this.rows, recordings)) {
				const singles = isLeft ? (await ask(`${over([row])}&split90k=1`)).recordings : [];
				left.set(row.startId, joined(singles.filter((one) => row.startId <= one.startId && one.endId <= row.endId)));
			}
		} catch {
			return; // The next deletion asks again.
		}
		if (list !== this.list || left.size === 0) return;
		this.rows = this.rows.flatMap((row) => left.get(row.startId) ?? [row]);
		this.draw();
	}

	showOlder() {
		this.reach *= 4;
		const before = this.rows.at(-1)?.startTime90k ?? this.span.end?.time90k;
		this.take(`start90k=${this.from()}${this.upTo(before)}&split90k=${HOUR}`, (listed) => extended(this.rows, listed));
	}

	spanOf() {
		return `${this.span.start?.time90k}-${this.span.end?.time90k}`;
	}

	/** So far back is to be asked. */
	from() {
		const { start, end } = this.span;
		const newest = Math.min(this.stream.lastTime90k, end?.time90k ?? Infinity);
		const from = Math.max(newest - this.reach, Math.min(start?.time90k ?? -Infinity, newest - 1));
		this.edge = Math.min(this.edge, from);
		return from;
	}

	upTo(time90k) {
		return time90k === undefined ? "" : `&end90k=${time90k}`;
	}

	async take(query, rows) {
		const { list } = this;
		try {
			const { recordings, videoSampleEntries } = await ask(`${this.base}/recordings?${query}`);
			if (list !== this.list) return;
			Object.assign(this.entries, videoSampleEntries);
			this.rows = rows(recordings);
			this.isListed = true;
			this.draw();
		} catch (e) {
			if (list === this.list) this.say(`Recordings cannot be listed: ${e.message}`);
		}
	}

	draw() {
		const { start, end } = this.span;
		const rows = this.rows.map((row) => trimmed(row, this.span)).filter(Boolean);
		const first = this.stream.firstTime90k;
		const none = start || end ? "Nothing was recorded in this span." : "No recording is long enough to play yet.";
		steady(() => {
			this.say(rows.length > 0 ? null : first === null ? "No recording yet." : none);
			this.older.hidden = first === null || Math.max(first, start?.time90k ?? first) >= this.edge;
			this.drawTables(rows);
		});
		this.mark();
	}

	drawTables(rows) {
		const lines = new Map();
		const days = new Map();
		for (const row of rows) {
			const line = this.lines?.get(row.startId) ?? new Line((line) => this.play(line));
			line.update(row, this.camera, this.base, this.span.style);
			lines.set(row.startId, line);
			const date = day(row.startTime);
			if (!days.has(date)) days.set(date, { table: this.days?.get(date)?.table ?? dayTable(row), lines: [] });
			days.get(date).lines.push(line.root);
		}
		for (const { table, lines } of days.values()) arrange(table.tBodies[0], lines);
		arrange(this.tables, [...days.values()].map(({ table }) => table));
		[this.lines, this.days] = [lines, days];
	}

	play({ row, url, saveUrl, button }) {
		const codec = this.entries[row.videoSampleEntryId].rfc6381Codec;
		this.player.play({ title: this.camera.name, url, saveUrl, codec, row }, button);
	}

	mark = () => {
		const { film } = this.player;
		const playing = film?.url.startsWith(`${this.base}/`) ? film.row.startId : null;
		for (const [id, line] of this.lines ?? []) line.root.classList.toggle("playing", id === playing);
	};

	say(text) {
		this.note.hidden = text === null;
		if (text !== null && this.note.textContent !== text) this.note.textContent = text;
	}
}

function dayTable(row) {
	return el("table", {}, el("caption", { textContent: longDay(row.startTime) }), el("tbody"));
}

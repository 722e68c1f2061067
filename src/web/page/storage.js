// The film's disk in one line: how full it is, how long film stays, and what is wrong with it.

import { ask } from "/api.js";
import { bytes } from "/format.js";

const REFRESH_MS = 10000;

export class Storage {
	constructor(line) {
		this.line = line;
		this.asked = 0;
		this.deleted = null;
	}

	/** Called with every poll. Says whether film was deleted since the last time. */
	async look() {
		if (Date.now() - this.asked < REFRESH_MS) return false;
		this.asked = Date.now();
		let storage;
		try {
			storage = await ask("/api/storage");
		} catch {
			return false; // The poll itself tells that the recorder does not answer.
		}
		const text = words(storage);
		if (this.line.textContent !== text) this.line.textContent = text;
		this.line.hidden = text === "";
		this.line.classList.toggle("trouble", storage.trouble !== null);
		const before = this.deleted;
		this.deleted = storage.disk?.deletedRecordings ?? before;
		return before !== null && before !== this.deleted;
	}
}

/** "Film takes 12 GB of 58 GB; the oldest goes, about 14 days stay" */
export function words({ disk, streams, trouble }) {
	if (!disk) return "";
	const stays = Math.min(...streams.map((stream) => stream.forecastDays ?? Infinity));
	const goes = Number.isFinite(stays) ? `; the oldest goes, about ${days(stays)} stay` : "";
	const full = disk.fullInDays === null ? "" : disk.fullInDays > 0 ? `, full in about ${days(disk.fullInDays)}` : goes;
	const wrong = trouble === null ? "" : ` – ${trouble}`;
	return `Film takes ${bytes(disk.usedBytes)} of ${bytes(disk.capacityBytes)}${full}${wrong}`;
}

function days(count) {
	if (count < 1) return `${Math.max(1, Math.round(count * 24))}\u00a0h`;
	return `${count < 10 ? count.toFixed(1) : Math.round(count)}\u00a0days`;
}

// `Zone`: the civil time of the recorder, whatever the browser's is. Offsets come from Intl and the zone's name, so that
// days of 23 and 25 hours are right; without a name the recorder's present offset stands for all times.

import { HOUR, MINUTE, SECOND, fromMs, toMs } from "./units";

/** A civil time; `second` is with its fraction. Months count from 1. */
export type Civil = { year: number; month: number; day: number; hour: number; minute: number; second: number };

const QUARTER_MS = 15 * 60_000;

export class Zone {
	private readonly format: Intl.DateTimeFormat | null;
	/** Offsets in ms by quarter of an hour: no zone's offset changes within one. */
	private readonly known = new Map<number, number>();

	/** `fixed90k` is the offset from UTC where there is no name. */
	constructor(readonly name: string | null, private readonly fixed90k = 0) {
		this.format = name === null ? null : formatOf(name);
	}

	/** What the zone is ahead of UTC then, in 1/90 000 s. */
	offset(time90k: number): number {
		if (!this.format) return this.fixed90k;
		const quarter = Math.floor(toMs(time90k) / QUARTER_MS);
		let ms = this.known.get(quarter);
		if (ms === undefined) {
			ms = this.offsetMs(quarter * QUARTER_MS, this.format);
			if (this.known.size > 20_000) this.known.clear();
			this.known.set(quarter, ms);
		}
		return fromMs(ms);
	}

	private offsetMs(utcMs: number, format: Intl.DateTimeFormat): number {
		const part: Record<string, number> = {};
		for (const { type, value } of format.formatToParts(utcMs)) part[type] = Number(value);
		const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
		return Date.UTC(year, month - 1, day, hour, minute, second) - utcMs;
	}

	civil(time90k: number): Civil {
		const local = time90k + this.offset(time90k);
		const whole = Math.floor(local / SECOND);
		const date = new Date(whole * 1000);
		return {
			year: date.getUTCFullYear(),
			month: date.getUTCMonth() + 1,
			day: date.getUTCDate(),
			hour: date.getUTCHours(),
			minute: date.getUTCMinutes(),
			second: date.getUTCSeconds() + (local - whole * SECOND) / SECOND,
		};
	}

	/**
	 * When it is that by the clock on the wall. Of a time that comes twice the first; a time that is skipped is as much
	 * later as clocks are put forward.
	 */
	time({ year, month, day, hour, minute, second }: Civil): number {
		const local = Math.round(Date.UTC(year, month - 1, day, hour, minute) * (SECOND / 1000) + second * SECOND);
		// No zone is further from UTC than a day: these two are on both sides of any change near.
		const [before, after] = [this.offset(local - 24 * HOUR), this.offset(local + 24 * HOUR)];
		for (const offset of [Math.max(before, after), Math.min(before, after)]) {
			if (this.offset(local - offset) === offset) return local - offset;
		}
		return local - before;
	}

	/** Where the day begins that this time is in; `add` days later. */
	startOfDay(time90k: number, add = 0): number {
		const { year, month, day } = this.civil(time90k);
		return this.time({ year, month, day: day + add, hour: 0, minute: 0, second: 0 });
	}

	/** Where the month begins that this time is in; `add` months later. */
	startOfMonth(time90k: number, add = 0): number {
		const { year, month } = this.civil(time90k);
		return this.time({ year, month: month + add, day: 1, hour: 0, minute: 0, second: 0 });
	}

	/** "2026-11-22" */
	date(time90k: number): string {
		const { year, month, day } = this.civil(time90k);
		return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
	}

	/** "18:33:03", without its seconds where they are not wanted. */
	clock(time90k: number, withSeconds = true): string {
		const { hour, minute, second } = this.civil(time90k);
		return `${two(hour)}:${two(minute)}${withSeconds ? `:${two(Math.floor(second))}` : ""}`;
	}

	/** "+02:00" */
	offsetText(time90k: number): string {
		const minutes = Math.round(this.offset(time90k) / MINUTE);
		const size = Math.abs(minutes);
		return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
	}

	/** With its offset, so that it is one moment only: "2026-11-22T18:33:03.5+01:00". */
	stamp(time90k: number): string {
		const fraction = this.civil(time90k).second % 1;
		const told = fraction > 0 ? String(Math.round(fraction * 1000) / 1000).slice(1) : "";
		return `${this.date(time90k)}T${this.clock(time90k)}${told}${this.offsetText(time90k)}`;
	}
}

/** Reads what `stamp` and the recorder write; `null` for anything else. Without an offset it is of this zone. */
export function parseTime(text: string, zone: Zone): number | null {
	const units = /^\d{9,17}$/.exec(text);
	if (units) return Number(text);
	const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)?)?(?::\d{5})?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim());
	if (!found) return null;
	const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "", offset] = found;
	const civil: Civil = {
		year: Number(year),
		month: Number(month),
		day: Number(day),
		hour: Number(hour),
		minute: Number(minute),
		second: Number(second) + Number(fraction.replace(",", ".") || 0),
	};
	if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > 31 || civil.hour > 24) return null;
	return (offset === undefined ? zone : new Zone(null, offsetOf(offset))).time(civil);
}

/** Of "+01:00", at the end of a text too. */
export function offsetOf(text: string): number {
	const found = /([+-])(\d\d):(\d\d)$/.exec(text);
	if (!found) return 0;
	const size = Number(found[2]) * HOUR + Number(found[3]) * MINUTE;
	return found[1] === "-" ? -size : size;
}

function formatOf(name: string): Intl.DateTimeFormat | null {
	const part = "numeric";
	try {
		return new Intl.DateTimeFormat("en-US", {
			timeZone: name, hourCycle: "h23", year: part, month: part, day: part, hour: part, minute: part, second: part,
		});
	} catch {
		return null;
	}
}

const two = (n: number): string => String(n).padStart(2, "0");

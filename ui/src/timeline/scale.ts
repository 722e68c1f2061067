// `Scale`: which span of time is on the screen, and where in it a moment lies. Pure: no element, no clock.

import { DAY, HOUR, MINUTE, SECOND } from "../time/units";
import type { Zone } from "../time/zone";

export const SHORTEST = 4 * SECOND;
export const LONGEST = 400 * DAY;

export class Scale {
	constructor(readonly start: number, readonly end: number, readonly width: number) {}

	/** Around a moment in the middle. */
	static around(middle: number, length: number, width: number): Scale {
		const size = Math.min(LONGEST, Math.max(SHORTEST, length));
		return new Scale(Math.round(middle - size / 2), Math.round(middle + size / 2), width);
	}

	get length(): number {
		return this.end - this.start;
	}

	get middle(): number {
		return (this.start + this.end) / 2;
	}

	/** Pixels from the left, also outside of what is seen. */
	x(time90k: number): number {
		return ((time90k - this.start) / this.length) * this.width;
	}

	time(x: number): number {
		return Math.round(this.start + (x / Math.max(1, this.width)) * this.length);
	}

	/** Shows `factor` times as long a span; what is at `anchor` stays where it is. */
	zoomed(factor: number, anchor: number): Scale {
		const length = Math.min(LONGEST, Math.max(SHORTEST, this.length * factor));
		const start = Math.round(anchor - ((anchor - this.start) / this.length) * length);
		return new Scale(start, Math.round(start + length), this.width);
	}

	moved(by90k: number): Scale {
		return new Scale(Math.round(this.start + by90k), Math.round(this.end + by90k), this.width);
	}

	resized(width: number): Scale {
		return new Scale(this.start, this.end, width);
	}

	/** Moved just so far that this moment is seen, and not at the very edge. */
	showing(time90k: number): Scale {
		const margin = this.length * 0.05;
		if (time90k < this.start + margin) return this.moved(time90k - this.start - margin);
		if (time90k > this.end - margin) return this.moved(time90k - this.end + margin);
		return this;
	}

	/** Within what there is to see: `first` to `last`, and a tenth of the screen around. */
	within(first: number, last: number): Scale {
		const slack = this.length * 0.1;
		if (this.middle > last + slack) return this.moved(last + slack - this.middle);
		if (this.middle < first - slack) return this.moved(first - slack - this.middle);
		return this;
	}
}

/** A mark of the ruler; a major one begins a larger unit, and tells its date. */
export type Tick = { time: number; isMajor: boolean };
type Step = { unit: "second" | "hour" | "day" | "month"; size: number; length: number };

const STEPS: Step[] = [
	...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map((size): Step => ({ unit: "second", size, length: size * SECOND })),
	...[1, 2, 3, 6, 12].map((size): Step => ({ unit: "hour", size, length: size * HOUR })),
	...[1, 2, 7].map((size): Step => ({ unit: "day", size, length: size * DAY })),
	...[1, 3].map((size): Step => ({ unit: "month", size, length: size * 30 * DAY })),
];

/** The step at which labels of this many pixels have room. */
export function stepOf(scale: Scale, room = 76): Step {
	const least = (room / Math.max(1, scale.width)) * scale.length;
	return STEPS.find((step) => step.length >= least) ?? (STEPS[STEPS.length - 1] as Step);
}

/** The marks of the ruler, at civil times of the zone: also where a day has 23 or 25 hours. */
export function ticks(scale: Scale, zone: Zone, room?: number): { step: Step; ticks: Tick[] } {
	const step = stepOf(scale, room);
	const times = step.unit === "second" ? bySeconds(scale, zone, step.length) : byCivil(scale, zone, step);
	const isMajor = (time: number) => {
		const { day, hour, minute, second } = zone.civil(time);
		if (step.unit === "month") return zone.civil(time).month === 1;
		if (step.unit === "day") return day === 1;
		if (step.length >= MINUTE) return hour === 0 && minute === 0;
		return second === 0;
	};
	return { step, ticks: times.map((time) => ({ time, isMajor: isMajor(time) })) };
}

/** Offsets are whole quarters of an hour, so that shorter steps count on over a change. */
function bySeconds(scale: Scale, zone: Zone, length: number): number[] {
	const offset = zone.offset(scale.start);
	const found: number[] = [];
	for (let at = Math.ceil((scale.start + offset) / length) * length - offset; at <= scale.end; at += length) found.push(at);
	return found;
}

function byCivil(scale: Scale, zone: Zone, { unit, size }: Step): number[] {
	const found: number[] = [];
	const add = (time: number) => {
		if (time >= scale.start && time <= scale.end && time > (found[found.length - 1] ?? -Infinity)) found.push(time);
	};
	if (unit === "month") {
		for (let at = zone.startOfMonth(scale.start); at <= scale.end; at = zone.startOfMonth(at, 1)) {
			if ((zone.civil(at).month - 1) % size === 0) add(at);
		}
		return found;
	}
	for (let day = zone.startOfDay(scale.start); day <= scale.end; day = zone.startOfDay(day, 1)) {
		const civil = zone.civil(day);
		if (unit === "day") {
			const number = Math.round(Date.UTC(civil.year, civil.month - 1, civil.day) / 86_400_000);
			// Weeks begin on Mondays: the first day of 1970 was a Thursday.
			if (size === 1 || (size === 7 ? (number + 3) % 7 === 0 : number % size === 0)) add(day);
		} else {
			for (let hour = 0; hour < 24; hour += size) {
				const time = hour === 0 ? day : zone.time({ ...civil, hour });
				// An hour that is skipped has no mark.
				if (hour === 0 || zone.civil(time).hour === hour) add(time);
			}
		}
	}
	return found;
}

// The days of a month, in weeks from Monday on, as the calendar shows them. Pure.

import type { Camera } from "../api/types";
import type { Zone } from "../time/zone";

/** One day: where it begins and ends in 1/90 000 s, and how much film there is of it. */
export type Day = { date: string; number: number; start: number; end: number; film90k: number; isOfMonth: boolean };

/** The weeks that have a day of the month in which this time is. */
export function monthOf(time: number, zone: Zone, film: Map<string, number>): Day[][] {
	const first = zone.startOfMonth(time);
	const next = zone.startOfMonth(time, 1);
	const { year, month } = zone.civil(first);
	// Monday is 0.
	const weekday = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
	const weeks: Day[][] = [];
	let start = zone.startOfDay(first, -weekday);
	while (start < next) {
		const week: Day[] = [];
		for (let at = 0; at < 7; at += 1) {
			const end = zone.startOfDay(start, 1);
			const date = zone.date(start);
			const isOfMonth = start >= first && start < next;
			week.push({ date, number: zone.civil(start).day, start, end, film90k: film.get(date) ?? 0, isOfMonth });
			start = end;
		}
		weeks.push(week);
	}
	return weeks;
}

/** How much film there is of each day, of the camera that has most of it. */
export function filmByDay(cameras: Camera[]): Map<string, number> {
	const found = new Map<string, number>();
	for (const { streams } of cameras) {
		for (const stream of [streams.main, streams.sub]) {
			for (const [date, units] of Object.entries(stream?.days ?? {})) found.set(date, Math.max(units, found.get(date) ?? 0));
		}
	}
	return found;
}

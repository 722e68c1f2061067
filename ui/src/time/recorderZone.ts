// The recorder's zone, as the page knows it now.

import { computed } from "@preact/signals";
import { top, zoneName } from "../api/recorder";
import { locale } from "../text";
import { toMs } from "./units";
import { Zone, offsetOf } from "./zone";

const fixed = computed(() => (top.value ? offsetOf(top.value.now) : 0));

export const zone = computed(() => new Zone(zoneName.value, zoneName.value === null ? fixed.value : 0));

/** A date or time of the recorder, in the words of the page's language. */
export function told(time90k: number, options: Intl.DateTimeFormatOptions): string {
	const local = new Date(toMs(time90k + zone.value.offset(time90k)));
	return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(local);
}

/** "Thursday 2 March" or, of another year, with it. */
export function longDay(time90k: number): string {
	return told(time90k, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** "today 18:30", "yesterday 18:30", "Thu 2 Mar, 18:30": as one says when something began. */
export function since(time90k: number, now: number): string {
	const clock = zone.value.clock(time90k, false);
	if (zone.value.date(time90k) === zone.value.date(now)) return clock;
	return `${told(time90k, { weekday: "short", day: "numeric", month: "short" })}, ${clock}`;
}

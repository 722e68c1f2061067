// The words of the ruler, and of moments.

import { locale } from "../text";
import { DAY, MINUTE, toMs } from "../time/units";
import type { Zone } from "../time/zone";

/** A date of the zone, in the words of the page's language. */
function date(time: number, zone: Zone, options: Intl.DateTimeFormatOptions): string {
	return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(toMs(time + zone.offset(time)));
}

/** Of a mark whose step is that long. */
export function label(time: number, isMajor: boolean, step: number, zone: Zone): string {
	if (step > 27 * DAY) return isMajor ? date(time, zone, { year: "numeric" }) : date(time, zone, { month: "short" });
	if (step >= DAY) return isMajor ? date(time, zone, { day: "numeric", month: "short" }) : date(time, zone, { weekday: "short", day: "numeric" });
	if (isMajor && step >= MINUTE) return date(time, zone, { weekday: "short", day: "numeric", month: "short" });
	return zone.clock(time, step < MINUTE);
}

/** "Sunday, 22 November 2026" */
export const dayOf = (time: number, zone: Zone): string =>
	date(time, zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** "Sun 22 Nov" */
export const shortDay = (time: number, zone: Zone): string => date(time, zone, { weekday: "short", day: "numeric", month: "short" });

/** A name that every file system takes: "porch 2026-11-22 18.33.03". */
export function fileName(camera: string, time: number, zone: Zone): string {
	const name = camera.replace(/[\\/:*?"<>|\u0000-\u001f]/g, "-").trim();
	return `${name} ${zone.date(time)} ${zone.clock(time).replaceAll(":", ".")}.mp4`;
}

/** What is said of a moment to those who do not see: with tenths where the picture stands. */
export const momentOf = (time: number, zone: Zone): string => `${dayOf(time, zone)}, ${zone.clock(time)}`;

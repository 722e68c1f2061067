import { expect, it } from "vitest";
import { DAY, HOUR, fromMs } from "../time/units";
import { Zone } from "../time/zone";
import { monthOf } from "./calendar";
import { fileName, label } from "./labels";

const berlin = new Zone("Europe/Berlin");
const utc = (text: string) => fromMs(Date.parse(text));

it("a month is whole weeks from Monday on", () => {
	const weeks = monthOf(utc("2026-11-22T11:00:00Z"), berlin, new Map([["2026-11-22", 5 * HOUR]]));
	expect(weeks.map((week) => week.map((day) => day.number).join(" "))).toEqual([
		"26 27 28 29 30 31 1", "2 3 4 5 6 7 8", "9 10 11 12 13 14 15", "16 17 18 19 20 21 22", "23 24 25 26 27 28 29", "30 1 2 3 4 5 6",
	]);
	const days = weeks.flat();
	expect(days.filter((day) => day.isOfMonth)).toHaveLength(30);
	expect(days.filter((day) => day.film90k > 0).map((day) => day.date)).toEqual(["2026-11-22"]);
});

it("days of 23 and 25 hours are as long as they are", () => {
	const longs = (month: string) => monthOf(utc(month), berlin, new Map()).flat().filter((day) => day.isOfMonth && day.end - day.start !== DAY);
	expect(longs("2026-03-10T00:00:00Z").map((day) => [day.date, (day.end - day.start) / HOUR])).toEqual([["2026-03-29", 23]]);
	expect(longs("2026-10-10T00:00:00Z").map((day) => [day.date, (day.end - day.start) / HOUR])).toEqual([["2026-10-25", 25]]);
	expect(longs("2026-06-10T00:00:00Z")).toEqual([]);
});

it("labels say what their step needs", () => {
	const midnight = berlin.startOfDay(utc("2026-11-22T11:00:00Z"));
	expect(label(midnight + HOUR, false, HOUR, berlin)).toBe("01:00");
	expect(label(midnight + HOUR, false, 90_000, berlin)).toBe("01:00:00");
	expect(label(midnight, true, HOUR, berlin)).toMatch(/Sun.*22 Nov/);
	expect(label(midnight, false, DAY, berlin)).toMatch(/22/);
});

it("files are called for camera and time, as every file system takes it", () => {
	expect(fileName('po/rch: "1"', utc("2026-11-22T11:05:09Z"), berlin)).toBe("po-rch- -1- 2026-11-22 12.05.09.mp4");
});

import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE, SECOND, fromMs } from "./units";
import { Zone, offsetOf, parseTime } from "./zone";

const berlin = new Zone("Europe/Berlin");
const utc = (text: string) => fromMs(Date.parse(text));

describe("a day of 23 hours", () => {
	const day = berlin.startOfDay(utc("2026-03-29T12:00:00Z"));
	it("begins and ends at midnight", () => {
		expect(day).toBe(utc("2026-03-28T23:00:00Z"));
		expect(berlin.startOfDay(day, 1) - day).toBe(23 * HOUR);
	});
	it("has no time between two and three: it is as much later", () => {
		const skipped = berlin.time({ year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 });
		expect(berlin.clock(skipped, false)).toBe("03:30");
	});
});

describe("a day of 25 hours", () => {
	const day = berlin.startOfDay(utc("2026-10-25T12:00:00Z"));
	it("is an hour longer", () => expect(berlin.startOfDay(day, 1) - day).toBe(25 * HOUR));
	it("has half past two twice, and the first is meant", () => {
		const first = berlin.time({ year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 });
		expect(first).toBe(utc("2026-10-25T00:30:00Z"));
		expect(berlin.stamp(first)).toBe("2026-10-25T02:30:00+02:00");
		expect(berlin.stamp(first + HOUR)).toBe("2026-10-25T02:30:00+01:00");
	});
	it("is counted through without a jump or a repetition", () => {
		const clocks = new Set<string>();
		for (let at = day; at < day + 25 * HOUR; at += 15 * MINUTE) clocks.add(berlin.stamp(at));
		expect(clocks.size).toBe(100);
	});
});

describe("zones off the beaten track", () => {
	it("half an hour of summer time", () => {
		const howe = new Zone("Australia/Lord_Howe");
		const day = howe.startOfDay(utc("2026-04-05T00:00:00Z"));
		expect(howe.startOfDay(day, 1) - day).toBe(24.5 * HOUR);
	});
	it("a quarter of an hour", () => expect(new Zone("Asia/Kathmandu").offsetText(utc("2026-01-01T00:00:00Z"))).toBe("+05:45"));
	it("no name: the recorder's present offset", () => expect(new Zone(null, offsetOf("-03:30")).clock(utc("2026-01-01T12:00:00Z"))).toBe("08:30:00"));
	it("a name that the browser does not know is UTC", () => expect(new Zone("Nowhere/Land").clock(utc("2026-01-01T12:00:00Z"))).toBe("12:00:00"));
});

describe("times as text", () => {
	it("are read as they are written, to the thousandth", () => {
		for (let at = utc("2026-10-24T20:00:00Z"); at < utc("2026-10-25T06:00:00Z"); at += 17 * MINUTE + 450) {
			expect(Math.abs((parseTime(berlin.stamp(at), berlin) ?? 0) - at)).toBeLessThanOrEqual(45);
		}
	});
	it("in the forms that people and the recorder use", () => {
		const noon = utc("2026-11-22T11:00:00Z");
		for (const text of ["2026-11-22T12:00:00+01:00", "2026-11-22 12:00", "2026-11-22T11:00:00Z", String(noon), "2026-11-22T12:00:00:00000+01:00"]) {
			expect(parseTime(text, berlin), text).toBe(noon);
		}
		expect(parseTime("2026-11-22", berlin)).toBe(noon - 12 * HOUR);
	});
	it("and in no others", () => {
		for (const text of ["", "yesterday", "2026-13-01", "12:00", "2026-11-22T25:00:00", "-5"]) expect(parseTime(text, berlin), text).toBeNull();
	});
});

it("months have their days, also across a year", () => {
	const december = berlin.startOfMonth(utc("2026-12-24T12:00:00Z"));
	expect(berlin.date(december)).toBe("2026-12-01");
	expect(berlin.date(berlin.startOfMonth(december, 1))).toBe("2027-01-01");
	expect(berlin.startOfMonth(december, 1) - december).toBe(31 * DAY);
	expect(SECOND).toBe(90_000);
});

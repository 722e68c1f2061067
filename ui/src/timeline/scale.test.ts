import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE, SECOND, fromMs } from "../time/units";
import { Zone } from "../time/zone";
import { LONGEST, SHORTEST, Scale, stepOf, ticks } from "./scale";

const berlin = new Zone("Europe/Berlin");
const utc = (text: string) => fromMs(Date.parse(text));
const noon = utc("2026-11-22T11:00:00Z");

describe("a scale", () => {
	const scale = new Scale(noon, noon + HOUR, 1000);
	it("knows where a moment lies, and which is there", () => {
		expect(scale.x(noon + 15 * MINUTE)).toBe(250);
		expect(scale.time(250)).toBe(noon + 15 * MINUTE);
		for (let x = -300; x < 1500; x += 7) expect(scale.x(scale.time(x))).toBeCloseTo(x, 3);
	});
	it("zooms around what is pointed at", () => {
		const anchor = noon + 12 * MINUTE;
		for (const factor of [0.3, 0.9, 1.7, 20]) expect(scale.zoomed(factor, anchor).x(anchor)).toBeCloseTo(scale.x(anchor), 2);
	});
	it("is from seconds to more than a year", () => {
		expect(scale.zoomed(1e-9, noon).length).toBe(SHORTEST);
		expect(scale.zoomed(1e9, noon).length).toBe(LONGEST);
	});
	it("follows a moment just as far as it must", () => {
		expect(scale.showing(noon + 30 * MINUTE)).toBe(scale);
		expect(scale.showing(noon + 2 * HOUR).x(noon + 2 * HOUR)).toBeCloseTo(950);
		expect(scale.showing(noon - HOUR).x(noon - HOUR)).toBeCloseTo(50);
	});
	it("does not get lost beyond what there is", () => {
		expect(scale.moved(9 * DAY).within(noon - DAY, noon).middle).toBeCloseTo(noon + 0.1 * HOUR);
		expect(scale.moved(-9 * DAY).within(noon - DAY, noon).middle).toBeCloseTo(noon - DAY - 0.1 * HOUR);
	});
});

describe("the marks of the ruler", () => {
	it("have room for their labels at every zoom", () => {
		for (let length = SHORTEST; length < LONGEST; length *= 1.3) {
			const scale = Scale.around(noon, length, 1000);
			const { ticks: marks } = ticks(scale, berlin);
			expect(marks.length, `${length / SECOND} s`).toBeGreaterThan(0);
			const apart = marks.slice(1).map(({ time }, at) => scale.x(time) - scale.x(marks[at]?.time ?? 0));
			// A day of 23 hours and a February are shorter than their step.
			for (const pixels of apart) expect(pixels).toBeGreaterThan(76 * 0.85);
		}
	});
	it("stand at round times of the zone, over a change of the clock too", () => {
		for (const change of ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]) {
			const { ticks: marks } = ticks(Scale.around(utc(change), 20 * HOUR, 900), berlin);
			for (const { time } of marks) expect(berlin.civil(time).hour % 2).toBe(0);
			const { ticks: fine } = ticks(Scale.around(utc(change), 3 * HOUR, 900), berlin);
			for (const { time } of fine) expect(berlin.civil(time).minute % 15).toBe(0);
		}
	});
	it("name days at midnight", () => {
		const { ticks: marks } = ticks(Scale.around(utc("2026-10-25T01:00:00Z"), 3 * DAY, 900), berlin);
		const days = marks.filter((mark) => mark.isMajor).map((mark) => berlin.date(mark.time));
		expect(days).toEqual(["2026-10-24", "2026-10-25", "2026-10-26"]);
	});
	it("weeks begin on Mondays, quarters with their month", () => {
		const weeks = ticks(Scale.around(noon, 60 * DAY, 700), berlin);
		expect(weeks.step.length).toBe(7 * DAY);
		for (const { time } of weeks.ticks) expect(new Date(`${berlin.date(time)}T12:00:00Z`).getUTCDay()).toBe(1);
		for (const { time } of ticks(Scale.around(noon, 390 * DAY, 300), berlin).ticks) expect((berlin.civil(time).month - 1) % 3).toBe(0);
	});
	it("steps grow with what is shown", () => {
		const lengths = [10 * SECOND, HOUR, DAY, 30 * DAY, 390 * DAY].map((length) => stepOf(Scale.around(noon, length, 1000)).length);
		expect(lengths).toEqual([SECOND, 5 * MINUTE, 2 * HOUR, 7 * DAY, 30 * DAY].sort((a, b) => a - b));
	});
});

import { describe, expect, it } from "vitest";
import type { Row } from "../api/types";
import { MINUTE } from "../time/units";
import { filmed, frameOf, joined, merged, nextOf, rowAt } from "./spans";

/** Recordings `first` to `last`, a minute each, of the run that begins with `run`. */
const row = (first: number, last: number, run = 1, more: Partial<Row> = {}): Row => ({
	startId: first, endId: last, runStartId: run, startTime90k: first * MINUTE, endTime90k: (last + 1) * MINUTE, startTime: "", endTime: "",
	wallDuration90k: (last + 1 - first) * MINUTE, mediaDuration90k: (last + 1 - first) * MINUTE, sampleFileBytes: 1, videoSamples: 900 * (last + 1 - first),
	videoSampleEntryId: 1, growing: false, missing: false, damaged: false, hasTrailingZero: false, endReason: null, ...more,
});
const told = (rows: Row[]) => rows.map((row) => `${row.startId}-${row.endId}`).join(" ");

describe("a list that is asked for anew", () => {
	const known = [row(1, 10), row(20, 30, 20), row(40, 50, 40)];
	it("takes what grew", () => expect(told(merged(known, [row(40, 55, 40)], { start: 50 * MINUTE, end: 60 * MINUTE }))).toBe("1-10 20-30 40-55"));
	it("loses what went", () => expect(told(merged(known, [], { start: 15 * MINUTE, end: 35 * MINUTE }))).toBe("1-10 40-50"));
	it("takes a run whose oldest film went, also where it was not asked about", () => {
		expect(told(merged(known, [row(5, 10)], { start: 8 * MINUTE, end: 9 * MINUTE }))).toBe("5-10 20-30 40-50");
	});
	it("gains what is elsewhere", () => {
		expect(told(merged(known, [row(60, 61, 60)], { start: 58 * MINUTE, end: 70 * MINUTE }))).toBe("1-10 20-30 40-50 60-61");
	});
});

it("the newest film of a moment that was filmed twice is shown", () => {
	const rows = [row(1, 10), row(11, 20, 11, { startTime90k: 8 * MINUTE, endTime90k: 18 * MINUTE })];
	expect(rowAt(rows, 9 * MINUTE)?.startId).toBe(11);
	expect(rowAt(rows, 19 * MINUTE)).toBeUndefined();
	expect(rowAt([row(1, 2, 1, { missing: true })], MINUTE + 1)).toBeUndefined();
});

it("holes that are less than a pixel are not drawn", () => {
	const rows = [row(1, 10), row(12, 20, 12), row(100, 110, 100)];
	expect(joined(rows, 2 * MINUTE)).toEqual([{ start: MINUTE, end: 21 * MINUTE }, { start: 100 * MINUTE, end: 111 * MINUTE }]);
	expect(joined(rows, 1)).toHaveLength(3);
});

it("film whose file is gone is none", () => expect(told(filmed([row(1, 2), row(3, 4, 3, { missing: true })]))).toBe("1-2"));
it("a frame lasts as long as its row tells", () => expect(frameOf(row(1, 1))).toBe(6000));

it("the next moment is another one, on either side", () => {
	expect(nextOf([10, 30, 20], 20, 1, 1)).toBe(30);
	expect(nextOf([10, 30, 20], 20, -1, 1)).toBe(10);
	expect(nextOf([10], 20, 1, 1)).toBeNull();
});

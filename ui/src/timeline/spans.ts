// Lists of what was recorded, as the time line keeps them: put together from answers, searched by time. Pure.

import type { Row } from "../api/types";

/** Film without a hole, oldest first in a list. */
export type Span = { start: number; end: number };

/** From the recorder's newest-first answer. */
export const oldestFirst = (rows: Row[]): Row[] => [...rows].sort((a, b) => a.startTime90k - b.startTime90k || a.startId - b.startId);

/**
 * What is known now that a span was asked for anew: rows that touch it are those of the answer. A row outside of it that an
 * answered one covers is the same film, since then grown or cut.
 */
export function merged(known: Row[], answer: Row[], asked: Span): Row[] {
	const ids = answer.map((row) => [row.startId, row.endId] as const);
	const isTold = (row: Row) => row.endTime90k > asked.start && row.startTime90k < asked.end;
	const isCovered = (row: Row) => ids.some(([first, last]) => row.startId <= last && row.endId >= first);
	return oldestFirst([...known.filter((row) => !isTold(row) && !isCovered(row)), ...answer]);
}

/** Film that can be seen. */
export const filmed = (rows: Row[]): Row[] => rows.filter((row) => !row.missing);

/** The last row that shows this moment. */
export function rowAt(rows: Row[], time90k: number): Row | undefined {
	for (let at = rows.length - 1; at >= 0; at -= 1) {
		const row = rows[at] as Row;
		if (row.startTime90k <= time90k && time90k < row.endTime90k && !row.missing) return row;
	}
	return undefined;
}

/** Rows so near that they are one on the screen; `least` is the length of a pixel. */
export function joined(rows: Row[], least: number): Span[] {
	const found: Span[] = [];
	for (const row of rows) {
		const last = found[found.length - 1];
		if (last && row.startTime90k - last.end < least) last.end = Math.max(last.end, row.endTime90k);
		else found.push({ start: row.startTime90k, end: row.endTime90k });
	}
	return found;
}

/** The next moment, forward or back, that is in a list of moments; `null` when there is none. */
export function nextOf(moments: number[], from: number, direction: 1 | -1, least: number): number | null {
	const sorted = [...moments].sort((a, b) => (a - b) * direction);
	return sorted.find((moment) => (moment - from) * direction > least) ?? null;
}

/** Whether a span is within what is known, so that nothing is asked for. */
export const isWithin = (inner: Span, outer: Span | null): boolean =>
	outer !== null && inner.start >= outer.start && inner.end <= outer.end;

/** How long one frame of this row is shown, in 1/90 000 s. */
export function frameOf(row: Row): number {
	return row.videoSamples > 0 ? row.wallDuration90k / row.videoSamples : 6000;
}

// Rows of the list as values: what is known, what came anew, and what of it lies within a span.

import { UNITS_PER_SECOND } from "/format.js";

export const HOUR = 3600 * UNITS_PER_SECOND;

/** From here on a list is to be asked for anew: what is older has its end. */
export function settled(rows) {
	return Math.min(...rows.filter((row, at) => at === 0 || row.growing).map((row) => row.startTime90k));
}

/** Known rows and those of a list that has all from a moment on; newest first. */
export function renewed(known, listed, from) {
	const kept = known.filter((row) => row.startTime90k < from);
	return [...outside(listed, kept), ...kept];
}

/** Known rows and those of a list of what is before them. */
export const extended = (known, listed) => [...known, ...outside(listed, known)];

/** Where runs overlap, a list has parts of rows that are known whole. */
function outside(listed, known) {
	const isIn = (row) => known.some((whole) => whole.startId <= row.startId && row.endId <= whole.endId);
	return listed.filter((row) => !isIn(row));
}

/** Rows of up to an hour out of single recordings, filled from the oldest on: only the newest of them changes. */
export function joined(singles) {
	const rows = [];
	const newest = new Map();
	for (const one of [...singles].reverse()) {
		const row = newest.get(one.runStartId);
		if (row && goesOn(row, one)) {
			const { endId, endTime, endTime90k, growing, hasTrailingZero, endReason } = one;
			Object.assign(row, { endId, endTime, endTime90k, growing, hasTrailingZero, endReason });
			for (const sum of ["wallDuration90k", "mediaDuration90k", "sampleFileBytes", "videoSamples"]) row[sum] += one[sum];
		} else {
			newest.set(one.runStartId, { ...one });
			rows.push(newest.get(one.runStartId));
		}
	}
	return rows.reverse();
}

const goesOn = (row, one) =>
	row.endId + 1 === one.startId &&
	row.videoSampleEntryId === one.videoSampleEntryId &&
	row.missing === one.missing &&
	row.wallDuration90k + one.wallDuration90k <= HOUR;

/** What of a row lies within the span, with `s` to ask for it; null when nothing does. */
export function trimmed(row, { start, end }) {
	const isLate = start !== null && start.time90k > row.startTime90k;
	const isEarly = end !== null && end.time90k < row.endTime90k;
	const from = isLate ? start.time90k : row.startTime90k;
	const to = isEarly ? end.time90k : row.endTime90k;
	if (to <= from || row.mediaDuration90k === 0) return null;
	// A recording that grows is asked for with an end: the same bytes then, however much comes behind it.
	const until = isEarly || row.growing ? to - row.startTime90k : "";
	const part = isLate || until !== "" ? `.${isLate ? from - row.startTime90k : ""}-${until}` : "";
	const share = (to - from) / row.wallDuration90k;
	return {
		...row,
		startTime90k: from,
		endTime90k: to,
		startTime: isLate ? start.time : row.startTime,
		endTime: isEarly ? end.time : row.endTime,
		wallDuration90k: to - from,
		mediaDuration90k: row.mediaDuration90k * share,
		sampleFileBytes: row.sampleFileBytes * share,
		isPart: isLate || isEarly,
		isNow: row.growing && !isEarly,
		s: `${row.startId}-${row.endId}${part}`,
	};
}

/** The known rows of which something is not there any more, by a list of all that is: each with whether anything is left. */
export function harmed(known, listed) {
	const there = [];
	for (const row of [...listed].filter((row) => !row.missing).sort((a, b) => a.startId - b.startId)) {
		const last = there.at(-1);
		if (last && row.startId <= last.endId + 1) last.endId = Math.max(last.endId, row.endId);
		else there.push({ startId: row.startId, endId: row.endId });
	}
	const isWhole = (row) => there.some((part) => part.startId <= row.startId && row.endId <= part.endId);
	const isLeft = (row) => there.some((part) => part.startId <= row.endId && row.startId <= part.endId);
	return known.filter((row) => !row.missing && !isWhole(row)).map((row) => ({ row, isLeft: isLeft(row) }));
}

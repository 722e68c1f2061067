// The recorder's `vod.m3u8`, as a list of media segments with the wall time that each shows. Pure.

import { SECOND, fromMs } from "../time/units";

/** A few seconds of film, from a key frame on. */
export type Segment = { start: number; end: number; url: string; init: string };

/** Reads a list whose addresses are relative to `base`. */
export function parsePlaylist(text: string, base: string): Segment[] {
	const found: Segment[] = [];
	let [at, init, length] = [NaN, "", 0];
	for (const line of text.split("\n")) {
		const value = (tag: string) => (line.startsWith(tag) ? line.slice(tag.length) : null);
		const date = value("#EXT-X-PROGRAM-DATE-TIME:");
		const map = value("#EXT-X-MAP:");
		const told = value("#EXTINF:");
		if (date !== null) at = fromMs(Date.parse(date));
		else if (map !== null) init = resolve(/URI="([^"]*)"/.exec(map)?.[1] ?? "", base);
		else if (told !== null) length = Math.round(Number.parseFloat(told) * SECOND);
		else if (line !== "" && !line.startsWith("#")) {
			found.push({ start: at, end: at + length, url: resolve(line, base), init });
			at += length;
		}
	}
	return found.filter((segment) => Number.isFinite(segment.start));
}

/** The path that a relative address of a list means. */
export function resolve(address: string, base: string): string {
	const url = new URL(address, `http://lunette${base}`);
	return url.pathname + url.search;
}

/** The newest segment that shows this moment. Borders are exact to a few milliseconds only. */
export function segmentAt(segments: Segment[], time90k: number): number {
	for (let at = segments.length - 1; at >= 0; at -= 1) {
		const segment = segments[at] as Segment;
		if (segment.start <= time90k && time90k < segment.end) return at;
	}
	return -1;
}

/** Where film begins after a moment in a hole. */
export function nextStart(segments: Segment[], time90k: number): number | null {
	const later = segments.map((segment) => segment.start).filter((start) => start > time90k);
	return later.length > 0 ? Math.min(...later) : null;
}

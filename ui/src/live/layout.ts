// How the pictures share the screen.

export const LAYOUTS = ["auto", "one", "four", "nine", "strip"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** How many cameras are on the screen at once. */
export function places(layout: Layout, count: number): number {
	return { auto: count, one: 1, four: 4, nine: 9, strip: count }[layout];
}

/**
 * Columns that make pictures of this aspect (width by height) largest in a room of these pixels; a narrow room scrolls, and
 * takes them one under the other.
 */
export function columns(count: number, width: number, height: number, aspect = 16 / 9): number {
	if (width < 600) return count > 4 ? 2 : 1;
	let [best, size] = [1, 0];
	for (let columns = 1; columns <= count; columns += 1) {
		const rows = Math.ceil(count / columns);
		const wide = Math.min(width / columns, (height / rows) * aspect);
		if (wide > size - 0.5) [best, size] = [columns, wide];
	}
	return best;
}

/** Between two pictures, in pixels. */
const GUTTER = 4;

/** As wide as a picture of this aspect may be, so that this many columns and rows of them fill the room. */
export function tileWidth(columns: number, rows: number, width: number, height: number, aspect = 16 / 9): number {
	const wide = (width - GUTTER * (columns + 1)) / columns;
	const tall = ((height - GUTTER * (rows + 1)) / rows) * aspect;
	return Math.max(0, Math.floor(Math.min(wide, tall)));
}

/** The cameras of this page of `places`; pages count from 0, and a page that is none is the last. */
export function paged<T>(all: T[], places: number, page: number): { shown: T[]; page: number; pages: number } {
	const pages = Math.max(1, Math.ceil(all.length / Math.max(1, places)));
	const at = Math.min(Math.max(0, page), pages - 1);
	return { shown: all.slice(at * places, (at + 1) * places), page: at, pages };
}

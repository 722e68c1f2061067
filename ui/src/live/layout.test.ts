import { expect, it } from "vitest";
import { columns, paged, places, tileWidth } from "./layout";

it("pictures are as large as the screen lets them", () => {
	expect([1, 2, 3, 4, 5, 6, 9].map((count) => columns(count, 1600, 900))).toEqual([1, 2, 2, 2, 3, 3, 3]);
	expect(columns(2, 800, 1200)).toBe(1);
	expect([2, 5].map((count) => columns(count, 390, 700))).toEqual([1, 2]);
});

it("and never larger than it", () => {
	for (const [across, rows, width, height] of [[1, 1, 1600, 300], [3, 3, 900, 2000], [2, 1, 0, 0]] as const) {
		const wide = tileWidth(across, rows, width, height);
		expect(wide * across).toBeLessThanOrEqual(width);
		expect((wide * 9) / 16 * rows).toBeLessThanOrEqual(height);
	}
});

it("pages hold what has no room", () => {
	const all = [1, 2, 3, 4, 5, 6, 7];
	expect(paged(all, 4, 1)).toEqual({ shown: [5, 6, 7], page: 1, pages: 2 });
	expect(paged(all, 4, 9).page).toBe(1);
	expect(paged([], 4, 0)).toEqual({ shown: [], page: 0, pages: 1 });
	expect([places("auto", 7), places("four", 7), places("one", 7)]).toEqual([7, 4, 1]);
});

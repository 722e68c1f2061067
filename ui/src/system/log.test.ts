import { expect, it } from "vitest";
import { filtered, linesOf } from "./log";
import { nameOf } from "./save";
import { windowOf } from "./firmware";

const TEXT = `[2026-11-23T04:00:00Z INFO  lunette] porch/main: recording
[2026-11-23T04:00:01Z WARN  lunette] gate/main: away: no route
  because of the switch
[2026-11-23T04:00:02Z ERROR lunette] the disk failed
`;

it("a line without a level is of the one before", () => {
	expect(linesOf(TEXT).map(({ level }) => level)).toEqual(["info", "warn", "warn", "error"]);
	expect(linesOf("")).toEqual([]);
});

it("levels and words choose lines", () => {
	const lines = linesOf(TEXT);
	const told = (least: Parameters<typeof filtered>[1], words = "") => filtered(lines, least, words).length;
	expect([told("trace"), told("info"), told("warn"), told("error")]).toEqual([4, 4, 3, 1]);
	expect([told("info", "GATE main"), told("info", "gate disk"), told("info", " ")]).toEqual([1, 0, 4]);
});

it("a file has the name that the recorder gave it", () => {
	expect(nameOf('attachment; filename="lunette-backup-2026-11-23.json"')).toBe("lunette-backup-2026-11-23.json");
	expect([nameOf(null), nameOf("attachment"), nameOf('attachment; filename="../x"')]).toEqual([null, null, null]);
});

it("a window has two times", () => {
	expect(windowOf("03:00", "04:30")).toBe("03:00-04:30");
	expect(windowOf("23:30", "01:00")).toBe("23:30-01:00");
	expect([windowOf("3:00", "04:00"), windowOf("03:00", ""), windowOf("24:00", "01:00"), windowOf("03:00", "03:00")]).toEqual([null, null, null, null]);
});

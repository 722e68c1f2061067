import { expect, it } from "vitest";
import { SECOND, fromMs } from "../time/units";
import { codecIn } from "./codecs";
import { nextStart, parsePlaylist, resolve, segmentAt } from "./playlist";

const BASE = "/api/cameras/U/main/vod.m3u8";
const at = (text: string) => fromMs(Date.parse(text));
const list = parsePlaylist(
	`#EXTM3U
#EXT-X-VERSION:7
#EXT-X-START:TIME-OFFSET=2.5,PRECISE=YES
#EXT-X-MAP:URI="../../../init/1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T02:01:50.500+01:00
#EXTINF:4.00000,
view.m4s?m=1.0-360000
#EXTINF:3.50000,
view.m4s?m=1.360000-675000
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="../../../init/2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T02:03:00.000+01:00
#EXTINF:4.00000,
view.m4s?m=7.0-360000
#EXT-X-ENDLIST
`,
	BASE,
);

it("segments know their time, their address and how they are decoded", () => {
	const first = at("2026-11-23T01:01:50.500Z");
	expect(list).toEqual([
		{ start: first, end: first + 4 * SECOND, url: "/api/cameras/U/main/view.m4s?m=1.0-360000", init: "/api/init/1.mp4" },
		{ start: first + 4 * SECOND, end: first + 7.5 * SECOND, url: "/api/cameras/U/main/view.m4s?m=1.360000-675000", init: "/api/init/1.mp4" },
		{ start: at("2026-11-23T01:03:00Z"), end: at("2026-11-23T01:03:04Z"), url: "/api/cameras/U/main/view.m4s?m=7.0-360000", init: "/api/init/2.mp4" },
	]);
});

it("a moment is in one segment, or in a hole that ends", () => {
	expect(segmentAt(list, at("2026-11-23T01:01:55Z"))).toBe(1);
	expect(segmentAt(list, at("2026-11-23T01:02:30Z"))).toBe(-1);
	expect(nextStart(list, at("2026-11-23T01:02:30Z"))).toBe(at("2026-11-23T01:03:00Z"));
	expect(nextStart(list, at("2026-11-23T01:04:00Z"))).toBeNull();
});

it("addresses are relative to the list", () => {
	expect(resolve("view.m4s?m=1.0-5", BASE)).toBe("/api/cameras/U/main/view.m4s?m=1.0-5");
	expect(resolve("../../../init/3.mp4", BASE)).toBe("/api/init/3.mp4");
});

it("codecs are read from the boxes that name them", () => {
	const box = (name: string, bytes: number[]) => new Uint8Array([0, 0, 0, 0, ...[...name].map((c) => c.charCodeAt(0)), ...bytes]);
	expect(codecIn(box("avcC", [1, 0x4d, 0x40, 0x1f, 0xff]))).toBe("avc1.4d401f");
	// Main profile, compatible with 1 and 2, main tier, level 3.1, constraint byte B0.
	expect(codecIn(box("hvcC", [1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]))).toBe("hvc1.1.6.L93.B0");
	expect(() => codecIn(box("vpcC", [1]))).toThrow();
});

// How the recorder's initialisation segments are decoded: asked for once each.

import { take } from "../api/ask";

const known = new Map<string, Promise<string>>();

/** The codec, by RFC 6381, of an initialisation segment: told by its sample entry. */
export function codecOf(init: string): Promise<string> {
	let found = known.get(init);
	if (!found) {
		found = take(init).then(({ bytes }) => codecIn(new Uint8Array(bytes)));
		known.set(init, found);
		found.catch(() => known.delete(init));
	}
	return found;
}

/** ISO/IEC 14496-15: what stands in `avcC` or `hvcC`. */
export function codecIn(bytes: Uint8Array): string {
	const avc = find(bytes, "avcC");
	if (avc >= 0) return `avc1.${[1, 2, 3].map((at) => hex(bytes[avc + at] ?? 0)).join("")}`;
	const hevc = find(bytes, "hvcC");
	if (hevc >= 0) return hevcCodec(bytes.subarray(hevc));
	throw new Error("a kind of video that is not known");
}

/** E.3 of that standard: profile, compatibility in reverse, tier and level, constraints. */
function hevcCodec(box: Uint8Array): string {
	const first = box[1] ?? 0;
	const space = ["", "A", "B", "C"][first >> 6] ?? "";
	let compatibility = 0;
	for (let bit = 0; bit < 32; bit += 1) {
		const isSet = ((box[2 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1;
		compatibility += isSet * 2 ** bit;
	}
	const constraints = [...box.subarray(6, 12)];
	while (constraints.length > 0 && constraints[constraints.length - 1] === 0) constraints.pop();
	const tier = (first >> 5) & 1 ? "H" : "L";
	const parts = [`${space}${first & 31}`, compatibility.toString(16).toUpperCase(), `${tier}${box[12] ?? 0}`];
	return ["hvc1", ...parts, ...constraints.map((byte) => byte.toString(16).toUpperCase())].join(".");
}

/** Where behind the four letters of a box its content begins; -1 when there is none. */
function find(bytes: Uint8Array, name: string): number {
	const letters = [...name].map((letter) => letter.charCodeAt(0));
	for (let at = 0; at + 4 < bytes.length; at += 1) {
		if (letters.every((letter, i) => bytes[at + i] === letter)) return at + 4;
	}
	return -1;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

// A span of a camera as one file: its address, how large it is, and why it cannot be had.

import type { StreamKind } from "../api/types";
import { pathOf } from "../api/types";
import type { Span } from "../timeline/spans";

export function filmAddress(uuid: string, kind: StreamKind, { start, end }: Span, withTime: boolean): string {
	return `${pathOf(uuid, kind)}/view.mp4?start90k=${Math.round(start)}&end90k=${Math.round(end)}${withTime ? "&ts=true" : ""}`;
}

export type Weighed = { bytes: number } | { refusal: string };

/** The recorder knows the size of a film before it is made. */
export async function weigh(address: string, signal: AbortSignal): Promise<Weighed> {
	const answer = await fetch(address, { headers: { Range: "bytes=0-0" }, signal });
	if (answer.ok) {
		const whole = /\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
		return { bytes: Number(whole ?? answer.headers.get("content-length") ?? 0) };
	}
	const told = (await answer.json().catch(() => ({}))) as { detail?: string };
	return { refusal: told.detail ?? String(answer.status) };
}

// What the recorder says of itself and its cameras, asked for again every other second while somebody looks.

import { computed, signal } from "@preact/signals";
import { unitsNow } from "../time/units";
import { Refusal, ask } from "./ask";
import type { Camera, Top } from "./types";

const EVERY_MS = 2_000;

/** The newest answer; `null` before the first. */
export const top = signal<Top | null>(null);
/** Why the last question was not answered; `null` when it was. */
export const silence = signal<string | null>(null);
/** The recorder was upgraded while the page was open. */
export const isOtherVersion = signal(false);

/** Cameras that are recorded; removed ones only left their film. */
export const cameras = computed<Camera[]>(() => (top.value?.cameras ?? []).filter((camera) => !camera.removed));
export const allCameras = computed<Camera[]>(() => top.value?.cameras ?? []);
/** An IANA name, or `null` where the recorder knows only an offset. */
export const zoneName = computed<string | null>(() => top.value?.timeZoneName ?? null);

/** By how much the recorder's clock is ahead of the browser's, in 1/90 000 s. */
let ahead90k = 0;
/** What time it is at the recorder, in 1/90 000 s. */
export const now90k = (): number => unitsNow() + ahead90k;

let timer: ReturnType<typeof setTimeout> | undefined;
let isAsking = false;

/** Asks now, and from now on. */
export async function refresh(): Promise<void> {
	clearTimeout(timer);
	if (isAsking) return;
	isAsking = true;
	try {
		const answer = await ask<Top>("/api/?days=true");
		ahead90k = answer.now90k - unitsNow();
		if (top.value && top.value.version !== answer.version) isOtherVersion.value = true;
		top.value = answer;
		silence.value = null;
	} catch (e) {
		silence.value = e instanceof Refusal ? e.message : String(e);
	} finally {
		isAsking = false;
	}
	if (!document.hidden) timer = setTimeout(() => void refresh(), EVERY_MS);
}

/** Begins to ask; a page that nobody sees asks nothing. */
export function follow(): () => void {
	const look = () => (document.hidden ? clearTimeout(timer) : void refresh());
	document.addEventListener("visibilitychange", look);
	window.addEventListener("online", look);
	void refresh();
	return () => {
		clearTimeout(timer);
		document.removeEventListener("visibilitychange", look);
		window.removeEventListener("online", look);
	};
}

// Keys of the time line's page, wherever the focus is, except in questions.

import type { Review } from "./Review";
import { RATES } from "../play/Playback";
import { SECOND } from "../time/units";

/** Listens until what it answers with is called. */
export function listen(review: Review): () => void {
	const { playback } = review;
	const faster = (step: 1 | -1) => {
		const at = RATES.findIndex((rate) => rate === playback.rate.value);
		playback.setRate(RATES[Math.min(RATES.length - 1, Math.max(0, at + step))] ?? 1);
	};
	const keys: Record<string, () => void> = {
		" ": () => playback.toggle(),
		k: () => playback.toggle(),
		j: () => review.seek(playback.at.value - 10 * SECOND),
		l: () => review.seek(playback.at.value + 10 * SECOND),
		",": () => review.step(-1),
		".": () => review.step(1),
		n: () => void review.jump(1),
		p: () => void review.jump(-1),
		i: () => review.mark("in", playback.at.value),
		o: () => review.mark("out", playback.at.value),
		"<": () => faster(-1),
		">": () => faster(1),
		Escape: () => (review.markedIn.value !== null || review.markedOut.value !== null ? review.clearMarks() : (review.names.value = [])),
	};
	const press = (event: KeyboardEvent) => {
		const { target } = event;
		if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
		if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
		// A button that has the focus takes the space bar itself.
		if (event.key === " " && target instanceof HTMLButtonElement) return;
		const act = keys[event.key];
		if (!act) return;
		event.preventDefault();
		act();
	};
	document.addEventListener("keydown", press);
	return () => document.removeEventListener("keydown", press);
}

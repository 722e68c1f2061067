// The time that is shown, which can be typed too: "18:33", "18:33:03", "2026-11-22 18:33".

import { useState } from "preact/hooks";
import { t } from "../text";
import { zone } from "../time/recorderZone";
import { parseTime } from "../time/zone";
import type { Review } from "./Review";

export function Moment({ review }: { review: Review }) {
	const [typed, setTyped] = useState<string | null>(null);
	const at = review.playback.at.value;
	const meant = typed === null ? null : read(typed, at);

	const submit = (event: Event) => {
		event.preventDefault();
		if (meant === null) return;
		review.seek(meant);
		setTyped(null);
	};
	return (
		<form onSubmit={submit}>
			<input
				class="moment" aria-label={t.timeline.moment} value={typed ?? zone.value.clock(at)} inputMode="numeric" spellcheck={false}
				autoComplete="off" aria-invalid={typed !== null && meant === null ? true : undefined}
				onFocus={(event) => event.currentTarget.select()} onBlur={() => setTyped(null)}
				onInput={(event) => setTyped(event.currentTarget.value)}
			/>
		</form>
	);
}

/** A time of the day that is shown, or of another one. */
function read(text: string, at: number): number | null {
	const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text.trim());
	if (!clock) return parseTime(text, zone.value);
	const [, hour, minute, second = "0"] = clock;
	return zone.value.time({ ...zone.value.civil(at), hour: Number(hour), minute: Number(minute), second: Number(second) });
}

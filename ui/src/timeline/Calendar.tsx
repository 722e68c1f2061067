// A month, with the days that have film.

import { useEffect, useRef, useState } from "preact/hooks";
import { now90k } from "../api/recorder";
import { IconButton } from "../parts/Button";
import { t } from "../text";
import { told, zone } from "../time/recorderZone";
import { DAY, duration } from "../time/units";
import { type Day, filmByDay, monthOf } from "./calendar";
import { dayOf } from "./labels";
import type { Review } from "./Review";

export function Calendar({ review, onClose }: { review: Review; onClose: () => void }) {
	const box = useRef<HTMLDivElement>(null);
	const at = review.playback.at.value;
	const [month, setMonth] = useState(() => zone.value.startOfMonth(at));
	const weeks = monthOf(month, zone.value, filmByDay(review.cameras.value));
	const [today, shown] = [zone.value.date(now90k()), zone.value.date(at)];

	useEffect(() => {
		box.current?.querySelector<HTMLElement>("[aria-current], td button:not(:disabled)")?.focus();
		const leave = (event: Event) => {
			const isInside = event.target instanceof Node && box.current?.parentElement?.contains(event.target);
			if (!isInside) onClose();
		};
		document.addEventListener("pointerdown", leave);
		return () => document.removeEventListener("pointerdown", leave);
	}, []);

	const choose = (day: Day) => {
		review.showDay(day.start);
		onClose();
	};
	const turn = (by: number) => setMonth(zone.value.startOfMonth(month, by));
	const press = (event: KeyboardEvent) => {
		if (event.key !== "Escape") return;
		event.stopPropagation();
		box.current?.parentElement?.querySelector("button")?.focus();
		onClose();
	};

	return (
		<div ref={box} class="calendar card" role="dialog" aria-label={t.calendar.label} onKeyDown={press}>
			<header>
				<IconButton icon="left" label={t.calendar.before} onClick={() => turn(-1)} />
				<h2 aria-live="polite">{told(month, { month: "long", year: "numeric" })}</h2>
				<IconButton icon="right" label={t.calendar.after} onClick={() => turn(1)} disabled={zone.value.startOfMonth(month, 1) > now90k()} />
			</header>
			<table>
				<thead>
					<tr>
						{(weeks[1] ?? []).map((day) => (
							<th key={day.date} scope="col" abbr={told(day.start, { weekday: "long" })}>{told(day.start, { weekday: "short" }).slice(0, 2)}</th>
						))}
					</tr>
				</thead>
				<tbody>
					{weeks.map((week) => (
						<tr key={week[0]?.date}>
							{week.map((day) => (
								<td key={day.date}>
									{day.isOfMonth && (
										<button
											type="button" disabled={day.film90k === 0} aria-current={day.date === shown ? "date" : undefined}
											class={day.date === today ? "today" : ""} onClick={() => choose(day)}
											aria-label={`${dayOf(day.start, zone.value)}: ${day.film90k > 0 ? t.calendar.film(duration(day.film90k)) : t.calendar.none}`}
											title={day.film90k > 0 ? t.calendar.film(duration(day.film90k)) : undefined}
										>
											{day.number}
											{day.film90k > 0 && <i style={{ width: `${Math.max(12, Math.min(100, (100 * day.film90k) / (day.end - day.start || DAY)))}%` }} />}
										</button>
									)}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

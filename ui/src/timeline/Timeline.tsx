// The time line: a line per camera, with film, holes, events. Wheel, pinch and keys zoom; a click or drag shows the picture there.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { now90k, top } from "../api/recorder";
import { theme } from "../app/theme";
import { useSize } from "../parts/useSize";
import { t } from "../text";
import { zone } from "../time/recorderZone";
import { SECOND, duration } from "../time/units";
import { LINE, RULER, type Line, draw, heightOf, readColours, under } from "./draw";
import { Gestures } from "./gestures";
import { label, momentOf, shortDay } from "./labels";
import type { Review } from "./Review";
import { Scale } from "./scale";

export function Timeline({ review }: { review: Review }) {
	const box = useRef<HTMLDivElement>(null);
	const canvas = useRef<HTMLCanvasElement>(null);
	const hover = useSignal<{ time: number; line: number; x: number } | null>(null);
	const [width] = useSize(box);
	const { cameras, playback, scale } = review;

	const lines: Line[] = review.films.map((film) => ({
		rows: film.rows.value, gaps: film.gaps.value, events: film.events.value, kept: film.kept.value,
	}));
	const height = heightOf(lines.length);
	const view = scale.value;
	const at = playback.at.value;
	const marked = review.marked.value;

	useEffect(() => {
		if (width > 0 && scale.peek().width !== width) scale.value = scale.peek().resized(width);
	}, [width]);

	useEffect(() => {
		const element = canvas.current;
		if (!element) return;
		const gestures = new Gestures(element, review, (place) => (hover.value = place));
		return () => gestures.close();
	}, [review]);

	// After each render: whatever it showed may have changed.
	useEffect(() => {
		const context = canvas.current?.getContext("2d");
		if (!context || !canvas.current || width === 0) return;
		const ratio = window.devicePixelRatio || 1;
		const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
		if (canvas.current.width !== wide || canvas.current.height !== tall) Object.assign(canvas.current, { width: wide, height: tall });
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		draw(context, {
			scale: view.resized(width), zone: zone.value, lines, at, now: now90k(), hover: hover.value?.time ?? null,
			marked: marked ?? loneMark(review), colours: readColours(canvas.current),
			labels: (time, isMajor, step) => label(time, isMajor, step, zone.value),
		});
	});
	// Read, so that the line moves on and takes other colours.
	void top.value;
	void theme.value;

	const told = hover.value && { ...hover.value, words: wordsAt(lines[hover.value.line], hover.value.time, view) };
	return (
		<div class="timeline">
			<div class="names" aria-hidden="true" style={{ paddingTop: `${RULER}px` }}>
				{cameras.value.map((camera) => <span key={camera.uuid} style={{ height: `${LINE}px` }}>{camera.name}</span>)}
			</div>
			<div
				ref={box} class="lines" role="slider" tabIndex={0} aria-label={t.timeline.label} style={{ height: `${height}px` }}
				aria-valuemin={Math.round(view.start / SECOND)} aria-valuemax={Math.round(view.end / SECOND)}
				aria-valuenow={Math.round(at / SECOND)} aria-valuetext={momentOf(at, zone.value)} aria-describedby="timeline-keys"
				onKeyDown={(event) => press(event, review)}
			>
				<canvas ref={canvas} style={{ height: `${height}px` }} />
				{told && (
					<p class="hover" style={{ left: `${told.x}px`, transform: `translateX(${(-100 * told.x) / Math.max(1, width)}%)` }} aria-hidden="true">
						<b>{zone.value.clock(told.time)}</b> {shortDay(told.time, zone.value)}
						{told.words && <span>{told.words}</span>}
					</p>
				)}
			</div>
			<p id="timeline-keys" class="unseen">{t.timeline.keys}</p>
		</div>
	);
}

/** A mark that waits for the other one. */
function loneMark(review: Review): { start: number; end: number } | null {
	const one = review.markedIn.value ?? review.markedOut.value;
	return one === null ? null : { start: one, end: one };
}

/** What is there, in words. */
function wordsAt(line: Line | undefined, time: number, view: Scale): string {
	if (!line) return "";
	const found = under(line, time, (view.length / Math.max(1, view.width)) * 3);
	if (found.event) return t.timeline.event(found.event.kind);
	if (found.row?.damaged) return t.timeline.damaged;
	if (found.gap && !found.row) {
		const { gap } = found;
		const long = gap.endTime90k === null ? t.timeline.lasting : duration(gap.endTime90k - gap.startTime90k);
		return `${t.causes[gap.cause]} · ${long}${gap.detail ? ` · ${gap.detail}` : ""}`;
	}
	return "";
}

/** Keys while the time line has the focus; those of the whole page are in `keys.ts`. */
function press(event: KeyboardEvent, review: Review): void {
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	const view = review.scale.value;
	const at = review.playback.at.value;
	const step = view.length / 120;
	const moves: Record<string, () => void> = {
		ArrowLeft: () => (event.shiftKey ? review.show(view.moved(-view.length / 4)) : review.seek(at - step)),
		ArrowRight: () => (event.shiftKey ? review.show(view.moved(view.length / 4)) : review.seek(at + step)),
		ArrowUp: () => review.show(view.zoomed(0.5, at)),
		ArrowDown: () => review.show(view.zoomed(2, at)),
		"+": () => review.show(view.zoomed(0.5, at)),
		"-": () => review.show(view.zoomed(2, at)),
		PageUp: () => review.seek(at - view.length),
		PageDown: () => review.seek(at + view.length),
		Home: () => review.seek(Math.min(...review.films.flatMap((film) => film.rows.value.map((row) => row.startTime90k)), at)),
		End: () => review.seek(now90k()),
	};
	const move = moves[event.key];
	if (!move) return;
	event.preventDefault();
	event.stopPropagation();
	move();
}

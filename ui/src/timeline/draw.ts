// How the time line is drawn: a ruler, and under it a line per camera. Everything comes as plain values.

import type { CameraEvent, Gap, ProtectedSpan, Row } from "../api/types";
import { SECOND } from "../time/units";
import type { Zone } from "../time/zone";
import { type Scale, ticks } from "./scale";
import { type Span, joined } from "./spans";

export const RULER = 34;
export const LINE = 40;

export type Line = { rows: Row[]; gaps: Gap[]; events: CameraEvent[]; kept: ProtectedSpan[] };
export type Picture = {
	scale: Scale;
	zone: Zone;
	lines: Line[];
	at: number;
	now: number;
	hover: number | null;
	marked: Span | null;
	colours: Colours;
	labels: (time: number, isMajor: boolean, length: number) => string;
};
export type Colours = Record<(typeof NAMES)[number], string>;
const NAMES = ["ink", "faint", "line", "card", "raised", "film", "film-soft", "gap", "event", "kept", "now", "accent", "bad"] as const;

export function readColours(element: Element): Colours {
	const style = getComputedStyle(element);
	return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
}

export const heightOf = (lines: number): number => RULER + lines * LINE;

export function draw(context: CanvasRenderingContext2D, picture: Picture): void {
	const { scale, lines, colours } = picture;
	const height = heightOf(lines.length);
	context.clearRect(0, 0, scale.width, height);
	context.font = "12px system-ui, sans-serif";
	context.textBaseline = "middle";
	drawFuture(context, picture, height);
	drawRuler(context, picture, height);
	lines.forEach((line, at) => drawLine(context, picture, line, RULER + at * LINE));
	if (picture.marked) drawMarked(context, picture, picture.marked, height);
	drawUpright(context, scale.x(picture.now), RULER - 8, height, colours.now, 1.5);
	if (picture.hover !== null) drawUpright(context, scale.x(picture.hover), RULER, height, colours.faint, 1);
	drawPlayhead(context, picture, height);
}

function drawFuture(context: CanvasRenderingContext2D, { scale, now, colours }: Picture, height: number): void {
	const x = Math.max(0, scale.x(now));
	if (x >= scale.width) return;
	context.fillStyle = colours.raised;
	context.fillRect(x, RULER, scale.width - x, height - RULER);
}

function drawRuler(context: CanvasRenderingContext2D, { scale, zone, colours, labels }: Picture, height: number): void {
	const { step, ticks: marks } = ticks(scale, zone);
	context.fillStyle = colours.line;
	for (const { time } of marks) context.fillRect(Math.round(scale.x(time)), RULER - 6, 1, height - RULER + 6);
	for (const { time, isMajor } of marks) {
		context.fillStyle = isMajor ? colours.ink : colours.faint;
		context.textAlign = "center";
		context.fillText(labels(time, isMajor, step.length), scale.x(time), 14);
	}
}

function drawLine(context: CanvasRenderingContext2D, { scale, colours, now }: Picture, line: Line, top: number): void {
	const [y, tall] = [top + 7, LINE - 14];
	context.fillStyle = colours.line;
	context.fillRect(0, top + LINE - 1, scale.width, 1);
	const pixel = scale.length / Math.max(1, scale.width);
	const seen = (start: number, end: number) => end >= scale.start && start <= scale.end;

	for (const gap of line.gaps) {
		const end = gap.endTime90k ?? now;
		if (seen(gap.startTime90k, end)) box(context, scale, gap.startTime90k, end, y + tall / 2 - 2, 4, colours.gap, 2);
	}
	const rows = line.rows.filter((row) => seen(row.startTime90k, row.endTime90k));
	for (const span of joined(rows, pixel)) box(context, scale, span.start, span.end, y, tall, colours.film, 4);
	for (const kept of line.kept) {
		if (seen(kept.startTime90k, kept.endTime90k)) box(context, scale, kept.startTime90k, kept.endTime90k, y - 4, 3, colours.kept, 1.5);
	}
	for (const event of line.events) {
		const end = event.end90k ?? now;
		if (seen(event.start90k, end)) box(context, scale, event.start90k, end, y + tall - 8, 8, colours.event, 2);
	}
	for (const row of rows) if (row.damaged) hatch(context, scale, row, y, tall, colours.bad);
}

function box(
	context: CanvasRenderingContext2D, scale: Scale, start: number, end: number, y: number, tall: number, colour: string, round: number,
): void {
	const left = Math.max(-10, scale.x(start));
	const right = Math.min(scale.width + 10, scale.x(end));
	const wide = Math.max(1.5, right - left);
	context.fillStyle = colour;
	context.beginPath();
	if (wide > 2 * round && context.roundRect) context.roundRect(left, y, wide, tall, round);
	else context.rect(left, y, wide, tall);
	context.fill();
}

/** Film that was damaged on the disk. */
function hatch(context: CanvasRenderingContext2D, scale: Scale, row: Row, y: number, tall: number, colour: string): void {
	const left = Math.max(0, scale.x(row.startTime90k));
	const right = Math.min(scale.width, Math.max(left + 3, scale.x(row.endTime90k)));
	context.save();
	context.beginPath();
	context.rect(left, y, right - left, tall);
	context.clip();
	context.strokeStyle = colour;
	context.lineWidth = 2;
	context.beginPath();
	for (let x = left - tall; x < right; x += 7) {
		context.moveTo(x, y + tall);
		context.lineTo(x + tall, y);
	}
	context.stroke();
	context.restore();
}

function drawMarked(context: CanvasRenderingContext2D, { scale, colours }: Picture, { start, end }: Span, height: number): void {
	const [left, right] = [scale.x(start), scale.x(end)];
	context.save();
	context.globalAlpha = 0.22;
	context.fillStyle = colours.accent;
	context.fillRect(left, RULER - 6, right - left, height - RULER + 6);
	context.restore();
	for (const x of [left, right]) drawUpright(context, x, RULER - 6, height, colours.accent, 2.5);
}

function drawUpright(context: CanvasRenderingContext2D, x: number, top: number, bottom: number, colour: string, wide: number): void {
	context.fillStyle = colour;
	context.fillRect(x - wide / 2, top, wide, bottom - top);
}

function drawPlayhead(context: CanvasRenderingContext2D, { scale, at, colours }: Picture, height: number): void {
	const x = scale.x(at);
	if (x < -8 || x > scale.width + 8) return;
	drawUpright(context, x, RULER - 4, height, colours.ink, 2);
	context.fillStyle = colours.ink;
	context.beginPath();
	context.moveTo(x - 7, RULER - 12);
	context.lineTo(x + 7, RULER - 12);
	context.lineTo(x, RULER);
	context.fill();
}

/** Near enough to be meant by a finger. */
export const isNear = (scale: Scale, a: number, b: number, pixels = 9): boolean => Math.abs(scale.x(a) - scale.x(b)) <= pixels;

/** What a pointer at this moment of a line points at: an event, a hole, film, or nothing. */
export function under(line: Line, time: number, slack: number): { event?: CameraEvent; gap?: Gap; row?: Row } {
	const within = (start: number, end: number) => time >= start - slack && time <= end + slack;
	const event = line.events.find((event) => within(event.start90k, event.end90k ?? Infinity));
	const row = line.rows.find((row) => time >= row.startTime90k && time < row.endTime90k);
	const gap = line.gaps.find((gap) => within(gap.startTime90k, gap.endTime90k ?? Infinity));
	return { event, row, gap: row && slack < SECOND ? undefined : gap };
}

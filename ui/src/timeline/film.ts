// `Film`: what the time line knows of one camera: spans, holes with their causes, events, protected film. Asked for as it is looked at.

import { signal } from "@preact/signals";
import { Refusal, ask } from "../api/ask";
import { now90k } from "../api/recorder";
import type { Camera, CameraEvent, Gap, Gaps, Listing, Protected, ProtectedSpan, Row, StreamKind } from "../api/types";
import { pathOf } from "../api/types";
import { MINUTE, SECOND } from "../time/units";
import { type Span, filmed, isWithin, merged } from "./spans";

/** What is being recorded is asked for anew so often. */
const AGAIN_MS = 5_000;
const RECENT = 2 * MINUTE;

export class Film {
	readonly rows = signal<Row[]>([]);
	readonly gaps = signal<Gap[]>([]);
	readonly events = signal<CameraEvent[]>([]);
	readonly kept = signal<ProtectedSpan[]>([]);
	readonly wrong = signal<string | null>(null);
	private known: Span | null = null;
	private askedAt = 0;
	private asking: Promise<void> | null = null;
	private hasEvents = true;

	constructor(readonly uuid: string, readonly kind: StreamKind) {
		void this.readKept();
	}

	/** The stream whose film is shown: the main one, if there is any. */
	static kindOf(camera: Camera): StreamKind {
		const { main, sub } = camera.streams;
		if (!main) return "sub";
		return main.duration90k === 0 && !main.live && sub && sub.duration90k > 0 ? "sub" : "main";
	}

	get path(): string {
		return pathOf(this.uuid, this.kind);
	}

	/** Sees to it that this span is known, with as much around it; and what is recorded now. */
	async look(span: Span): Promise<void> {
		while (this.asking) await this.asking;
		const isNew = !isWithin(span, this.known);
		const isOld = span.end > now90k() - 5 * SECOND && Date.now() - this.askedAt > AGAIN_MS;
		if (!isNew && !isOld) return;
		this.asking = this.ask(span, isNew);
		await this.asking;
	}

	private async ask(span: Span, isNew: boolean): Promise<void> {
		try {
			if (isNew) {
				const more = span.end - span.start;
				await this.read({ start: span.start - more, end: Math.min(span.end + more, now90k() + MINUTE) });
				this.known = { start: span.start - more, end: span.end + more };
			} else {
				await this.read({ start: now90k() - RECENT, end: now90k() + MINUTE });
			}
			this.wrong.value = null;
		} catch (e) {
			this.wrong.value = e instanceof Error ? e.message : String(e);
		} finally {
			this.askedAt = Date.now();
			this.asking = null;
		}
	}

	async readKept(): Promise<void> {
		try {
			this.kept.value = (await ask<Protected>(`${this.path}/protected`)).protected;
		} catch {
			// A viewer may not know; nothing is drawn then.
		}
	}

	private async read(span: Span): Promise<void> {
		const asked = `start90k=${Math.round(span.start)}&end90k=${Math.round(span.end)}`;
		const [listing, gaps, events] = await Promise.all([
			ask<Listing>(`${this.path}/recordings?${asked}`),
			ask<Gaps>(`${this.path}/gaps?${asked}`).catch(() => null),
			this.readEvents(asked),
		]);
		const isOutside = (one: { start: number; end: number }) => one.end <= span.start || one.start >= span.end;
		this.rows.value = filmed(merged(this.rows.value, listing.recordings, span));
		if (gaps) {
			const kept = this.gaps.value.filter((gap) => isOutside({ start: gap.startTime90k, end: gap.endTime90k ?? Infinity }));
			this.gaps.value = [...kept, ...gaps.gaps].sort((a, b) => a.startTime90k - b.startTime90k);
		}
		if (events) {
			const kept = this.events.value.filter((event) => isOutside({ start: event.start90k, end: event.end90k ?? Infinity }));
			this.events.value = [...kept, ...events].sort((a, b) => a.start90k - b.start90k);
		}
	}

	/** `null` of a recorder that has none. */
	private async readEvents(asked: string): Promise<CameraEvent[] | null> {
		if (!this.hasEvents) return null;
		try {
			return (await ask<{ events: CameraEvent[] }>(`/api/cameras/${this.uuid}/events?${asked}`)).events;
		} catch (e) {
			if (e instanceof Refusal && e.status === 404) this.hasEvents = false;
			return null;
		}
	}
}

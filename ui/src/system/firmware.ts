// What the box runs, what could be installed, and how far that is.

import { signal } from "@preact/signals";
import { ask } from "../api/ask";
import { t } from "../text";

export type SlotName = "A" | "B";
export type Slot = { version: string | null; state: "good" | "bad" | "unproven"; proven: boolean; installed: string | null; hash: string | null };
export type LastUpgrade = { from: string; to: string; when90k: number; outcome: "good" | "rolledBack" | "kept"; why: string };
export type FirmwareState = {
	onImage: boolean;
	version?: string;
	booted?: SlotName | null;
	slots?: Partial<Record<SlotName, Slot>>;
	lastUpgrade?: LastUpgrade | null;
	pending?: string | null;
	channel?: { url: string | null; checked90k: number | null; available: { version: string; refusal: string | null } | null; error: string | null };
	schedule?: { window: string | null };
};
export type Step = "idle" | "uploading" | "checking" | "installing" | "installed" | "failed";
export type Progress = { step: Step; percent: number; message: string };

export class Firmware {
	readonly state = signal<FirmwareState | null>(null);
	/** What the recorder says, or how far the upload is. */
	readonly progress = signal<Progress>({ step: "idle", percent: 0, message: "" });
	private readonly source: EventSource;
	private upload: XMLHttpRequest | null = null;

	constructor() {
		this.source = new EventSource("/api/firmware/progress");
		const take = ({ data }: MessageEvent) => this.take(JSON.parse(data as string) as Progress);
		this.source.addEventListener("progress", take);
		this.source.addEventListener("message", take);
		void this.read();
	}

	close(): void {
		this.source.close();
		this.upload?.abort();
	}

	async read(): Promise<void> {
		this.state.value = await ask<FirmwareState>("/api/firmware");
	}

	/** Sends a bundle; the recorder goes on with it by itself. */
	send(bundle: File, force: boolean): void {
		const request = new XMLHttpRequest();
		this.upload = request;
		this.progress.value = { step: "uploading", percent: 0, message: "" };
		request.upload.onprogress = ({ loaded, total }) => {
			if (this.upload === request) this.progress.value = { step: "uploading", percent: Math.floor((100 * loaded) / Math.max(1, total)), message: "" };
		};
		request.onload = () => {
			this.upload = null;
			if (request.status >= 400) this.fail(detailOf(request.responseText) ?? t.recorder.status(request.status));
		};
		request.onerror = () => {
			this.upload = null;
			this.fail(t.recorder.silent);
		};
		request.open("POST", `/api/firmware${force ? "?force=true" : ""}`);
		request.setRequestHeader("Content-Type", "application/octet-stream");
		request.send(bundle);
	}

	/** Has the recorder fetch it. */
	async fetch(url: string, force: boolean): Promise<void> {
		this.progress.value = { step: "checking", percent: 0, message: "" };
		try {
			await ask("/api/firmware", { method: "POST", body: { url, force }, patienceMs: 120_000 });
		} catch (e) {
			this.fail(e instanceof Error ? e.message : String(e));
		}
	}

	async change(settings: { channel?: string | null; window?: string | null }): Promise<void> {
		await ask("/api/firmware", { method: "PATCH", body: settings });
		await this.read();
	}

	private take(progress: Progress): void {
		// While it is sent, the browser knows better how far it is.
		if (this.upload && (progress.step === "uploading" || progress.step === "idle")) return;
		const before = this.progress.value.step;
		// A refusal was told already.
		if (progress.step === "idle" && before === "failed") return;
		this.progress.value = progress;
		if (progress.step !== before && (progress.step === "installed" || progress.step === "failed")) void this.read().catch(() => {});
	}

	private fail(message: string): void {
		this.progress.value = { step: "failed", percent: 0, message };
	}
}

function detailOf(text: string): string | null {
	try {
		return (JSON.parse(text) as { detail?: string }).detail ?? null;
	} catch {
		return null;
	}
}

/** A window of the day as the recorder takes it, or `null` when it is none. */
export function windowOf(start: string, end: string): string | null {
	const isTime = (text: string) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
	return isTime(start) && isTime(end) && start !== end ? `${start}-${end}` : null;
}

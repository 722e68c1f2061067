// Cameras that answer on the network, as the recorder finds them while the page is open.

import { signal } from "@preact/signals";
import { ask } from "../api/ask";
import type { Found, RecordResult } from "../api/types";

export type Recorded = { results: RecordResult[] };

export class Discovery {
	readonly found = signal<Found[]>([]);
	readonly isLooking = signal(false);
	/** `false` of a recorder that cannot look for cameras. */
	readonly isThere = signal<boolean | null>(null);
	private readonly source = new EventSource("/api/discovery");

	constructor() {
		this.source.addEventListener("open", () => (this.isThere.value = true));
		this.source.addEventListener("camera", ({ data }) => this.take(JSON.parse(data as string) as Found));
		this.source.addEventListener("gone", ({ data }) => this.forget((JSON.parse(data as string) as { key: string }).key));
		this.source.addEventListener("sweep", ({ data }) => (this.isLooking.value = (JSON.parse(data as string) as { state: string }).state === "begun"));
		this.source.addEventListener("error", () => {
			if (this.source.readyState === EventSource.CLOSED) this.isThere.value = false;
		});
	}

	close(): void {
		this.source.close();
	}

	/** Records these cameras, with one login for all that need one. */
	record(keys: string[], username: string, password: string): Promise<Recorded> {
		const login = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
		return ask<Recorded>("/api/discovery/record", { method: "POST", body: { keys, ...login }, patienceMs: 60_000 });
	}

	private forget(gone: string): void {
		this.found.value = this.found.value.filter(({ key }) => key !== gone);
	}

	private take(camera: Found): void {
		const others = this.found.value.filter(({ key }) => key !== camera.key);
		// Each keeps its place, whenever it answers.
		this.found.value = [...others, camera].sort((a, b) => a.name.localeCompare(b.name) || (a.key < b.key ? -1 : 1));
	}
}

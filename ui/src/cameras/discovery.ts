// Cameras that answer on the network, as the recorder finds them while the page is open.

import { signal } from "@preact/signals";
import { ask } from "../api/ask";

export type FoundState =
	| "asking" | "open" | "needsLogin" | "wrongLogin" | "clockOff" | "lockedOut" | "noVideo" | "unreachable";
export type Profile = { kind: "main" | "sub"; codec: string; width: number; height: number; fps: number };
export type Found = {
	key: string;
	address: string;
	name: string;
	maker: string;
	model: string;
	state: FoundState;
	profiles: Profile[];
	camera: string | null;
	foundByItself: boolean;
	hasSnapshot: boolean;
};
export type Recorded = { results: Array<{ key: string; camera: string | null; error: { state: FoundState; detail: string } | null }> };

export class Discovery {
	readonly found = signal<Found[]>([]);
	readonly isLooking = signal(false);
	/** `false` of a recorder that cannot look for cameras. */
	readonly isThere = signal<boolean | null>(null);
	private readonly source = new EventSource("/api/discovery");

	constructor() {
		this.source.addEventListener("open", () => (this.isThere.value = true));
		this.source.addEventListener("camera", ({ data }) => this.take(JSON.parse(data as string) as Found));
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

	private take(camera: Found): void {
		const known = this.found.value;
		const at = known.findIndex(({ key }) => key === camera.key);
		this.found.value = at < 0 ? [...known, camera] : known.map((one, i) => (i === at ? camera : one));
	}
}

// What the recorder says of its disk, asked for while somebody looks at it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../api/ask";
import type { Storage } from "../api/types";

const EVERY_MS = 5_000;

export const storage = signal<Storage | null>(null);

/** Keeps `storage` fresh as long as the component is there. */
export function useStorage(): void {
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout>;
		const read = async () => {
			try {
				storage.value = await ask<Storage>("/api/storage");
			} catch {
				// The frame says that the recorder does not answer.
			}
			timer = setTimeout(() => void read(), EVERY_MS);
		};
		void read();
		return () => clearTimeout(timer);
	}, []);
}

/** What a stream's film would come to with this quota; `null` bytes share the pool. */
export async function forecast(uuid: string, kind: string, bytes: number | null): Promise<number | null> {
	const told = await ask<Storage>(`/api/storage?retain=${uuid}/${kind}:${bytes === null ? "pool" : Math.round(bytes)}`);
	return told.streams.find((stream) => stream.camera === uuid && stream.stream === kind)?.forecastDays ?? null;
}

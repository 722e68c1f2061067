// The box that the recorder runs on, where that is ours: asked for while somebody looks at it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Refusal, ask } from "../api/ask";

const EVERY_MS = 5_000;

export type DiskHealth = { device: string; name: string | null; bytes: number; ioErrors: number | null; lifeUsed: number | null };
export type Interface = { name: string; carrier: boolean; wireless: boolean; mac: string | null; speedMbps: number | null; addresses: string[] };
export type Machine = {
	onImage: boolean;
	hostName?: string | null;
	model?: string | null;
	version?: string;
	bootedSlot?: string | null;
	uptime?: number | null;
	load?: number | null;
	memory?: { totalBytes: number; availableBytes: number } | null;
	temperatureC?: number | null;
	underVoltage?: boolean | null;
	disks?: DiskHealth[];
	network?: Interface[];
};

export type NetworkSetting = { interface: string; method: "dhcp" | "static"; address?: string; gateway?: string; dns?: string[] };
export type FileSystem = { device: string; kind: string; label: string | null; uuid: string; bytes: number; mounted: string[]; adopted: boolean };
export type BlockDisk = { device: string; name: string; bytes: number; bus: string; isSystem: boolean; fileSystems: FileSystem[] };

/** `null` until it is known; `onImage: false` of a recorder that runs on a machine of somebody else. */
export const machine = signal<Machine | null>(null);

/** Keeps `machine` fresh as long as the component is there. */
export function useMachine(): void {
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout>;
		let isLeft = false;
		const read = async () => {
			try {
				machine.value = await ask<Machine>("/api/system");
			} catch (e) {
				// One that does not know the question is no box of ours. For all else the frame says what is wrong.
				if (e instanceof Refusal && e.status === 404) machine.value = { onImage: false };
			}
			if (!isLeft && machine.value?.onImage !== false) timer = setTimeout(() => void read(), EVERY_MS);
		};
		void read();
		return () => {
			isLeft = true;
			clearTimeout(timer);
		};
	}, []);
}

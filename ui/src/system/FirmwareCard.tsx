// The two systems on the card, what became of the last upgrade, and the way to the next.

import { useEffect, useMemo } from "preact/hooks";
import { t } from "../text";
import { since } from "../time/recorderZone";
import { now90k } from "../api/recorder";
import { SECOND } from "../time/units";
import { Channel } from "./Channel";
import { InstallForm } from "./InstallForm";
import { Firmware, type LastUpgrade, type SlotName } from "./firmware";
import { machine } from "./machine";

export function FirmwareCard() {
	const firmware = useMemo(() => new Firmware(), []);
	useEffect(() => () => firmware.close(), [firmware]);
	// After a restart another slot may run.
	const runs = machine.value?.bootedSlot;
	useEffect(() => void firmware.read().catch(() => {}), [firmware, runs]);
	const told = firmware.state.value;
	if (!told?.onImage) return null;
	const { slots = {}, booted, lastUpgrade, pending } = told;
	return (
		<section class="card form" aria-label={t.firmware.title}>
			<h2>{t.firmware.title}</h2>
			<div class="slots">
				{(["A", "B"] as SlotName[]).map((name) => {
					const slot = slots[name];
					return (
						<div key={name} class={`slot ${name === booted ? "runs" : ""}`}>
							<p><strong>{t.firmware.slot(name)}</strong> {name === booted && <span class="good">{t.firmware.runs}</span>}</p>
							<p class="large">{slot?.version ?? t.firmware.unknown}</p>
							{slot && (
								<p class={`small ${slot.state === "bad" ? "wrong" : "faint"}`}>
									{t.firmware.states[slot.state]} {slot.installed === null ? t.firmware.flashed : t.firmware.installed(whenText(slot.installed))}
								</p>
							)}
						</div>
					);
				})}
			</div>
			{lastUpgrade && <Last last={lastUpgrade} />}
			{pending && <p class="odd" role="status">{t.firmware.pending(pending)}</p>}
			<InstallForm firmware={firmware} />
			<Channel firmware={firmware} />
		</section>
	);
}

function Last({ last }: { last: LastUpgrade }) {
	return (
		<p class={last.outcome === "good" ? "" : "wrong"}>
			{t.firmware.outcomes[last.outcome](last.from, last.to)} {last.why && `${last.why}.`} <span class="faint">({since(last.when90k, now90k())})</span>
		</p>
	);
}

function whenText(rfc3339: string): string {
	const ms = Date.parse(rfc3339);
	return Number.isNaN(ms) ? rfc3339 : since(ms * (SECOND / 1000), now90k());
}

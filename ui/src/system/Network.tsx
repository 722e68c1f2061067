// The box's ways to other machines, and how each gets its address.

import { useEffect, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { Field } from "../parts/Field";
import { t } from "../text";
import { type Interface, type NetworkSetting, machine } from "./machine";

type Told = { onImage: boolean; interfaces?: Interface[]; settings?: NetworkSetting[] };

export function Network() {
	const [told, setTold] = useState<Told | null>(null);
	const read = () => ask<Told>("/api/system/network").then(setTold, () => {});
	useEffect(() => void read(), []);
	if (!told?.onImage) return null;
	// What it looks like now comes with the rest of the box, again and again.
	const interfaces = machine.value?.network ?? told.interfaces ?? [];
	return (
		<section class="card form" aria-label={t.network.title}>
			<h2>{t.network.title}</h2>
			{interfaces.map((one) => (
				<details key={one.name} class="inner">
					<summary><strong>{one.name}</strong> <span class={one.carrier ? "good" : "faint"}>{stateOf(one)}</span> <span class="faint figures">{one.addresses.filter((address) => !address.startsWith("fe80")).join(", ")}</span></summary>
					<SettingForm one={one} before={told.settings?.find((setting) => setting.interface === one.name)} onDone={() => void read()} />
				</details>
			))}
		</section>
	);
}

function stateOf({ carrier, wireless, speedMbps }: Interface): string {
	if (!carrier) return wireless ? t.network.noWireless : t.network.noCable;
	return speedMbps ? t.network.connectedAt(speedMbps) : t.network.connected;
}

function SettingForm({ one, before, onDone }: { one: Interface; before: NetworkSetting | undefined; onDone: () => void }) {
	const [method, setMethod] = useState<NetworkSetting["method"]>(before?.method ?? "dhcp");
	const [address, setAddress] = useState(before?.address ?? one.addresses.find((known) => known.includes(".")) ?? "");
	const [gateway, setGateway] = useState(before?.gateway ?? "");
	const [dns, setDns] = useState(before?.dns?.join(" ") ?? "");
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const submit = async (event: Event) => {
		event.preventDefault();
		const names = dns.split(/[\s,]+/).filter(Boolean);
		const fixed = { address: address.trim(), ...(gateway.trim() ? { gateway: gateway.trim() } : {}), ...(names.length > 0 ? { dns: names } : {}) };
		const setting: NetworkSetting = { interface: one.name, method, ...(method === "static" ? fixed : {}) };
		try {
			await ask("/api/system/network", { method: "PUT", body: setting });
			setSaid({ words: method === "static" ? t.network.moved(address.split("/")[0] ?? "") : t.network.saved, isWrong: false });
			onDone();
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};
	return (
		<form class="form" onSubmit={(event) => void submit(event)}>
			{one.mac && <p class="faint small figures">{one.mac} {one.addresses.join(", ")}</p>}
			<fieldset>
				<legend class="label">{t.network.method}</legend>
				{(["dhcp", "static"] as const).map((kind) => (
					<label key={kind} class="check"><input type="radio" name={`method-${one.name}`} checked={method === kind} onChange={() => setMethod(kind)} /> {t.network.methods[kind]}</label>
				))}
			</fieldset>
			{method === "static" && (
				<>
					<Field label={t.network.address} value={address} onInput={setAddress} placeholder="192.168.1.20/24" spellcheck={false} required hint={t.network.warn} />
					<div class="pair">
						<Field label={t.network.gateway} value={gateway} onInput={setGateway} placeholder="192.168.1.1" spellcheck={false} />
						<Field label={t.network.dns} value={dns} onInput={setDns} placeholder="192.168.1.1" spellcheck={false} />
					</div>
				</>
			)}
			{said && <p class={said.isWrong ? "wrong" : "good"} role="status">{said.words}</p>}
			<p><button type="submit">{t.network.save}</button></p>
		</form>
	);
}

// The disk: what is on it, how long film stays, what is kept for good.

import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/ask";
import { allCameras } from "../api/recorder";
import type { Disk, Protected, ProtectedSpan, Storage, StreamName } from "../api/types";
import { pathOf, streamsOf } from "../api/types";
import { t } from "../text";
import { since, zone } from "../time/recorderZone";
import { now90k } from "../api/recorder";
import { bytes, days, duration } from "../time/units";
import { Verification } from "./Verification";
import { storage, useStorage } from "./storage";

export function StoragePage() {
	useStorage();
	const told = storage.value;
	return (
		<div class="place">
			<header><h1>{t.places.storage}</h1></header>
			{told && <section class="card form">{told.disk ? <Fullness disk={told.disk} storage={told} /> : <p>{t.storage.noDisk}</p>}</section>}
			{told?.trouble && <p class="wrong">{told.trouble}</p>}
			<Verification />
			{told && <Streams storage={told} />}
			<Kept />
		</div>
	);
}

function Fullness({ disk, storage }: { disk: Disk; storage: Storage }) {
	const film = Math.max(0, disk.usedBytes - disk.protectedBytes - disk.otherBytes - disk.lingeringBytes);
	const parts: Array<[string, string, number]> = [
		["film", t.storage.film, film],
		["kept", t.storage.kept, disk.protectedBytes],
		["other", t.storage.other, disk.otherBytes],
		["lingering", t.storage.lingering, disk.lingeringBytes],
		["free", t.storage.free, Math.max(0, disk.capacityBytes - disk.usedBytes)],
	];
	const all = Math.max(1, disk.capacityBytes, disk.usedBytes);
	const shown = parts.filter(([name, , size]) => size > 0 || name === "film" || name === "free");
	return (
		<>
			<p class="large figures">{t.storage.used(bytes(disk.usedBytes), bytes(disk.capacityBytes))}</p>
			<div class="fullness" aria-hidden="true">
				{shown.map(([name, , size]) => <i key={name} class={name} style={{ width: `${(100 * size) / all}%` }} />)}
			</div>
			<dl class="legend">
				{shown.map(([name, label, size]) => <div key={name}><dt><i class={name} aria-hidden="true" /> {label}</dt><dd>{bytes(size)}</dd></div>)}
				<div><dt><i aria-hidden="true" /> {t.storage.reserve}</dt><dd>{bytes(disk.reserveBytes)}</dd></div>
			</dl>
			<p>{forecastWords(disk, storage)}</p>
		</>
	);
}

/** When the disk is full, or how long film stays once it is. */
export function forecastWords(disk: Disk, { streams }: Storage): string {
	const held = streams.map((stream) => stream.forecastDays).filter((days): days is number => days !== null);
	if (disk.fullInDays === null) return t.storage.never;
	if (disk.fullInDays > 0) return t.storage.fullIn(days(disk.fullInDays));
	return held.length > 0 ? t.storage.full(days(Math.min(...held))) : t.storage.fullNow;
}

function Streams({ storage }: { storage: Storage }) {
	return (
		<section class="card">
			<h2>{t.storage.streams}</h2>
			<div class="scroll" tabIndex={0} role="region" aria-label={t.storage.streams}>
				<table class="list">
					<thead>
						<tr>
							<th scope="col">{t.storage.camera}</th><th scope="col">{t.storage.size}</th><th scope="col">{t.storage.there}</th>
							<th scope="col">{t.storage.perDay}</th><th scope="col">{t.storage.forecast}</th><th scope="col">{t.storage.share}</th>
						</tr>
					</thead>
					<tbody>
						{storage.streams.map((stream) => (
							<tr key={`${stream.camera}${stream.stream}`}>
								<th scope="row"><a href={`/cameras/${stream.camera}`}>{stream.name}</a> <span class="faint">{stream.stream}</span></th>
								<td>{stream.usedBytes === null ? "–" : bytes(stream.usedBytes)}</td>
								<td>{duration(stream.duration90k)}</td>
								<td>{stream.bytesPerDay ? bytes(stream.bytesPerDay) : "–"}</td>
								<td>{stream.forecastDays === null ? "–" : days(stream.forecastDays)}</td>
								<td>{stream.retainBytes === null ? t.storage.pool : bytes(stream.retainBytes)}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</section>
	);
}

/** Film that stays, of all cameras. */
function Kept() {
	const [spans, setSpans] = useState<Array<StreamName & { span: ProtectedSpan }> | null>(null);
	const read = async () => {
		const all = await Promise.all(
			allCameras.peek().flatMap(streamsOf).map(async (name) => {
				const told = await ask<Protected>(`${pathOf(name.camera.uuid, name.kind)}/protected`);
				return told.protected.map((span) => ({ ...name, span }));
			}),
		);
		setSpans(all.flat());
	};
	useEffect(() => void read().catch(() => {}), []);
	const letGo = async ({ camera, kind, span }: StreamName & { span: ProtectedSpan }) => {
		await ask(`${pathOf(camera.uuid, kind)}/protected?start90k=${span.startTime90k}&end90k=${span.endTime90k}`, { method: "DELETE" }).catch(() => {});
		await read();
	};
	if (!spans) return null;
	return (
		<section class="card form">
			<h2>{t.storage.protectedTitle}</h2>
			<p class="faint">{spans.length === 0 ? t.storage.protectedNone : t.storage.protectedLead}</p>
			<ul class="plain">
				{spans.map((one) => (
					<li key={`${one.camera.uuid}${one.kind}${one.span.startTime90k}`}>
						<strong>{one.camera.name}</strong>
						<span class="figures">{since(one.span.startTime90k, now90k())} – {zone.value.clock(one.span.endTime90k)} <span class="faint">({duration(one.span.endTime90k - one.span.startTime90k)})</span></span>
						<a href={`/timeline?cameras=${encodeURIComponent(one.camera.name)}&t=${one.span.startTime90k}&in=${one.span.startTime90k}&out=${one.span.endTime90k}`}>{t.storage.show}</a>
						<button type="button" onClick={() => void letGo(one)}>{t.storage.letGo}</button>
					</li>
				))}
			</ul>
		</section>
	);
}

// One camera at a glance: its streams, how well they come, how long their film stays.

import { now90k } from "../api/recorder";
import type { Camera, Live, StreamName } from "../api/types";
import { streamsOf } from "../api/types";
import { stateOf } from "../live/LiveTile";
import { Icon } from "../parts/Icon";
import { storage } from "../storage/storage";
import { t } from "../text";
import { since } from "../time/recorderZone";
import { days, duration, rate } from "../time/units";

export function CameraCard({ camera }: { camera: Camera }) {
	return (
		<article class="card camera" data-camera={camera.name}>
			<header>
				<span class={`dot ${stateOf(camera.streams.main ?? camera.streams.sub)}`} aria-hidden="true" />
				<h2>{camera.name}</h2>
				<span class="space" />
				<a class="button icon-button" href={`/?camera=${encodeURIComponent(camera.name)}`} aria-label={t.camera.watch(camera.name)} title={t.places.live}><Icon name="live" /></a>
				<a class="button icon-button" href={`/timeline?cameras=${encodeURIComponent(camera.name)}`} aria-label={t.live.lookBackAt(camera.name)} title={t.places.timeline}><Icon name="timeline" /></a>
				<a class="button icon-button" href={`/cameras/${camera.uuid}`} aria-label={t.camera.edit(camera.name)} title={t.camera.editShort}><Icon name="edit" /></a>
			</header>
			{streamsOf(camera).map((name) => <StreamFacts key={name.kind} {...name} />)}
		</article>
	);
}

function StreamFacts({ camera, kind, stream }: StreamName) {
	const { live } = stream;
	const held = storage.value?.streams.find((one) => one.camera === camera.uuid && one.stream === kind);
	const facts: Array<[string, string]> = [];
	const add = (name: string, value: string | null | undefined) => value && facts.push([name, value]);
	add(t.camera.facts.state, `${stateWords(stream.record, live)}${live ? `, ${t.notices.since(since(live.since90k, now90k()))}` : ""}`);
	add(t.camera.facts.video, live?.video);
	if (live?.state === "recording") add(t.camera.facts.rate, `${t.camera.perSecond(live.framesPerSecond)}, ${rate(live.bitsPerSecond)}`);
	add(t.camera.facts.clock, live ? clockWords(live) : null);
	if (live && live.lostPackets > 0) add(t.camera.facts.lost, t.camera.packets(live.lostPackets));
	add(t.camera.facts.film, stream.duration90k > 0 ? t.camera.holds(duration(stream.duration90k), held?.forecastDays == null ? null : days(held.forecastDays)) : null);
	const failed = live?.lastError && live.state !== "recording" ? live.lastError : null;
	return (
		<div class="stream">
			<h3>{t.camera.kinds[kind]}</h3>
			<dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
			{failed
				? <p class="wrong">{failed}{live?.lastErrorAt90k ? ` (${since(live.lastErrorAt90k, now90k())})` : ""}</p>
				: live?.lastError && live.lastErrorAt90k && <p class="faint small">{t.camera.lastError(live.lastError, since(live.lastErrorAt90k, now90k()))}</p>}
		</div>
	);
}

function stateWords(record: boolean, live: Live | null): string {
	return live ? t.states[live.state] : record ? t.states.notStarted : t.states.off;
}

/** How wrong the camera's clock is and runs, with no more digits than are known. */
function clockWords(live: Live): string | null {
	const told: string[] = [];
	const off = live.cameraClockOffsetSeconds;
	if (off !== null) told.push(Math.abs(off) < 0.1 ? t.camera.clockRight : t.camera.clockOff(off));
	if (live.cameraClockPpm !== null) {
		const known = live.cameraClockUncertaintyPpm ?? 0;
		const digits = known < 1 ? 1 : 0;
		const ppm = live.cameraClockPpm.toFixed(digits).replace(/^-(0(\.0)?)$/, "$1");
		told.push(`${live.cameraClockPpm > 0 ? "+" : ""}${ppm}\u00a0±\u00a0${known.toFixed(digits)}\u00a0ppm`);
	}
	return told.length > 0 ? told.join(", ") : null;
}

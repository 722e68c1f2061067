// How the box is doing: what it is, how warm, how busy, how worn.

import { t } from "../text";
import { SECOND, bytes, duration } from "../time/units";
import { machine } from "./machine";

/** Chips of the Pi slow down from here on. */
const HOT_C = 80;

export function Health() {
	const told = machine.value;
	if (!told?.onImage) return null;
	const facts: Array<[string, string, boolean?]> = [];
	const add = (name: string, value: string | null | undefined, isWrong = false) => value && facts.push([name, value, isWrong]);
	add(t.box.name, told.hostName);
	add(t.box.model, told.model);
	if (told.uptime != null) add(t.box.uptime, duration(told.uptime * SECOND));
	if (told.temperatureC != null) {
		const isHot = told.temperatureC >= HOT_C;
		add(t.box.temperature, `${told.temperatureC.toFixed(0)}\u00a0°C${isHot ? `, ${t.box.hot}` : ""}`, isHot);
	}
	if (told.underVoltage != null) add(t.box.supply, told.underVoltage ? t.box.weak : t.box.strong, told.underVoltage);
	if (told.memory) add(t.box.memory, t.box.free(bytes(told.memory.availableBytes), bytes(told.memory.totalBytes)));
	if (told.load != null) add(t.box.load, told.load.toFixed(2));
	for (const disk of told.disks ?? []) {
		const parts = [bytes(disk.bytes)];
		if (disk.ioErrors != null && disk.ioErrors > 0) parts.push(t.box.ioErrors(disk.ioErrors));
		if (disk.lifeUsed != null) parts.push(t.box.lifeUsed(disk.lifeUsed));
		add(disk.name ?? disk.device, parts.join(", "), (disk.ioErrors ?? 0) > 0 || (disk.lifeUsed ?? 0) >= 80);
	}
	return (
		<section class="card form" aria-label={t.box.title}>
			<h2>{t.box.title}</h2>
			<dl class="facts wide">{facts.map(([name, value, isWrong]) => <div key={name}><dt>{name}</dt><dd class={isWrong ? "wrong" : ""}>{value}</dd></div>)}</dl>
		</section>
	);
}

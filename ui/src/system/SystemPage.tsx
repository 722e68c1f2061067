// The recorder itself and the box it runs on, each part in a card of its own.

import { now90k, silence, top } from "../api/recorder";
import { isOwner } from "../api/session";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { since, zone } from "../time/recorderZone";
import { SECOND, duration, unitsNow } from "../time/units";
import { BackupCard } from "./BackupCard";
import { Disks } from "./Disks";
import { FirmwareCard } from "./FirmwareCard";
import { Health } from "./Health";
import { Keys } from "./Keys";
import { Network } from "./Network";
import { OwnPassword } from "./OwnPassword";
import { Power } from "./Power";
import { machine, useMachine } from "./machine";

export function SystemPage() {
	const owner = isOwner.value;
	return owner ? <Ours /> : <Shown owner={false} />;
}

/** Only owners hear of the box itself. */
function Ours() {
	useMachine();
	return <Shown owner />;
}

function Shown({ owner }: { owner: boolean }) {
	const isOurs = machine.value?.onImage ?? false;
	const told = top.value;
	if (!told) return null;
	const { clock } = told;
	const facts: Array<[string, string, boolean?]> = [
		[t.system.version, told.version],
		[t.system.trouble, silence.value ?? told.trouble ?? t.system.fine, Boolean(told.trouble)],
		[t.system.now, `${zone.value.date(now90k())} ${zone.value.clock(now90k())}`],
		[t.system.zone, told.timeZoneName ?? t.system.zoneFixed(zone.value.offsetText(now90k()))],
	];
	if (clock) {
		const within = clock.maxErrorSeconds === null ? "" : `, ${t.system.within(clock.maxErrorSeconds)}`;
		const state = clock.proven ? t.system.proven : t.system.unproven;
		facts.push([t.system.clock, `${state}${within}: ${clock.detail} (${t.notices.since(since(clock.since90k, now90k()))})`]);
	}
	facts.push([t.system.browser, browserClock()]);
	return (
		<div class="place narrow">
			<header><h1>{t.places.system}</h1></header>
			<section class="card form">
				<h2>{t.system.recorder}</h2>
				<dl class="facts wide">{facts.map(([name, value, isWrong]) => <div key={name}><dt>{name}</dt><dd class={isWrong ? "wrong" : ""}>{value}</dd></div>)}</dl>
				<p class="links"><a href="/api/openapi.json" target="_blank">{t.system.api}</a> <a href="/metrics" target="_blank">{t.system.metrics}</a></p>
			</section>
			{owner && isOurs && (
				<>
					<Health />
					<FirmwareCard />
					<Network />
					<Disks />
					<Power />
				</>
			)}
			<OwnPassword />
			{owner && <BackupCard />}
			{owner && <p><a class="button" href="/system/log"><Icon name="timeline" /> {t.log.open}</a></p>}
			<Keys />
		</div>
	);
}

/** Whether the clock of whoever looks agrees with the recorder's. */
function browserClock(): string {
	const off = unitsNow() - now90k();
	if (Math.abs(off) < 2 * SECOND) return t.system.same;
	return off < 0 ? t.system.behind(duration(-off)) : t.system.ahead(duration(off));
}

// The recorder itself: which version, which clock; and the keys of this page.

import { now90k, silence, top } from "../api/recorder";
import { t } from "../text";
import { since, zone } from "../time/recorderZone";
import { SECOND, duration, unitsNow } from "../time/units";

export function SystemPage() {
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
			<section class="card form">
				<h2>{t.system.keys}</h2>
				<table class="list keys">
					<tbody>
						{t.system.shortcuts.map(([place, keys, what]) => (
							<tr key={`${place}${keys}`}><td class="faint">{place}</td><td>{keys?.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</td><td>{what}</td></tr>
						))}
					</tbody>
				</table>
			</section>
		</div>
	);
}

/** Whether the clock of whoever looks agrees with the recorder's. */
function browserClock(): string {
	const off = unitsNow() - now90k();
	if (Math.abs(off) < 2 * SECOND) return t.system.same;
	return off < 0 ? t.system.behind(duration(-off)) : t.system.ahead(duration(off));
}

// The buttons under the pictures: play, step, jump, mark; and what time it is that is shown.

import { useState } from "preact/hooks";
import { go } from "../app/router";
import { IconButton } from "../parts/Button";
import { Icon } from "../parts/Icon";
import { RATES } from "../play/Playback";
import { t } from "../text";
import { zone } from "../time/recorderZone";
import { DAY, HOUR, MINUTE, SECOND } from "../time/units";
import { Calendar } from "./Calendar";
import { Moment } from "./Moment";
import { shortDay } from "./labels";
import type { Review } from "./Review";

const LENGTHS = [["tenMinutes", 10 * MINUTE], ["hour", HOUR], ["sixHours", 6 * HOUR], ["day", DAY], ["week", 7 * DAY], ["month", 31 * DAY]] as const;

export function Controls({ review }: { review: Review }) {
	const [isCalendar, setCalendar] = useState(false);
	const [isCopied, setCopied] = useState(false);
	const { playback } = review;
	const at = playback.at.value;
	const isPlaying = playback.isPlaying.value;

	const copy = () => {
		const link = new URL(location.href);
		for (const [name, value] of Object.entries(review.address())) value === null ? link.searchParams.delete(name) : link.searchParams.set(name, value);
		void copied(link.href).then(() => {
			setCopied(true);
			setTimeout(() => setCopied(false), 2_000);
		});
	};

	return (
		<div class="controls">
			<div class="when">
				<button type="button" class="date" aria-expanded={isCalendar} aria-haspopup="dialog" onClick={() => setCalendar(!isCalendar)}>
					<Icon name="calendar" /> {shortDay(at, zone.value)}
				</button>
				<Moment review={review} />
				{isCalendar && <Calendar review={review} onClose={() => setCalendar(false)} />}
			</div>
			<div class="transport" role="group" aria-label={t.timeline.transport}>
				<IconButton icon="eventBack" label={t.timeline.eventBack} shortcut="p" onClick={() => void review.jump(-1)} />
				<IconButton icon="back" label={t.timeline.back} shortcut="j" onClick={() => review.seek(at - 10 * SECOND)} />
				<IconButton icon="frameBack" label={t.timeline.frameBack} shortcut="," onClick={() => review.step(-1)} />
				<button
					type="button" class="play primary" aria-label={isPlaying ? t.timeline.pause : t.timeline.play} aria-keyshortcuts="Space"
					aria-busy={playback.isWaiting.value} onClick={() => playback.toggle()}
				>
					<Icon name={isPlaying ? "pause" : "play"} size={22} />
				</button>
				<IconButton icon="frameOn" label={t.timeline.frameOn} shortcut="." onClick={() => review.step(1)} />
				<IconButton icon="on" label={t.timeline.on} shortcut="l" onClick={() => review.seek(at + 10 * SECOND)} />
				<IconButton icon="eventOn" label={t.timeline.eventOn} shortcut="n" onClick={() => void review.jump(1)} />
				<select aria-label={t.timeline.rate} value={playback.rate.value} onChange={(event) => playback.setRate(Number(event.currentTarget.value))}>
					{RATES.map((rate) => <option key={rate} value={rate}>{rate}×</option>)}
				</select>
			</div>
			<div class="marks" role="group" aria-label={t.timeline.marks}>
				<IconButton icon="markIn" label={t.timeline.markIn} shortcut="i" pressed={review.markedIn.value !== null} onClick={() => review.mark("in", at)} />
				<IconButton icon="markOut" label={t.timeline.markOut} shortcut="o" pressed={review.markedOut.value !== null} onClick={() => review.mark("out", at)} />
				<IconButton icon={isCopied ? "check" : "link"} label={isCopied ? t.timeline.copied : t.timeline.link} onClick={copy} />
				<select
					class="lengths" aria-label={t.timeline.lengths} value=""
					onChange={(event) => { review.zoomToLength(Number(event.currentTarget.value)); event.currentTarget.value = ""; }}
				>
					<option value="" disabled>{t.timeline.zoom}</option>
					{LENGTHS.map(([name, length]) => <option key={name} value={length}>{t.timeline.length[name]}</option>)}
				</select>
				<button type="button" onClick={() => go("/")}><Icon name="live" /> {t.timeline.toLive}</button>
			</div>
			<span class="unseen" role="status">{isCopied ? t.timeline.copied : ""}</span>
		</div>
	);
}

/** Without TLS browsers have no clipboard: then the address bar has the same. */
async function copied(link: string): Promise<void> {
	history.replaceState(null, "", link);
	await navigator.clipboard?.writeText(link).catch(() => {});
}

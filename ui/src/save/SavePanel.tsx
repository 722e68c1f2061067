// What is marked: look at it, download it as one file, keep it from being deleted.

import { useEffect, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { now90k } from "../api/recorder";
import { isOwner } from "../api/session";
import { IconButton } from "../parts/Button";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { zone } from "../time/recorderZone";
import { bytes, duration } from "../time/units";
import type { Review } from "../timeline/Review";
import { fileName, shortDay } from "../timeline/labels";
import { type Weighed, filmAddress, weigh } from "./film";

export function SavePanel({ review }: { review: Review }) {
	const [withTime, setWithTime] = useState(false);
	const [chosen, setChosen] = useState<string | null>(null);
	const [weight, setWeight] = useState<Weighed | null>(null);
	const [said, setSaid] = useState<string | null>(null);
	const [until, setUntil] = useState<number | null>(null);
	const span = review.marked.value;
	const cameras = review.cameras.value;
	const camera = cameras.find((camera) => camera.uuid === chosen) ?? cameras[0];
	const film = camera ? review.film(camera) : null;
	const address = span && film ? filmAddress(film.uuid, film.kind, span, withTime) : null;

	useEffect(() => {
		setWeight(null);
		setSaid(null);
		if (!address) return;
		const leave = new AbortController();
		const timer = setTimeout(() => void weigh(address, leave.signal).then(setWeight, () => {}), 300);
		return () => {
			clearTimeout(timer);
			leave.abort();
		};
	}, [address]);

	// A preview ends where the mark is.
	const at = review.playback.at.value;
	useEffect(() => {
		if (until !== null && at >= until) {
			review.playback.pause();
			setUntil(null);
		}
	}, [at, until]);

	if (!span || !film || !camera || !address) {
		const one = review.markedIn.value ?? review.markedOut.value;
		if (one === null) return null;
		return <p class="save hint">{review.markedIn.value !== null ? t.save.nowOut : t.save.nowIn}</p>;
	}
	const isKept = film.kept.value.some((kept) => kept.startTime90k <= span.start && kept.endTime90k >= span.end);
	const keep = async (): Promise<void> => {
		try {
			const path = `${film.path}/protected`;
			if (isKept) await ask(`${path}?start90k=${span.start}&end90k=${span.end}`, { method: "DELETE" });
			else await ask(path, { method: "POST", body: { startTime90k: span.start, endTime90k: Math.min(span.end, now90k()) } });
			setSaid(isKept ? t.save.letGo : t.save.isKept);
			await film.readKept();
		} catch (e) {
			setSaid(wordsOf(e));
		}
	};
	const preview = () => {
		review.playback.pause();
		review.seek(span.start);
		setUntil(span.end);
		review.playback.play();
	};
	const refusal = weight && "refusal" in weight ? weight.refusal : null;
	return (
		<section class="save card" aria-label={t.save.label}>
			<p class="span">
				<b>{zone.value.clock(span.start)} – {zone.value.clock(span.end)}</b>
				<span class="faint">{shortDay(span.start, zone.value)} · {duration(span.end - span.start)}{weight && "bytes" in weight ? ` · ${bytes(weight.bytes)}` : ""}</span>
			</p>
			{cameras.length > 1 && (
				<select aria-label={t.save.camera} value={camera.uuid} onChange={(event) => setChosen(event.currentTarget.value)}>
					{cameras.map(({ uuid, name }) => <option key={uuid} value={uuid}>{name}</option>)}
				</select>
			)}
			<label class="check">
				<input type="checkbox" checked={withTime} onChange={(event) => setWithTime(event.currentTarget.checked)} /> {t.save.withTime}
			</label>
			<button type="button" onClick={preview}><Icon name="play" /> {t.save.preview}</button>
			{refusal === null && (
				<a class="button primary" href={address} download={fileName(camera.name, span.start, zone.value)}>
					<Icon name="save" /> {t.save.download}
				</a>
			)}
			{isOwner.value && <button type="button" aria-pressed={isKept} onClick={() => void keep()}><Icon name="keep" /> {isKept ? t.save.kept : t.save.keep}</button>}
			<IconButton icon="close" label={t.save.clear} onClick={() => review.clearMarks()} />
			{(refusal ?? said) && <p class={`told ${refusal ? "wrong" : ""}`} role="status">{refusal ?? said}</p>}
		</section>
	);
}

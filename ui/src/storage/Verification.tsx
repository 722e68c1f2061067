// How far the recorder has read its film again, where it does that.

import { now90k } from "../api/recorder";
import { t } from "../text";
import { since } from "../time/recorderZone";
import { bytes } from "../time/units";
import { storage } from "./storage";

export function Verification() {
	const told = storage.value?.verification;
	if (!told || (told.bytes === 0 && told.damagedRecordings === 0 && !told.trouble)) return null;
	const done = Math.max(0, told.bytes - told.leftBytes);
	return (
		<section class="card form">
			<h2>{t.verification.title}</h2>
			<progress max={Math.max(1, told.bytes)} value={done} aria-label={t.verification.title} />
			<p>
				{t.verification.checked(bytes(done), bytes(told.bytes))}{" "}
				{told.began90k !== null && <span class="faint">{t.verification.began(since(told.began90k, now90k()), told.rounds)}</span>}{" "}
				<span class="faint">{t.verification.activities[told.activity]}</span>
			</p>
			<p class={told.damagedRecordings > 0 ? "wrong" : "good"}>
				{told.damagedRecordings > 0 ? t.verification.damaged(told.damagedRecordings) : t.verification.fine}
			</p>
			{told.trouble && <p class="wrong">{told.trouble}</p>}
		</section>
	);
}

// How far the recorder has read its film again, where it does that.

import { storage } from "./storage";
import { t } from "../text";
import { bytes, days } from "../time/units";

/** What a recorder that reads its film again tells of it. */
type Told = { verification?: { checkedBytes?: number; totalBytes?: number; roundDays?: number | null; damaged?: number } | null };

export function Verification() {
	const told = (storage.value as (typeof storage.value & Told) | null)?.verification;
	if (!told) return null;
	const { checkedBytes = 0, totalBytes = 0, roundDays = null, damaged = 0 } = told;
	return (
		<section class="card form">
			<h2>{t.verification.title}</h2>
			<progress max={Math.max(1, totalBytes)} value={checkedBytes} aria-label={t.verification.title} />
			<p>{t.verification.checked(bytes(checkedBytes), bytes(totalBytes))} {roundDays !== null && t.verification.round(days(roundDays))}</p>
			<p class={damaged > 0 ? "wrong" : "good"}>{damaged > 0 ? t.verification.damaged(damaged) : t.verification.fine}</p>
		</section>
	);
}

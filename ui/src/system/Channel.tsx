// Upgrades by themselves: where they come from, and when the box may start anew for one.

import { useState } from "preact/hooks";
import { wordsOf } from "../api/ask";
import { now90k } from "../api/recorder";
import { Field } from "../parts/Field";
import { t } from "../text";
import { since } from "../time/recorderZone";
import { type Firmware, windowOf } from "./firmware";

export function Channel({ firmware }: { firmware: Firmware }) {
	const told = firmware.state.value;
	const [from = "", to = ""] = told?.schedule?.window?.split("-") ?? [];
	const [url, setUrl] = useState(told?.channel?.url ?? "");
	const [start, setStart] = useState(from);
	const [end, setEnd] = useState(to);
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const { checked90k = null, available = null, error = null } = told?.channel ?? {};

	const submit = async (event: Event) => {
		event.preventDefault();
		const window = start || end ? windowOf(start, end) : null;
		if ((start || end) && window === null) return setSaid({ words: t.firmware.badWindow, isWrong: true });
		try {
			await firmware.change({ channel: url.trim() || null, window });
			setSaid({ words: t.firmware.saved, isWrong: false });
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};

	return (
		<form class="form" onSubmit={(event) => void submit(event)}>
			<h3>{t.firmware.byItself}</h3>
			<Field label={t.firmware.channel} value={url} onInput={setUrl} placeholder="https://…" spellcheck={false} hint={t.firmware.channelHint} />
			{checked90k !== null && (
				<p class={error ? "wrong small" : "faint small"}>
					{t.firmware.checked(since(checked90k, now90k()))}{" "}
					{error ?? (available ? t.firmware.available(available.version, available.refusal) : "")}
				</p>
			)}
			<fieldset>
				<legend class="label">{t.firmware.window}</legend>
				<div class="times">
					<input type="time" aria-label={t.firmware.windowFrom} value={start} onInput={(event) => setStart(event.currentTarget.value)} />
					<span aria-hidden="true">–</span>
					<input type="time" aria-label={t.firmware.windowTo} value={end} onInput={(event) => setEnd(event.currentTarget.value)} />
				</div>
				<p class="hint">{t.firmware.windowHint}</p>
			</fieldset>
			{said && <p class={said.isWrong ? "wrong" : "good"} role="status">{said.words}</p>}
			<p><button type="submit">{t.firmware.save}</button></p>
		</form>
	);
}

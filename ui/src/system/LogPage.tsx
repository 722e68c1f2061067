// The newest lines of the log, and what helps who has to find a fault.

import { useEffect, useMemo, useState } from "preact/hooks";
import { take, wordsOf } from "../api/ask";
import { Choice } from "../parts/Button";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { type Level, filtered, linesOf } from "./log";
import { machine, useMachine } from "./machine";
import { save } from "./save";

const LINES = 2_000;
const UNITS = ["", "lunette.service", "lunette-helper.service", "rauc.service", "systemd-networkd.service", "kernel"];

export function LogPage() {
	useMachine();
	const [text, setText] = useState<string | null>(null);
	const [wrong, setWrong] = useState<string | null>(null);
	const [level, setLevel] = useState<Level>("info");
	const [words, setWords] = useState("");
	const [unit, setUnit] = useState("");
	const read = async () => {
		try {
			const { bytes } = await take(`/api/system/logs?lines=${LINES}${unit ? `&unit=${encodeURIComponent(unit)}` : ""}`);
			setText(new TextDecoder().decode(bytes));
			setWrong(null);
		} catch (e) {
			setWrong(wordsOf(e));
		}
	};
	useEffect(() => void read(), [unit]);
	const lines = useMemo(() => linesOf(text ?? ""), [text]);
	const shown = filtered(lines, level, words);
	const download = () => save(new TextEncoder().encode(shown.map((line) => `${line.text}\n`).join("")).buffer as ArrayBuffer, new Headers({ "Content-Type": "text/plain" }), "lunette-log.txt");
	return (
		<div class="place">
			<header>
				<a class="button icon-button" href="/system" aria-label={t.log.back}><Icon name="left" /></a>
				<h1>{t.log.title}</h1>
				<span class="space" />
				<a class="button" href="/api/system/diagnostics" download><Icon name="save" /> {t.log.diagnostics}</a>
			</header>
			<p class="faint">{t.log.diagnosticsLead}</p>
			<section class="card form">
				<div class="filter">
					<Field label={t.log.filter} value={words} onInput={setWords} type="search" />
					{machine.value?.onImage && (
						<div class="field">
							<label for="unit">{t.log.unit}</label>
							<select id="unit" value={unit} onChange={(event) => setUnit(event.currentTarget.value)}>
								{UNITS.map((one) => <option key={one} value={one}>{one === "" ? t.log.allUnits : one}</option>)}
							</select>
						</div>
					)}
					<Choice<Level>
						label={t.log.level} value={level} onChoose={setLevel}
						options={(["error", "warn", "info"] as const).map((value) => ({ value, text: t.log.levels[value] }))}
					/>
					<p class="buttons">
						<button type="button" onClick={() => void read()}>{t.log.again}</button>
						<button type="button" onClick={download} disabled={shown.length === 0}>{t.log.download}</button>
					</p>
				</div>
				{wrong && <p class="wrong" role="alert">{wrong}</p>}
				<p class="faint small" role="status">{text === null ? t.frame.loading : t.log.shown(shown.length, lines.length)}</p>
				<div class="log" tabIndex={0} role="log" aria-label={t.log.title} aria-live="off">
					{shown.slice().reverse().map((line, at) => <p key={at} class={line.level}>{line.text}</p>)}
				</div>
			</section>
		</div>
	);
}

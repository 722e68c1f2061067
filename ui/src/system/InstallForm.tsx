// An upgrade by hand: a file from this device, or an address that the recorder fetches.

import { useState } from "preact/hooks";
import { Field } from "../parts/Field";
import { t } from "../text";
import type { Firmware } from "./firmware";

const BUSY = ["uploading", "checking", "installing"];

export function InstallForm({ firmware }: { firmware: Firmware }) {
	const [file, setFile] = useState<File | null>(null);
	const [url, setUrl] = useState("");
	const [isOlder, setOlder] = useState(false);
	const { step, percent, message } = firmware.progress.value;
	const isBusy = BUSY.includes(step);
	return (
		<>
			<h3>{t.firmware.install}</h3>
			<form class="pair" onSubmit={(event) => { event.preventDefault(); if (file) firmware.send(file, isOlder); }}>
				<div class="field">
					<label for="bundle">{t.firmware.file}</label>
					<input id="bundle" type="file" accept=".raucb" disabled={isBusy} onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
				</div>
				<p class="end"><button type="submit" disabled={isBusy || !file}>{t.firmware.upload}</button></p>
			</form>
			<form class="pair" onSubmit={(event) => { event.preventDefault(); void firmware.fetch(url.trim(), isOlder); }}>
				<Field label={t.firmware.url} value={url} onInput={setUrl} placeholder="https://…/lunette.raucb" spellcheck={false} />
				<p class="end"><button type="submit" disabled={isBusy || !/^https?:\/\/./.test(url.trim())}>{t.firmware.fetch}</button></p>
			</form>
			<label class="check"><input type="checkbox" checked={isOlder} disabled={isBusy} onChange={() => setOlder(!isOlder)} /> {t.firmware.force}</label>
			<div role="status">
				{isBusy && (
					<>
						<p>{t.firmware.steps[step]} {percent}&nbsp;% <span class="faint">{message}</span></p>
						<progress max={100} value={percent} aria-label={t.firmware.steps[step]} />
					</>
				)}
				{step === "installed" && <p class="good">{t.firmware.steps.installed}</p>}
				{step === "failed" && <p class="wrong">{t.firmware.steps.failed}: {message}</p>}
			</div>
		</>
	);
}

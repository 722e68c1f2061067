// Cameras and users in a file: to keep, and to give back.

import { useState } from "preact/hooks";
import { ask, take, wordsOf } from "../api/ask";
import { refresh } from "../api/recorder";
import type { Backup, Restored } from "../api/types";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { save } from "./save";

/** Making the key of a passphrase takes a small box some seconds. */
const PATIENCE_MS = 60_000;

export function BackupCard() {
	return (
		<section class="card form" aria-label={t.backup.title}>
			<h2>{t.backup.title}</h2>
			<p class="faint">{t.backup.lead}</p>
			<p><a class="button" href="/api/system/backup" download><Icon name="save" /> {t.backup.plain}</a></p>
			<SealedForm />
			<RestoreForm />
		</section>
	);
}

function SealedForm() {
	const [passphrase, setPassphrase] = useState("");
	const [withUsers, setWithUsers] = useState(true);
	const [isBusy, setBusy] = useState(false);
	const [wrong, setWrong] = useState<string | null>(null);
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setWrong(null);
		try {
			const { bytes, headers } = await take("/api/system/backup", { method: "POST", body: { passphrase, users: withUsers }, patienceMs: PATIENCE_MS });
			save(bytes, headers, "lunette-backup.json");
			setPassphrase("");
		} catch (e) {
			setWrong(wordsOf(e));
		}
		setBusy(false);
	};
	return (
		<details>
			<summary>{t.backup.sealed}</summary>
			<form class="form" onSubmit={(event) => void submit(event)}>
				<Field label={t.backup.passphrase} type="password" value={passphrase} onInput={setPassphrase} autoComplete="new-password" required hint={t.backup.passphraseHint} />
				<label class="check"><input type="checkbox" checked={withUsers} onChange={() => setWithUsers(!withUsers)} /> {t.backup.users}</label>
				{wrong && <p class="wrong" role="alert">{wrong}</p>}
				<p><button type="submit" disabled={isBusy || passphrase === ""}>{isBusy ? t.backup.sealing : t.backup.download}</button></p>
			</form>
		</details>
	);
}

function RestoreForm() {
	const [backup, setBackup] = useState<Backup | null>(null);
	const [passphrase, setPassphrase] = useState("");
	const [isBusy, setBusy] = useState(false);
	const [wrong, setWrong] = useState<string | null>(null);
	const [restored, setRestored] = useState<Restored | null>(null);
	const choose = async (file: File | undefined) => {
		setBackup(null);
		setRestored(null);
		setWrong(null);
		if (!file) return;
		try {
			const read = JSON.parse(await file.text()) as Backup;
			if (typeof read.lunetteBackup !== "number") throw new Error();
			setBackup(read);
		} catch {
			setWrong(t.backup.none);
		}
	};
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setWrong(null);
		try {
			const body = { backup, ...(backup?.sealed ? { passphrase } : {}) };
			setRestored(await ask<Restored>("/api/system/restore", { method: "POST", body, patienceMs: PATIENCE_MS }));
			await refresh();
		} catch (e) {
			setWrong(wordsOf(e));
		}
		setBusy(false);
	};
	return (
		<details>
			<summary>{t.backup.restore}</summary>
			<form class="form" onSubmit={(event) => void submit(event)}>
				<p>{t.backup.restoreLead}</p>
				<div class="field">
					<label for="backup">{t.backup.file}</label>
					<input id="backup" type="file" accept=".json,application/json" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
				</div>
				{backup?.sealed && <Field label={t.backup.passphrase} type="password" value={passphrase} onInput={setPassphrase} autoComplete="off" required />}
				{wrong && <p class="wrong" role="alert">{wrong}</p>}
				<p><button type="submit" disabled={isBusy || !backup}>{isBusy ? t.backup.restoring : t.backup.restoreNow}</button></p>
				{restored && <Lines restored={restored} />}
			</form>
		</details>
	);
}

/** What became of each. */
function Lines({ restored }: { restored: Restored }) {
	const lines = [...restored.cameras, ...restored.users];
	return (
		<div role="status">
			<ul class="plain">
				{lines.map((line, at) => (
					<li key={at}><span><strong>{line.name}</strong> <span class={line.done === "kept" ? "faint" : "good"}>{t.backup.done[line.done]}</span> {line.detail}</span></li>
				))}
			</ul>
			{lines.length === 0 && <p>{t.backup.empty}</p>}
		</div>
	);
}

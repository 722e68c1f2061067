// Changing a camera, trying it, and taking it away.

import { useState } from "preact/hooks";
import { go } from "../app/router";
import { ask, wordsOf } from "../api/ask";
import { refresh } from "../api/recorder";
import type { Camera, CameraEdit, StreamEdit, StreamKind, Transport } from "../api/types";
import { streamsOf } from "../api/types";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { Retention } from "./Retention";
import { TestButton } from "./TestButton";
import { withoutLogin } from "./makers";

export function EditCamera({ camera }: { camera: Camera }) {
	const [name, setName] = useState(camera.name);
	const [username, setUsername] = useState(camera.username);
	const [password, setPassword] = useState("");
	const [streams, setStreams] = useState<Partial<Record<StreamKind, StreamEdit>>>({});
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const [isBusy, setBusy] = useState(false);
	const [isRemoving, setRemoving] = useState(false);

	const change = (kind: StreamKind, edit: StreamEdit) => setStreams((before) => ({ ...before, [kind]: { ...before[kind], ...edit } }));
	const remove = async (withFilm: boolean) => {
		try {
			await ask(`/api/cameras/${camera.uuid}${withFilm ? "?deleteFilm=true" : ""}`, { method: "DELETE" });
			await refresh();
			go("/cameras");
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		const edit: CameraEdit = {};
		if (name !== camera.name) edit.name = name;
		if (username !== camera.username) edit.username = username;
		if (password !== "") edit.password = password;
		if (Object.keys(streams).length > 0) edit.streams = streams;
		try {
			await ask(`/api/cameras/${camera.uuid}`, { method: "PATCH", body: edit });
			await refresh();
			setStreams({});
			setPassword("");
			setSaid({ words: t.camera.saved, isWrong: false });
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
		setBusy(false);
	};
	const known = () => streamsOf(camera).map(({ kind }) => ({ name: t.camera.kinds[kind], subject: { camera: camera.uuid, stream: kind } }));

	return (
		<div class="place narrow">
			<header>
				<a class="button icon-button" href="/cameras" aria-label={t.camera.toAll}><Icon name="left" /></a>
				<h1>{camera.name}</h1>
				<span class="space" />
			</header>
			<section class="card"><TestButton subjects={known} /></section>
			<form class="card form" onSubmit={submit}>
				<Field label={t.camera.name} value={name} onInput={setName} required />
				<div class="pair">
					<Field label={t.camera.username} value={username} onInput={setUsername} autoComplete="off" />
					<Field
						label={t.camera.password} type="password" value={password} onInput={setPassword} autoComplete="new-password"
						placeholder={camera.hasPassword ? t.camera.passwordKept : ""}
					/>
				</div>
				{streamsOf(camera).map(({ kind, stream }) => {
					const edit = streams[kind] ?? {};
					const bytes = edit.retainBytes === undefined ? stream.retainBytes : edit.retainBytes;
					return (
						<section key={kind} class="stream form" aria-label={t.camera.kinds[kind]}>
							<h2>{t.camera.kinds[kind]}</h2>
							<Field
								label={t.camera.address} value={edit.source ?? ""} placeholder={stream.source} spellcheck={false} hint={t.camera.addressKept}
								onInput={(source) => change(kind, { source: source === "" ? undefined : withoutLogin(source).address })}
							/>
							<div class="pair">
								<label class="check">
									<input type="checkbox" checked={edit.record ?? stream.record} onChange={(event) => change(kind, { record: event.currentTarget.checked })} />{" "}
									{t.camera.record}
								</label>
								<label class="check">
									{t.camera.transport}
									<select value={edit.transport ?? stream.transport} onChange={(event) => change(kind, { transport: event.currentTarget.value as Transport })}>
										<option value="tcp">{t.camera.tcp}</option>
										<option value="udp">{t.camera.udp}</option>
									</select>
								</label>
							</div>
							<Retention uuid={camera.uuid} kind={kind} bytes={bytes} onChange={(retainBytes) => change(kind, { retainBytes })} />
						</section>
					);
				})}
				{said && <p class={said.isWrong ? "wrong" : "good"} role="status">{said.words}</p>}
				<p><button type="submit" class="primary" disabled={isBusy}>{t.camera.save}</button></p>
			</form>
			<section class="card">
				{isRemoving ? (
					<div class="form">
						<p><strong>{t.camera.removeWhat}</strong></p>
						<p class="buttons">
							<button type="button" onClick={() => void remove(false)}>{t.camera.removeKeep}</button>
							<button type="button" class="danger" onClick={() => void remove(true)}>{t.camera.removeAll}</button>
							<button type="button" class="link" onClick={() => setRemoving(false)}>{t.camera.cancel}</button>
						</p>
					</div>
				) : (
					<button type="button" class="danger" onClick={() => setRemoving(true)}><Icon name="remove" /> {t.camera.remove}</button>
				)}
			</section>
		</div>
	);
}

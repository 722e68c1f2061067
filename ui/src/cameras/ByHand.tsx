// A camera by its address, with the usual paths of big makers for who knows only the host.

import { useEffect, useState } from "preact/hooks";
import { go } from "../app/router";
import { ask, wordsOf } from "../api/ask";
import { refresh } from "../api/recorder";
import type { NewCamera } from "../api/types";
import { Field } from "../parts/Field";
import { t } from "../text";
import { TestButton } from "./TestButton";
import { type Maker, addresses, hostOf, readMakers, withoutLogin } from "./makers";

export function ByHand() {
	const [name, setName] = useState("");
	const [host, setHost] = useState("");
	const [maker, setMaker] = useState("");
	const [makers, setMakers] = useState<Maker[]>([]);
	const [main, setMain] = useState("");
	const [sub, setSub] = useState("");
	const [username, setUsername] = useState("");
	const [password, setPassword] = useState("");
	const [wrong, setWrong] = useState<string | null>(null);
	const [isBusy, setBusy] = useState(false);

	useEffect(() => void readMakers().then(setMakers, () => {}), []);

	/** What a host and a maker come to; typed addresses may be changed after. */
	const fill = (host: string, name: string) => {
		const found = makers.find(({ maker }) => maker === name);
		if (!found || hostOf(host) === "") return;
		const made = addresses(host, found);
		setMain(made.main);
		setSub(made.sub);
	};
	const takeMain = (typed: string) => {
		const { address, username, password } = withoutLogin(typed);
		setMain(address);
		if (username !== undefined) setUsername(username);
		if (password !== undefined) setPassword(password);
	};
	const login = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
	const sources = [[t.camera.kinds.main, main], [t.camera.kinds.sub, withoutLogin(sub).address]].filter(([, source]) => source);
	const subjects = () => sources.map(([name = "", source = ""]) => ({ name, subject: { source, ...login } }));

	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setWrong(null);
		const camera: NewCamera = { name, ...login, streams: { main: { source: main }, ...(sub ? { sub: { source: withoutLogin(sub).address } } : {}) } };
		try {
			await ask("/api/cameras", { method: "POST", body: camera });
			await refresh();
			go(`/?camera=${encodeURIComponent(name.trim())}`);
		} catch (e) {
			setWrong(wordsOf(e));
			setBusy(false);
		}
	};

	return (
		<form class="card form" onSubmit={submit}>
			<h2>{t.camera.byHand}</h2>
			<p class="faint">{t.camera.byHandLead}</p>
			<div class="pair">
				<Field
					label={t.camera.host} value={host} placeholder="192.168.1.20" spellcheck={false}
					onInput={(value) => { setHost(value); fill(value, maker); }}
				/>
				<div class="field">
					<label for="maker">{t.camera.maker}</label>
					<select id="maker" value={maker} onChange={(event) => { setMaker(event.currentTarget.value); fill(host, event.currentTarget.value); }}>
						<option value="">{t.camera.makerOther}</option>
						{makers.map(({ maker }) => <option key={maker} value={maker}>{maker}</option>)}
					</select>
				</div>
			</div>
			<Field label={t.camera.mainAddress} value={main} onInput={takeMain} placeholder="rtsp://192.168.1.20/…" spellcheck={false} required />
			<Field label={t.camera.subAddress} value={sub} onInput={setSub} placeholder="rtsp://192.168.1.20/…" spellcheck={false} hint={t.camera.subHint} />
			<div class="pair">
				<Field label={t.camera.username} value={username} onInput={setUsername} autoComplete="off" />
				<Field label={t.camera.password} type="password" value={password} onInput={setPassword} autoComplete="new-password" />
			</div>
			<TestButton subjects={subjects} disabled={!main} />
			<Field label={t.camera.name} value={name} onInput={setName} placeholder={t.camera.nameExample} required />
			{wrong && <p class="wrong" role="alert">{wrong}</p>}
			<p><button type="submit" class="primary" disabled={isBusy || !main}>{t.camera.record}</button></p>
		</form>
	);
}

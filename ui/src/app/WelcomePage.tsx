// The first visit: whoever comes first chooses the owner's password.

import { useEffect, useMemo, useState } from "preact/hooks";
import { wordsOf } from "../api/ask";
import { setUp } from "../api/session";
import { Discovery } from "../cameras/discovery";
import { Field } from "../parts/Field";
import { t } from "../text";
import { go } from "./router";

/** As the recorder demands it. */
const LEAST = 8;

export function WelcomePage() {
	const [name, setName] = useState(t.login.owner);
	const [password, setPassword] = useState("");
	const [again, setAgain] = useState("");
	const [wrong, setWrong] = useState<string | null>(null);
	const [isBusy, setBusy] = useState(false);
	const isShort = password.length > 0 && password.length < LEAST;
	const differs = again.length > 0 && again !== password;

	const submit = async (event: Event) => {
		event.preventDefault();
		if (password.length < LEAST || again !== password) return setWrong(differs ? t.welcome.differ : t.welcome.tooShort(LEAST));
		setBusy(true);
		setWrong(null);
		try {
			await setUp(name, password);
			go("/cameras/add");
		} catch (e) {
			setWrong(wordsOf(e));
			setBusy(false);
		}
	};

	return (
		<main class="door">
			<form class="card" onSubmit={submit}>
				<img src="/icon.svg" alt="" width="44" height="44" />
				<h1>{t.welcome.title}</h1>
				<p>{t.welcome.lead}</p>
				<Field label={t.welcome.name} value={name} onInput={setName} autoComplete="username" required />
				<Field
					label={t.welcome.password} type="password" value={password} onInput={setPassword} autoComplete="new-password" required autoFocus
					hint={t.welcome.long} wrong={isShort ? t.welcome.tooShort(LEAST) : null}
				/>
				<Field
					label={t.welcome.again} type="password" value={again} onInput={setAgain} autoComplete="new-password" required
					wrong={differs ? t.welcome.differ : null}
				/>
				{wrong && <p class="wrong" role="alert">{wrong}</p>}
				<button type="submit" class="primary" disabled={isBusy}>{t.welcome.go}</button>
				<Answering />
			</form>
		</main>
	);
}

/** That cameras are there, by name: more is for the owner. */
function Answering() {
	const discovery = useMemo(() => new Discovery(), []);
	useEffect(() => () => discovery.close(), [discovery]);
	if (discovery.found.value.length === 0) return null;
	return (
		<section aria-label={t.welcome.found}>
			<h2>{t.welcome.found}</h2>
			<div role="status">
				<ul class="plain">
					{discovery.found.value.map((camera) => (
						<li key={camera.key}><strong>{camera.name || t.welcome.nameless}</strong> <span class="faint small">{camera.foundByItself ? t.found.byItself : t.found.states[camera.state]}</span></li>
					))}
				</ul>
			</div>
		</section>
	);
}

// Logging in.

import { useState } from "preact/hooks";
import { wordsOf } from "../api/ask";
import { logIn } from "../api/session";
import { Field } from "../parts/Field";
import { t } from "../text";

export function LoginPage({ notice }: { notice?: string }) {
	const [name, setName] = useState(t.login.owner);
	const [password, setPassword] = useState("");
	const [wrong, setWrong] = useState<string | null>(null);
	const [isBusy, setBusy] = useState(false);

	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setWrong(null);
		try {
			await logIn(name, password);
		} catch (e) {
			setWrong(`${t.login.wrong}: ${wordsOf(e)}`);
			setBusy(false);
		}
	};

	return (
		<main class="door">
			<form class="card" onSubmit={submit}>
				<img src="/icon.svg" alt="" width="44" height="44" />
				<h1>{t.login.title}</h1>
				{notice && <p class="odd" role="status">{notice}</p>}
				<Field label={t.login.name} value={name} onInput={setName} autoComplete="username" required />
				<Field label={t.login.password} type="password" value={password} onInput={setPassword} autoComplete="current-password" required autoFocus />
				{wrong && <p class="wrong" role="alert">{wrong}</p>}
				<button type="submit" class="primary" disabled={isBusy}>{t.login.go}</button>
			</form>
		</main>
	);
}

// Whoever is logged in changes their own password.

import { useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { session } from "../api/session";
import { Field } from "../parts/Field";
import { t } from "../text";

/** As the recorder demands it. */
const LEAST = 8;

export function OwnPassword() {
	const [current, setCurrent] = useState("");
	const [password, setPassword] = useState("");
	const [again, setAgain] = useState("");
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const user = session.value?.user;
	if (!user || user.id === null) return null;
	const isShort = password.length > 0 && password.length < LEAST;
	const differs = again.length > 0 && again !== password;

	const submit = async (event: Event) => {
		event.preventDefault();
		if (isShort || again !== password) return setSaid({ words: isShort ? t.welcome.tooShort(LEAST) : t.welcome.differ, isWrong: true });
		try {
			await ask("/api/password", { method: "POST", body: { current, new: password } });
			setSaid({ words: t.own.saved, isWrong: false });
			setCurrent("");
			setPassword("");
			setAgain("");
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};

	return (
		<details class="card">
			<summary><strong>{t.own.title}</strong> <span class="faint">{user.name}</span></summary>
			<form class="form" onSubmit={(event) => void submit(event)}>
				<Field label={t.own.current} type="password" value={current} onInput={setCurrent} autoComplete="current-password" required />
				<div class="pair">
					<Field label={t.welcome.password} type="password" value={password} onInput={setPassword} autoComplete="new-password" required wrong={isShort ? t.welcome.tooShort(LEAST) : null} />
					<Field label={t.welcome.again} type="password" value={again} onInput={setAgain} autoComplete="new-password" required wrong={differs ? t.welcome.differ : null} />
				</div>
				<p class="hint">{t.own.others}</p>
				{said && <p class={said.isWrong ? "wrong" : "good"} role="status">{said.words}</p>}
				<p><button type="submit" class="primary">{t.users.save}</button></p>
			</form>
		</details>
	);
}

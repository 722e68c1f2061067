// Tokens: how programs enter. Each is shown once.

import { useEffect, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { Field } from "../parts/Field";
import { t } from "../text";

type Role = "owner" | "viewer";
type Token = { id: number; name: string; role: Role };

export function Tokens() {
	const [tokens, setTokens] = useState<Token[] | null>(null);
	const [name, setName] = useState("");
	const [role, setRole] = useState<Role>("viewer");
	const [made, setMade] = useState<string | null>(null);
	const [wrong, setWrong] = useState<string | null>(null);
	const read = () => ask<{ tokens: Token[] }>("/api/tokens").then(({ tokens }) => setTokens(tokens), () => setTokens(null));
	useEffect(() => void read(), []);
	if (!tokens) return null;
	const act = async (asked: Promise<{ token?: string } | null>) => {
		try {
			setMade((await asked)?.token ?? null);
			setWrong(null);
			setName("");
			await read();
		} catch (e) {
			setWrong(wordsOf(e));
		}
	};
	return (
		<section class="card form">
			<h2>{t.users.tokens}</h2>
			<p class="faint">{t.users.tokensLead}</p>
			<ul class="plain">
				{tokens.map((token) => (
					<li key={token.id}>
						<strong>{token.name}</strong> <span class="faint">{t.users.roles[token.role]}</span>
						<button type="button" class="danger" onClick={() => void act(ask(`/api/tokens/${token.id}`, { method: "DELETE" }))}>{t.users.revoke}</button>
					</li>
				))}
			</ul>
			{made && <p role="status">{t.users.tokenOnce} <code>{made}</code></p>}
			{wrong && <p class="wrong" role="alert">{wrong}</p>}
			<form class="form" onSubmit={(event) => { event.preventDefault(); void act(ask("/api/tokens", { method: "POST", body: { name, role } })); }}>
				<Field label={t.users.tokenName} value={name} onInput={setName} required />
				<div class="field">
					<label for="token-role">{t.users.role}</label>
					<select id="token-role" value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
						<option value="viewer">{t.users.roles.viewer}</option>
						<option value="owner">{t.users.roles.owner}</option>
					</select>
				</div>
				<p><button type="submit">{t.users.tokenAdd}</button></p>
			</form>
		</section>
	);
}

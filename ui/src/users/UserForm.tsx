// One user: name, password, role, cameras.

import { useId, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { cameras } from "../api/recorder";
import { type User, session } from "../api/session";
import { Field } from "../parts/Field";
import { t } from "../text";

/** `user` is `null` for one who is to be added. */
export function UserForm({ user, onDone }: { user: User | null; onDone: () => void }) {
	const id = useId();
	const [name, setName] = useState(user?.name ?? "");
	const [password, setPassword] = useState("");
	const [role, setRole] = useState<User["role"]>(user?.role ?? "viewer");
	const [seen, setSeen] = useState<string[] | null>(user?.cameras ?? null);
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);

	const act = async (method: string, path: string, body?: unknown) => {
		try {
			await ask(path, { method, body });
			setSaid({ words: t.users.saved, isWrong: false });
			setPassword("");
			onDone();
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};
	const submit = (event: Event) => {
		event.preventDefault();
		const body = { name, role, cameras: role === "owner" ? null : seen, ...(password ? { password } : {}) };
		void (user ? act("PATCH", `/api/users/${user.id}`, body) : act("POST", "/api/users", body));
	};
	const toggle = (uuid: string) => setSeen((all) => (all?.includes(uuid) ? all.filter((one) => one !== uuid) : [...(all ?? []), uuid]));

	return (
		<form class="form" onSubmit={submit}>
			<div class="pair">
				<Field label={t.users.name} value={name} onInput={setName} autoComplete="off" required />
				<Field label={user ? t.users.newPassword : t.users.password} type="password" value={password} onInput={setPassword} autoComplete="new-password" required={!user} />
			</div>
			<div class="field">
				<label for={`${id}role`}>{t.users.role}</label>
				<select id={`${id}role`} value={role} onChange={(event) => setRole(event.currentTarget.value as User["role"])}>
					<option value="viewer">{t.users.roles.viewer}</option>
					<option value="owner">{t.users.roles.owner}</option>
				</select>
			</div>
			{role === "viewer" && (
				<fieldset class="form">
					<legend class="label">{t.users.cameras}</legend>
					<label class="check"><input type="checkbox" checked={seen === null} onChange={() => setSeen(seen === null ? [] : null)} /> {t.users.all}</label>
					{seen !== null && cameras.value.map((camera) => (
						<label key={camera.uuid} class="check"><input type="checkbox" checked={seen.includes(camera.uuid)} onChange={() => toggle(camera.uuid)} /> {camera.name}</label>
					))}
				</fieldset>
			)}
			{said && <p class={said.isWrong ? "wrong" : "good"} role="status">{said.words}</p>}
			<p class="buttons">
				<button type="submit" class="primary">{t.users.save}</button>
				{user && user.id !== session.value?.user?.id && <button type="button" class="danger" onClick={() => void act("DELETE", `/api/users/${user.id}`)}>{t.users.remove}</button>}
			</p>
		</form>
	);
}

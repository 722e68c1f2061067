// Who may enter, and what they may see.

import { useEffect, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { type User, session } from "../api/session";
import { t } from "../text";
import { Tokens } from "./Tokens";
import { UserForm } from "./UserForm";

export function UsersPage() {
	const [users, setUsers] = useState<User[] | null>(null);
	const [wrong, setWrong] = useState<string | null>(null);
	const read = () =>
		ask<{ users: User[] }>("/api/users").then(
			({ users }) => { setUsers(users); setWrong(null); },
			(e) => setWrong(wordsOf(e)),
		);
	useEffect(() => void read(), []);
	return (
		<div class="place narrow">
			<header><h1>{t.places.users}</h1></header>
			{wrong && <p class="wrong" role="alert">{wrong}</p>}
			{users?.map((user) => (
				<details key={user.id} class="card">
					<summary><strong>{user.name}</strong> <span class="faint">{user.role === "owner" ? t.users.roles.owner : t.users.roles.viewer}{user.id === session.value?.user?.id ? ` · ${t.users.you}` : ""}</span></summary>
					<UserForm user={user} onDone={() => void read()} />
				</details>
			))}
			{users && (
				<details class="card">
					<summary>{t.users.add}</summary>
					<UserForm key={users.length} user={null} onDone={() => void read()} />
				</details>
			)}
			<Tokens />
		</div>
	);
}

// Who is logged in. A recorder that knows no sessions is open to all who reach it.

import { computed, signal } from "@preact/signals";
import { Refusal, ask, onLocked } from "./ask";

export type User = { id: number | null; name: string; role: "owner" | "viewer"; cameras: string[] | null };
export type Session = { needsOwner: boolean; user: User | null; loginRequired: boolean; appliance: boolean; waitsFor?: string | null };

const OPEN: Session = { needsOwner: false, loginRequired: false, user: { id: null, name: "", role: "owner", cameras: null }, appliance: false };

/** `null` until it is known. */
export const session = signal<Session | null>(null);
/** Somebody has to log in at all. */
export const hasLogins = computed(() => session.value?.loginRequired ?? false);
export const isOwner = computed(() => session.value?.user?.role === "owner");

onLocked.tell = () => {
	if (session.value?.user) session.value = { ...session.value, user: null };
};

export async function readSession(): Promise<void> {
	try {
		session.value = await ask<Session>("/api/session");
	} catch (e) {
		if (e instanceof Refusal && e.status === 404) session.value = OPEN;
		else throw e;
	}
}

export async function logIn(name: string, password: string): Promise<void> {
	session.value = await ask<Session>("/api/login", { method: "POST", body: { name, password } });
}

/** The first owner's password. */
export async function setUp(name: string, password: string): Promise<void> {
	const body = name ? { password, name } : { password };
	session.value = await ask<Session>("/api/setup", { method: "POST", body });
}

export async function logOut(): Promise<void> {
	await ask("/api/logout", { method: "POST" });
	await readSession();
}

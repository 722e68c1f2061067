// Where cameras of big makers usually have their streams, for those that do not say so themselves.

import { ask } from "../api/ask";

/** Paths behind `rtsp://HOST:554`, of the large picture and, where there is one, of the small. */
export type Maker = { maker: string; main: string; sub: string | null };

/** As the recorder knows them. */
export async function readMakers(): Promise<Maker[]> {
	return (await ask<{ paths: Maker[] }>("/api/discovery/paths")).paths;
}

/** The addresses that a host's camera of this maker has. */
export function addresses(host: string, { main, sub }: Maker): { main: string; sub: string } {
	const bare = hostOf(host);
	return { main: `rtsp://${bare}${main}`, sub: sub === null ? "" : `rtsp://${bare}${sub}` };
}

/** What was typed for a host, without what people copy along: a scheme, a login, a path. */
export function hostOf(text: string): string {
	return text.trim().replace(/^[a-z]+:\/\//i, "").replace(/^[^/@]*@/, "").replace(/[/?#].*$/, "");
}

/** A login inside an address, taken out of it: the recorder keeps it apart. */
export function withoutLogin(address: string): { address: string; username?: string; password?: string } {
	const found = /^(rtsps?:\/\/)([^/@]*)@(.*)$/i.exec(address.trim());
	if (!found) return { address: address.trim() };
	const [, scheme, login = "", rest] = found;
	const at = login.indexOf(":");
	const read = (text: string) => {
		try {
			return decodeURIComponent(text);
		} catch {
			return text;
		}
	};
	const username = read(at < 0 ? login : login.slice(0, at));
	return { address: `${scheme}${rest}`, username, ...(at < 0 ? {} : { password: read(login.slice(at + 1)) }) };
}

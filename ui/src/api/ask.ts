// Questions to the recorder. A failure is a `Refusal`, in the recorder's own words where it answered.

import { t } from "../text";

const PATIENCE_MS = 10_000;

/** Why a question was not answered; `status` is 0 where there was no answer at all. */
export class Refusal extends Error {
	constructor(readonly status: number, detail: string) {
		super(detail);
	}
}

/** Called when the recorder wants a login: who shows the page asks for it. */
export const onLocked: { tell: () => void } = { tell: () => {} };

type Asked = { method?: string; body?: unknown; patienceMs?: number; signal?: AbortSignal };

/** A JSON answer, or `null` for an empty one. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
	const answer = await send(path, asked);
	if (answer.status === 204) return null as T;
	return (await answer.json()) as T;
}

/** Bytes with their headers. */
export async function take(path: string, asked: Asked = {}): Promise<{ bytes: ArrayBuffer; headers: Headers }> {
	const answer = await send(path, asked);
	return { bytes: await answer.arrayBuffer(), headers: answer.headers };
}

/** Whether the recorder has this path at all: what it lacks, the page does not show. */
export async function has(path: string): Promise<boolean> {
	try {
		await send(path, {});
		return true;
	} catch (e) {
		return !(e instanceof Refusal && (e.status === 404 || e.status === 405));
	}
}

async function send(path: string, { method, body, patienceMs = PATIENCE_MS, signal }: Asked): Promise<Response> {
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), patienceMs);
	const leave = () => limit.abort();
	signal?.addEventListener("abort", leave);
	const init: RequestInit = { method: method ?? "GET", signal: limit.signal };
	if (body !== undefined) {
		init.body = JSON.stringify(body);
		init.headers = { "Content-Type": "application/json" };
	}
	try {
		const answer = await fetch(path, init);
		if (answer.ok) return answer;
		if (answer.status === 401) onLocked.tell();
		throw new Refusal(answer.status, await reason(answer));
	} catch (e) {
		if (e instanceof Refusal || signal?.aborted) throw e;
		throw new Refusal(0, t.recorder.silent);
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener("abort", leave);
	}
}

async function reason(answer: Response): Promise<string> {
	try {
		return ((await answer.json()) as { detail: string }).detail;
	} catch {
		return t.recorder.status(answer.status);
	}
}

/** What went wrong, as text. */
export const wordsOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

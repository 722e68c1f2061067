// Choices that the browser keeps for its owner. Where it keeps nothing, they last as long as the page.

import { type Signal, effect, signal } from "@preact/signals";

export function kept<T extends string>(name: string, first: T, all: readonly T[]): Signal<T> {
	const found = read(name) as T | null;
	const choice = signal<T>(found !== null && all.includes(found) ? found : first);
	effect(() => write(name, choice.value));
	return choice;
}

function read(name: string): string | null {
	try {
		return localStorage.getItem(`lunette.${name}`);
	} catch {
		return null;
	}
}

function write(name: string, value: string): void {
	try {
		localStorage.setItem(`lunette.${name}`, value);
	} catch {
		// Private windows of some browsers.
	}
}

// Where in the page one is: paths of the browser's history, so that links, reloads and the way back lead there.

import { computed, signal } from "@preact/signals";

const address = signal(read());

function read(): { path: string; query: string } {
	return { path: location.pathname, query: location.search };
}

export const path = computed(() => address.value.path);
export const query = computed(() => new URLSearchParams(address.value.query));

/** The words of the path. */
export const words = computed(() => path.value.split("/").filter(Boolean).map(decodeURIComponent));

export function go(to: string): void {
	if (to === location.pathname + location.search) return;
	history.pushState(null, "", to);
	address.value = read();
	window.scrollTo(0, 0);
}

/** The same without a step in the history. */
export function replace(to: string): void {
	history.replaceState(null, "", to);
	address.value = read();
}

/** Writes what is shown into the address without a step in the history. */
export function note(changes: Record<string, string | null>): void {
	const now = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(changes)) value === null ? now.delete(name) : now.set(name, value);
	const text = now.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
	history.replaceState(null, "", location.pathname + (text && `?${text}`));
	address.value = read();
}

/** Follows the browser's own ways and clicks on the page's links. */
export function listen(): void {
	window.addEventListener("popstate", () => (address.value = read()));
	document.addEventListener("click", (event) => {
		if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
		const link = event.target instanceof Element ? event.target.closest("a") : null;
		if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
		if (link.pathname.startsWith("/api/") || link.hash) return;
		event.preventDefault();
		go(link.pathname + link.search);
	});
}

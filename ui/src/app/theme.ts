// Light or dark: as the device has it, or as was chosen here.

import { effect } from "@preact/signals";
import { kept } from "./kept";

const THEMES = ["auto", "light", "dark"] as const;

export const theme = kept("theme", "auto", THEMES);

effect(() => {
	const root = document.documentElement;
	if (theme.value === "auto") root.removeAttribute("data-theme");
	else root.dataset.theme = theme.value;
});

export function nextTheme(): void {
	theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
}

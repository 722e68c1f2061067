// The frame around every place of the page: name, menu, what needs a look.

import type { ComponentChildren } from "preact";
import { silence, top } from "../api/recorder";
import { hasLogins, isOwner, logOut, session } from "../api/session";
import { Icon, type IconName } from "../parts/Icon";
import { IconButton } from "../parts/Button";
import { t } from "../text";
import { Notices } from "./Notices";
import { words } from "./router";
import { nextTheme, theme } from "./theme";

type Place = { name: keyof typeof t.places; path: string; ownersOnly?: boolean };

const PLACES: Place[] = [
	{ name: "live", path: "/" },
	{ name: "timeline", path: "/timeline" },
	{ name: "cameras", path: "/cameras", ownersOnly: true },
	{ name: "storage", path: "/storage", ownersOnly: true },
	{ name: "users", path: "/users", ownersOnly: true },
	{ name: "system", path: "/system" },
];

export function Frame({ children }: { children: ComponentChildren }) {
	const here = words.value[0] ?? "live";
	const shown = PLACES.filter((place) => (isOwner.value || !place.ownersOnly) && (place.name !== "users" || hasLogins.value));
	return (
		<div class="frame">
			<a class="skip" href="#content">{t.frame.skip}</a>
			<header class="bar">
				<a class="brand" href="/">
					<img src="/icon.svg" alt="" width="26" height="26" />
					<span>{t.name}</span>
				</a>
				<nav aria-label={t.frame.menu}>
					{shown.map(({ name, path }) => (
						<a key={name} href={path} aria-current={here === name ? "page" : undefined}>
							<Icon name={name as IconName} />
							<span>{t.places[name]}</span>
						</a>
					))}
				</nav>
				<div class="tools">
					<IconButton icon="theme" label={`${t.frame.theme}: ${t.frame.themes[theme.value]}`} onClick={nextTheme} />
					{hasLogins.value && session.value?.user && (
						<IconButton icon="leave" label={t.frame.logOut} onClick={() => void logOut().catch(() => location.reload())} />
					)}
				</div>
			</header>
			<div class="told" aria-live="polite">
				{silence.value !== null && <p class="banner bad" role="status">{t.recorder.away(silence.value)}</p>}
				<Notices />
			</div>
			<main id="content" tabIndex={-1}>
				{top.value === null && silence.value === null ? <p class="waiting" role="status">{t.frame.loading}</p> : children}
			</main>
		</div>
	);
}

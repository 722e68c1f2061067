// The recorder answers, and its film is not there yet: why, and a login where somebody is known already.

import { session } from "../api/session";
import { t } from "../text";
import { LoginPage } from "./LoginPage";

export function WaitingPage({ why }: { why: string }) {
	// Nobody is known: that will be told when the film is there.
	if (session.value?.needsOwner === false && session.value.loginRequired) return <LoginPage notice={t.waiting.title(why)} />;
	return (
		<main class="door">
			<section class="card form" role="status">
				<img src="/icon.svg" alt="" width="44" height="44" />
				<h1>{t.name}</h1>
				<p><strong>{t.waiting.title(why)}</strong></p>
				<p class="faint">{t.waiting.lead}</p>
			</section>
		</main>
	);
}

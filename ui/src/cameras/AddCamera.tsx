// Adding cameras: those that answer by themselves, then by hand.

import { cameras } from "../api/recorder";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { ByHand } from "./ByHand";
import { FoundList } from "./FoundList";

export function AddCamera() {
	return (
		<div class="place narrow">
			<header>
				{cameras.value.length > 0 && <a class="button icon-button" href="/cameras" aria-label={t.camera.toAll}><Icon name="left" /></a>}
				<h1>{t.camera.add}</h1>
			</header>
			<FoundList />
			<ByHand />
		</div>
	);
}

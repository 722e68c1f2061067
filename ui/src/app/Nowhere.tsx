// An address at which there is nothing.

import { t } from "../text";

export function Nowhere() {
	return (
		<div class="empty">
			<h1>{t.frame.nowhere}</h1>
			<p><a class="button" href="/">{t.frame.toLive}</a></p>
		</div>
	);
}

// The keys of this page.

import { t } from "../text";

export function Keys() {
	return (
		<section class="card form">
			<h2>{t.system.keys}</h2>
			<table class="list keys">
				<tbody>
					{t.system.shortcuts.map(([place, keys, what]) => (
						<tr key={`${place}${keys}`}><td class="faint">{place}</td><td>{keys?.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</td><td>{what}</td></tr>
					))}
				</tbody>
			</table>
		</section>
	);
}

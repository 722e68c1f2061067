// What needs a look, at the top of every place: the recorder's notices, or what it says without them.

import { useState } from "preact/hooks";
import { allCameras, isOtherVersion, now90k, top } from "../api/recorder";
import type { Notice, Top } from "../api/types";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { since } from "../time/recorderZone";

/** So many are seen at once; the others wait behind a button. */
const AT_ONCE = 2;

export function Notices() {
	const [isOpen, open] = useState(false);
	const all = top.value ? noticesOf(top.value) : [];
	const shown = isOpen ? all : all.slice(0, AT_ONCE);
	const names = new Map(allCameras.value.map((camera) => [camera.uuid, camera.name]));
	return (
		<>
			{isOtherVersion.value && (
				<p class="banner">
					{t.frame.upgraded} <button type="button" class="link" onClick={() => location.reload()}>{t.frame.reload}</button>
				</p>
			)}
			{all.length > 0 && (
				<section class="notices" aria-label={t.notices.label}>
					<ul>
						{shown.map((notice) => (
							<li key={`${notice.kind}${notice.cameraUuid}${notice.stream}${notice.detail}`} class={notice.kind}>
								<Icon name="warn" size={18} />
								<p>
									<strong>{headOf(notice, names)}</strong> {notice.detail}{" "}
									{notice.since90k > 0 && <span class="faint">{t.notices.since(since(notice.since90k, now90k()))}</span>}
								</p>
							</li>
						))}
					</ul>
					{all.length > AT_ONCE && (
						<button type="button" class="link" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
							{isOpen ? t.notices.less : t.notices.more(all.length - AT_ONCE)}
						</button>
					)}
				</section>
			)}
		</>
	);
}

function headOf(notice: Notice, names: Map<string, string>): string {
	const name = notice.cameraUuid ? names.get(notice.cameraUuid) : undefined;
	return `${name ? `${name}${notice.stream ? `/${notice.stream}` : ""}` : t.notices.kinds[notice.kind] ?? notice.kind}:`;
}

/** Of a recorder that tells none: its trouble, and a clock that is not certain. */
function noticesOf({ notices, trouble, clock }: Top): Notice[] {
	if (notices) return notices;
	const found: Notice[] = [];
	if (trouble) found.push({ kind: "disk", since90k: 0, detail: trouble });
	if (clock && !clock.proven) found.push({ kind: "clock", since90k: clock.since90k, detail: clock.detail });
	return found;
}

// How much film of a stream is kept: a share of the common room, or so many gigabytes; and how long that lasts.

import { useEffect, useId, useState } from "preact/hooks";
import type { StreamKind } from "../api/types";
import { forecast } from "../storage/storage";
import { t } from "../text";
import { days } from "../time/units";

export const GB = 1e9;

type RetentionProps = { uuid: string; kind: StreamKind; bytes: number | null; onChange: (bytes: number | null) => void };

export function Retention({ uuid, kind, bytes, onChange }: RetentionProps) {
	const id = useId();
	const [held, setHeld] = useState<number | null | undefined>(undefined);
	useEffect(() => {
		let isLeft = false;
		setHeld(undefined);
		const timer = setTimeout(() => void forecast(uuid, kind, bytes).then((days) => !isLeft && setHeld(days), () => {}), 250);
		return () => {
			isLeft = true;
			clearTimeout(timer);
		};
	}, [uuid, kind, bytes]);
	return (
		<fieldset class="retention">
			<legend class="label">{t.camera.retention}</legend>
			<label class="check">
				<input type="radio" name={id} checked={bytes === null} onChange={() => onChange(null)} /> {t.camera.pool}
			</label>
			<label class="check">
				<input type="radio" name={id} checked={bytes !== null} onChange={() => onChange(20 * GB)} /> {t.camera.quota}
				<input
					class="short" type="number" min="0.1" step="any" aria-label={t.camera.gigabytes} disabled={bytes === null}
					value={bytes === null ? "" : bytes / GB} onInput={(event) => onChange(Math.max(0, Math.round(Number(event.currentTarget.value) * GB)))}
				/> GB
			</label>
			<p class="hint" role="status">{held === undefined ? "…" : held === null ? t.camera.holdsUnknown : t.camera.holdsDays(days(held))}</p>
		</fieldset>
	);
}

// Asks a camera what it sends, and says it.

import { useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import type { CameraReport, KnownSubject, NewSubject } from "../api/types";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { reportLines } from "./report";

/** A camera may need twelve seconds, and its connection some more. */
const PATIENCE_MS = 40_000;

type Told = { name: string; report?: CameraReport; wrong?: string };
type TestButtonProps = { subjects: () => Array<{ name: string; subject: KnownSubject | NewSubject }>; disabled?: boolean };

export function TestButton({ subjects, disabled }: TestButtonProps) {
	const [isBusy, setBusy] = useState(false);
	const [told, setTold] = useState<Told[]>([]);

	const test = async () => {
		setBusy(true);
		setTold([]);
		for (const { name, subject } of subjects()) {
			const result = await ask<CameraReport>("/api/cameras/test", { method: "POST", body: subject, patienceMs: PATIENCE_MS }).then(
				(report): Told => ({ name, report }),
				(e): Told => ({ name, wrong: wordsOf(e) }),
			);
			setTold((before) => [...before, result]);
		}
		setBusy(false);
	};

	return (
		<div class="test">
			<button type="button" disabled={disabled || isBusy} onClick={() => void test()}>
				<Icon name="search" /> {isBusy ? t.camera.testing : t.camera.test}
			</button>
			<div role="status">
				{told.map(({ name, report, wrong }) => (
					<div key={name} class={`result ${wrong ? "wrong" : "good"}`}>
						<Icon name={wrong ? "warn" : "check"} size={18} />
						<p>
							<strong>{name}:</strong> {wrong ?? (report && reportLines(report).good.join(" · "))}
							{report && reportLines(report).odd.map((line) => <span key={line} class="odd">{line}</span>)}
						</p>
					</div>
				))}
			</div>
		</div>
	);
}

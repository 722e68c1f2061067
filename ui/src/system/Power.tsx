// Starting the box anew, or switching it off: each asked twice.

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { t } from "../text";

type Act = "reboot" | "poweroff";

export function Power() {
	const [asked, setAsked] = useState<Act | null>(null);
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const answer = useRef<HTMLButtonElement>(null);
	useEffect(() => answer.current?.focus(), [asked]);
	const act = async (what: Act) => {
		setAsked(null);
		try {
			await ask(`/api/system/${what}`, { method: "POST" });
			setSaid({ words: t.power.done[what], isWrong: false });
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
	};
	return (
		<section class="card form" aria-label={t.power.title}>
			<h2>{t.power.title}</h2>
			{asked === null
				? (
					<p class="buttons">
						<button type="button" onClick={() => setAsked("reboot")}>{t.power.reboot}</button>
						<button type="button" onClick={() => setAsked("poweroff")}>{t.power.poweroff}</button>
					</p>
				)
				: (
					<>
						<p><strong>{t.power.sure[asked]}</strong></p>
						<p class="buttons">
							<button type="button" class="danger" ref={answer} onClick={() => void act(asked)}>{t.power.really[asked]}</button>
							<button type="button" class="link" onClick={() => setAsked(null)}>{t.camera.cancel}</button>
						</p>
					</>
				)}
			{said && <p class={said.isWrong ? "wrong" : ""} role="status">{said.words}</p>}
		</section>
	);
}

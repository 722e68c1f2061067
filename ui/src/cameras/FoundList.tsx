// Cameras that answered, one tap away from being recorded; one login for all that ask for one.

import { useEffect, useMemo, useState } from "preact/hooks";
import { wordsOf } from "../api/ask";
import { allCameras, cameras, refresh } from "../api/recorder";
import type { Found } from "../api/types";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { Discovery } from "./discovery";

/** What a login may help. */
const LOCKED = ["needsLogin", "wrongLogin", "clockOff"];

export function FoundList() {
	const discovery = useMemo(() => new Discovery(), []);
	useEffect(() => () => discovery.close(), [discovery]);
	const [chosen, setChosen] = useState<Set<string>>(new Set());
	const [username, setUsername] = useState("admin");
	const [password, setPassword] = useState("");
	const [wrong, setWrong] = useState<Map<string, string>>(new Map());
	const [isBusy, setBusy] = useState(false);

	if (discovery.isThere.value === false) return null;
	const found = discovery.found.value;
	const free = found.filter((camera) => camera.camera === null);
	const meant = free.filter((camera) => chosen.has(camera.key));
	const needsLogin = meant.some((camera) => LOCKED.includes(camera.state));

	// Two may be ticked before the page is drawn again.
	const toggle = (key: string) => setChosen((before) => {
		const next = new Set(before);
		if (!next.delete(key)) next.add(key);
		return next;
	});
	const record = async (wanted: Found[]) => {
		setBusy(true);
		try {
			const { results } = await discovery.record(wanted.map(({ key }) => key), needsLogin ? username : "", needsLogin ? password : "");
			setWrong(new Map(results.flatMap(({ key, error }) => (error ? [[key, error.detail || (t.found.states[error.state] ?? error.state)] as const] : []))));
			setChosen(new Set(results.flatMap(({ key, error }) => (error ? [key] : []))));
			await refresh();
		} catch (e) {
			setWrong(new Map([["", wordsOf(e)]]));
		}
		setBusy(false);
	};

	return (
		<section class="card form" aria-label={t.found.title}>
			<h2>{t.found.title}</h2>
			<p class="faint" role="status">{discovery.isLooking.value || discovery.isThere.value === null ? t.found.looking : t.found.looked(found.length)}</p>
			<ul class="found">
				{found.map((camera) => (
					<li key={camera.key} class={camera.state}>
						<Snapshot key={camera.camera} src={pictureOf(camera)} />
						<div>
							<strong>{camera.name || camera.address}</strong>
							<p class="faint small">{[camera.maker, camera.model, camera.address].filter(Boolean).join(" · ")}</p>
							<p class="small">
								<span class={wrong.has(camera.key) ? "wrong" : ""}>{wrong.get(camera.key) ?? t.found.states[camera.state]}</span>{" "}
								{camera.detail && !wrong.has(camera.key) && camera.state !== "open" && <span class="faint">{camera.detail}</span>}
								{camera.profiles.map((profile) => `${profile.codec} ${profile.width}×${profile.height}`).join(", ")}
							</p>
						</div>
						{camera.camera !== null
							? <span class="good"><Icon name="check" size={18} /> {camera.foundByItself ? t.found.byItself : t.found.recorded} <a href={`/cameras/${camera.camera}`}>{t.camera.editShort}</a></span>
							: camera.state === "open"
								? <button type="button" class="primary" disabled={isBusy} onClick={() => void record([camera])}>{t.camera.record}</button>
								: LOCKED.includes(camera.state) && (
									<label class="check"><input type="checkbox" checked={chosen.has(camera.key)} onChange={() => toggle(camera.key)} /> {t.found.choose}</label>
								)}
					</li>
				))}
			</ul>
			{meant.length > 0 && (
				<form class="form" onSubmit={(event) => { event.preventDefault(); void record(meant); }}>
					<p>{t.found.login(meant.length)}</p>
					<div class="pair">
						<Field label={t.camera.username} value={username} onInput={setUsername} autoComplete="off" />
						<Field label={t.camera.password} type="password" value={password} onInput={setPassword} autoComplete="new-password" />
					</div>
					<p><button type="submit" class="primary" disabled={isBusy}>{isBusy ? t.found.trying : t.camera.record}</button></p>
				</form>
			)}
			{cameras.value.length > 0 && <p><a class="button" href="/"><Icon name="live" /> {t.frame.toLive}</a></p>}
			{wrong.has("") && <p class="wrong" role="alert">{wrong.get("")}</p>}
		</section>
	);
}

/** Its own picture, as soon as it may be seen. */
function pictureOf({ key, hasSnapshot, camera }: Found): string | null {
	if (hasSnapshot) return `/api/discovery/${encodeURIComponent(key)}/snapshot.jpg`;
	const here = allCameras.value.find(({ uuid }) => uuid === camera);
	return here?.hasSnapshot ? `/api/cameras/${here.uuid}/snapshot.jpg` : null;
}

function Snapshot({ src }: { src: string | null }) {
	const [isBroken, setBroken] = useState(false);
	if (src === null || isBroken) return <span class="picture"><Icon name="cameras" size={28} /></span>;
	return <img src={src} alt="" loading="lazy" onError={() => setBroken(true)} />;
}

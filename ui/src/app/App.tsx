// The page: which place is shown, and who may see it.

import { useEffect, useRef } from "preact/hooks";
import { follow, silence } from "../api/recorder";
import { hasLogins, isOwner, readSession, session } from "../api/session";
import { wordsOf } from "../api/ask";
import { CamerasPage } from "../cameras/CamerasPage";
import { LivePage } from "../live/LivePage";
import { StoragePage } from "../storage/StoragePage";
import { LogPage } from "../system/LogPage";
import { SystemPage } from "../system/SystemPage";
import { TimelinePage } from "../timeline/TimelinePage";
import { t } from "../text";
import { Frame } from "./Frame";
import { UsersPage } from "../users/UsersPage";
import { LoginPage } from "./LoginPage";
import { Nowhere } from "./Nowhere";
import { WaitingPage } from "./WaitingPage";
import { WelcomePage } from "./WelcomePage";
import { words } from "./router";

const RETRY_MS = 2_000;
const WAITING_MS = 3_000;

export function App() {
	useEffect(() => untilRead(), []);
	// Who may enter may not be known before the film is there.
	const waits = session.value?.waitsFor != null;
	useHeardAgain();
	const isIn = session.value !== null && session.value.user !== null;
	useEffect(() => (isIn ? follow() : undefined), [isIn]);
	if (session.value === null) {
		return <p class="waiting" role="status">{silence.value === null ? t.frame.loading : t.recorder.away(silence.value)}</p>;
	}
	if (waits && session.value.user === null) return <WaitingPage why={session.value.waitsFor ?? ""} />;
	if (session.value.needsOwner && session.value.user === null) return <WelcomePage />;
	if (session.value.user === null) return <LoginPage />;
	const isOfFilm = words.value[0] !== "system";
	return <Frame>{waits && isOfFilm ? <p class="waiting" role="status">{t.waiting.title(session.value.waitsFor ?? "")} {t.waiting.lead}</p> : place()}</Frame>;
}

/** A recorder that was away may have been started anew: who is logged in is asked again. */
function useHeardAgain(): void {
	const wasSilent = useRef(false);
	const isHeard = silence.value === null;
	useEffect(() => {
		const before = wasSilent.current;
		wasSilent.current = !isHeard;
		return isHeard && before ? untilRead() : undefined;
	}, [isHeard]);
}

function place() {
	const [first = "live"] = words.value;
	switch (first) {
		case "live":
		case "welcome":
			return <LivePage />;
		case "timeline":
			return <TimelinePage />;
		case "cameras":
			return isOwner.value ? <CamerasPage /> : <Nowhere />;
		case "storage":
			return isOwner.value ? <StoragePage /> : <Nowhere />;
		case "users":
			return isOwner.value && hasLogins.value ? <UsersPage /> : <Nowhere />;
		case "system":
			if (words.value[1] === "log" && words.value.length === 2) return isOwner.value ? <LogPage /> : <Nowhere />;
			return words.value.length === 1 ? <SystemPage /> : <Nowhere />;
	}
	return <Nowhere />;
}

/** Asks who is logged in until there is an answer, and then as long as film is waited for. */
function untilRead(): () => void {
	let timer: ReturnType<typeof setTimeout>;
	const read = () =>
		readSession().then(
			() => {
				silence.value = null;
				if (session.value?.waitsFor != null) timer = setTimeout(read, WAITING_MS);
			},
			(e) => {
				silence.value = wordsOf(e);
				timer = setTimeout(read, RETRY_MS);
			},
		);
	timer = setTimeout(read);
	return () => clearTimeout(timer);
}

// One camera's live picture, with its name, the time of what is shown, and why there is none.

import { useEffect, useRef, useState } from "preact/hooks";
import { now90k } from "../api/recorder";
import { type Camera, pathOf, type Stream } from "../api/types";
import type { StreamKind } from "../api/types";
import { t } from "../text";
import { since, zone } from "../time/recorderZone";
import { type LiveState, LiveStream } from "./LiveStream";

const CLOCK_MS = 500;
const NOTHING: LiveState = { kind: "waiting", words: "" };

type LiveTileProps = { camera: Camera; isLarge: boolean; onChoose: () => void };

export function LiveTile({ camera, isLarge, onChoose }: LiveTileProps) {
	const video = useRef<HTMLVideoElement>(null);
	const [state, setState] = useState<LiveState>(NOTHING);
	const [clock, setClock] = useState("");
	const [refused, setRefused] = useState<StreamKind | null>(null);
	const wanted = kindOf(camera, isLarge);
	const kind = wanted === refused ? otherOf(camera, wanted) : wanted;
	const stream = camera.streams[kind];
	const isOn = Boolean(stream?.live);

	useEffect(() => {
		if (!video.current || !isOn) return;
		const live = new LiveStream(video.current, `${pathOf(camera.uuid, kind)}/live.m4s`, (told) => {
			if (told.kind === "cannotPlay" && otherOf(camera, kind) !== kind && refused === null) setRefused(kind);
			else setState(told);
		});
		const timer = setInterval(() => {
			const shown = live.shown90k();
			setClock(shown === null ? "" : zone.value.clock(shown));
		}, CLOCK_MS);
		return () => {
			clearInterval(timer);
			live.close();
			setState(NOTHING);
		};
	}, [camera.uuid, kind, isOn]);

	const words = stream ? wordsFor(stream, state, camera.removed) : "";
	const isStill = words !== "";
	return (
		<figure class={`tile ${isStill ? "still" : ""}`} data-camera={camera.name}>
			<video ref={video} muted playsInline autoPlay disableRemotePlayback aria-label={t.live.picture(camera.name)} />
			<figcaption>
				<span class={`dot ${stateOf(stream)}`} aria-hidden="true" />
				<span class="name">{camera.name}</span>
				<time class="clock">{clock}</time>
			</figcaption>
			{isStill && <p class="words" role="status">{words}</p>}
			<button type="button" class="cover" aria-label={isLarge ? t.live.all : t.live.large(camera.name)} onClick={onChoose} />
		</figure>
	);
}

/** Small pictures are the small stream's, where that one is there. */
function kindOf(camera: Camera, isLarge: boolean): StreamKind {
	const { main, sub } = camera.streams;
	if (!main) return "sub";
	return !isLarge && sub?.live ? "sub" : "main";
}

function otherOf(camera: Camera, kind: StreamKind): StreamKind {
	const other = kind === "main" ? "sub" : "main";
	return camera.streams[other]?.live ? other : kind;
}

export function stateOf(stream: Stream | undefined): string {
	return stream?.live?.state ?? "off";
}

/** Why no picture moves; empty when one does. */
function wordsFor(stream: Stream, state: LiveState, isRemoved: boolean): string {
	const { live } = stream;
	if (!live) return stream.record && !isRemoved ? t.live.notStarted : t.live.off;
	if (state.kind === "playing") return "";
	const isAway = live.state === "waiting" || live.state === "connecting";
	if (isAway && live.lastError) {
		return `${t.live.awaySince(since(live.since90k, now90k()))}: ${live.lastError}. ${t.live.comesBack}`;
	}
	if (state.kind === "noPicture") return `${t.live.noPicture(state.words)}. ${t.live.comesBack}`;
	return state.words || t.live.connecting;
}

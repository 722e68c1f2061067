// One camera's film at the moment of the time line, and why there is none.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Camera, StreamKind } from "../api/types";
import { pathOf } from "../api/types";
import { FilmPlayer } from "../play/FilmPlayer";
import { codecOf } from "../play/codecs";
import { t } from "../text";
import { zone } from "../time/recorderZone";
import { SECOND } from "../time/units";
import type { Review } from "./Review";
import { rowAt } from "./spans";

type FilmTileProps = { camera: Camera; review: Review; isAlone: boolean; onChoose: () => void };

export function FilmTile({ camera, review, isAlone, onChoose }: FilmTileProps) {
	const video = useRef<HTMLVideoElement>(null);
	const player = useRef<FilmPlayer | null>(null);
	const [isMainOnly, setMainOnly] = useState(false);
	const kind = kindOf(camera, isAlone || isMainOnly);
	const { playback } = review;

	useEffect(() => {
		if (!video.current) return;
		const made = new FilmPlayer(video.current, pathOf(camera.uuid, kind), codecOf, playback.changed);
		player.current = made;
		const leave = playback.add(made);
		return () => {
			leave();
			made.close();
			player.current = null;
		};
	}, [camera.uuid, kind, review]);

	void playback.changes.value;
	const at = playback.at.value;
	const film = review.film(camera);
	const state = player.current?.state ?? { kind: "loading" as const };
	// Of the small stream there may be less than of the main one.
	const isElsewhere = state.kind === "empty" && kind === "sub" && film.kind === "main" && rowAt(film.rows.value, at - SECOND) !== undefined;
	useEffect(() => {
		if (isElsewhere) setMainOnly(true);
	}, [isElsewhere]);

	const gap = film.gaps.value.find((gap) => gap.startTime90k <= at && at < (gap.endTime90k ?? Infinity));
	const words =
		state.kind === "failed" ? t.timeline.failed(state.words)
		: state.kind !== "empty" ? ""
		: gap ? `${t.timeline.noFilm}: ${t.causes[gap.cause]}${gap.detail ? ` (${gap.detail})` : ""}` : t.timeline.noFilm;
	return (
		<figure class={`tile film ${words ? "still" : ""} ${state.kind}`} data-camera={camera.name}>
			<video ref={video} muted playsInline disableRemotePlayback aria-label={t.timeline.picture(camera.name)} />
			<figcaption>
				<span class="name">{camera.name}</span>
				<time class="clock">{zone.value.clock(at)}</time>
			</figcaption>
			{words && <p class="words">{words}</p>}
			<button type="button" class="cover" aria-label={isAlone ? t.live.all : t.timeline.alone(camera.name)} onClick={onChoose} />
		</figure>
	);
}

/** Many small pictures are the small stream's, if it is recorded. */
function kindOf(camera: Camera, isLarge: boolean): StreamKind {
	const { main, sub } = camera.streams;
	if (!main) return "sub";
	if (sub && sub.duration90k > 0 && (!isLarge || main.duration90k === 0)) return "sub";
	return "main";
}

// All cameras: what each does, and what is to be done with it.

import { useEffect, useState } from "preact/hooks";
import { replace, words } from "../app/router";
import { allCameras, cameras, refresh } from "../api/recorder";
import { ask, wordsOf } from "../api/ask";
import type { Camera } from "../api/types";
import { Icon } from "../parts/Icon";
import { useStorage } from "../storage/storage";
import { t } from "../text";
import { AddCamera } from "./AddCamera";
import { CameraCard } from "./CameraCard";
import { EditCamera } from "./EditCamera";
import { Nowhere } from "../app/Nowhere";

export function CamerasPage() {
	useStorage();
	const [, second] = words.value;
	// Who adds the first one stays there for the next.
	const isEmpty = second === undefined && allCameras.value.length === 0;
	useEffect(() => (isEmpty ? replace("/cameras/add") : undefined), [isEmpty]);
	if (second === "add" || isEmpty) return <AddCamera />;
	if (second !== undefined) {
		const camera = allCameras.value.find((camera) => camera.uuid === second);
		return camera ? <EditCamera key={camera.uuid} camera={camera} /> : <Nowhere />;
	}
	const gone = allCameras.value.filter((camera) => camera.removed);
	return (
		<div class="place">
			<header>
				<h1>{t.places.cameras}</h1>
				<span class="space" />
				<a class="button primary" href="/cameras/add"><Icon name="plus" /> {t.camera.add}</a>
			</header>
			<div class="cards">{cameras.value.map((camera) => <CameraCard key={camera.uuid} camera={camera} />)}</div>
			{gone.length > 0 && (
				<section class="card">
					<h2>{t.camera.gone}</h2>
					<p class="faint">{t.camera.goneLead}</p>
					<ul class="plain">{gone.map((camera) => <Gone key={camera.uuid} camera={camera} />)}</ul>
				</section>
			)}
		</div>
	);
}

/** A camera that left its film. */
function Gone({ camera }: { camera: Camera }) {
	const [wrong, setWrong] = useState<string | null>(null);
	const [isSure, setSure] = useState(false);
	const remove = () =>
		ask(`/api/cameras/${camera.uuid}?deleteFilm=true`, { method: "DELETE" }).then(refresh, (e) => setWrong(wordsOf(e)));
	return (
		<li>
			<strong>{camera.name}</strong>
			<a href={`/timeline?cameras=${encodeURIComponent(camera.name)}`}>{t.camera.film}</a>
			{isSure
				? <button type="button" class="danger" onClick={() => void remove()}>{t.camera.reallyDelete}</button>
				: <button type="button" onClick={() => setSure(true)}>{t.camera.deleteFilm}</button>}
			{wrong && <span class="wrong" role="alert">{wrong}</span>}
		</li>
	);
}

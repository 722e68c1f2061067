// What was filmed: the pictures of a moment, and the time line under them.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { query } from "../app/router";
import { Icon } from "../parts/Icon";
import { useSize } from "../parts/useSize";
import { SavePanel } from "../save/SavePanel";
import { columns, tileWidth } from "../live/layout";
import { t } from "../text";
import { Controls } from "./Controls";
import { FilmTile } from "./FilmTile";
import { Review } from "./Review";
import { Timeline } from "./Timeline";
import { listen } from "./keys";

export function TimelinePage() {
	const review = useMemo(() => new Review(query.peek()), []);
	const stage = useRef<HTMLDivElement>(null);
	const [width, height] = useSize(stage);
	useEffect(() => {
		const stop = listen(review);
		return () => {
			stop();
			review.close();
		};
	}, [review]);

	const cameras = review.cameras.value;
	if (cameras.length === 0) {
		return (
			<div class="empty">
				<Icon name="timeline" size={56} />
				<h1>{t.timeline.empty}</h1>
				<p>{t.timeline.emptyLead}</p>
			</div>
		);
	}
	const isAlone = cameras.length === 1;
	const across = columns(cameras.length, width, height);
	const rows = Math.ceil(cameras.length / across);
	const choose = (name: string) => (review.names.value = isAlone ? [] : [name]);
	return (
		<div class="review">
			<h1 class="unseen">{t.places.timeline}</h1>
			<div
				ref={stage} class={`stage ${isAlone ? "single" : "grid"}`}
				style={{ "--across": String(across), "--tile": `${tileWidth(across, rows, width, height)}px` }}
			>
				{cameras.map((camera) => (
					<FilmTile key={camera.uuid} camera={camera} review={review} isAlone={isAlone} onChoose={() => choose(camera.name)} />
				))}
			</div>
			<SavePanel review={review} />
			<Controls review={review} />
			<Timeline review={review} />
		</div>
	);
}

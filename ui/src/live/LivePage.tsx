// All cameras as they are now.

import { useEffect, useRef, useState } from "preact/hooks";
import { kept } from "../app/kept";
import { go, note, query } from "../app/router";
import { allCameras, cameras } from "../api/recorder";
import { isOwner } from "../api/session";
import type { Camera } from "../api/types";
import { Choice, IconButton } from "../parts/Button";
import { Icon } from "../parts/Icon";
import { t } from "../text";
import { useSize } from "../parts/useSize";
import { LiveTile } from "./LiveTile";
import { LAYOUTS, type Layout, columns, paged, places, tileWidth } from "./layout";

const layout = kept<Layout>("layout", "auto", LAYOUTS);

export function LivePage() {
	const stage = useRef<HTMLDivElement>(null);
	const [width, height] = useSize(stage);
	const [page, turn] = useState(0);
	const all = cameras.value;
	const chosen = all.find((camera) => camera.name === query.value.get("camera")) ?? null;
	const focus = chosen ?? (layout.value === "strip" || layout.value === "one" ? all[page % Math.max(1, all.length)] ?? null : null);
	const isStrip = layout.value === "strip" && focus !== null;
	const isSingle = !isStrip && focus !== null;
	const { shown, page: at, pages } = isSingle
		? { shown: [focus], page: all.indexOf(focus), pages: all.length }
		: isStrip
			? { shown: [focus, ...all.filter((camera) => camera !== focus)], page: 0, pages: 1 }
			: paged(all, places(layout.value, all.length), page);

	useEffect(() => listen(all, (step) => turn((page) => page + step)), [all]);

	const choose = (camera: Camera) => note({ camera: camera === chosen ? null : camera.name });
	const step = (by: number) => {
		if (chosen) note({ camera: all[(all.indexOf(chosen) + by + all.length) % all.length]?.name ?? null });
		else turn(isSingle ? (at + by + pages) % pages : Math.min(pages - 1, Math.max(0, at + by)));
	};

	if (all.length === 0) return <NoCamera hasFilm={allCameras.value.length > 0} />;
	const across = isSingle ? 1 : layout.value === "four" ? 2 : layout.value === "nine" ? 3 : columns(shown.length, width, height);
	const rows = Math.ceil(shown.length / across);
	return (
		<div class="live">
			<h1 class="unseen">{t.live.title}</h1>
			<div class="toolbar">
				{chosen && <button type="button" onClick={() => note({ camera: null })}><Icon name="grid" /> {t.live.all}</button>}
				{!chosen && all.length > 1 && (
					<Choice
						label={t.live.layout} value={layout.value} onChoose={(value) => { layout.value = value; turn(0); }}
						options={LAYOUTS.map((value) => ({ value, text: <LayoutIcon layout={value} />, label: t.live.layouts[value] }))}
					/>
				)}
				{pages > 1 && (
					<div class="pager">
						<IconButton icon="left" label={t.live.previous} onClick={() => step(-1)} />
						<span>{isSingle ? focus.name : t.live.page(at + 1, pages)}</span>
						<IconButton icon="right" label={t.live.next} onClick={() => step(1)} />
					</div>
				)}
				<span class="space" />
				<button type="button" onClick={() => go(`/timeline${chosen ? `?cameras=${encodeURIComponent(chosen.name)}` : ""}`)}>
					<Icon name="timeline" /> {t.live.lookBack}
				</button>
				<IconButton icon="full" label={t.live.fullScreen} shortcut="f" onClick={() => toggleFullScreen(stage.current)} />
			</div>
			<div
				ref={stage} class={`stage ${isStrip ? "strip" : isSingle ? "single" : "grid"}`}
				style={{ "--across": String(across), "--tile": `${tileWidth(across, rows, width, height)}px` }}
			>
				{shown.map((camera) => (
					<LiveTile key={camera.uuid} camera={camera} isLarge={camera === focus} onChoose={() => choose(camera)} />
				))}
			</div>
		</div>
	);
}

function NoCamera({ hasFilm }: { hasFilm: boolean }) {
	return (
		<div class="empty">
			<Icon name="cameras" size={56} />
			<h1>{t.live.empty}</h1>
			<p>{t.live.emptyLead}</p>
			<p>
				{isOwner.value && <a class="button primary" href="/cameras">{t.live.add}</a>}{" "}
				{hasFilm && <a class="button" href="/timeline">{t.live.lookBack}</a>}
			</p>
		</div>
	);
}

function LayoutIcon({ layout }: { layout: Layout }) {
	const boxes: Record<Layout, string> = {
		auto: "M3 5h8v6H3ZM13 5h8v6h-8ZM3 13h8v6H3ZM13 13h3v6h-3ZM18 13h3v6h-3Z",
		one: "M3 5h18v14H3Z",
		four: "M3 5h8v6H3ZM13 5h8v6h-8ZM3 13h8v6H3ZM13 13h8v6h-8Z",
		nine: "M3 5h18v14H3ZM9 5v14M15 5v14M3 9.700h18M3 14.300h18",
		strip: "M3 5h18v9H3ZM3 16h5v3H3ZM9.500 16h5v3h-5ZM16 16h5v3h-5Z",
	};
	return <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d={boxes[layout]} /></svg>;
}

function toggleFullScreen(stage: HTMLElement | null): void {
	if (document.fullscreenElement) void document.exitFullscreen();
	else void stage?.requestFullscreen?.();
}

/** Keys: a number chooses a camera, arrows go on, f is full screen, Escape goes back to all. */
function listen(all: Camera[], turn: (step: number) => void): () => void {
	const press = (event: KeyboardEvent) => {
		if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
		const chosen = query.value.get("camera");
		const number = /^[1-9]$/.test(event.key) ? all[Number(event.key) - 1] : undefined;
		if (number) note({ camera: number.name });
		else if (event.key === "f") toggleFullScreen(document.querySelector(".stage"));
		else if (event.key === "Escape" && chosen) note({ camera: null });
		else if (event.key === "ArrowRight" || event.key === "ArrowLeft") turn(event.key === "ArrowRight" ? 1 : -1);
	};
	document.addEventListener("keydown", press);
	return () => document.removeEventListener("keydown", press);
}

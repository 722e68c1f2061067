// The page: asks the recorder what there is, and draws it. One card a camera, one player for all.

import { Card } from "/card.js";
import { Player } from "/player.js";
import { Span } from "/span.js";
import { Storage } from "/storage.js";
import { ask } from "/api.js";

const POLL_MS = 2000;
const summary = document.getElementById("summary");
const grid = document.getElementById("cameras");
const trouble = document.getElementById("trouble");
const time = document.getElementById("time");
const empty = document.getElementById("empty");
const player = new Player();
const span = new Span();
const storage = new Storage(document.getElementById("storage"));
const cards = new Map();

async function refresh() {
	let top;
	try {
		top = await ask("/api/");
	} catch (e) {
		tell(`The recorder does not answer: ${e.message}. Trying again …`);
		return;
	}
	draw(top);
	if (await storage.look()) for (const card of cards.values()) card.recordings.prune();
}

function draw(top) {
	trouble.hidden = top.trouble === null;
	if (top.trouble !== null) tell(`Nothing is recorded: ${top.trouble}`, trouble);
	time.hidden = top.clock === null || top.clock.proven;
	if (!time.hidden) tell(`The time is not known: ${top.clock.detail}. Film is recorded, and moved when it is known.`, time);
	empty.hidden = top.cameras.length > 0;
	const seen = new Set(top.cameras.map((camera) => camera.uuid));
	for (const [uuid, card] of cards) {
		if (!seen.has(uuid)) {
			card.leave();
			cards.delete(uuid);
		}
	}
	for (const camera of top.cameras) {
		if (!cards.has(camera.uuid)) {
			const card = new Card(player, span);
			cards.set(camera.uuid, card);
			grid.append(card.root);
		}
		cards.get(camera.uuid).update(camera);
	}
	const streams = top.cameras.flatMap((camera) => Object.values(camera.streams)).filter((stream) => stream.record);
	const recording = streams.filter((stream) => stream.live?.state === "recording").length;
	tell(streams.length > 0 ? `${recording} of ${streams.length} streams recording` : "Nothing to record");
}

/** Says it once: a screen reader repeats every change. */
function tell(text, where = summary) {
	if (where.textContent !== text) where.textContent = text;
}

async function loop() {
	if (!document.hidden) await refresh();
	setTimeout(loop, POLL_MS);
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
loop();

// The player: one film at a time, with the recorder's clock beside it and words when it does not play.

import { refusal } from "/api.js";
import { UNITS_PER_SECOND, clock } from "/format.js";

/** Says "film" when another film is played, or none. */
export class Player extends EventTarget {
	constructor() {
		super();
		this.root = document.getElementById("player");
		this.video = document.getElementById("video");
		this.complaint = document.getElementById("complaint");
		this.film = null;
		this.video.addEventListener("timeupdate", () => this.showClock());
		this.video.addEventListener("error", () => this.explain());
		document.getElementById("close").addEventListener("click", () => this.close());
		document.addEventListener("keydown", (e) => e.key === "Escape" && this.film && this.close());
	}

	/** `film`: {title, url, saveUrl, codec, row}. */
	play(film, opener) {
		this.film = film;
		this.opener = opener;
		this.root.hidden = false;
		this.complain(null);
		document.getElementById("playing").textContent = film.title;
		document.getElementById("save").href = film.saveUrl;
		this.video.src = film.url;
		this.showClock();
		this.video.play().catch(() => {}); // A browser that wants a click first shows its own button.
		this.video.focus();
		this.root.scrollIntoView({ block: "nearest" });
		this.dispatchEvent(new Event("film"));
	}

	close() {
		this.film = null;
		this.video.removeAttribute("src");
		this.video.load();
		this.root.hidden = true;
		this.opener?.focus();
		this.dispatchEvent(new Event("film"));
	}

	/** Media time is the camera's, the clock is the recorder's: within a row one maps to the other linearly. */
	showClock() {
		if (!this.film) return;
		const { startTime90k, startTime, wallDuration90k, mediaDuration90k } = this.film.row;
		const ratio = mediaDuration90k > 0 ? wallDuration90k / mediaDuration90k : 1;
		const at = startTime90k + this.video.currentTime * UNITS_PER_SECOND * ratio;
		document.getElementById("clock").textContent = clock(at, startTime);
	}

	async explain() {
		const film = this.film;
		if (!film) return;
		const why = await refusal(film.url);
		if (film !== this.film) return;
		if (why) {
			this.complain(`The recorder cannot give this film: ${why}`);
		} else if (this.video.canPlayType(`video/mp4; codecs="${film.codec}"`) === "") {
			this.complain(`This browser cannot play ${film.codec}. Download the film and open it in a player such as VLC.`);
		} else {
			this.complain(`The film does not play: ${this.video.error?.message || "the browser does not say why"}.`);
		}
	}

	complain(text) {
		this.complaint.hidden = text === null;
		this.complaint.textContent = text ?? "";
	}
}

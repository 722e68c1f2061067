// The span of time that is shown. It stands in the page's own address (`#start=…&end=…`), so that a link, a reload and the
// way back lead to it. The recorder reads the times: it knows its zone and says in words what is wrong.

import { ask } from "/api.js";

const RETRY_MS = 2000;
const ENDS = ["start", "end"];

/** Says "span" when another span is shown, or when downloads are to be others. */
export class Span extends EventTarget {
	constructor() {
		super();
		const form = document.getElementById("span");
		this.inputs = Object.fromEntries(ENDS.map((name) => [name, document.getElementById(name)]));
		this.words = document.getElementById("span-words");
		this.choice = document.getElementById("subtitles");
		/** Each `{time90k, time}`, or null where the span is open. */
		[this.start, this.end] = [null, null];
		form.addEventListener("submit", (e) => {
			e.preventDefault();
			this.ask(Object.fromEntries(ENDS.map((name) => [name, written(this.inputs[name].value)])), true);
		});
		document.getElementById("all").addEventListener("click", () => this.ask({}, true));
		this.choice.addEventListener("change", () => this.dispatchEvent(new Event("span")));
		window.addEventListener("hashchange", () => this.read());
		this.read();
	}

	/** What a link to a film that is to be kept has behind it. */
	get style() {
		return this.choice.checked ? "&ts=true" : "";
	}

	read() {
		const asked = {};
		for (const part of location.hash.slice(1).split("&")) {
			const [name, ...value] = part.split("=");
			if (ENDS.includes(name)) asked[name] = written(decoded(value.join("=")));
		}
		for (const name of ENDS) this.inputs[name].value = asked[name] ?? "";
		this.ask(asked, false);
	}

	/** Shows this span, of texts; what is wrong with one is said, and the span stays as it was. */
	async ask(asked, isNew) {
		clearTimeout(this.retry);
		const question = (this.question = {});
		let found;
		try {
			const time = (name) => (asked[name] ? ask(`/api/time?time90k=${encodeURIComponent(asked[name])}`) : null);
			found = await Promise.all(ENDS.map(time));
		} catch (e) {
			if (question !== this.question) return;
			this.say(e.status ? e.message.replace(/^parameter time90k: /, "") : `The recorder does not answer: ${e.message}`);
			if (!e.status) this.retry = setTimeout(() => this.ask(asked, isNew), RETRY_MS);
			return;
		}
		if (question !== this.question) return;
		const [start, end] = found;
		if (start && end && start.time90k >= end.time90k) return this.say("The start is not before the end.");
		this.say("");
		if (isNew) history.pushState(null, "", address(start, end));
		[this.start, this.end] = found;
		for (const name of ENDS) this.inputs[name].value = shown(this[name]);
		this.dispatchEvent(new Event("span"));
	}

	say(text) {
		this.words.textContent = text;
		this.words.hidden = text === "";
		for (const name of ENDS) this.inputs[name].ariaInvalid = String(text !== "");
	}
}

function address(start, end) {
	const parts = [start && `start=${start.time}`, end && `end=${end.time}`].filter(Boolean);
	return parts.length > 0 ? `#${parts.join("&")}` : location.pathname;
}

/** As people write times: a blank before the hour, no seconds, no hour. */
function written(text) {
	const day = /^(\d{4}-\d\d-\d\d)$/;
	const minute = /^(\d{4}-\d\d-\d\d)[ T]+(\d\d:\d\d)(?!:)/;
	const second = /^(\d{4}-\d\d-\d\d) +(?=\d)/;
	return text.trim().replace(day, "$1T00:00:00").replace(minute, "$1T$2:00").replace(second, "$1T");
}

/** Without the fraction, where it is none. */
const shown = (time) => time?.time.replace("T", " ").replace(/:00000(?=[+-])/, "") ?? "";

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

// Figures and times as people read them. Times come from the recorder as text in its own zone, so no zone of the
// browser's can creep in: "2017-03-02T12:34:56:01234+01:00", the fraction in 90 000ths of a second.

export const UNITS_PER_SECOND = 90000;

export function bytes(count) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let at = 0;
	while (count >= 1000 && at < units.length - 1) {
		count /= 1000;
		at += 1;
	}
	return `${at === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)}\u00a0${units[at]}`;
}

export function duration(units90k) {
	const seconds = Math.round(units90k / UNITS_PER_SECOND);
	const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
	if (h > 0) return `${h}\u00a0h ${m}\u00a0min`;
	return m > 0 ? `${m}\u00a0min ${s}\u00a0s` : `${s}\u00a0s`;
}

export function rate(bitsPerSecond) {
	return bitsPerSecond >= 1e6 ? `${(bitsPerSecond / 1e6).toFixed(1)}\u00a0Mbit/s` : `${Math.round(bitsPerSecond / 1e3)}\u00a0kbit/s`;
}

export const day = (text) => text.slice(0, 10);
export const timeOfDay = (text) => text.slice(11, 19);

/** "Thursday, 2 March 2017": the date that the recorder's text names. */
export function longDay(text) {
	const date = new Date(`${day(text)}T00:00:00Z`);
	return date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

/** The recorder's civil time at `time90k`, by the offset that `sample`, a text of about that time, has. */
export function clock(time90k, sample) {
	const offset = /([+-])(\d\d):(\d\d)$/.exec(sample);
	const minutes = offset ? (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
	const civil = new Date((time90k / UNITS_PER_SECOND + minutes * 60) * 1000).toISOString();
	return `${civil.slice(0, 10)} ${civil.slice(11, 19)}`;
}

// Lengths of time in the recorder's unit, 1/90 000 s, and figures as people read them.

export const SECOND = 90_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** By the browser's clock. */
export const unitsNow = (): number => Math.round(Date.now() * (SECOND / 1000));
export const toMs = (units90k: number): number => units90k / (SECOND / 1000);
export const fromMs = (ms: number): number => Math.round(ms * (SECOND / 1000));

/** "2 h 5 min", "12 s": two units at most. */
export function duration(units90k: number): string {
	const seconds = Math.round(units90k / SECOND);
	const [d, h, m, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
	if (d > 0) return h > 0 ? `${d}\u00a0d ${h}\u00a0h` : `${d}\u00a0d`;
	if (h > 0) return m > 0 ? `${h}\u00a0h ${m}\u00a0min` : `${h}\u00a0h`;
	if (m > 0) return s > 0 ? `${m}\u00a0min ${s}\u00a0s` : `${m}\u00a0min`;
	return `${s}\u00a0s`;
}

export function bytes(count: number): string {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let at = 0;
	while (count >= 1000 && at < units.length - 1) {
		count /= 1000;
		at += 1;
	}
	return `${at === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)}\u00a0${units[at]}`;
}

export function rate(bitsPerSecond: number): string {
	if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)}\u00a0Mbit/s`;
	return `${Math.round(bitsPerSecond / 1e3)}\u00a0kbit/s`;
}

/** Days with as many digits as they are known with. */
export function days(count: number): string {
	const told = count < 10 ? count.toFixed(1) : String(Math.round(count));
	return `${told}\u00a0${told === "1.0" ? "day" : "days"}`;
}

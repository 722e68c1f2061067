// Lines of the log as a person looks through them.

export type Level = "error" | "warn" | "info" | "debug" | "trace";
export type LogLine = { text: string; level: Level };

const LEVELS: Level[] = ["error", "warn", "info", "debug", "trace"];

/** Lines with their levels. One without a level belongs to the one before it. */
export function linesOf(text: string): LogLine[] {
	let level: Level = "info";
	return text.split("\n").filter((line) => line !== "").map((line) => {
		const found = /\b(ERROR|WARN|INFO|DEBUG|TRACE)\b/.exec(line.slice(0, 80))?.[1];
		if (found) level = found.toLowerCase() as Level;
		return { text: line, level };
	});
}

/** Those that are as grave as this or graver, and have all the words. */
export function filtered(lines: LogLine[], least: Level, words: string): LogLine[] {
	const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
	const most = LEVELS.indexOf(least);
	return lines.filter(({ text, level }) => LEVELS.indexOf(level) <= most && wanted.every((word) => text.toLowerCase().includes(word)));
}

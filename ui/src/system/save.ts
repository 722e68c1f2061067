// Hands bytes to the browser as a file, with the name that the recorder gave them.

export function save(bytes: ArrayBuffer, headers: Headers, otherwise: string): void {
	const name = nameOf(headers.get("Content-Disposition")) ?? otherwise;
	const url = URL.createObjectURL(new Blob([bytes], { type: headers.get("Content-Type") ?? "" }));
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	// The browser has begun to read it by then.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The name in a header such as `attachment; filename="x.json"`. */
export function nameOf(disposition: string | null): string | null {
	return /filename="([^"/\\]+)"/.exec(disposition ?? "")?.[1] ?? null;
}

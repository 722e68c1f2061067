// Questions to the recorder. A failure is an Error in the recorder's own words, with a status if
// it answered.

const TIMEOUT_MS = 10000;

export async function ask(path) {
	const answer = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
	if (!answer.ok) throw Object.assign(new Error(await reason(answer)), { status: answer.status });
	return answer.json();
}

/** Why a film cannot be had, or null if it can. */
export async function refusal(path) {
	try {
		const answer = await fetch(path, { headers: { Range: "bytes=0-0" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
		return answer.ok ? null : await reason(answer);
	} catch (e) {
		return e.message;
	}
}

async function reason(answer) {
	try {
		return (await answer.json()).detail;
	} catch {
		return `status ${answer.status}`;
	}
}

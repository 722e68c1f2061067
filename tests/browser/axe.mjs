// What axe-core finds wrong with a page for those who do not see it.

import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";

const AXE = fileURLToPath(new URL("node_modules/axe-core/axe.min.js", import.meta.url));

/** Violations, each in a line. */
export async function violations(page) {
	await page.evaluate(await readFile(AXE, "utf8"));
	return page.evaluate(async () => {
		const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
		return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
	});
}

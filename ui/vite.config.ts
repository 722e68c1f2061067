// How the page becomes a few files: one script, one style sheet, both with their hash in the name, and their compressed twins.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` takes the API from. */
const RECORDER = process.env.LUNETTE_PAGE ?? "http://127.0.0.1:8080";

export default defineConfig({
	plugins: [compressed()],
	test: { environment: "node", include: ["src/**/*.test.ts"] },
	build: {
		target: "es2021",
		outDir: "dist",
		// What keeps the empty directory in the repository stays; `scripts/page` clears the rest.
		emptyOutDir: false,
		modulePreload: { polyfill: false },
		assetsInlineLimit: 0,
		rollupOptions: {
			output: {
				entryFileNames: "assets/[name]-[hash].js",
				chunkFileNames: "assets/[name]-[hash].js",
				assetFileNames: "assets/[name]-[hash][extname]",
			},
		},
	},
	esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
	server: { proxy: { "/api": { target: RECORDER, ws: true, changeOrigin: true, headers: { origin: RECORDER } } } },
});

/** Writes `FILE.gz` beside each file: the recorder sends what is there and compresses nothing itself. */
function compressed(): Plugin {
	return {
		name: "compressed",
		apply: "build",
		closeBundle() {
			const files = readdirSync("dist", { recursive: true, withFileTypes: true });
			for (const file of files) {
				if (!file.isFile() || !/\.(js|css|html|svg)$/.test(file.name)) continue;
				const path = join(file.parentPath ?? file.path, file.name);
				writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
			}
		},
	};
}

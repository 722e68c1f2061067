// Which disk the film is on, and how another becomes ready for it.

import { useEffect, useState } from "preact/hooks";
import { ask, wordsOf } from "../api/ask";
import { Field } from "../parts/Field";
import { t } from "../text";
import { bytes } from "../time/units";
import type { BlockDisk, FileSystem } from "./machine";

type Told = { onImage: boolean; disks?: BlockDisk[] };

/** mkfs of a large disk. */
const PATIENCE_MS = 300_000;

export function Disks() {
	const [disks, setDisks] = useState<BlockDisk[] | null>(null);
	const [said, setSaid] = useState<{ words: string; isWrong: boolean } | null>(null);
	const [isBusy, setBusy] = useState(false);
	const read = () => ask<Told>("/api/system/disks").then((told) => setDisks(told.onImage ? told.disks ?? [] : null), () => {});
	useEffect(() => void read(), []);
	if (!disks) return null;
	const adopted = disks.flatMap((disk) => disk.fileSystems).find((one) => one.adopted);
	const act = async (body: unknown, words: string) => {
		setBusy(true);
		setSaid(null);
		try {
			await ask("/api/system/disks", { method: "POST", body, patienceMs: PATIENCE_MS });
			setSaid({ words, isWrong: false });
		} catch (e) {
			setSaid({ words: wordsOf(e), isWrong: true });
		}
		setBusy(false);
		await read();
	};
	return (
		<section class="card form" aria-label={t.disks.title}>
			<h2>{t.disks.title}</h2>
			<p>{adopted ? t.disks.onDisk : t.disks.onCard}</p>
			{disks.map((disk) => (
				<DiskRow
					key={disk.device} disk={disk} isBusy={isBusy}
					onAdopt={(fs) => void act({ adopt: fs.uuid }, t.disks.nextStart)}
					onFormat={() => void act({ format: disk.device, confirm: disk.name }, t.disks.formatted(disk.name))}
				/>
			))}
			{adopted && <p><button type="button" disabled={isBusy} onClick={() => void act({ adopt: null }, t.disks.nextStart)}>{t.disks.useCard}</button></p>}
			<div role="status">{isBusy ? <p class="faint">{t.disks.working}</p> : said && <p class={said.isWrong ? "wrong" : "good"}>{said.words}</p>}</div>
		</section>
	);
}

type DiskRowProps = { disk: BlockDisk; isBusy: boolean; onAdopt: (fs: FileSystem) => void; onFormat: () => void };

function DiskRow({ disk, isBusy, onAdopt, onFormat }: DiskRowProps) {
	const [typed, setTyped] = useState("");
	return (
		<div class="inner form">
			<p><strong>{disk.name}</strong> <span class="faint">{disk.device}, {bytes(disk.bytes)}, {disk.isSystem ? t.disks.system : disk.bus}</span></p>
			{!disk.isSystem && (
				<>
					{disk.fileSystems.length > 0 && (
						<ul class="plain">
							{disk.fileSystems.map((fs) => (
								<li key={fs.device}>
									<span>{fs.label ?? fs.device} <span class="faint">{fs.kind}, {bytes(fs.bytes)}</span></span>
									{fs.adopted
										? <span class="good">{fs.mounted.length > 0 ? t.disks.adopted : t.disks.adoptedNext}</span>
										: fs.kind === "ext4" && <button type="button" disabled={isBusy} onClick={() => onAdopt(fs)}>{t.disks.adopt}</button>}
								</li>
							))}
						</ul>
					)}
					<details>
						<summary class="danger">{t.disks.format}</summary>
						<form class="form" onSubmit={(event) => { event.preventDefault(); if (typed.trim() === disk.name) { setTyped(""); onFormat(); } }}>
							<p class="wrong">{t.disks.formatWarn}</p>
							<Field label={t.disks.typeName(disk.name)} value={typed} onInput={setTyped} autoComplete="off" spellcheck={false} />
							<p><button type="submit" class="danger" disabled={isBusy || typed.trim() !== disk.name}>{t.disks.formatNow}</button></p>
						</form>
					</details>
				</>
			)}
		</div>
	);
}

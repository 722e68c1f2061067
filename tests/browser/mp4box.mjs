// What mp4box says of a film, here and from the command line: `node mp4box.mjs FILE`.

import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { createFile, Log } from "mp4box";

/** Its samples, each `[offset, bytes, time90k, isKey]`, how long it is shown and how many sample entries it has. */
export function look(bytes) {
	const complaints = [];
	const complain = (...words) => complaints.push(words.join(" "));
	// The font table of subtitles (3GPP TS 26.245, 5.16) is the one box of ours that mp4box does not know.
	const isLimit = (words) => words.join(" ") === "BoxParser Unknown box type: 'ftab'";
	Log.warn = (...words) => isLimit(words) || complain(...words);
	Log.error = complain;
	const file = createFile();
	file.onError = complain;
	const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
	buffer.fileStart = 0;
	file.appendBuffer(buffer, true);
	file.flush();

	const info = file.getInfo();
	if (info.videoTracks.length !== 1) complain(`${info.videoTracks.length} video tracks`);
	const [video] = info.videoTracks;
	if (info.timescale !== 90_000 || video.timescale !== 90_000) complain("other time scales");
	const samples = file.getTrackSamplesInfo(video.id);
	const mdat = file.boxes.filter((box) => box.type === "mdat");
	const isFilm = ({ offset, size }) =>
		mdat.some((box) => offset >= box.start + box.hdr_size && offset + size <= box.start + box.size);
	if (!samples.every(isFilm)) complain("a sample that is not inside of mdat");
	if (file.boxes.reduce((sum, box) => sum + box.size, 0) !== bytes.length) complain("bytes behind the last box");
	if (complaints.length > 0) throw new Error(`mp4box: ${complaints.join("; ")}`);
	return {
		samples: samples.map(({ offset, size, cts, is_sync }) => [offset, size, cts - samples[0].cts, is_sync]),
		shown90k: video.edits?.reduce((sum, edit) => sum + edit.segment_duration, 0) ?? video.duration,
		entries: file.getTrackById(video.id).mdia.minf.stbl.stsd.entries.length,
	};
}

if (argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(look(readFileSync(argv[2]))));

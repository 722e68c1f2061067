// The API's types: those of its OpenAPI document, and those that are told beside it.

export type * from "./schema";
import type { Camera, Stream, StreamKind, Top as PlainTop } from "./schema";

/** What an owner should know, worst first. */
export type Notice = {
	kind: "disk" | "storage" | "camera" | "clock" | "rot" | "start" | "upgrade";
	since90k: number;
	cameraUuid?: string | null;
	stream?: StreamKind | null;
	detail: string;
};

export type Top = PlainTop & { notices?: Notice[] };

/** Something that a camera noticed. */
export type CameraEvent = { start90k: number; end90k: number | null; kind: string; source: string };

export type StreamName = { camera: Camera; kind: StreamKind; stream: Stream };

/** Where a stream's resources are. */
export const pathOf = (uuid: string, kind: StreamKind): string => `/api/cameras/${uuid}/${kind}`;

/** The streams that a camera has, the main one first. */
export function streamsOf(camera: Camera): StreamName[] {
	const kinds: StreamKind[] = ["main", "sub"];
	return kinds.flatMap((kind) => {
		const stream = camera.streams[kind];
		return stream ? [{ camera, kind, stream }] : [];
	});
}

// What a camera's test says, in words.

import type { CameraReport } from "../api/types";
import { t } from "../text";
import { rate } from "../time/units";

/** Lines for people; what is odd comes last. */
export function reportLines(report: CameraReport): { good: string[]; odd: string[] } {
	const good = [report.video];
	if (report.framesPerSecond !== null) good.push(t.camera.perSecond(report.framesPerSecond));
	if (report.bitsPerSecond !== null) good.push(rate(report.bitsPerSecond));
	if (report.keyFrameInterval !== null) good.push(t.camera.keyEach(report.keyFrameInterval));
	if (report.server) good.push(report.server);
	return { good, odd: report.odd };
}

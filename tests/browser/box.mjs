// What a box of ours answers, for the page of a recorder that runs on none: as docs/reference/api.md has it.

const SECOND = 90_000;
const GIB = 2 ** 30;

export const BOX = {
	onImage: true,
	hostName: "lunette",
	model: "Raspberry Pi 4 Model B Rev 1.4",
	version: "0.2.0",
	bootedSlot: "A",
	uptime: 350_735,
	load: 0.52,
	memory: { totalBytes: 1.8 * GIB, availableBytes: 1.3 * GIB },
	temperatureC: 48.3,
	underVoltage: true,
	disks: [
		{ device: "mmcblk0", name: "SD32G", bytes: 31.9e9, ioErrors: 0, lifeUsed: null },
		{ device: "sda", name: "Portable SSD", bytes: 1e12, ioErrors: 3, lifeUsed: 20 },
	],
	network: [
		{ name: "eth0", carrier: true, wireless: false, mac: "dc:a6:32:01:02:03", speedMbps: 1000, addresses: ["192.168.1.20/24", "fe80::1/64"] },
		{ name: "wlan0", carrier: false, wireless: true, mac: "dc:a6:32:01:02:04", speedMbps: null, addresses: [] },
	],
	clock: null,
	now90k: 0,
	now: "",
};

export const FIRMWARE = {
	onImage: true,
	compatible: "lunette-armv7",
	version: "0.2.0",
	booted: "A",
	operation: "idle",
	slots: {
		A: { version: "0.2.0", state: "good", proven: true, installed: null, hash: null },
		B: { version: "0.3.0", state: "bad", proven: false, installed: "2026-11-20T03:10:00Z", hash: "ab" },
	},
	lastUpgrade: { from: "0.2.0", to: "0.3.0", when90k: 1_795_144_500 * SECOND, when: "", outcome: "rolledBack", why: "porch/main did not record within 15 minutes" },
	pending: null,
	channel: { url: "https://a.example/lunette.raucb", checked90k: 1_795_150_000 * SECOND, available: { version: "0.3.0", refusal: null }, error: null },
	schedule: { window: "03:00-04:30" },
};

export const DISKS = {
	onImage: true,
	disks: [
		{ device: "mmcblk0", name: "SD32G", bytes: 31.9e9, bus: "mmc", isSystem: true, fileSystems: [] },
		{
			device: "sda", name: "Portable SSD", bytes: 1e12, bus: "usb", isSystem: false,
			fileSystems: [{ device: "sda1", kind: "ext4", label: "films", uuid: "7d4f", bytes: 1e12, mounted: [], adopted: false }],
		},
	],
};

/** Answers for the box in this page; what is asked of it is kept in `asked`. */
export async function pretend(page, asked) {
	const progress = { step: "idle", percent: 0, message: "" };
	const answers = {
		"GET /api/system": () => BOX,
		"GET /api/firmware": () => FIRMWARE,
		"GET /api/system/network": () => ({ onImage: true, interfaces: BOX.network, settings: [] }),
		"GET /api/system/disks": () => DISKS,
	};
	await page.route(/\/api\/(system|firmware)(\/|\?|$)/, async (route) => {
		const request = route.request();
		const { pathname } = new URL(request.url());
		const key = `${request.method()} ${pathname}`;
		if (pathname === "/api/firmware/progress") {
			// The stream ends after each word: the browser asks again at once.
			const body = `retry: 200\nevent: progress\ndata: ${JSON.stringify(progress)}\n\n`;
			return route.fulfill({ contentType: "text/event-stream", body });
		}
		if (["/api/system/backup", "/api/system/restore", "/api/system/diagnostics", "/api/system/logs"].includes(pathname)) return route.continue();
		if (request.method() === "GET") return route.fulfill({ json: answers[key]() });
		const body = request.headers()["content-type"]?.includes("json") ? request.postDataJSON() : null;
		asked.push([key, body]);
		if (key === "POST /api/firmware") {
			if (body?.url?.includes("old")) {
				return route.fulfill({ status: 409, contentType: "application/problem+json", json: { status: 409, title: "Conflict", detail: "the bundle is refused: it is older than what runs" } });
			}
			Object.assign(progress, { step: "installing", percent: 40, message: "the other slot is written" });
			setTimeout(() => Object.assign(progress, { step: "installed", percent: 100, message: "" }), 1_500);
			return route.fulfill({ status: 202, json: { version: "0.4.0" } });
		}
		return route.fulfill({ status: 204 });
	});
}

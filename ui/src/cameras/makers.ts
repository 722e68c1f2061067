// Where cameras of big makers usually have their streams, for those that do not say so themselves.

/** Paths behind `rtsp://HOST:554`, of the large and of the small picture. */
export type Maker = { name: string; main: string; sub: string };

export const MAKERS: Maker[] = [
	{ name: "Amcrest, Dahua, Lorex", main: "/cam/realmonitor?channel=1&subtype=0", sub: "/cam/realmonitor?channel=1&subtype=1" },
	{ name: "Annke, Hikvision, HiLook", main: "/Streaming/Channels/101", sub: "/Streaming/Channels/102" },
	{ name: "Axis", main: "/axis-media/media.amp", sub: "/axis-media/media.amp?resolution=640x360" },
	{ name: "Foscam", main: "/videoMain", sub: "/videoSub" },
	{ name: "Hanwha, Samsung, Wisenet", main: "/profile2/media.smp", sub: "/profile3/media.smp" },
	{ name: "OpenIPC", main: "/stream=0", sub: "/stream=1" },
	{ name: "Reolink", main: "/h264Preview_01_main", sub: "/h264Preview_01_sub" },
	{ name: "TP-Link (Tapo, VIGI)", main: "/stream1", sub: "/stream2" },
	{ name: "Uniview", main: "/media/video1", sub: "/media/video2" },
	{ name: "Vivotek", main: "/live1s1.sdp", sub: "/live1s2.sdp" },
];

/** The addresses that a host's camera of this maker has. */
export function addresses(host: string, maker: Maker): { main: string; sub: string } {
	const bare = hostOf(host);
	return { main: `rtsp://${bare}${maker.main}`, sub: `rtsp://${bare}${maker.sub}` };
}

/** What was typed for a host, without what people copy along: a scheme, a login, a path. */
export function hostOf(text: string): string {
	return text.trim().replace(/^[a-z]+:\/\//i, "").replace(/^[^/@]*@/, "").replace(/[/?#].*$/, "");
}

/** A login inside an address, taken out of it: the recorder keeps it apart. */
export function withoutLogin(address: string): { address: string; username?: string; password?: string } {
	const found = /^(rtsps?:\/\/)([^/@]*)@(.*)$/i.exec(address.trim());
	if (!found) return { address: address.trim() };
	const [, scheme, login = "", rest] = found;
	const at = login.indexOf(":");
	const read = (text: string) => {
		try {
			return decodeURIComponent(text);
		} catch {
			return text;
		}
	};
	const username = read(at < 0 ? login : login.slice(0, at));
	return { address: `${scheme}${rest}`, username, ...(at < 0 ? {} : { password: read(login.slice(at + 1)) }) };
}

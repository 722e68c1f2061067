import { expect, it } from "vitest";
import { addresses, hostOf, withoutLogin } from "./makers";

it("a host is found in what people paste", () => {
	for (const text of ["192.168.1.20", " http://192.168.1.20/ ", "rtsp://admin:pw@192.168.1.20/Streaming/Channels/101", "//192.168.1.20"]) {
		expect(hostOf(text).replace(/^\/\//, ""), text).toBe(text.startsWith("//") ? "" : "192.168.1.20");
	}
	expect(hostOf("cam.lan:8554/x")).toBe("cam.lan:8554");
	expect(hostOf("[fe80::1]:554")).toBe("[fe80::1]:554");
});

it("a maker's paths stand behind the host", () => {
	const maker = { maker: "Axis", main: "/axis-media/media.amp", sub: null };
	expect(addresses("http://cam.lan/", maker)).toEqual({ main: "rtsp://cam.lan/axis-media/media.amp", sub: "" });
	expect(addresses("cam.lan:8554", { ...maker, sub: "/2" }).sub).toBe("rtsp://cam.lan:8554/2");
});

it("a login is taken out of an address", () => {
	expect(withoutLogin("rtsp://admin:p%40ss:word@cam/stream1")).toEqual({ address: "rtsp://cam/stream1", username: "admin", password: "p@ss:word" });
	expect(withoutLogin(" rtsp://cam/stream1 ")).toEqual({ address: "rtsp://cam/stream1" });
	expect(withoutLogin("rtsp://admin@cam/a@b")).toEqual({ address: "rtsp://cam/a@b", username: "admin" });
	expect(withoutLogin("rtsp://100%:x@cam/")).toEqual({ address: "rtsp://cam/", username: "100%", password: "x" });
});

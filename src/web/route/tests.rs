//! Request lines and what becomes of them.

use super::*;
use proptest::prelude::*;

const CAMERA: &str = "/api/cameras/9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d";

/// A request line and what becomes of it, in words.
fn told(line: &str) -> String {
    let (method, url) = line.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').map_or((url, None), |(p, q)| (p, Some(q)));
    match Route::parse(&method.parse().unwrap(), &path.replace("CAMERA", CAMERA), query, &TimeZone::UTC) {
        Ok(parsed) => format!("{:?}", parsed.route).replace("9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d", "U"),
        Err(Refusal::NoSuchPath) => "404".to_owned(),
        Err(Refusal::WrongMethod { allow }) => format!("405 {allow}"),
        Err(Refusal::Failed(e)) => format!("400 {e}"),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn requests_and_their_routes() {
    let main = "stream: StreamName { camera: U, kind: Main }";
    let table = [
        ("GET /healthz", "Health".to_owned()),
        ("HEAD /healthz", "Health".into()),
        ("GET /api/", "Top { days: false }".into()),
        ("GET /%61pi/", "Top { days: false }".into()),
        ("GET /api/?days=true", "Top { days: true }".into()),
        ("GET /api/time?time90k=1970-01-01T01:00:00+01:00", "Time(WallTime(0))".into()),
        ("GET /metrics", "Metrics".into()),
        ("GET /api/storage", "Storage(Settings { reserve_bytes: None, retain: [] })".into()),
        (
            "GET /api/storage?reserve=5&retain=9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d/main:7",
            "Storage(Settings { reserve_bytes: Some(5), retain: [(StreamName { camera: U, kind: Main }, Some(7))] })"
                .into(),
        ),
        (
            "GET /api/storage?retain=main:7",
            "400 parameter retain=main:7: expected UUID/main:BYTES, or :pool for the bytes".into(),
        ),
        ("GET /api/storage?reserve=-1", "400 parameter reserve=-1: expected a number of bytes".into()),
        ("GET CAMERA/main/protected", format!("Protected(StreamName {{ {} }})", &main[21..main.len() - 2])),
        ("POST CAMERA/sub/protected", "Protect(StreamName { camera: U, kind: Sub })".into()),
        (
            "DELETE CAMERA/main/protected?start90k=1&end90k=2",
            format!("Unprotect {{ {main}, span: WallTime(1)..WallTime(2) }}"),
        ),
        ("GET /api/time", "400 parameter time90k: missing".into()),
        ("GET /api/cameras", "ListCameras".into()),
        ("POST /api/cameras", "AddCamera".into()),
        ("POST /api/cameras/test", "TestCamera".into()),
        ("GET /api/discovery", "Discover".into()),
        ("POST /api/discovery/record", "RecordFound".into()),
        ("GET /api/discovery/paths", "UsualPaths".into()),
        ("GET /api/discovery/0123456789abcdef/snapshot.jpg", "FoundPicture(\"0123456789abcdef\")".into()),
        ("GET CAMERA/snapshot.jpg", "Picture(U)".into()),
        ("GET CAMERA/events?start90k=1&end90k=2", "Events { camera: U, span: WallTime(1)..WallTime(2) }".into()),
        ("GET CAMERA", "ShowCamera(U)".into()),
        ("PATCH CAMERA", "EditCamera(U)".into()),
        ("DELETE CAMERA", "RemoveCamera { camera: U, delete_film: false }".into()),
        ("DELETE CAMERA?deleteFilm=true", "RemoveCamera { camera: U, delete_film: true }".into()),
        (
            "GET CAMERA/main/recordings?start90k=1&end90k=2&split90k=3",
            format!("Recordings {{ {main}, span: WallTime(1)..WallTime(2), split: Some(WallDuration(3)) }}"),
        ),
        (
            "GET CAMERA/main/gaps?start90k=1970-01-01T00:00:01%2B00:00&end90k=90001",
            format!("Gaps {{ {main}, span: WallTime(90000)..WallTime(90001) }}"),
        ),
        (
            "GET CAMERA/main/view.mp4?start90k=1970-01-01T01:00:00+01:00&end90k=1970-01-01T00:00:01",
            format!(
                "View(View {{ {main}, what: Span(WallTime(0)..WallTime(90000)), form: Mp4, gaps: Skip, ts: false }})"
            ),
        ),
        (
            "HEAD CAMERA/main/view.mp4.txt?s=7.-9&gaps=hold&ts=true",
            format!(
                "View(View {{ {main}, what: Segments([Segments {{ numbers: 7..=7, start_90k: 0, end_90k: Some(9) }}]), \
                 form: Text, gaps: Hold, ts: true }})"
            ),
        ),
        (
            "GET CAMERA/sub/view.m4s?s=7",
            "MediaSegment { stream: StreamName { camera: U, kind: Sub }, \
             excerpt: Of(Segments([Segments { numbers: 7..=7, start_90k: 0, end_90k: None }])) }"
                .into(),
        ),
        (
            "GET CAMERA/main/view.m4s?m=7.1-9",
            format!(
                "MediaSegment {{ {main}, \
                 excerpt: Media(MediaPart {{ number: 7, media: MediaDuration(1)..MediaDuration(9) }}) }}"
            ),
        ),
        ("GET /api/system", "System".into()),
        ("POST /api/system/reboot", "Reboot".into()),
        ("POST /api/system/poweroff", "PowerOff".into()),
        ("GET /api/system/logs", "Logs { lines: 200, unit: None }".into()),
        (
            "GET /api/system/logs?lines=5&unit=lunette.service",
            "Logs { lines: 5, unit: Some(\"lunette.service\") }".into(),
        ),
        ("GET /api/system/logs?lines=0", "400 parameter lines=0: expected 1 to 5000".into()),
        (
            "GET /api/system/logs?unit=--flush",
            "400 parameter unit=--flush: expected a unit such as lunette.service".into(),
        ),
        ("GET /api/system/network", "Network".into()),
        ("PUT /api/system/network", "SetNetwork".into()),
        ("GET /api/system/disks", "Disks".into()),
        ("POST /api/system/disks", "ChangeDisk".into()),
        ("GET /api/firmware", "Firmware".into()),
        ("POST /api/firmware?force=true", "Install { force: true }".into()),
        ("PATCH /api/firmware", "ChangeFirmware".into()),
        ("GET /api/firmware/progress", "FirmwareProgress".into()),
        ("GET /api/init/12.mp4", "Init(12)".into()),
        ("GET CAMERA/main/vod.m3u8?start90k=1&end90k=2", format!("Vod {{ {main}, span: WallTime(1)..WallTime(2) }}")),
        ("GET CAMERA/main/live.m3u8", "LivePlaylist(StreamName { camera: U, kind: Main })".into()),
    ];
    for (line, route) in table {
        assert_eq!(told(line), route, "{line}");
    }
}

proptest! {
    #[test]
    fn no_request_is_our_fault(path in "(/|api|cameras|main|view.mp4|%|.){0,9}", query in "(s=|&|start90k=|-|[.0-9]|.){0,9}") {
        if let Err(refusal) = Route::parse(&Method::GET, &path, Some(&query), &TimeZone::UTC) {
            prop_assert!(!refusal.is_ours());
        }
    }
}

#[test]
fn requests_that_are_none() {
    let table = [
        ("GET /api", "404"),
        ("GET /apis/", "404"),
        ("GET /../etc/passwd", "404"),
        ("GET //healthz", "404"),
        ("GET /healthz/", "404"),
        ("GET /api//cameras", "404"),
        ("GET /api%2Fcameras", "404"),
        ("GET /api/%00", "404"),
        ("GET /api/%ff", "404"),
        ("OPTIONS *", "404"),
        ("GET /api/init/", "404"),
        ("GET /api/init/1", "404"),
        ("GET /api/init/01.mp4", "404"),
        ("GET /api/init/+1.mp4", "404"),
        ("GET /api/init/9999999999.mp4", "404"),
        ("GET /api/init/1.mp4?v=1", "400 parameter v: unknown here"),
        ("POST /api/init/1.mp4", "405 GET, HEAD"),
        ("GET CAMERA/main/vod.m3u8?start90k=1", "400 a playlist needs both start90k and end90k"),
        ("GET CAMERA/main/vod.m3u8?start90k=2&end90k=1", "400 start90k is not before end90k"),
        ("GET CAMERA/main/vod.m3u8?s=1", "400 parameter s: unknown here"),
        ("GET CAMERA/main/live.m3u8?start90k=1", "400 parameter start90k: unknown here"),
        ("GET CAMERA/main/view.m4s", "400 a film needs either s, or both start90k and end90k"),
        ("GET CAMERA/main/view.m4s?s=1&ts=true", "400 parameter ts: unknown here"),
        ("GET CAMERA/main/view.m4s?s=1&m=1.0-1", "400 m stands alone: no s, start90k or end90k beside it"),
        ("GET CAMERA/main/view.m4s?m=1", "400 parameter m=1: expected NUMBER.START-END in 1/90 000 s with START < END"),
        ("GET /api/cameras/", "404"),
        ("GET /api/discovery/0123456789ABCDEF/snapshot.jpg", "404"),
        ("GET /api/discovery/record", "405 POST"),
        ("GET /api/cameras/%zz", "404"),
        ("GET /api/cameras/9a3c1e527c0f4c4b9d6a0c6f5a1b2c3d", "404"),
        ("GET CAMERA/third/recordings", "404"),
        ("GET CAMERA/main/view.avi", "404"),
        ("POST CAMERA/main/view.avi", "404"),
        ("POST /healthz", "405 GET, HEAD"),
        ("POST /", "405 GET, HEAD"),
        ("DELETE /api/cameras", "405 GET, HEAD, POST"),
        ("GET /api/cameras/test", "405 POST"),
        ("PUT CAMERA", "405 GET, HEAD, PATCH, DELETE"),
        ("POST CAMERA/main/view.mp4?s=1", "405 GET, HEAD"),
        ("GET /healthz?verbose=1", "400 parameter verbose: unknown here"),
        ("GET /icon.svg?a", "400 parameter a: unknown here"),
        ("DELETE CAMERA?deleteFilm=1", "400 parameter deleteFilm=1: expected true or false"),
        ("DELETE CAMERA?deleteFilm=true&deleteFilm=true", "400 parameter deleteFilm: given twice"),
        (
            "GET CAMERA/main/gaps?end90k=22803368832000000",
            "400 parameter end90k=22803368832000000: not within the years 1 to 9998",
        ),
        (
            "GET CAMERA/main/gaps?start90k=-9223372036854775808",
            "400 parameter start90k=-9223372036854775808: not within the years 1 to 9998",
        ),
        ("GET CAMERA/main/recordings?start90k=2&end90k=2", "400 start90k is not before end90k"),
        ("GET CAMERA/main/recordings?split90k=0", "400 parameter split90k=0: expected a number above 0"),
        ("GET CAMERA/main/recordings?s=1", "400 parameter s: unknown here"),
        ("GET CAMERA/main/gaps?split90k=1", "400 parameter split90k: unknown here"),
        ("GET CAMERA/main/view.mp4", "400 a film needs either s, or both start90k and end90k"),
        ("GET CAMERA/main/view.mp4?start90k=1", "400 a film needs either s, or both start90k and end90k"),
        ("GET CAMERA/main/view.mp4?s=1&start90k=1", "400 a film needs either s, or both start90k and end90k"),
        ("GET CAMERA/main/view.mp4?s=1&gaps=", "400 parameter gaps=: expected skip or hold"),
        ("GET CAMERA/main/view.mp4?s=1&gaps=skip&gaps=hold", "400 parameter gaps: given twice"),
        ("GET CAMERA/main/view.mp4?s=1&ts=1", "400 parameter ts=1: expected true or false"),
        ("GET CAMERA/main/recordings?gaps=skip", "400 parameter gaps: unknown here"),
        ("GET CAMERA/main/view.mp4?s=1&quality=high", "400 parameter quality: unknown here"),
    ];
    for (line, refusal) in table {
        assert_eq!(told(line), refusal, "{line}");
    }
    for time in ["soon", "100000-01-01T00:00:00", "9223372036854775808", "2017-02-29T00:00:00", "1e3", "", "%00"] {
        let told = told(&format!("GET CAMERA/main/gaps?start90k={time}"));
        assert!(told.starts_with("400 parameter start90k: time \""), "{told}");
    }
    assert!(told("GET CAMERA/main/view.mp4?s=5-1").starts_with("400 parameter s=5-1: expected START[-END]"));
    assert!(told("GET CAMERA/main/gaps?start90k=soon").starts_with("400 parameter start90k: time \"soon\": expected"));
}

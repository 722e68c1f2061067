//! The first byte of a day: 24 h of one-minute recordings at 30 frames per second, over HTTP, out of SQLite.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use lunette::base::{MonoTime, StreamId, WallDuration, WallTime};
use lunette::live::Live;
use lunette::media::growing::Step;
use lunette::media::recording::{Cause, EndReason};
use lunette::media::run::{Run, Terms};
use lunette::media::{Frame, SampleEntry};
use lunette::store::camera::{NewCamera, NewStream, PerKind};
use lunette::store::{Options, Store};
use lunette::web::{self, Listener, Reactors, Site, State};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

const MINUTES: i64 = 24 * 60;
const UNITS_PER_FRAME: i64 = 3_000;

fn options(disk: &Path) -> Options {
    Options::new(disk.join("db"), disk.join("film"), || WallTime(0))
}

/// A day of tiny frames, through run and store as a camera's would go. Answers the path of its stream.
fn record_a_day(disk: &Path) -> String {
    let store = Store::open(options(disk)).expect("a new store opens");
    let main = Some(NewStream::new("rtsp://127.0.0.1/"));
    let camera = NewCamera { name: "porch".into(), streams: PerKind { main, sub: None }, ..Default::default() };
    let camera = store.add_camera(&camera).expect("a camera can be added");
    let sample_entry = Arc::new(SampleEntry {
        data: Bytes::from_static(b"\0\0\0\x08avc1"),
        width: 1920,
        height: 1080,
        pixel_aspect: (1, 1),
        rfc6381_codec: "avc1.640028".to_owned(),
    });
    let frame = |number: i64| Frame {
        pts_90k: number * UNITS_PER_FRAME,
        arrived: MonoTime(number * UNITS_PER_FRAME),
        is_key: number % 60 == 0,
        is_skipped_leading: false,
        is_bidirectional: false,
        data: Bytes::from_static(b"\0\0\0\x01\x65").slice(..5 - (number % 3 / 2) as usize),
        sample_entry: sample_entry.clone(),
        lost_packets: 0,
    };
    let stream: StreamId = camera.streams[0].id;
    let mut run = Run::new(Terms { stream, clock_offset: WallDuration(0), unproven: false });
    let mut growing = None;
    let mut steps = Vec::new();
    for number in 0..=MINUTES * 1_800 {
        run.push(&frame(number), &mut steps).expect("frames are in order");
        if number == MINUTES * 1_800 {
            run.finish(EndReason::new(Cause::Stopped, ""), &mut steps);
        }
        for step in steps.drain(..) {
            match (step, &mut growing) {
                (Step::Open(head), _) => growing = Some(store.begin(head).expect("the disk is fast enough")),
                (Step::Append(append), Some(growing)) => growing.append(append).expect("the disk is fast enough"),
                (Step::Close(close), growing) => growing.take().expect("it was opened").close(close),
                (Step::Append(_), None) => unreachable!("a run opens before it appends"),
            }
        }
        if number % 300 == 0 {
            store.flush().expect("the disk works"); // else a day in seconds looks like a slow disk
        }
    }
    store.shutdown(WallTime(0), std::time::Duration::from_secs(60)).expect("the disk works");
    format!("/api/cameras/{}/main/view.mp4?start90k=90000&end90k={}", camera.uuid, MINUTES * 5_400_000 - 90_000)
}

/// A server that has read nothing yet: SQLite's cache and ours are empty. It ends with its sender.
fn cold_server(runtime: &Runtime, disk: &Path) -> (SocketAddr, watch::Sender<bool>) {
    let store = Store::open(Options { read_only: true, ..options(disk) }).expect("the store opens");
    let (stop, stopped) = watch::channel(false);
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = State::new(store, Arc::new(Live::default()), TimeZone::UTC);
        tokio::spawn(web::serve(Site::open(state), vec![Listener::Tcp(listener)], Reactors::one().into(), stopped));
        address
    });
    (address, stop)
}

fn first_bytes(address: SocketAddr, path: &str) -> usize {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    write!(connection, "HEAD {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.len()
}

fn day(c: &mut Criterion) {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let path = record_a_day(disk.path());
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("first byte of 24 h");
    group.sample_size(30);
    group.bench_function("cold", |b| {
        b.iter_batched(
            || cold_server(&runtime, disk.path()),
            |server| (first_bytes(server.0, &path), server),
            BatchSize::PerIteration,
        );
    });
    let server = cold_server(&runtime, disk.path());
    group.bench_function("warm", |b| b.iter(|| first_bytes(server.0, &path)));
    group.finish();
}

criterion_group!(benches, day);
criterion_main!(benches);

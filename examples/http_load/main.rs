//! Asks an HTTP server for the same thing again and again, reads the answers and throws them away: for measurements.
//!
//! Written apart from Lunette's own code, on blocking sockets, a thread a client, so that it costs little and can be
//! pointed at any server. Prints one line of JSON: `{requests, bytes, seconds, firstByteMs, wholeMs}`, bytes of bodies,
//! the last two medians.

mod answer;

use answer::Connection;
use clap::Parser;
use std::error::Error;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Loads an HTTP server.
#[derive(Parser, Debug)]
struct Arguments {
    /// Such as 127.0.0.1:8080.
    address: String,
    /// Such as /api/.
    path: String,
    /// How many at a time, each on a connection of its own.
    #[arg(long, default_value_t = 1)]
    clients: u64,
    /// How many requests all clients make together.
    #[arg(long, default_value_t = u64::MAX)]
    requests: u64,
    /// When no more requests are begun.
    #[arg(long, default_value_t = 3600.0)]
    seconds: f64,
    /// Ask for these bytes, FIRST-LAST.
    #[arg(long, value_parser = range)]
    range: Option<Range<u64>>,
    /// Ask for as many bytes, at a place in `--range` that is another one each time.
    #[arg(long, requires = "range")]
    random: Option<u64>,
    /// Connect anew for each request, and leave after the first byte of the body.
    #[arg(long)]
    first_byte: bool,
    /// A header to send, such as `Accept-Encoding: gzip`.
    #[arg(long, default_value = "Accept: */*")]
    header: String,
}

/// `FIRST-LAST`, both included.
fn range(text: &str) -> Result<Range<u64>, String> {
    let (first, last) = text.split_once('-').ok_or("FIRST-LAST is meant")?;
    let number = |text: &str| text.parse::<u64>().map_err(|e| e.to_string());
    Ok(number(first)?..number(last)? + 1)
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    bytes: u64,
    /// Of each request: seconds to the first byte of the body, and to the last.
    times: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = &Arguments::parse();
    let begun = &AtomicU64::new(0);
    let start = Instant::now();
    let until = start + Duration::from_secs_f64(arguments.seconds);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let client = |number| scope.spawn(move || load(arguments, number, begun, until).map_err(|e| e.to_string()));
        let clients: Vec<_> = (0..arguments.clients).map(client).collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).collect::<Result<_, _>>()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes: u64 = seen.iter().map(|s| s.bytes).sum();
    let times: Vec<_> = seen.into_iter().flat_map(|s| s.times).collect();
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut all: Vec<f64> = times.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).map_or(0.0, |seconds| seconds * 1000.0)
    };
    println!(
        r#"{{"requests": {}, "bytes": {bytes}, "seconds": {seconds:.6}, "firstByteMs": {:.4}, "wholeMs": {:.4}}}"#,
        times.len(),
        median(|t| t.0),
        median(|t| t.1)
    );
    Ok(())
}

/// One client's requests, one after the other.
fn load(arguments: &Arguments, number: u64, begun: &AtomicU64, until: Instant) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    let mut random = number;
    let mut connection = None;
    while begun.fetch_add(1, Ordering::Relaxed) < arguments.requests && Instant::now() < until {
        let asked = match (&arguments.range, arguments.random) {
            (Some(within), Some(len)) => {
                let first = within.start + next(&mut random) % (within.end - within.start - len + 1);
                Some(first..first + len)
            }
            (range, _) => range.clone(),
        };
        let mut request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", arguments.path, arguments.address);
        if let Some(asked) = &asked {
            request += &format!("Range: bytes={}-{}\r\n", asked.start, asked.end - 1);
        }
        request += &format!("{}\r\n\r\n", arguments.header);
        let start = Instant::now();
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::open(&arguments.address)?,
        };
        let mut answer = open.ask(&request)?;
        answer.wait()?;
        let first_byte = start.elapsed().as_secs_f64();
        if !arguments.first_byte {
            seen.bytes += answer.discard()?;
            connection = Some(open);
        }
        seen.times.push((first_byte, start.elapsed().as_secs_f64()));
    }
    Ok(seen)
}

/// Numbers without a pattern that are the same each time: Knuth's linear congruence for 64 bits.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 20
}

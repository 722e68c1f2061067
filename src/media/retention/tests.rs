//! Retention by example, and over random disks.

use super::*;
use crate::base::StreamId;
use proptest::prelude::*;

/// One stream of a test: its share, and the sequence and weight of each closed recording.
#[derive(Clone, Debug)]
struct Stream {
    retain_bytes: Option<u64>,
    growing: u64,
    need: u64,
    closed: Vec<(u64, u64)>,
}

impl Stream {
    fn used(&self) -> u64 {
        self.growing + self.closed.iter().map(|c| c.1).sum::<u64>()
    }
}

fn ask(room: &Room, streams: &[Stream], limit: usize) -> Choice {
    let told = streams.iter().enumerate().map(|(n, s)| {
        let share = Share { retain_bytes: s.retain_bytes, used: s.used(), need: s.need };
        (share, s.closed.iter().zip(1..).map(move |(&(sequence, bytes), number)| candidate(n, number, sequence, bytes)))
    });
    choose(room, told, limit)
}

fn candidate(stream: usize, number: u32, sequence: u64, bytes: u64) -> Candidate {
    let stream = StreamId::new(stream as i64 + 1).unwrap();
    Candidate { id: RecordingId::new(stream, number), sequence, frees: bytes, weighs: bytes }
}

fn told(choice: &Choice) -> String {
    choice.condemned.iter().map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}

fn pooled(closed: &[(u64, u64)]) -> Stream {
    Stream { retain_bytes: None, growing: 10, need: 20, closed: closed.to_vec() }
}

fn room(free: u64) -> Room {
    Room { free, reserve: 100, taken: 0, capacity: 1000 }
}

#[test]
fn the_oldest_of_the_pool_goes_first_whichever_stream_it_is_of() {
    let streams = [pooled(&[(1, 50), (4, 50)]), pooled(&[(2, 50), (3, 50)])];
    assert_eq!(told(&ask(&room(140), &streams, 99)), "");
    assert_eq!(told(&ask(&room(139), &streams, 99)), "1/1");
    assert_eq!(told(&ask(&room(39), &streams, 99)), "1/1 2/1 2/2");
    let all = ask(&room(0), &[pooled(&[(1, 50)])], 99);
    assert_eq!((told(&all).as_str(), all.frees, all.short, all.more), ("1/1", 50, 70, false));
}

#[test]
fn a_quota_is_kept_to_while_the_disk_is_empty_and_kept_while_it_is_full() {
    let quota = |closed: &[(u64, u64)]| Stream { retain_bytes: Some(200), ..pooled(closed) };
    let streams = [pooled(&[(5, 50), (6, 50)]), quota(&[(1, 50), (2, 50), (3, 50), (4, 50)])];
    assert_eq!(told(&ask(&room(9999), &streams, 99)), "2/1", "10 grow, 20 are needed, 200 is the quota");
    assert_eq!(told(&ask(&room(60), &streams, 99)), "2/1 1/1", "the pool makes room, although its film is newer");
    assert_eq!(told(&ask(&room(0), &streams, 99)), "2/1 1/1 1/2", "and all of it");
    let streams = [pooled(&[]), quota(&[(1, 50), (2, 50), (3, 50)])];
    assert_eq!(told(&ask(&room(60), &streams, 99)), "2/1 2/2", "an empty pool has nothing to give");
}

#[test]
fn quotas_that_no_disk_holds_are_shared() {
    let quota = |closed: &[(u64, u64)]| Stream { retain_bytes: Some(600), ..pooled(closed) };
    let streams = [pooled(&[(5, 50)]), quota(&[(1, 50), (3, 50)]), quota(&[(2, 50), (4, 50)])];
    let choice = ask(&room(10), &streams, 99);
    assert_eq!((told(&choice).as_str(), choice.overcommitted), ("2/1 3/1 2/2", true));
}

#[test]
fn a_stream_whose_one_recording_is_more_than_its_quota_loses_what_is_closed_and_grows_on() {
    let tiny =
        |closed: &[(u64, u64)]| Stream { retain_bytes: Some(1), growing: 500, need: 20, closed: closed.to_vec() };
    assert_eq!(told(&ask(&room(9999), &[tiny(&[])], 99)), "");
    assert_eq!(told(&ask(&room(9999), &[tiny(&[(1, 400), (2, 400)])], 99)), "1/1 1/2");
}

#[test]
fn what_others_took_of_the_reserve_is_not_made_up_for() {
    let streams = [pooled(&[(1, 50), (2, 50), (3, 50)])];
    let taken = |free, taken| told(&ask(&Room { taken, ..room(free) }, &streams, 99));
    assert_eq!(taken(60, 0), "1/1 1/2", "our own doing");
    assert_eq!(taken(60, 60), "", "20 are needed, and 40 of the reserve are left");
    assert_eq!(taken(20, 100), "");
    assert_eq!(taken(0, 100), "1/1", "only what the next intervals write");
    assert_eq!(taken(0, u64::MAX), "1/1");
}

#[test]
fn a_film_that_is_held_open_frees_nothing_so_the_next_one_goes_too() {
    let held = Candidate { frees: 0, ..candidate(0, 1, 1, 50) };
    let all = [held, candidate(0, 2, 2, 50), candidate(0, 3, 3, 50)];
    let share = Share { retain_bytes: None, used: 150, need: 20 };
    assert_eq!(told(&choose(&room(100), [(share, all.into_iter())], 99)), "1/1 1/2");
    let share = Share { retain_bytes: Some(120), ..share };
    assert_eq!(told(&choose(&room(999), [(share, all.into_iter())], 99)), "1/1", "a quota counts what is listed");
}

#[test]
fn no_more_goes_at_once_than_the_limit() {
    let closed: Vec<_> = (1..=10_000).map(|n| (n, 50)).collect();
    let streams = [Stream { retain_bytes: Some(0), ..pooled(&closed) }];
    let choice = ask(&room(9999), &streams, 1000);
    assert_eq!((choice.condemned.len(), choice.more), (1000, true));
    assert_eq!(choice.condemned[999].number(), 1000);
    let few = [pooled(&closed[..10])];
    assert_eq!(ask(&room(9999), &few, 0), Choice::default());
}

#[test]
fn a_disk_of_eighteen_terabytes_is_counted_in_full() {
    let tb = 1_000_000_000_000;
    let room = Room { free: 18 * tb - 300, reserve: 360_000_000_000, taken: 0, capacity: 18 * tb };
    let streams = [Stream { retain_bytes: Some(17 * tb), growing: 100, need: 100, closed: vec![(1, 100)] }];
    assert_eq!(ask(&room, &streams, 99), Choice::default());
    let most = Room { free: 0, reserve: u64::MAX, taken: 0, capacity: u64::MAX };
    assert_eq!(told(&ask(&most, &streams, 99)), "1/1", "sums end at the largest number instead of beginning anew");
}

fn holding(retain_bytes: Option<u64>, used: u64, bytes_per_day: f64) -> Holding {
    Holding { share: Share { retain_bytes, used, need: 10 }, protected: 0, bytes_per_day }
}

#[test]
fn streams_of_the_pool_hold_the_same_days() {
    let f = forecast(1030, &[holding(None, 0, 30.0), holding(None, 0, 70.0), holding(None, 500, 0.0)]);
    assert_eq!(f.streams.iter().map(|s| s.days).collect::<Vec<_>>(), [Some(10.0), Some(10.0), None]);
    assert_eq!((f.streams[0].bytes, f.streams[1].bytes), (300, 700));
    assert_eq!(f.full_in_days, Some(5.0));
}

#[test]
fn a_quota_is_taken_off_the_pool_and_protected_film_off_both() {
    let a = Holding { protected: 100, ..holding(Some(310), 0, 20.0) };
    let b = Holding { protected: 70, ..holding(None, 0, 10.0) };
    let f = forecast(500, &[a, b]);
    assert_eq!(f.streams[0], StreamForecast { days: Some(10.0), bytes: 300 });
    assert_eq!(f.streams[1], StreamForecast { days: Some(10.0), bytes: 170 });
    let f = forecast(300, &[a, b]);
    assert!(f.overcommitted);
    assert_eq!((f.streams[0].days, f.streams[1].days), (Some(11.0 / 3.0), Some(11.0 / 3.0)));
}

#[test]
fn a_disk_that_quotas_leave_empty_is_never_full() {
    assert_eq!(forecast(1000, &[holding(Some(100), 0, 10.0)]).full_in_days, None);
    let both = forecast(1020, &[holding(Some(100), 0, 10.0), holding(None, 0, 10.0)]);
    assert_eq!(both.full_in_days, Some(90.0), "both for ten days, then one");
    assert_eq!(forecast(0, &[holding(None, 5, 10.0)]).full_in_days, Some(0.0));
    assert_eq!(forecast(100, &[]).full_in_days, None);
}

fn streams() -> impl Strategy<Value = Vec<Stream>> {
    let one = (prop::option::of(0u64..2000), 0u64..100, 0u64..100, prop::collection::vec(1u64..100, 0..30));
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let mut streams: Vec<Stream> = Vec::new();
        for (retain_bytes, growing, need, weights) in all {
            // Sequences of different streams alternate, and are unique.
            let n = streams.len() as u64;
            let closed = weights.iter().zip(0u64..).map(|(&bytes, i)| (i * 7 + n, bytes)).collect();
            streams.push(Stream { retain_bytes, growing, need, closed });
        }
        streams
    })
}

proptest! {
    #[test]
    fn whatever_the_numbers_are(
        streams in streams(), free in 0u64..3000, reserve in 0u64..500, taken in 0u64..600, capacity in 0u64..6000,
        limit in 0usize..200,
    ) {
        let room = Room { free, reserve, taken, capacity };
        let choice = ask(&room, &streams, limit);
        prop_assert!(choice.condemned.len() <= limit);
        let chosen = |n: usize| {
            choice.condemned.iter().filter(move |id| id.stream().get() as usize == n + 1).map(|id| id.number() as usize)
        };
        let mut freed = 0;
        for (n, s) in streams.iter().enumerate() {
            // The oldest of each stream, in order and without a hole.
            let numbers: Vec<_> = chosen(n).collect();
            prop_assert_eq!(&numbers, &(1..=numbers.len()).collect::<Vec<_>>());
            let gone: u64 = s.closed[..numbers.len()].iter().map(|c| c.1).sum();
            freed += gone;
            // A quota holds afterwards, unless there is nothing left to delete, or the limit came first.
            let over = s.retain_bytes.is_some_and(|quota| s.used() - gone + s.need > quota);
            prop_assert!(!over || numbers.len() == s.closed.len() || choice.more);
        }
        prop_assert_eq!(choice.frees, freed);
        let wanted = streams.iter().map(|s| s.need).sum::<u64>() + reserve.saturating_sub(taken);
        prop_assert_eq!(choice.short, wanted.saturating_sub(free + freed));
        let left = streams.iter().map(|s| s.closed.len()).sum::<usize>() - choice.condemned.len();
        prop_assert!(choice.short == 0 || left == 0 || choice.more);
        // In the pool nothing is left that is older than what went.
        let pool = |s: &Stream| s.retain_bytes.is_none();
        let newest_gone = (0..streams.len()).filter(|&n| pool(&streams[n]));
        let newest_gone = newest_gone.filter_map(|n| chosen(n).next_back().map(|i| streams[n].closed[i - 1].0)).max();
        for (n, s) in streams.iter().enumerate().filter(|(_, s)| pool(s)) {
            let oldest_left = s.closed.get(chosen(n).count()).map(|c| c.0);
            prop_assert!(newest_gone.is_none_or(|gone| oldest_left.is_none_or(|left| left > gone)));
        }
        // One less would not have been enough.
        if let Some(last) = choice.condemned.last()
            && !choice.overcommitted
            && pool(&streams[last.stream().get() as usize - 1])
        {
            let bytes = streams[last.stream().get() as usize - 1].closed[last.number() as usize - 1].1;
            prop_assert!(free + freed - bytes < wanted);
        }
    }

    #[test]
    fn a_forecast_gives_no_more_than_there_is(
        streams in prop::collection::vec((prop::option::of(0u64..2000), 0u64..500, 0u64..500, 0u32..100), 0..6),
        capacity in 0u64..6000,
    ) {
        let holdings: Vec<_> = streams.iter().map(|&(quota, used, protected, rate)| {
            Holding { protected: protected.min(used), ..holding(quota, used, rate.into()) }
        }).collect();
        let f = forecast(capacity, &holdings);
        let shared: f64 = f.streams.iter().zip(&holdings).filter(|(_, h)| h.bytes_per_day > 0.0)
            .map(|(s, h)| s.days.unwrap() * h.bytes_per_day).sum();
        prop_assert!(shared <= capacity as f64 + 1e-6);
        prop_assert!(f.full_in_days.is_none_or(|days| days >= 0.0 && days.is_finite()));
    }
}

//! Both ways to the rows of a listing.

use super::run::{EDGE_SQL, RUNS_SQL};
use super::walk::WALK_SQL;
use super::*;
use crate::base::MediaDuration;
use crate::media::recording::Flags;
use crate::store::ClosedRecording;
use crate::store::db::Batch;
use crate::store::db::testing::{Fixture, plan, sample_entry};
use crate::store::stats::{Piece, Stats};
use jiff::tz::TimeZone;
use proptest::prelude::*;

#[test]
fn a_walk_goes_back_through_the_covering_index_and_never_sorts() {
    assert_eq!(
        plan(WALK_SQL),
        "SEARCH recording USING COVERING INDEX recording_cover (stream_id=? AND start_90k>? AND start_90k<?)"
    );
}

#[test]
fn runs_and_their_ends_go_by_keys() {
    assert_eq!(
        [RUNS_SQL, EDGE_SQL, HAS_ROW_SQL].map(plan).join("\n"),
        "SEARCH run USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH newest USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SCALAR SUBQUERY 1
SEARCH recording USING COVERING INDEX recording_cover (stream_id=? AND start_90k>? AND start_90k<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)"
    );
}

/// A stream of some runs, and what became of it.
#[derive(Clone, Debug)]
struct Film {
    /// Seconds from the end of the run before, which may be less than none, and its recordings: seconds, and whether
    /// the parameters change with it.
    runs: Vec<(i64, Vec<(i64, bool)>)>,
    /// Of the newest, how many are not rows yet.
    unflushed: usize,
    /// Which are deleted, have lost their film, have another, or get their row after all others.
    deleted: Vec<usize>,
    missing: Vec<usize>,
    damaged: Vec<usize>,
    late: Vec<usize>,
}

fn film() -> impl Strategy<Value = Film> {
    let recordings = prop::collection::vec((1i64..300, prop::bool::weighted(0.03)), 1..40);
    let some = || prop::collection::vec(0usize..200, 0..3);
    (prop::collection::vec((-2000i64..500, recordings), 1..6), 0usize..8, some(), some(), some(), some()).prop_map(
        |(runs, unflushed, deleted, missing, damaged, late)| Film { runs, unflushed, deleted, missing, damaged, late },
    )
}

impl Film {
    fn recordings(&self, f: &Fixture) -> Vec<ClosedRecording> {
        let mut all: Vec<ClosedRecording> = Vec::new();
        let mut entry = 1;
        for (pause, run) in &self.runs {
            let first = all.len() as u32 + 1;
            let mut offset = MediaDuration::ZERO;
            let mut start = all.last().map_or(0, |c| c.recording.end().0 / 90_000) + pause;
            for (at, &(secs, changes)) in run.iter().enumerate() {
                let is_last = at + 1 == run.len();
                // A run may end with a lone frame, which lasts no time.
                let secs = if is_last && secs % 3 == 0 { 0 } else { secs };
                let mut closed = f.closed(all.len() as u32 + 1, first, start, secs);
                entry += i32::from(changes);
                closed.sample_entry = sample_entry(&entry.to_string());
                let r = &mut closed.recording;
                r.media_duration = MediaDuration(r.wall_duration.0 + secs % 7);
                r.media_offset = offset;
                r.sample_entry_id = entry;
                if is_last {
                    r.flags = Flags::TRAILING_ZERO;
                    r.end_reason = Some("camera silent".into());
                }
                offset += r.media_duration;
                start += secs;
                all.push(closed);
            }
        }
        all
    }

    fn is_one(which: &[usize], at: usize, len: usize) -> bool {
        which.iter().any(|w| w % len == at)
    }
}

fn ask(f: &Fixture, span: Range<WallTime>, extent: Extent, split: Option<WallDuration>) -> Wanted<'static> {
    let terms = Terms { split, limit: usize::MAX };
    Wanted { stream: f.main, span, extent, terms, missing: None, damaged: &NONE }
}

static NONE: BTreeMap<RecordingId, Damage> = BTreeMap::new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_are_those_of_an_addition_recording_by_recording(
        film in film(),
        spans in prop::collection::vec((-3000i64..20_000, 0i64..20_000), 4),
        splits in prop::collection::vec(1i64..4000, 2),
    ) {
        let f = Fixture::new();
        let mut all = film.recordings(&f);
        let len = all.len();
        let unflushed: Vec<Recording> = all.split_off(len.saturating_sub(film.unflushed)).into_iter().map(|c| {
            let growing = c.recording.id.number() as usize == len;
            Recording { growing, sample_entry_id: f.db.intern_sample_entry(&c.sample_entry), ..c.recording }
        }).collect();
        let (late, early): (Vec<_>, Vec<_>) =
            all.into_iter().enumerate().partition(|(at, _)| Film::is_one(&film.late, *at, len));
        f.insert(early.into_iter().chain(late).map(|(_, closed)| closed));
        let rows = f.all();
        let is_one = |which: &[usize], r: &&Recording| Film::is_one(which, r.id.number() as usize - 1, len);
        let condemned = rows.iter().filter(|r| is_one(&film.deleted, r)).map(|r| r.id).collect();
        f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
        prop_assert_eq!(f.db.wrong_runs().unwrap(), []);

        let missing: BTreeSet<_> = rows.iter().filter(|r| is_one(&film.missing, r)).map(|r| r.id).collect();
        let mut listed: Vec<Recording> = f.all().into_iter().chain(unflushed.clone()).collect();
        for r in listed.iter_mut().filter(|r| missing.contains(&r.id)) {
            r.flags = r.flags.with(Flags::MISSING);
        }
        let damage = |id| (id, Damage { id, found: WallTime(0), what: "torn".into() });
        let damaged: BTreeMap<_, _> =
            rows.iter().filter(|r| is_one(&film.damaged, r)).map(|r| damage(r.id)).collect();
        for r in listed.iter_mut().filter(|r| damaged.contains_key(&r.id)) {
            r.flags = r.flags.with(Flags::DAMAGED);
        }
        listed.sort_by_key(|r| (r.start, r.sequence));
        let mut stats = Stats::new(TimeZone::UTC);
        listed.iter().for_each(|r| stats.add(&Piece::from(r)));

        let secs = |s: i64| WallTime(s * 90_000);
        let spans = spans.into_iter().map(|(start, length)| secs(start)..secs(start + length));
        let edges = listed.iter().take(3).flat_map(|r| [r.start..r.end(), r.end()..WallTime(i64::MAX)]);
        for span in spans.chain(edges).chain([WallTime(i64::MIN)..WallTime(i64::MAX)]) {
            let within = |r: &Recording| r.start < span.end && (r.end() > span.start || r.start == span.start);
            let splits = splits.iter().map(|&s| Some(WallDuration::from_secs(s)));
            for split in splits.chain([None, Some(LONG_SPLIT), Some(WallDuration(1))]) {
                let mut expected = Rows::new(Terms { split, limit: usize::MAX });
                listed.iter().rev().filter(|r| within(r)).for_each(|r| expected.add(r.into()).unwrap());
                let expected = expected.finish();
                let walked = Extent { pieces: Some(u32::MAX), ..Extent::default() };
                let is_sound = |r: &Recording| !missing.contains(&r.id) && !damaged.contains_key(&r.id);
                let known = Extent { pieces: None, ..stats.extent(&span) };
                for extent in [Extent::default(), walked, known] {
                    let wanted = Wanted { missing: Some(&missing), damaged: &damaged, ..ask(&f, span.clone(), extent, split) };
                    // The rows among what may not have one are taken from the tables.
                    let in_memory = listed.iter().filter(|r| within(r) && is_sound(r)).rev().take(9);
                    let mut in_memory: Vec<_> = in_memory.cloned().collect();
                    in_memory.sort_by_key(|r| r.id);
                    let in_memory = in_memory.into_iter().chain(unflushed.iter().filter(|r| within(r)).cloned());
                    let mut in_memory: Vec<_> = in_memory.collect();
                    in_memory.sort_by_key(|r| r.id);
                    in_memory.dedup_by_key(|r| r.id);
                    prop_assert_eq!(&f.db.rows(&wanted, in_memory).unwrap(), &expected, "{:?} {:?}", span, split);
                }
            }
        }
    }
}

/// The borders of a long run are found without a walk: what is between them could be anything.
#[test]
fn a_run_is_told_from_its_row_and_its_borders() {
    let f = Fixture::new();
    f.insert((1..=200).map(|n| f.closed(n, 1, i64::from(n) * 60, 60)));
    f.write_sql("UPDATE recording SET sample_file_bytes = 77 WHERE composite_id & 0xff BETWEEN 50 AND 59");
    let told = |from: i64, to: i64, split: Option<i64>| {
        let span = WallTime(from * 90_000)..WallTime(to * 90_000);
        let wanted = ask(&f, span, Extent::default(), split.map(WallDuration::from_secs));
        let rows = f.db.rows(&wanted, Vec::new()).unwrap();
        let tell = |r: &Row| format!("{}-{} {} B", r.first, r.last, r.sample_file_bytes);
        rows.iter().map(tell).collect::<Vec<_>>().join(", ")
    };
    let bytes = |first: u64, last: u64| (first..=last).map(|n| 1000 + n).sum::<u64>();
    assert_eq!(told(0, 100_000, None), format!("1-200 {} B", bytes(1, 200)));
    assert_eq!(told(2460, 6001, None), format!("41-100 {} B", bytes(41, 100)));
    let three = format!("141-200 {} B, 81-140 {} B, 41-80 {} B", bytes(141, 200), bytes(81, 140), bytes(41, 80));
    assert_eq!(told(2460, 100_000, Some(3600)), three);
}

#[test]
fn too_many_rows_are_refused() {
    let f = Fixture::new();
    f.insert((1..=20).map(|n| f.closed(n, 1, i64::from(n) * 60, 60)));
    let all = WallTime(i64::MIN)..WallTime(i64::MAX);
    for split in [Some(WallDuration(1)), Some(WallDuration::from_secs(600))] {
        let mut wanted = ask(&f, all.clone(), Extent::default(), split);
        wanted.terms.limit = 1;
        assert_eq!(f.db.rows(&wanted, Vec::new()).unwrap_err().kind(), crate::base::Kind::BadInput);
    }
}

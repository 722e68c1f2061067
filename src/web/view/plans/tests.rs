//! What was laid out once is used again, until the listing that it was made from is another.

use super::*;
use crate::base::{RecordingId, WallDuration, WallTime};
use crate::media::growing::Head;
use crate::media::recording::Flags;
use crate::store::db::Film;
use crate::store::testing::{Script, head};
use crate::store::tests::{Place, START, record};
use crate::store::{Growing, Options};
use crate::web::State;
use crate::web::view::plan;
use jiff::tz::TimeZone;
use std::ops::Range;
use std::time::Duration;

/// A store with a camera, and the web room before it.
struct Room {
    place: Place,
    state: Arc<State>,
    stream: StreamId,
}

/// Seconds after [`START`].
fn at(secs: i64) -> WallTime {
    START + WallDuration::from_secs(secs)
}

impl Room {
    fn new() -> Self {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        Self { place, state: State::new(store, Arc::default(), TimeZone::UTC), stream }
    }

    fn store(&self) -> &Store {
        &self.state.store
    }

    fn key(&self, what: What) -> Key {
        Key { stream: self.stream, what, gaps: Gaps::Skip, ts: false }
    }

    /// The plan of so many seconds after [`START`].
    async fn span(&self, secs: Range<i64>) -> Arc<Plan> {
        self.try_span(secs).await.unwrap()
    }

    async fn try_span(&self, secs: Range<i64>) -> crate::base::Result<Arc<Plan>> {
        plan(&self.state, self.key(What::Span(at(secs.start)..at(secs.end)))).await
    }

    async fn numbers(&self, s: &str) -> Arc<Plan> {
        plan(&self.state, self.key(What::Segments(vec![s.parse().unwrap()]))).await.unwrap()
    }

    fn begin(&self, head: Head) -> (Growing, Script) {
        let start = head.start;
        (self.store().begin(head).unwrap(), Script::new(start))
    }

    /// So many frames more, ten a second; what they make whole is listed then.
    fn add(&self, growing: &mut Growing, script: &mut Script, frames: usize) {
        script.frames(frames).into_iter().for_each(|frame| growing.append(frame).unwrap());
        self.store().flush().unwrap();
    }

    /// Two seconds of film from [`START`] on.
    fn record(&self) -> RecordingId {
        let (id, _) = record(self.store(), self.stream, true, 20);
        self.store().flush().unwrap();
        id
    }
}

#[tokio::test]
async fn the_same_question_has_the_same_plan() {
    let room = Room::new();
    room.record();
    let plan = room.span(0..1).await;
    assert!(Arc::ptr_eq(&plan, &room.span(0..1).await));
    assert!(!Arc::ptr_eq(&plan, &room.span(0..2).await));
    assert!(Arc::ptr_eq(&room.numbers("1").await, &room.numbers("1").await));
    assert!(!Arc::ptr_eq(&room.numbers("1").await, &room.numbers("1.0-90000").await));
    assert!(room.state.plans.lock().plans.len() == 4);
}

#[tokio::test]
async fn who_asks_at_once_waits_for_one_plan() {
    let room = Room::new();
    room.record();
    let asked = |_| room.span(0..1);
    let all = futures::future::join_all((0..20).map(asked)).await;
    assert!(all.iter().all(|plan| Arc::ptr_eq(plan, &all[0])));
    let different = futures::future::join_all((2..40).map(|end| room.span(0..end))).await;
    assert_eq!(different.len(), 38);
    room.span(0..1).await;
    // It forgets those that were not made, too.
    let failed = futures::future::join_all((0..20).map(|_| room.try_span(500..501))).await;
    assert!(failed.iter().all(Result::is_err));
    drop(room.state.plans.turn(&room.key(What::Segments(Vec::new()))).await);
    assert_eq!(room.state.plans.turns.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_begins_is_in_the_next_plan_and_in_no_other() {
    let room = Room::new();
    room.record();
    let (until, beyond) = (room.span(0..1).await, room.span(0..100).await);
    let (mut growing, mut script) = room.begin(Head { start: at(50), ..head(room.stream, true, START) });
    room.add(&mut growing, &mut script, 11);
    assert!(Arc::ptr_eq(&until, &room.span(0..1).await));
    assert!(room.span(0..100).await.len() > beyond.len());
}

#[tokio::test]
async fn what_grows_is_in_the_next_plan_and_what_ended_before_stays() {
    let room = Room::new();
    let (mut growing, mut script) = room.begin(head(room.stream, true, START));
    room.add(&mut growing, &mut script, 21);
    let (until, beyond, numbers) = (room.span(0..1).await, room.span(0..100).await, room.numbers("1").await);
    for _ in 0..5 {
        room.add(&mut growing, &mut script, 10);
        assert!(Arc::ptr_eq(&until, &room.span(0..1).await));
    }
    assert!(room.span(0..100).await.len() > beyond.len());
    assert!(room.numbers("1").await.len() > numbers.len());
}

#[tokio::test]
async fn the_last_frames_come_with_the_close_and_a_row_is_no_change() {
    let room = Room::new();
    let (mut growing, mut script) = room.begin(head(room.stream, true, START));
    room.add(&mut growing, &mut script, 21);
    let (until, beyond) = (room.span(0..1).await, room.span(0..100).await);
    growing.close(script.close());
    room.store().shared_for_tests().mount.attached().unwrap().written(std::time::Duration::MAX).unwrap();
    assert!(Arc::ptr_eq(&until, &room.span(0..1).await));
    let closed = room.span(0..100).await;
    assert!(closed.len() > beyond.len());
    room.store().flush().unwrap();
    assert!(Arc::ptr_eq(&closed, &room.span(0..100).await));
}

#[tokio::test]
async fn what_was_deleted_is_in_no_plan() {
    let room = Room::new();
    let first = room.record();
    let (mut growing, mut script) = room.begin(Head { start: at(50), ..head(room.stream, true, START) });
    room.add(&mut growing, &mut script, 21);
    let (both, second) = (room.span(0..51).await, room.span(50..51).await);
    let one = room.span(0..1).await;
    room.store().delete([first]);
    assert!(Arc::ptr_eq(&one, &room.span(0..1).await), "its row goes with the flush");
    room.store().flush().unwrap();
    assert!(room.span(0..51).await.len() < both.len());
    assert!(Arc::ptr_eq(&second, &room.span(50..51).await));
    assert!(room.try_span(0..1).await.is_err());
}

#[tokio::test]
async fn what_was_moved_in_time_is_laid_out_anew() {
    let room = Room::new();
    let unproven = Flags::UNPROVEN_TIME;
    let (mut growing, mut script) = room.begin(Head { flags: unproven, ..head(room.stream, true, START) });
    room.add(&mut growing, &mut script, 20);
    growing.close(crate::media::growing::Close { flags: unproven, ..script.close() });
    room.store().flush().unwrap();
    let before = room.span(0..1).await;
    let stats = room.store().stream_stats(room.stream);
    let moved = room.store().prove_clock(head(room.stream, true, START).clock_offset + WallDuration::from_secs(50));
    assert_eq!(moved.unwrap().len(), 1);
    assert!(room.try_span(0..1).await.is_err());
    assert_eq!(room.span(50..51).await.len(), before.len());
    let moved = room.store().stream_stats(room.stream);
    assert_eq!((moved.first(), moved.duration()), (Some(at(50)), stats.duration()));
}

#[tokio::test]
async fn who_only_looks_learns_what_another_process_wrote() {
    let room = Room::new();
    room.record();
    let store = Store::open(Options { read_only: true, ..room.place.options() }).unwrap();
    let looking = Room { state: State::for_reading(store, Arc::default(), TimeZone::UTC), ..Room::new() };
    let plan = looking.span(0..100).await;
    assert!(Arc::ptr_eq(&plan, &looking.span(0..100).await));
    let (_, _) = record(room.store(), room.stream, true, 20);
    room.store().flush().unwrap();
    let learns = async { while looking.span(0..100).await.len() == plan.len() {} };
    tokio::time::timeout(Duration::from_secs(20), learns).await.expect("a mark lasts some milliseconds");
    assert!(looking.span(0..100).await.len() > plan.len());
}

#[tokio::test]
async fn nothing_of_a_removed_camera_is_used_again() {
    let room = Room::new();
    room.record();
    room.span(0..1).await;
    let camera = room.store().cameras()[0].uuid;
    room.store().remove_camera(camera, Film::Condemn).unwrap();
    assert!(room.try_span(0..1).await.is_err());
}

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first() {
    let room = Room::new();
    room.record();
    let plan = room.span(0..1).await;
    let since = room.store().mark(room.stream).unwrap();
    let mut cache = room.state.plans.lock();
    let key = |end| room.key(What::Span(at(0)..at(end)));
    cache.forget(&key(1));
    for end in [1, 2, 3, 3] {
        cache.put(key(end), Kept { plan: plan.clone(), since, bytes: MAX_BYTES / 3 });
    }
    cache.plans.get(&key(1));
    cache.put(key(4), Kept { plan: plan.clone(), since, bytes: MAX_BYTES / 3 });
    let kept: Vec<Key> = cache.plans.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!((kept, cache.bytes), (vec![key(4), key(1), key(3)], MAX_BYTES / 3 * 3));
}

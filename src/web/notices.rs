//! `Notice`: what an owner should know without having asked, out of memory.
//!
//! docs/decisions/0091-notices.md says what is one, and which of them are bad health.

use crate::appliance::protocol::UpgradeOutcome;
use crate::base::{MonoTime, StreamId, WallDuration, WallTime};
use crate::camera::clock;
use crate::store::Camera;
use crate::web::api::firmware::wall;
use crate::web::auth::{Audience, Caller};
use crate::web::{Front, State};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notice {
    pub(super) kind: Kind,
    /// Since when it is so, as far as is known.
    #[serde(rename = "since90k", serialize_with = "number")]
    pub(super) since: WallTime,
    /// Of a camera, which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) camera_uuid: Option<Uuid>,
    /// And which of its streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<&'static str>,
    /// In words.
    pub(super) detail: String,
}

fn number<S: Serializer>(time: &WallTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(time.0)
}

/// What it is about, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    /// Nothing can be recorded, or the disk cannot be relied on.
    Disk,
    /// One that should record does not.
    Camera,
    /// The disk has lost film.
    Rot,
    /// There is less room than was planned with.
    Storage,
    /// An upgrade was taken back. Only a machine that upgrades itself tells that.
    Upgrade,
    /// The time is not known.
    Clock,
    /// What the last start found.
    Start,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Disk, Self::Camera, Self::Rot, Self::Storage, Self::Upgrade, Self::Clock, Self::Start];

    /// As programs know it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Camera => "camera",
            Self::Rot => "rot",
            Self::Storage => "storage",
            Self::Upgrade => "upgrade",
            Self::Clock => "clock",
            Self::Start => "start",
        }
    }
}

/// Since when there is what does not tell it itself. Locked for a few lines.
#[derive(Debug, Default)]
pub(super) struct Since(Mutex<BTreeMap<&'static str, WallTime>>);

impl Since {
    /// Since when this is there, if it is: when somebody first asked.
    fn of(&self, what: &'static str, is_there: bool, now: WallTime) -> WallTime {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match is_there {
            true => *seen.entry(what).or_insert(now),
            false => seen.remove(what).unwrap_or(now),
        }
    }
}

/// All that there are for this caller, worst first.
pub(super) fn all(state: &State, caller: &Caller, now: WallTime) -> Vec<Notice> {
    let mut all = Vec::new();
    disk(state, now, &mut all);
    let cameras = caller.cameras(state);
    away(state, &cameras, (now, clock::monotonic_now()), &mut all);
    rot(state, &cameras, &mut all);
    upgrade(state, &mut all);
    time(state, &mut all);
    // It names files.
    if caller.audience() != Audience::Viewer {
        start(state, &mut all);
        machine(state, &mut all);
    }
    all.sort_by_key(|notice| (notice.kind, notice.since));
    all
}

/// All that there are while there is no film.
pub(super) fn while_waiting(front: &Front, now: WallTime) -> Vec<Notice> {
    let mut all = Vec::new();
    if let Some(waiting) = front.waits().filter(|_| front.records) {
        let since = front.since.of("trouble", true, now);
        all.push(Notice { kind: Kind::Disk, since, camera_uuid: None, stream: None, detail: waiting.to_string() });
    }
    upgrade(front, &mut all);
    time(front, &mut all);
    machine(front, &mut all);
    all
}

/// The disk cannot be read or written, or lies.
pub(super) fn is_ailing(state: &State) -> bool {
    let is_stuck = || state.store.verification().is_some_and(|told| told.trouble.is_some());
    state.records && (state.store.trouble().is_some() || is_stuck())
}

fn disk(state: &State, now: WallTime, all: &mut Vec<Notice>) {
    if !state.records {
        return;
    }
    let mut tell = |kind, what, detail: Option<String>| {
        let since = state.since.of(what, detail.is_some(), now);
        all.extend(detail.map(|detail| Notice { kind, since, camera_uuid: None, stream: None, detail }));
    };
    let trouble = state.store.trouble();
    let verification = state.store.verification();
    let stuck = verification.as_ref().and_then(|told| told.trouble.as_ref()).filter(|_| trouble.is_none());
    tell(Kind::Disk, "trouble", trouble);
    tell(Kind::Disk, "stuck", stuck.map(|why| format!("film cannot be read again: {why}")));
    let unsteady = verification.map_or(0, |told| told.unsteady);
    tell(
        Kind::Disk,
        "unsteady",
        (unsteady > 0).then(|| {
            format!(
                "film was read wrong and then right, {unsteady} times since the start: the disk, its cable or memory \
                 cannot be relied on"
            )
        }),
    );
    let room = state.store.storage().and_then(|seen| seen.trouble.clone());
    tell(Kind::Storage, "room", room);
}

/// Streams that have not recorded for some time.
fn away(state: &State, cameras: &[Camera], (now, mono): (WallTime, MonoTime), all: &mut Vec<Notice>) {
    for away in state.live.health.away(mono, GRACE) {
        let Some((camera, stream)) = find(cameras, away.stream) else { continue };
        all.push(Notice {
            kind: Kind::Camera,
            since: now - (mono - away.since),
            camera_uuid: Some(camera),
            stream: Some(stream),
            detail: away.why.unwrap_or_else(|| "no picture yet".to_owned()),
        });
    }
}

fn rot(state: &State, cameras: &[Camera], all: &mut Vec<Notice>) {
    let damaged = state.store.damaged();
    let mut streams: BTreeMap<StreamId, (usize, WallTime)> = BTreeMap::new();
    for damage in damaged.values() {
        let (count, first) = streams.entry(damage.id.stream()).or_insert((0, damage.found));
        (*count, *first) = (*count + 1, (*first).min(damage.found));
    }
    for (id, (count, since)) in streams {
        let Some((camera, stream)) = find(cameras, id) else { continue };
        let (recordings, are) = if count == 1 { ("recording", "is") } else { ("recordings", "are") };
        all.push(Notice {
            kind: Kind::Rot,
            since,
            camera_uuid: Some(camera),
            stream: Some(stream),
            detail: format!("{count} {recordings} {are} damaged: the disk has lost a part of the film"),
        });
    }
}

/// What became of the last upgrade, where that is no good news. It goes with the next upgrade.
fn upgrade(front: &Front, all: &mut Vec<Notice>) {
    let appliance = front.appliance();
    let known = appliance.here().ok().and_then(|image| image.firmware().known()).and_then(|status| status.last_upgrade);
    let Some(last) = known else { return };
    let what = match last.outcome {
        UpgradeOutcome::Good => return,
        UpgradeOutcome::RolledBack => format!("{} was taken back, and {} runs again", last.to, last.from),
        UpgradeOutcome::Kept => {
            format!("{} does not do all it should, and {} does not start any more", last.to, last.from)
        }
    };
    let since = wall(last.epoch);
    let detail = format!("{what}: {}", last.why);
    all.push(Notice { kind: Kind::Upgrade, since, camera_uuid: None, stream: None, detail });
}

fn time(front: &Front, all: &mut Vec<Notice>) {
    let unproven = front.live.clock.status().filter(|clock| !clock.proven);
    all.extend(unproven.map(|clock| Notice {
        kind: Kind::Clock,
        since: clock.since,
        camera_uuid: None,
        stream: None,
        detail: format!("the time is not known: {}", clock.detail),
    }));
}

fn start(state: &State, all: &mut Vec<Notice>) {
    let (mut problems, count) = state.store.first_problems(SHOWN);
    if count > problems.len() {
        problems.push(format!("and {} more, which the log tells", count - problems.len()));
    }
    if count > 0 {
        let detail = problems.join("; ");
        all.push(Notice { kind: Kind::Start, since: state.begun, camera_uuid: None, stream: None, detail });
    }
}

/// What the machine's own start found, such as bad entries of the set-up file.
fn machine(front: &Front, all: &mut Vec<Notice>) {
    let appliance = front.appliance();
    let told = appliance.here().map(|image| image.start()).unwrap_or_default();
    all.extend(told.iter().map(|detail| Notice {
        kind: Kind::Start,
        since: front.begun,
        camera_uuid: None,
        stream: None,
        detail: detail.clone(),
    }));
}

fn find(cameras: &[Camera], id: StreamId) -> Option<(Uuid, &'static str)> {
    let streams = cameras.iter().flat_map(|camera| camera.streams.iter().map(move |stream| (camera.uuid, stream)));
    streams.into_iter().find(|(_, stream)| stream.id == id).map(|(camera, stream)| (camera, stream.kind.word()))
}

/// A camera may start anew, or lose its network for a moment.
const GRACE: WallDuration = WallDuration::from_secs(60);
/// How many problems of the start are told word by word.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{ClockStatus, State as Doing};
    use crate::media::recording::{Cause, EndReason};
    use crate::store::db::Damage;
    use crate::store::tests::{FIVE_SECONDS, Place, START, record};
    use crate::web::peer::Peer;
    use jiff::tz::TimeZone;
    use std::sync::Arc;

    fn told(state: &State) -> Vec<String> {
        let all = all(state, &Caller::everybody(state, Peer::Owner), clock::wall_now());
        all.iter().map(|n| format!("{}: {}", n.kind.word(), n.detail)).collect()
    }

    #[test]
    fn what_is_well_needs_no_words_and_the_rest_comes_worst_first() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let (id, _) = record(&store, stream, true, 6);
        store.flush().unwrap();
        let state = State::new(store.clone(), Arc::default(), TimeZone::UTC);
        assert_eq!(told(&state), [""; 0]);
        let (least, instead) = (WallDuration(0), WallDuration(0));
        let status = ClockStatus {
            proven: false,
            detail: "nobody".into(),
            since: START,
            max_error_seconds: None,
            least,
            instead,
        };
        state.live.clock.tell(status);
        let mono = clock::monotonic_now();
        let ago = |seconds: i64| MonoTime(mono.0 - seconds * 90_000);
        state.live.health.connecting(stream, START, ago(59));
        assert_eq!(told(&state), ["clock: the time is not known: nobody"]);
        state.live.health.forget(stream);
        state.live.health.connecting(stream, START, ago(61));
        assert_eq!(told(&state), ["camera: no picture yet", "clock: the time is not known: nobody"]);
        state.live.health.trouble(stream, &EndReason::new(Cause::Silent, ""), Doing::Waiting, START);
        store.db().note_damage(&Damage { id, found: START, what: Damage::WRONG.into() }).unwrap();
        store.shutdown(START, FIVE_SECONDS).unwrap();
        let live = state.live.clone();
        drop((store, state));
        std::fs::write(place.film().join("notes.txt"), "hello").unwrap();
        let state = State::new(place.open(), live, TimeZone::UTC);
        let lines = [
            "camera: camera silent",
            "rot: 1 recording is damaged: the disk has lost a part of the film",
            "clock: the time is not known: nobody",
            "start: notes.txt: is no sample file; set aside as aside.notes.txt",
        ];
        assert_eq!(told(&state), lines);
        let all = all(&state, &Caller::everybody(&state, Peer::Owner), clock::wall_now());
        let camera = state.store.cameras()[0].uuid;
        let places = all.iter().map(|n| (n.camera_uuid, n.stream)).collect::<Vec<_>>();
        assert_eq!(places, [(Some(camera), Some("main")), (Some(camera), Some("main")), (None, None), (None, None)]);
        let away = (clock::wall_now() - all[0].since).as_secs_f64();
        assert!((61.0..120.0).contains(&away) && all[1].since == START, "{away}");
        // It comes back.
        state.live.health.frame(stream, clock::monotonic_now(), clock::wall_now(), 10);
        assert_eq!(told(&state), lines[1..]);
        assert_eq!(Kind::ALL.map(|kind| serde_json::to_value(kind).unwrap()), Kind::ALL.map(|kind| kind.word()));
    }

    #[test]
    fn a_disk_in_trouble_is_told_since_it_was_seen_first() {
        let place = Place::new();
        std::fs::write(place.film(), "no directory").unwrap();
        let store = place.open();
        let state = State::new(store, Arc::default(), TimeZone::UTC);
        let caller = Caller::everybody(&state, Peer::Owner);
        let seen = [5, 9].map(|now| all(&state, &caller, WallTime(now)).remove(0));
        assert_eq!(seen.map(|n| (n.kind, n.since)), [(Kind::Disk, WallTime(5)); 2]);
        assert!(is_ailing(&state));
    }
}

//! `/healthz`: whether all that should record does. No names in it.

use crate::base::WallDuration;
use crate::camera::clock;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::notices;
use http::{Response, StatusCode};

/// 200 while every stream that should record got a frame of late, and the disk takes it and gives it back, else 503.
/// What is not as planned, but keeps nothing from being recorded, is no bad health: see `web::notices`.
pub(in crate::web) fn show(state: &State) -> Response<Body> {
    match complaint(state) {
        None => answer::text(StatusCode::OK, "ok\n".to_owned()),
        Some(complaint) => answer::text(StatusCode::SERVICE_UNAVAILABLE, complaint),
    }
}

fn complaint(state: &State) -> Option<String> {
    // What is wrong with the disk names paths: `/api/` tells it.
    if state.records && state.store.trouble().is_some() {
        return Some("nothing can be recorded\n".to_owned());
    }
    if notices::is_ailing(state) {
        return Some("the film's disk cannot be read\n".to_owned());
    }
    let silent = state.live.health.not_recording(clock::monotonic_now(), PATIENCE).len();
    (silent > 0).then(|| format!("{silent} of the streams do not record\n"))
}

/// Longer than the time between two frames of any camera worth the name.
const PATIENCE: WallDuration = WallDuration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallTime;
    use crate::store::{Options, Store};
    use jiff::tz::TimeZone;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn a_disk_that_takes_nothing_is_no_good_health_unless_nothing_is_to_be_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let open = |film: &Path, read_only| {
            let options = Options::new(dir.path().join("db"), film, || WallTime(0));
            Store::open(Options { read_only, ..options }).unwrap()
        };
        let well = State::new(open(&dir.path().join("film"), false), Arc::default(), TimeZone::UTC);
        assert_eq!(show(&well).status(), StatusCode::OK);
        drop(well);
        std::fs::write(dir.path().join("file"), "").unwrap();
        let nowhere = dir.path().join("file/film");
        let troubled = State::new(open(&nowhere, false), Arc::default(), TimeZone::UTC);
        assert_eq!(show(&troubled).status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(troubled);
        let only_looking = State::for_reading(open(&nowhere, true), Arc::default(), TimeZone::UTC);
        assert!(only_looking.store.trouble().is_some());
        assert_eq!(show(&only_looking).status(), StatusCode::OK);
    }
}

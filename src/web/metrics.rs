//! `/metrics`: figures for Prometheus, in its text format, out of memory. Each subject has a room that writes its own.

mod clock;
mod process;
mod storage;
mod streams;
mod text;
mod verification;

use crate::camera;
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use crate::web::notices::{self, Notice};
use crate::web::{Front, State};
use http::{Response, StatusCode};
use text::{Kind, Text};

/// All of them, as they are now, of the cameras that are there for this caller.
pub(super) fn show(state: &State, caller: &Caller) -> Response<Body> {
    let mut text = Text::default();
    let cameras = caller.cameras(state);
    storage::write(state, &cameras, &mut text);
    clock::write(state, &cameras, &mut text);
    streams::write(state, &cameras, camera::clock::monotonic_now(), &mut text);
    verification::write(state, &mut text);
    process::write(&mut text);
    finished(text, &notices::all(state, caller, camera::clock::wall_now()))
}

/// Those that there are without film.
pub(super) fn while_waiting(front: &Front) -> Response<Body> {
    let mut text = Text::default();
    clock::write(front, &[], &mut text);
    process::write(&mut text);
    finished(text, &notices::while_waiting(front, camera::clock::wall_now()))
}

fn finished(mut text: Text, told: &[Notice]) -> Response<Body> {
    let kinds =
        notices::Kind::ALL.map(|kind| (vec![("kind", kind.word())], told.iter().filter(|n| n.kind == kind).count()));
    text.add(Kind::Gauge, "lunette_notices", "What an owner should know, as `/api/` tells it.", kinds);
    answer::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{MonoTime, WallTime};
    use crate::store::tests::{Place, record};
    use crate::web::Peer;
    use http_body_util::BodyExt;
    use jiff::tz::TimeZone;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// Reads Prometheus' text format 0.0.4 as its documentation has it, and the conventions for names; the series that
    /// there are.
    fn read(text: &str) -> BTreeSet<String> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        };
        assert!(text.ends_with('\n'));
        let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (name, help) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).expect(line);
            assert!(is_name(name) && families.insert(name) && help.ends_with('.'), "{line}");
            let kind =
                lines.next().and_then(|line| line.strip_prefix("# TYPE ")?.strip_prefix(name)?.strip_prefix(' '));
            assert_eq!(kind == Some("counter"), name.ends_with("_total"), "{name}");
            assert!(matches!(kind, Some("counter" | "gauge")), "{name}: {kind:?}");
            for wrong in ["_ms", "_kb", "_mb", "_minutes", "_days", "_percent", "_count", "_sum", "_bucket"] {
                assert!(!name.trim_end_matches("_total").ends_with(wrong), "{name}: base units");
            }
            let mut values = 0;
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let rest = line.strip_prefix(name).expect("all of a family stand together");
                let (labels, value) = match rest.strip_prefix('{') {
                    Some(rest) => rest.rsplit_once("} ").expect(line),
                    None => ("", rest.strip_prefix(' ').expect(line)),
                };
                assert!(
                    value.parse::<f64>().is_ok_and(|v| v.is_finite() && (kind != Some("counter") || v >= 0.0)),
                    "{line}"
                );
                let mut left = labels;
                while !left.is_empty() {
                    let (label, rest) = left.split_once("=\"").expect(line);
                    assert!(is_name(label), "{line}");
                    let mut escaped = false;
                    let end = rest.find(|c| match (escaped, c) {
                        (true, _) => {
                            assert!(matches!(c, '\\' | '"' | 'n'), "{line}");
                            escaped = false;
                            false
                        }
                        (false, '\\') => {
                            escaped = true;
                            false
                        }
                        (false, c) => c == '"',
                    });
                    left = &rest[end.expect(line) + 1..];
                    left = left.strip_prefix(',').unwrap_or_else(|| {
                        assert_eq!(left, "", "{line}");
                        left
                    });
                }
                assert!(series.insert(format!("{name}{{{labels}}}")), "{line} is there twice");
                values += 1;
            }
            assert!(values > 0, "{name} has no value");
        }
        series
    }

    #[test]
    fn all_figures_are_as_prometheus_wants_them() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        record(&store, stream, true, 12);
        store.flush().unwrap();
        let camera = store.cameras()[0].uuid;
        let name = Some("the \"old\" \\ one".to_owned());
        store.edit_camera(camera, &crate::store::camera::CameraEdit { name, ..Default::default() }).unwrap();
        let state = State::new(store, Arc::default(), TimeZone::UTC);
        let told = |state: &State| {
            let body = show(state, &Caller::everybody(state, Peer::Owner)).into_body().collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            String::from_utf8(runtime.block_on(body).unwrap().to_bytes().to_vec()).unwrap()
        };
        let silent = read(&told(&state));
        state.live.health.connecting(stream, WallTime(0), MonoTime(0));
        state.live.health.frame(stream, MonoTime(1), WallTime(0), 1234);
        let text = told(&state);
        let series = read(&text);
        assert!(series.is_superset(&silent) && series.len() >= silent.len() + 9, "{text}");
        for line in [
            "lunette_stream_received_bytes_total{camera=\"the \\\"old\\\" \\\\ one\",",
            "stream=\"main\",state=\"recording\"} 1\n",
            "\nlunette_notices{kind=\"disk\"} 0\n",
            "\nprocess_open_fds ",
            "\nlunette_transactions_total ",
            "\nlunette_syncs_total ",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}

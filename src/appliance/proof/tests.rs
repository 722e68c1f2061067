//! Moments and verdicts.

use super::*;

const MINUTE: u64 = 60;

fn proof() -> Proof {
    Proof::new(Patience { window: Duration::from_secs(15 * MINUTE), steady: Duration::from_secs(2 * MINUTE) })
}

fn stream(name: &str, answers: bool, session: Option<u64>) -> SeenStream {
    let trouble = session.is_none().then(|| "RTSP 500".to_owned());
    SeenStream { name: name.to_owned(), answers, session, trouble }
}

fn well(streams: Vec<SeenStream>) -> Seen {
    Seen { streams, ..Seen::default() }
}

/// What is said at the end when every ten seconds the same is seen, and when that is.
fn end(proof: &mut Proof, from: u64, seen: &Seen) -> (u64, Verdict) {
    let mut at = from;
    loop {
        match proof.see(Duration::from_secs(at), seen) {
            Verdict::Wait => at += 10,
            verdict => return (at, verdict),
        }
    }
}

#[test]
fn all_that_count_record_for_two_minutes() {
    let seen = well(vec![stream("porch/main", true, Some(1)), stream("yard/main", true, Some(3))]);
    assert_eq!(end(&mut proof(), 0, &seen), (120, Verdict::Good));
}

#[test]
fn a_camera_that_takes_no_connection_does_not_count() {
    let seen = well(vec![stream("porch/main", true, Some(1)), stream("yard/main", false, None)]);
    assert_eq!(end(&mut proof(), 0, &seen), (120, Verdict::Good));
    let none = well(vec![stream("yard/main", false, None)]);
    assert_eq!(end(&mut proof(), 0, &none), (120, Verdict::Good));
    assert_eq!(end(&mut proof(), 0, &well(vec![])), (120, Verdict::Good));
}

#[test]
fn a_break_begins_the_two_minutes_anew() {
    let mut proof = proof();
    let at = |seconds| Duration::from_secs(seconds);
    let in_session = |session| well(vec![stream("porch/main", true, session)]);
    assert_eq!(proof.see(at(0), &in_session(Some(1))), Verdict::Wait);
    assert_eq!(proof.see(at(110), &in_session(Some(1))), Verdict::Wait);
    // Between two looks it was lost and came back.
    assert_eq!(proof.see(at(120), &in_session(Some(2))), Verdict::Wait);
    assert_eq!(proof.see(at(230), &in_session(Some(2))), Verdict::Wait);
    assert_eq!(proof.see(at(240), &in_session(Some(2))), Verdict::Good);
}

#[test]
fn what_does_not_record_within_the_window_has_failed() {
    let seen = well(vec![stream("porch/main", true, Some(1)), stream("yard/main", true, None)]);
    let (at, verdict) = end(&mut proof(), 0, &seen);
    let failed = Verdict::Failed {
        why: "yard/main does not record: RTSP 500".to_owned(),
        missing: vec!["yard/main".to_owned()],
    };
    assert_eq!((at, verdict), (15 * MINUTE, failed));
}

#[test]
fn a_camera_that_comes_late_is_waited_for_and_one_that_goes_is_not() {
    let mut proof = proof();
    let without = well(vec![stream("porch/main", true, None)]);
    assert_eq!(proof.see(Duration::from_secs(60), &without), Verdict::Wait);
    let with = well(vec![stream("porch/main", true, Some(9))]);
    assert_eq!(end(&mut proof, 600, &with), (720, Verdict::Good));
    let mut proof = self::proof();
    assert_eq!(proof.see(Duration::from_secs(0), &without), Verdict::Wait);
    assert_eq!(proof.see(Duration::from_secs(800), &without), Verdict::Wait);
    assert_eq!(end(&mut proof, 810, &well(vec![stream("porch/main", false, None)])), (810, Verdict::Good));
}

#[test]
fn page_and_store_must_be_well_all_the_time() {
    let page = Seen { page: Some("connection refused".to_owned()), ..Seen::default() };
    let (at, verdict) = end(&mut proof(), 0, &page);
    let why = "the page does not answer: connection refused".to_owned();
    assert_eq!((at, verdict), (15 * MINUTE, Verdict::Failed { why, missing: vec![] }));
    let store = Seen { store: Some("read: Input/output error".to_owned()), ..Seen::default() };
    let mut proof = proof();
    assert_eq!(proof.see(Duration::from_secs(0), &well(vec![])), Verdict::Wait);
    assert_eq!(proof.see(Duration::from_secs(100), &store), Verdict::Wait);
    assert_eq!(end(&mut proof, 110, &well(vec![])), (230, Verdict::Good));
}

//! `Notebook`: which motion is going on, and what is to be written of it.

use crate::base::WallTime;
use crate::camera::onvif::Motion;
use crate::store::Event;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What all cameras told. Times are the recorder's: those of cameras are their own.
#[derive(Debug, Default)]
pub(super) struct Notebook {
    /// By camera and the sensor's key.
    open: BTreeMap<(Uuid, String), Event>,
    /// Newest last.
    noted: Vec<(Uuid, Event)>,
}

/// Sensors of one camera that notice something at a time; of more, only these are told.
const MAX_OPEN: usize = 16;
/// Events that wait to be written, some hundred kilobytes; a camera that tells more between two writings is broken, and what
/// is too much is not told.
const MAX_NOTED: usize = 1000;

impl Notebook {
    /// A camera told something.
    pub(super) fn hear(&mut self, camera: Uuid, motion: Motion, now: WallTime) {
        let key = (camera, motion.key);
        match (motion.is_motion, self.open.contains_key(&key)) {
            (true, false) => {
                let going_on = self.open.keys().filter(|(of, _)| *of == camera).count();
                if going_on >= MAX_OPEN || self.noted.len() >= MAX_NOTED {
                    return;
                }
                let event = Event { start: now, end: None, kind: "motion".to_owned(), source: motion.source };
                self.noted.push((camera, event.clone()));
                self.open.insert(key, event);
            }
            (false, true) => {
                if let Some(event) = self.open.remove(&key) {
                    self.end(camera, event, now);
                }
            }
            // Told again, as by devices that tell their state with each subscription.
            (true, true) | (false, false) => {}
        }
    }

    /// A camera cannot be heard any more: what went on is over as far as anybody knows.
    pub(super) fn lose(&mut self, camera: Uuid, now: WallTime) {
        let lost: Vec<_> = self.open.keys().filter(|(of, _)| *of == camera).cloned().collect();
        for key in lost {
            if let Some(event) = self.open.remove(&key) {
                self.end(camera, event, now);
            }
        }
    }

    /// Nobody is heard any more.
    pub(super) fn end_all(&mut self, now: WallTime) {
        for ((camera, _), event) in std::mem::take(&mut self.open) {
            self.end(camera, event, now);
        }
    }

    /// What is to be written.
    pub(super) fn take(&mut self) -> Vec<(Uuid, Event)> {
        std::mem::take(&mut self.noted)
    }

    /// In the place of its beginning, if that is not yet written.
    fn end(&mut self, camera: Uuid, event: Event, now: WallTime) {
        let ended = Event { end: Some(now.max(event.start)), ..event.clone() };
        match self.noted.iter_mut().rev().find(|(of, noted)| *of == camera && *noted == event) {
            Some((_, noted)) => *noted = ended,
            None => self.noted.push((camera, ended)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn motion(key: &str, is_motion: bool) -> Motion {
        Motion { key: key.into(), source: key.into(), is_motion }
    }

    fn told(notebook: &mut Notebook) -> String {
        let shown =
            notebook.take().into_iter().map(|(_, e)| format!("{} {}-{:?}", e.source, e.start.0, e.end.map(|t| t.0)));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn beginnings_and_ends_are_paired_by_sensor() {
        let (mut notebook, camera) = (Notebook::default(), Uuid::from_u128(1));
        let mut hear = |key: &str, is, at| notebook.hear(camera, motion(key, is), WallTime(at));
        hear("a", false, 1);
        hear("a", true, 2);
        hear("b", true, 3);
        hear("a", true, 4);
        hear("a", false, 5);
        assert_eq!(told(&mut notebook), "a 2-Some(5), b 3-None");
        notebook.hear(camera, motion("b", false), WallTime(6));
        notebook.hear(camera, motion("b", true), WallTime(7));
        notebook.lose(Uuid::from_u128(2), WallTime(8));
        notebook.lose(camera, WallTime(1));
        assert_eq!(told(&mut notebook), "b 3-Some(6), b 7-Some(7)");
        notebook.hear(camera, motion("c", true), WallTime(9));
        assert_eq!(told(&mut notebook), "c 9-None");
        notebook.end_all(WallTime(10));
        assert_eq!(told(&mut notebook), "c 9-Some(10)");
    }

    #[test]
    fn a_camera_that_tells_too_much_is_not_told_on() {
        let (mut notebook, camera) = (Notebook::default(), Uuid::from_u128(1));
        for n in 0..100 {
            notebook.hear(camera, motion(&n.to_string(), true), WallTime(n));
        }
        assert_eq!(notebook.take().len(), MAX_OPEN);
        for n in 0..5000 {
            notebook.hear(camera, motion("0", n % 2 == 1), WallTime(n));
        }
        assert!(notebook.take().len() <= MAX_NOTED + MAX_OPEN);
    }
}

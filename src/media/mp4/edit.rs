//! `EditList`: which stretches of a track's time line are shown.

use crate::base::MediaDuration;

/// Stretches of media time in the order in which they are shown, joined where one goes on in the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditList {
    edits: Vec<Edit>,
    media_duration: MediaDuration,
}

/// One stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it begins in the track's media.
    pub media_time: MediaDuration,
    /// How long it is.
    pub duration: MediaDuration,
}

impl EditList {
    /// Adds media to the end of the track: `duration` in all, of which the first `hidden` and the last `beyond` is not
    /// shown.
    pub fn add(&mut self, duration: MediaDuration, hidden: MediaDuration, beyond: MediaDuration) {
        let next = Edit { media_time: self.media_duration + hidden, duration: duration - hidden - beyond };
        self.media_duration += duration;
        match self.edits.last_mut() {
            Some(last) if last.media_time + last.duration == next.media_time => last.duration += next.duration,
            _ => self.edits.push(next),
        }
    }

    /// The stretches.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// How long all the media is, shown or not.
    pub fn media_duration(&self) -> MediaDuration {
        self.media_duration
    }

    /// How long all that is shown is.
    pub fn shown(&self) -> MediaDuration {
        self.edits.iter().fold(MediaDuration::ZERO, |sum, edit| sum + edit.duration)
    }

    /// All of the media is shown from its start, so that nothing needs to be written.
    pub fn is_plain(&self) -> bool {
        self.shown() == self.media_duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_goes_on_and_skips_what_is_hidden() {
        let mut list = EditList::default();
        for (duration, hidden, beyond) in
            [(10, 3, 0), (20, 0, 0), (30, 5, 0), (0, 0, 0), (1, 0, 0), (9, 0, 4), (3, 0, 0)]
        {
            list.add(MediaDuration(duration), MediaDuration(hidden), MediaDuration(beyond));
        }
        let edits: Vec<_> = list.edits().iter().map(|e| (e.media_time.0, e.duration.0)).collect();
        assert_eq!(edits, [(3, 27), (35, 31), (70, 3)]);
        assert_eq!((list.media_duration().0, list.shown().0, list.is_plain()), (73, 61, false));
    }
}

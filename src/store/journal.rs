//! The journal: what is known of recordings while they grow, so that a power cut costs seconds and not minutes.
//!
//! Entries may come twice: a journal that is begun anew repeats what is still needed, and the old one stays until the
//! new one is durable. So a reader takes both, one after the other, and what it knows already changes nothing.

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::growing::Progress;
use crate::store::closed::ClosedRecording;
use crate::store::trailer::{put_facts, take_facts};
use crate::store::wire::{Reader, Writer, checksum};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that the journal tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A recording began; all that its trailer will hold but index and hash, as far as it was known then.
    Head(Box<ClosedRecording>),
    /// Film was written.
    Extent(Extent),
    /// The recording was closed, and its film and trailer are on the disk for certain.
    Durable(RecordingId),
}

/// The film of a recording up to here is on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Which one.
    pub(crate) id: RecordingId,
    /// Where in the index `index` belongs.
    pub(crate) index_offset: u32,
    /// Index entries of whole frames, up to the end of `covered`.
    pub(crate) index: Vec<u8>,
    /// The recording up to here; its `sample_file_bytes` is the film that `hash` covers.
    pub(crate) covered: Progress,
    /// The first 16 bytes of BLAKE3 over the film from its beginning.
    pub(crate) hash: [u8; 16],
}

/// The first bytes of the file.
pub(crate) const MAGIC: &[u8; 16] = b"lunette journal\x01";

/// An entry as it is appended.
pub(crate) fn encode(entry: &Entry) -> Vec<u8> {
    let mut w = Writer::default();
    w.u32(0);
    match entry {
        Entry::Head(facts) => {
            w.u8(HEAD);
            put_facts(&mut w, facts);
        }
        Entry::Extent(e) => {
            w.u8(EXTENT);
            w.i64(e.id.composite());
            w.u32(e.index_offset);
            w.bytes(&e.index);
            let p = &e.covered;
            w.i64(p.start.0);
            w.i64(p.wall_duration.0);
            w.i64(p.media_duration.0);
            w.i64(p.local_delta.0);
            w.u64(p.sample_file_bytes);
            w.u32(p.video_samples);
            w.u32(p.video_sync_samples);
            w.fixed(&e.hash);
        }
        Entry::Durable(id) => {
            w.u8(DURABLE);
            w.i64(id.composite());
        }
    }
    let mut record = w.0;
    let (len, payload) = record.split_at_mut(4);
    len.copy_from_slice(&u32::try_from(payload.len()).expect("an entry is far below 4 GiB").to_le_bytes());
    let sum = checksum(payload);
    record.extend_from_slice(&sum);
    record
}

/// The entries of a journal up to the first that is torn or strange: those before it were written before it.
pub(crate) fn decode(journal: &[u8]) -> Vec<Entry> {
    let Some(mut rest) = journal.strip_prefix(MAGIC) else { return Vec::new() };
    let mut entries = Vec::new();
    while let Some((payload, after)) = take_record(rest) {
        let Ok(entry) = decode_payload(payload) else { break };
        entries.push(entry);
        rest = after;
    }
    entries
}

fn take_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    (checksum(payload) == *sum).then_some((payload, rest))
}

fn decode_payload(payload: &[u8]) -> Result<Entry> {
    let mut r = Reader::new(payload);
    let id = |composite| {
        RecordingId::from_composite(composite).ok_or_else(|| Error::new(Kind::Corrupt, "an id that no recording has"))
    };
    let entry = match r.u8()? {
        HEAD => Entry::Head(Box::new(take_facts(&mut r)?)),
        EXTENT => Entry::Extent(Extent {
            id: id(r.i64()?)?,
            index_offset: r.u32()?,
            index: r.bytes()?.to_vec(),
            covered: Progress {
                start: WallTime(r.i64()?),
                wall_duration: WallDuration(r.i64()?),
                media_duration: MediaDuration(r.i64()?),
                local_delta: WallDuration(r.i64()?),
                sample_file_bytes: r.u64()?,
                video_samples: r.u32()?,
                video_sync_samples: r.u32()?,
            },
            hash: r.fixed()?,
        }),
        DURABLE => Entry::Durable(id(r.i64()?)?),
        other => return Err(Error::new(Kind::Corrupt, format!("journal entry of kind {other}"))),
    };
    r.end()?;
    Ok(entry)
}

/// All that journals tell of one recording.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// As it began.
    pub(crate) facts: ClosedRecording,
    /// The index up to the last mark.
    pub(crate) index: Vec<u8>,
    /// Up to where film was written, ascending.
    pub(crate) marks: Vec<Mark>,
}

/// One write of a growing recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// See [`Extent::covered`].
    pub(crate) covered: Progress,
    /// How much of the index belongs to it.
    pub(crate) index_len: usize,
    /// See [`Extent::hash`].
    pub(crate) hash: [u8; 16],
}

/// All that journals tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) stories: BTreeMap<RecordingId, Story>,
    /// See [`Entry::Durable`].
    pub(crate) durable: BTreeSet<RecordingId>,
}

/// What entries tell, by recording. An entry that does not go on where the ones before it end is passed over.
pub(crate) fn replay(entries: impl IntoIterator<Item = Entry>) -> Told {
    let mut told = Told::default();
    for entry in entries {
        match entry {
            Entry::Head(facts) => {
                let story = Story { facts: *facts, index: Vec::new(), marks: Vec::new() };
                told.stories.entry(story.facts.recording.id).or_insert(story);
            }
            Entry::Extent(extent) => {
                if let Some(story) = told.stories.get_mut(&extent.id) {
                    story.extend(&extent);
                }
            }
            Entry::Durable(id) => _ = told.durable.insert(id),
        }
    }
    told
}

impl Story {
    /// The same, told anew.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::Head(Box::new(self.facts.clone()))];
        let mut from = 0;
        for mark in &self.marks {
            entries.push(Entry::Extent(Extent {
                id: self.facts.recording.id,
                index_offset: u32::try_from(from).expect("an index is far below 4 GiB"),
                index: self.index[from..mark.index_len].to_vec(),
                covered: mark.covered,
                hash: mark.hash,
            }));
            from = mark.index_len;
        }
        entries
    }

    fn extend(&mut self, e: &Extent) {
        let at = e.index_offset as usize;
        let known = self.marks.last().map_or(0, |m| m.covered.sample_file_bytes);
        let Some(overlap) = self.index.len().checked_sub(at) else { return };
        if e.covered.sample_file_bytes <= known || e.index.len() < overlap || self.index[at..] != e.index[..overlap] {
            return;
        }
        self.index.extend_from_slice(&e.index[overlap..]);
        self.marks.push(Mark { covered: e.covered, index_len: self.index.len(), hash: e.hash });
    }
}

const HEAD: u8 = 1;
const EXTENT: u8 = 2;
const DURABLE: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::trailer::tests::example;
    use proptest::prelude::*;

    fn head(number: u32) -> Entry {
        let mut facts = example(number);
        facts.video_index = [].into();
        facts.blake3 = [0; 32];
        Entry::Head(Box::new(facts))
    }

    fn extent(number: u32, index_offset: u32, index: &[u8], bytes: u64) -> Entry {
        Entry::Extent(Extent {
            id: example(number).recording.id,
            index_offset,
            index: index.to_vec(),
            covered: Progress { sample_file_bytes: bytes, video_samples: bytes as u32, ..Progress::default() },
            hash: [bytes as u8; 16],
        })
    }

    fn journal(entries: &[Entry]) -> Vec<u8> {
        entries.iter().fold(MAGIC.to_vec(), |j, e| [j, encode(e)].concat())
    }

    /// `3/1: index [1, 2], marks [(1, 10), (2, 20)]`
    fn told(entries: Vec<Entry>) -> Vec<String> {
        let told = replay(entries);
        let line = |(id, s): (&RecordingId, &Story)| {
            let marks: Vec<_> = s.marks.iter().map(|m| (m.index_len, m.covered.sample_file_bytes)).collect();
            let durable = if told.durable.contains(id) { ", durable" } else { "" };
            format!("{id}: index {:?}, marks {marks:?}{durable}", s.index)
        };
        told.stories.iter().map(line).collect()
    }

    fn story() -> Vec<Entry> {
        let durable = Entry::Durable(example(2).recording.id);
        vec![head(1), extent(1, 0, &[1, 2], 10), head(2), extent(2, 0, &[7], 5), extent(1, 2, &[3], 20), durable]
    }

    #[test]
    fn it_tells_up_to_where_each_recording_was_written() {
        let read = decode(&journal(&story()));
        assert_eq!(read, story());
        assert_eq!(
            told(read),
            ["3/1: index [1, 2, 3], marks [(2, 10), (3, 20)]", "3/2: index [7], marks [(1, 5)], durable"]
        );
    }

    #[test]
    fn a_repetition_changes_nothing_and_a_continuation_is_taken() {
        let again = [head(1), extent(1, 0, &[1, 2, 3], 20), extent(1, 3, &[4], 30)];
        let both = [story(), again.to_vec()].concat();
        let want = "3/1: index [1, 2, 3, 4], marks [(2, 10), (3, 20), (4, 30)]";
        assert_eq!(told(both)[0], want);
        let alone = "3/1: index [1, 2, 3, 4], marks [(3, 20), (4, 30)]";
        assert_eq!(told(again.to_vec())[0], alone);
    }

    #[test]
    fn a_story_is_retold_as_it_was() {
        let [one, two] = [1, 2].map(|n| replay(story()).stories[&example(n).recording.id].entries());
        let durable = story().split_off(5);
        assert_eq!(told([one, two, durable].concat()), told(story()));
    }

    #[test]
    fn what_does_not_fit_is_passed_over() {
        let strange = [extent(9, 0, &[1], 1), extent(1, 3, &[4], 30), extent(1, 0, &[9, 9, 9], 40)];
        let mut entries = story();
        entries.truncate(2);
        entries.extend(strange);
        assert_eq!(told(entries), ["3/1: index [1, 2], marks [(2, 10)]"]);
    }

    #[test]
    fn a_journal_cut_anywhere_tells_its_beginning() {
        let whole = journal(&story());
        let mut ends: Vec<usize> = story().iter().map(|e| encode(e).len()).collect();
        let mut at = MAGIC.len();
        for end in &mut ends {
            at += *end;
            *end = at;
        }
        for len in 0..=whole.len() {
            let want = ends.iter().filter(|&&end| end <= len).count();
            assert_eq!(decode(&whole[..len]), story()[..want], "{len}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_changed_byte_hides_itself_and_what_follows(at in 0usize..1000, change in 1u8..) {
            let mut bytes = journal(&story());
            let at = at % bytes.len();
            bytes[at] ^= change;
            let read = decode(&bytes);
            prop_assert!(read.len() < story().len());
            prop_assert_eq!(&read[..], &story()[..read.len()]);
        }

        #[test]
        fn a_block_of_zeros_hides_itself_and_what_follows(from in 0usize..1000, len in 1usize..600) {
            let whole = journal(&story());
            let from = from % whole.len();
            let mut bytes = whole.clone();
            bytes[from..whole.len().min(from + len)].fill(0);
            let read = decode(&bytes);
            prop_assert_eq!(&read[..], &story()[..read.len()]);
            prop_assert!(read.len() < story().len() || bytes == whole);
            // The same behind a file that was longer than what was written.
            bytes.resize(whole.len() + len, 0);
            prop_assert_eq!(decode(&bytes), read);
        }

        #[test]
        fn garbage_does_not_panic(payload: Vec<u8>, kind in 0u8..4) {
            let payload = [vec![kind], payload].concat();
            let _ = decode_payload(&payload);
            let mut bytes = MAGIC.to_vec();
            bytes.extend((payload.len() as u32).to_le_bytes());
            bytes.extend(&payload);
            bytes.extend(checksum(&payload));
            let _ = replay(decode(&bytes));
        }
    }
}

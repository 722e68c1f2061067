//! `SampleFile`: the file of a growing recording, and what is known of its frames.

use crate::base::{Error, Kind, MediaDuration, Result, ResultExt};
use crate::media::EndReason;
use crate::media::growing::{Append, Close, Progress};
use crate::media::recording::Flags;
use crate::media::sample_index::{self, Sample};
use crate::store::capacity::Capacity;
use crate::store::closed::ClosedRecording;
use crate::store::dir::SampleDir;
use crate::store::journal::{Entry, Extent};
use crate::store::trailer;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

/// A file that grows. What is said of it holds of the last write that went well.
#[derive(Debug)]
pub(crate) struct SampleFile {
    facts: ClosedRecording,
    dir: Arc<SampleDir>,
    capacity: Arc<Capacity>,
    file: File,
    /// Frames that are not on file yet.
    pending: Vec<Append>,
    pending_bytes: usize,
    /// Of all that is on file.
    hasher: blake3::Hasher,
    on_file: u64,
    /// Up to and without the last frame on file, whose duration is not known.
    covered: Progress,
    covered_hash: [u8; 16],
    index: Vec<u8>,
    last: Option<LastFrame>,
    /// How much of the index the journal has; `None`: not even the head.
    journaled: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct LastFrame {
    bytes: u32,
    is_key: bool,
    composition_90k: i32,
}

/// What a write achieved.
#[derive(Debug)]
pub(crate) struct Written {
    /// What the journal should learn.
    pub(crate) entries: Vec<Entry>,
    /// More groups of pictures may be listed: the recording up to their end, and how much of the index that is.
    pub(crate) shown: Option<(Progress, usize)>,
}

impl SampleFile {
    /// Creates the file.
    pub(crate) fn create(dir: Arc<SampleDir>, capacity: Arc<Capacity>, facts: ClosedRecording) -> Result<Self> {
        let id = facts.recording.id;
        let file = capacity.with_room(SMALL, || dir.create(&id.file_name()))?;
        capacity.begin(id, facts.recording.sequence);
        Ok(Self {
            facts,
            dir,
            capacity,
            file,
            pending: Vec::new(),
            pending_bytes: 0,
            hasher: blake3::Hasher::new(),
            on_file: 0,
            covered: Progress::default(),
            covered_hash: [0; 16],
            index: Vec::new(),
            last: None,
            journaled: None,
        })
    }

    /// What is known of the recording but its frames.
    pub(crate) fn facts(&self) -> &ClosedRecording {
        &self.facts
    }

    /// There is not one frame on file.
    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Takes a frame, to be written later.
    pub(crate) fn add(&mut self, append: Append) {
        self.pending_bytes += append.data.len();
        self.pending.push(append);
    }

    /// Bytes of frames that are not on file yet.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Media time since the start of the run up to which film is on file.
    pub(crate) fn written(&self) -> MediaDuration {
        self.facts.recording.media_offset + self.covered.media_duration
    }

    /// The entries of whole frames on file.
    pub(crate) fn index(&self) -> &[u8] {
        &self.index
    }

    /// Writes all pending frames at once. They are forgotten, also when that fails; then nothing else has changed, but
    /// there may be more in the file than is known.
    pub(crate) fn write(&mut self) -> io::Result<Written> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let Some((newest, older)) = pending.split_last() else {
            return Ok(Written { entries: Vec::new(), shown: None });
        };
        let bytes: usize = pending.iter().map(|a| a.data.len()).sum();
        let mut torn = false;
        self.capacity.with_room(bytes as u64 + SMALL, || {
            if torn {
                self.dir.cut(&self.file, self.on_file)?;
            }
            torn = true;
            let mut slices: Vec<_> = pending.iter().map(|a| IoSlice::new(&a.data)).collect();
            self.dir.append(&self.file, &mut slices)
        })?;
        self.weigh();
        for append in older {
            self.hasher.update(&append.data);
        }
        self.covered_hash = *self.hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes");
        self.hasher.update(&newest.data);
        self.on_file = newest.progress.sample_file_bytes + newest.data.len() as u64;
        self.covered = newest.progress;
        let Append { data, is_key, composition_90k, .. } = newest;
        self.last = Some(LastFrame { bytes: data.len() as u32, is_key: *is_key, composition_90k: *composition_90k });
        let mut shown = None;
        for append in &pending {
            self.index.extend_from_slice(&append.index);
            if append.lists_before {
                shown = Some((append.progress, self.index.len()));
            }
        }
        Ok(Written { entries: self.tell(), shown })
    }

    /// The keeper learns what it weighs now.
    fn weigh(&self) {
        if let Ok(metadata) = self.file.metadata() {
            self.capacity.weigh(self.facts.recording.id, metadata.blocks() * 512);
        }
    }

    /// What the journal does not know yet.
    fn tell(&mut self) -> Vec<Entry> {
        let head = self.journaled.is_none().then(|| Entry::Head(Box::new(self.facts.clone())));
        let from = self.journaled.unwrap_or(0);
        self.journaled = Some(self.index.len());
        let extent = (self.covered.video_samples > 0).then(|| {
            Entry::Extent(Extent {
                id: self.facts.recording.id,
                index_offset: u32::try_from(from).expect("an index is far below 4 GiB"),
                index: self.index[from..].to_vec(),
                covered: self.covered,
                hash: self.covered_hash,
            })
        });
        head.into_iter().chain(extent).collect()
    }

    /// All that a new journal must know.
    pub(crate) fn tell_anew(&mut self) -> Vec<Entry> {
        self.journaled = None;
        self.tell()
    }

    /// The closed recording, if its last progress agrees with what is on file.
    pub(crate) fn closed(&self, close: Close) -> Result<ClosedRecording> {
        if close.progress.sample_file_bytes != self.on_file || close.progress.video_samples == 0 {
            let told = close.progress.sample_file_bytes;
            return Err(Error::new(Kind::Internal, format!("{} bytes on file, {told} told", self.on_file)));
        }
        let mut closed = self.facts.clone();
        let r = &mut closed.recording;
        close.progress.put_into(r);
        r.flags = close.flags;
        r.end_reason = close.end_reason.map(|r| r.to_string());
        r.index_format = sample_index::FORMAT;
        closed.video_index = sample_index::closed(&[&self.index[..], &close.index].concat())?.into();
        closed.blake3 = *self.hasher.finalize().as_bytes();
        Ok(closed)
    }

    /// The recording as if the run had ended with the last frame on file; `None` when there is not one.
    pub(crate) fn ended(&self, reason: EndReason) -> Option<ClosedRecording> {
        let last = self.last?;
        let mut encoder = sample_index::Encoder::default();
        for sample in sample_index::samples(&self.index) {
            encoder.add(sample.ok()?);
        }
        let index = encoder.add(Sample {
            duration_90k: 0,
            bytes: last.bytes,
            is_key: last.is_key,
            composition_90k: last.composition_90k,
        });
        let mut progress = self.covered;
        progress.sample_file_bytes = self.on_file;
        progress.video_samples += 1;
        progress.video_sync_samples += u32::from(last.is_key);
        let flags = self.facts.recording.flags.with(Flags::TRAILING_ZERO);
        self.closed(Close { index, progress, flags, end_reason: Some(reason) }).ok()
    }

    /// Writes the trailer. May be tried again when it fails.
    pub(crate) fn seal(&self, closed: &ClosedRecording) -> Result<()> {
        let film = closed.recording.sample_file_bytes;
        let seal = || -> io::Result<()> {
            if self.file.metadata()?.len() != film {
                self.dir.cut(&self.file, film)?;
            }
            self.dir.append(&self.file, &mut [IoSlice::new(&trailer::encode(closed))])
        };
        self.capacity.with_room(SMALL, seal).or_fail(Kind::Disk, || "write trailer")?;
        self.weigh();
        Ok(())
    }

    /// Removes the file of a recording that has not one frame.
    pub(crate) fn remove(self) -> Result<()> {
        self.dir.unlink(&self.facts.recording.id.file_name())?;
        self.capacity.remove(self.facts.recording.id);
        Ok(())
    }
}

/// Room for a file's first block and its directory's, for a trailer, for a few journal entries.
pub(crate) const SMALL: u64 = 256 << 10;

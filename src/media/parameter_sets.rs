//! `ParameterSets`: the parameter sets of a stream as they stand now.

use crate::base::Result;
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;
use bytes::Bytes;
use std::collections::BTreeMap;

/// The newest parameter set of each id. Bounded by the number of ids and the 64 KiB a sample entry has for each.
#[derive(Clone, Debug)]
pub(crate) struct ParameterSets {
    codec: Codec,
    sets: BTreeMap<Id, Entry>,
}

/// Kind and number of a parameter set, in the order in which a sample entry lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Vps(u8),
    Sps(u8),
    SpsExtension(u8),
    Pps(u8),
}

/// What a parameter set says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set {
    pub(crate) id: Id,
    /// The one that it builds upon.
    pub(crate) needs: Option<Id>,
}

#[derive(Clone, Debug)]
struct Entry {
    needs: Option<Id>,
    nal: Bytes,
}

impl ParameterSets {
    /// None yet.
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, sets: BTreeMap::new() }
    }

    /// Takes a parameter set in the place of the one with its id. Says whether anything changed.
    pub(crate) fn insert(&mut self, nal: &[u8]) -> Result<bool> {
        if self.sets.values().any(|entry| entry.nal == nal) {
            return Ok(false);
        }
        avc::unit_length(nal)?;
        let Set { id, needs } = match self.codec {
            Codec::H264 => avc::identify(nal)?,
            Codec::H265 => hevc::identify(nal)?,
        };
        self.sets.insert(id, Entry { needs, nal: Bytes::copy_from_slice(nal) });
        Ok(true)
    }

    /// All of them.
    pub(crate) fn all(&self) -> List<'_> {
        List(self.sets.iter().map(|(&id, entry)| (id, &entry.nal[..])).collect())
    }

    /// Those that a picture needs whose slices name this PPS, with the other PPSs of its SPS. `None` while one is
    /// missing.
    pub(crate) fn in_use(&self, pps_id: u8) -> Option<List<'_>> {
        let sps = self.sets.get(&Id::Pps(pps_id))?.needs?;
        let vps = self.sets.get(&sps)?.needs;
        if vps.is_some_and(|vps| !self.sets.contains_key(&vps)) {
            return None;
        }
        let is_used = |id: Id, entry: &Entry| id == sps || Some(id) == vps || entry.needs == Some(sps);
        let used = self.sets.iter().filter(|&(&id, entry)| is_used(id, entry));
        Some(List(used.map(|(&id, entry)| (id, &entry.nal[..])).collect()))
    }
}

/// Parameter sets in the order of a sample entry.
pub(crate) struct List<'a>(Vec<(Id, &'a [u8])>);

impl<'a> List<'a> {
    pub(crate) fn vps(&self) -> Vec<&'a [u8]> {
        self.of(|id| matches!(id, Id::Vps(_)))
    }

    pub(crate) fn sps(&self) -> Vec<&'a [u8]> {
        self.of(|id| matches!(id, Id::Sps(_)))
    }

    pub(crate) fn sps_extensions(&self) -> Vec<&'a [u8]> {
        self.of(|id| matches!(id, Id::SpsExtension(_)))
    }

    pub(crate) fn pps(&self) -> Vec<&'a [u8]> {
        self.of(|id| matches!(id, Id::Pps(_)))
    }

    fn of(&self, is_wanted: impl Fn(Id) -> bool) -> Vec<&'a [u8]> {
        self.0.iter().filter(|(id, _)| is_wanted(*id)).map(|&(_, nal)| nal).collect()
    }
}

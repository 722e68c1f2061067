//! Annex B byte streams to length-prefixed samples (ISO/IEC 14496-10 annex B, 14496-15 5.3).

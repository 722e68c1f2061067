//! The real daemon in front of real RTSP servers: what was sent is what is stored, and what is stored plays.

#[path = "../support/mod.rs"]
mod support;

mod clock;
mod comings_and_goings;
mod database;
mod disks;
mod faults;
mod live;
mod long_faults;
mod peers;
mod power_cut;
mod recording;
mod settings;
mod small_disk;
mod stops;
mod verification;
mod waiting;

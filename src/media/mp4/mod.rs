//! Virtual mp4 files: boxes, the plan of a file's pieces, and fragments.

pub mod boxes;
pub mod builder;
mod cut;
pub mod edit;
pub mod fragments;
mod header;
pub mod init;
pub mod moof;
pub mod moov;
pub mod piece;
pub mod plan;
pub mod planned;
pub mod reader;
pub mod style;
pub mod subtitles;
pub mod table;
pub mod time_line;

pub use builder::Builder;
pub use fragments::Fragments;
pub use init::init;
pub use moof::Fragment;
pub use piece::Piece;
pub use plan::Plan;
pub use planned::Planned;
pub use reader::Track;
pub use style::{Gaps, Style};

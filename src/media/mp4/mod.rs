//! Virtual mp4 files: boxes, and the plan of a file's pieces.

pub mod boxes;
pub mod builder;
pub mod edit;
pub mod moov;
pub mod piece;
pub mod plan;
pub mod reader;
pub mod style;
pub mod subtitles;
pub mod table;
pub mod time_line;

pub use builder::Builder;
pub use piece::Piece;
pub use plan::Plan;
pub use reader::Track;
pub use style::{Gaps, Style};

//! Virtual mp4 files: boxes, and the plan of a file's pieces.

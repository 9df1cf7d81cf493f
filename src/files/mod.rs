//! Files: which there are, what they say, and how they are written.
//!
//! This module does not know what templates mean.

pub mod bounded;
pub mod discover;
pub mod paths;
pub mod read;
pub mod write;

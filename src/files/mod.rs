//! Files: which there are, what they say, and how they are written.
//!
//! This module does not know what templates mean.

pub(crate) mod bounded;
pub(crate) mod discover;
pub(crate) mod paths;
pub(crate) mod read;
pub(crate) mod write;

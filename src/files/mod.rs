//! Files: which there are, what they say, and how they are written.
//!
//! This module does not know what templates mean.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test sets up its files itself, and is to fail if it cannot"
    )
)]

pub(crate) mod bounded;
pub(crate) mod discover;
pub(crate) mod paths;
pub(crate) mod read;
pub(crate) mod write;

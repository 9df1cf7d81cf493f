//! A template as text: bytes that may concern us, places in them, and what changes them.
//!
//! This module knows no syntax and not what is looked for.

pub mod diff;
pub mod edit;
pub mod excerpt;
pub mod source;
pub mod span;

//! What must hold of every text, told a second time.
//!
//! The crate proves each repair itself, and so it is of little use to ask it
//! whether it was right: `oracle` states the whole promise anew, from the
//! bytes and from what a third reader (`tree`: libyaml for YAML, Oxigraph's
//! for JSON) makes of them. It calls neither `verify` nor any part of it.
//!
//! The targets in `fuzz_targets/` are one line each. `text` takes templates
//! as they are written, behind one letter for the rules; `template` draws
//! what a template says and how it is written, by the grammar of
//! `tests/it/properties`; `computed` draws functions and evaluates them again;
//! `ignores` and `edits` take their parts of the crate by themselves.
//!
//! A target fails by a panic. Work is linear in the length of the input,
//! which is bounded by [`MAX_LEN`].

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a target fails by panicking"
)]

pub mod computed;
pub mod edits;
pub mod ignores;
pub mod oracle;
#[path = "../../tests/it/common/proven.rs"]
pub mod proven;
pub mod template;
pub mod text;
pub mod tree;

// The grammar of the property tests, which the structured target shares.
#[allow(dead_code, reason = "the property tests use more of it")]
#[path = "../../tests/it/properties/json.rs"]
mod json;
#[allow(dead_code, reason = "the property tests use more of it")]
#[path = "../../tests/it/properties/model.rs"]
mod model;
#[allow(dead_code, reason = "the property tests use more of it")]
#[path = "../../tests/it/properties/yaml.rs"]
mod yaml;

/// The longest input that a target takes, in bytes.
pub const MAX_LEN: usize = 4096;

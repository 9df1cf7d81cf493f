//! Outcomes to output.
//!
//! This module owns words and formats. It decides nothing: whether a finding
//! counts, is fixed or is refused has been said before it gets here.

pub mod patch;
pub mod text;

use std::path::Path;

/// A path as it is shown: control characters escaped, so that a file's name
/// cannot act on a terminal or forge a line.
#[must_use]
pub fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A text with its control characters escaped.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

//! What several tests set up in the same way.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and fails by panicking"
)]

use std::fs;
use std::path::Path;

/// Copies all that a folder holds to another, which need not be there.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

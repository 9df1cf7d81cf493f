//! Temporary files that were left behind.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::paths::walkable;

/// Whether a name is that of a file which is being written beside the one it will
/// replace. A walk with `--hidden` and a wide include glob could meet it.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".immutag-") && name.ends_with(b".tmp")
}

/// The files in a folder that were being written when the process was killed, or are just
/// now, in order. None of a folder that cannot be read.
#[must_use]
pub fn temporary_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(walkable(folder))
        .into_iter()
        .flatten()
        .flatten();
    let temporary = entries.filter(|entry| is_temporary(&entry.file_name()));
    let mut files: Vec<_> = temporary
        .map(|entry| folder.join(entry.file_name()))
        .collect();
    files.sort();
    files
}

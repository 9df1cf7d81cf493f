//! Temporary files: the one that is written beside the file that it will replace.
//!
//! This module owns how such a file is named, made, and told from others. It does not know what
//! is written to it. A process that is killed leaves it behind, and its name tells where it is
//! from.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::files::paths::walkable;

/// How the name begins. A leading dot hides the file from most who list the folder.
const PREFIX: &str = ".immutag-";
/// How the name ends.
const SUFFIX: &str = ".tmp";

/// Creates a file that did not exist before, with a mode that the user's mask takes from.
/// In the place of a template it may be read by its owner alone until it is done: it must
/// not show to others what the original does not.
#[allow(
    clippy::disallowed_methods,
    reason = "the one module that writes: the temporary file is opened here"
)]
#[cfg_attr(
    not(unix),
    allow(unused_variables, reason = "other systems have no modes")
)]
pub(super) fn create(folder: &Path, mode: u32) -> io::Result<NamedTempFile<File>> {
    tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .rand_bytes(6)
        // Opened here rather than by the crate, whose errors quote the random name.
        .make_in(folder, |path| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
            options.open(path)
        })
}

/// Returns whether a file of this name is a temporary one. A walk with `--hidden` and a wide
/// include glob could meet it.
pub(in crate::files) fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// Returns the temporary files in a folder, in order: those of processes that were killed, and
/// those that are being written just now. None of a folder that cannot be read.
#[must_use]
pub(crate) fn temporary_files(folder: &Path) -> Vec<PathBuf> {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn temporary_file_is_private_and_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".immutag.tmp"), "").unwrap();
        let temporary = create(folder.path(), 0o600).unwrap();
        let path = temporary.path().to_path_buf();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let name = path.file_name().unwrap().to_str().unwrap();
        let random = name
            .strip_prefix(".immutag-")
            .and_then(|name| name.strip_suffix(".tmp"));
        assert_eq!(random.unwrap().len(), 6);
        assert_eq!(temporary_files(folder.path()), [path]);
        drop(temporary);
        assert!(temporary_files(folder.path()).is_empty());
    }
}

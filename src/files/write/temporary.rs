//! Temporary files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

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
pub(super) fn temporary_file(directory: &Path, mode: u32) -> io::Result<NamedTempFile<File>> {
    tempfile::Builder::new()
        .prefix(".immutag-")
        .suffix(".tmp")
        .rand_bytes(6)
        // Opened here rather than by the crate, whose errors quote the random name.
        .make_in(directory, |path| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
            options.open(path)
        })
}

#[cfg(all(test, unix))]
#[allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and is to fail if it cannot"
)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_temporary_file_is_private_and_in_the_same_directory() {
        let directory = tempfile::tempdir().unwrap();
        let temporary = temporary_file(directory.path(), 0o600).unwrap();
        let mode = fs::metadata(temporary.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(temporary.path().parent(), Some(directory.path()));
        let name = temporary.path().file_name().unwrap().to_str().unwrap();
        let random = name
            .strip_prefix(".immutag-")
            .and_then(|name| name.strip_suffix(".tmp"));
        assert_eq!(random.unwrap().len(), 6);
        drop(temporary);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}

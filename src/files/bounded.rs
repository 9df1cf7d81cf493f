//! Files that say how a run goes: the settings, lists of ignores, ignore files. They lie
//! beside templates, so that whoever wrote those may have written these.
//!
//! This module owns that such a file is a file and not a pipe, for which one could wait
//! without end, and that it is small. It does not know what any of them says.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The size of such a file, in bytes, above which it is not read.
pub(crate) const LIMIT: u64 = 1 << 20;

/// Reads a file, by the link that may lead to it.
///
/// # Errors
/// Those of the operating system; [`io::ErrorKind::Unsupported`] where it is no file,
/// [`io::ErrorKind::FileTooLarge`] where it is larger than [`LIMIT`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {LIMIT} bytes"),
        ));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// Those of [`read`]; [`io::ErrorKind::InvalidData`] where it is not UTF-8.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

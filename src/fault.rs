//! What goes wrong on purpose, for tests: the feature `fault` is off unless a test asks
//! for it.
//!
//! A template says itself what is to happen to it between the moment at which it has been
//! read and the one at which it would be written: `immutag-fault: remove` somewhere in its
//! text. So a test needs no second process that has to be fast enough.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "stands for another process, which keeps to none of our rules"
)]

use std::fs;
use std::path::Path;

/// Does to a file what its text asks for. Other texts and unknown words change nothing.
///
/// # Panics
/// Where the text says `immutag-fault: panic`.
pub(crate) fn strike(path: &Path, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let asked = text
        .split_once("immutag-fault: ")
        .and_then(|(_, rest)| rest.split_whitespace().next());
    let other = path.with_extension("fault");
    // A test sees whether it has been done.
    let _ = match asked {
        Some("panic") => panic!("asked for by the text"),
        Some("remove") => fs::remove_file(path),
        Some("truncate") => fs::write(path, ""),
        Some("append") => fs::write(path, format!("{text}# theirs\n")),
        // The same contents in another file: what editors do.
        Some("replace") => fs::copy(path, &other).and_then(|_| fs::rename(&other, path)),
        Some("link") => fs::rename(path, &other).and_then(|()| link(&other, path)),
        _ => Ok(()),
    };
}

#[cfg(unix)]
fn link(to: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to.file_name().unwrap_or_default(), path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

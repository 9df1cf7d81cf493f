//! Reports: files that a run creates, or streams that it writes on.
//!
//! This module owns what a path stands for that a report is written to: a file, be it there or
//! not, a pipe, or one of the run's own streams. It does not know what a report says.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::temporary;
use crate::files::paths::folder_of;

/// Writes a report to `path`, in the place of a file that may be there. What is neither a
/// file nor a link to one (a named pipe) is written to, and so are standard output and
/// standard error by their names as files, whatever they were sent to: others write there.
///
/// # Errors
///
/// Those of the operating system. A file that was there is then as it was.
#[allow(
    clippy::disallowed_methods,
    reason = "the one module that writes: opens what cannot be replaced"
)]
pub(crate) fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    match descriptor(path) {
        Some(1) => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(contents)?;
            return stdout.flush();
        }
        Some(2) => return io::stderr().lock().write_all(contents),
        Some(_) => is_no_file(path)?,
        None => {}
    }
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(contents);
    }
    let path = destination(path)?;
    let mut temporary = temporary::create(folder_of(&path), 0o666)?;
    temporary.as_file_mut().write_all(contents)?;
    temporary.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether [`create`] can be expected to succeed, as far as can be told without a write: its
/// folder is there, and the process may write to it.
///
/// # Errors
///
/// What the operating system says, or would say.
pub(crate) fn expect_to_create(path: &Path) -> io::Result<()> {
    match descriptor(path) {
        Some(1 | 2) => return Ok(()),
        Some(_) => is_no_file(path)?,
        None => {}
    }
    if let Ok(metadata) = fs::metadata(path) {
        if metadata.is_dir() {
            return is_a_folder();
        }
        if !metadata.is_file() {
            return has_right(path, false);
        }
    }
    let path = destination(path)?;
    let folder = folder_of(&path);
    // Of a file, this fails as the write would.
    fs::metadata(folder.join("."))?;
    has_right(folder, true)
}

/// The file that [`create`] writes, as a path without links: the one behind a link, be it
/// there or not.
///
/// # Errors
///
/// What the operating system says where its folder is not there, or links lead in a circle.
pub(crate) fn destination(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    let mut links = 0;
    loop {
        let failure = match fs::canonicalize(&path) {
            Ok(whole) => return Ok(whole),
            Err(failure) => failure,
        };
        // Of a file, this fails as the write would.
        let folder = fs::canonicalize(folder_of(&path).join("."))?;
        match fs::read_link(&path) {
            Ok(_) if links == MOST_LINKS => return Err(failure),
            Ok(to) => path = folder.join(to),
            Err(_) => return Ok(folder.join(path.file_name().ok_or(failure)?)),
        }
        links += 1;
    }
}

/// Whether [`create`] writes on what is there, and replaces nothing.
#[must_use]
pub(crate) fn is_stream(path: &Path) -> bool {
    matches!(descriptor(path), Some(1 | 2))
}

/// The number of the open descriptor that a path stands for, as `/dev/stdout` and
/// `/dev/fd/1` do, be it through links. The system opens some of them anew, at the start of
/// the file that they were sent to.
fn descriptor(path: &Path) -> Option<u32> {
    if cfg!(not(unix)) {
        return None;
    }
    let homes = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];
    let homes = homes.map(|home| fs::canonicalize(home).ok());
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        // Not every system has links there, nor is there always a /proc that they lead to.
        match path.to_str() {
            Some("/dev/stdout") => return Some(1),
            Some("/dev/stderr") => return Some(2),
            _ => {}
        }
        let folder = fs::canonicalize(folder_of(&path)).ok()?;
        let number = path.file_name()?.to_str()?.parse();
        if let (Ok(number), true) = (number, homes.contains(&Some(folder.clone()))) {
            return Some(number);
        }
        path = folder.join(fs::read_link(&path).ok()?);
    }
    None
}

/// How many links are followed, as the system has it.
const MOST_LINKS: usize = 40;

/// Refuses a descriptor that leads to a file: to replace the file would take from whoever
/// else writes to the descriptor, and they would write over what is written into it.
fn is_no_file(descriptor: &Path) -> io::Result<()> {
    if fs::metadata(descriptor)?.is_file() {
        return Err(io::Error::other(
            "it stands for a file that others have open; name the file itself, or /dev/stdout",
        ));
    }
    Ok(())
}

#[cfg(unix)]
fn has_right(path: &Path, is_directory: bool) -> io::Result<()> {
    use rustix::fs::Access;
    let mut rights = Access::WRITE_OK;
    if is_directory {
        rights |= Access::EXEC_OK;
    }
    Ok(rustix::fs::access(path, rights)?)
}

/// Other systems have rights that only an attempt tells.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "other systems tell beforehand")]
fn has_right(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_a_folder() -> io::Result<()> {
    Err(rustix::io::Errno::ISDIR.into())
}

#[cfg(not(unix))]
fn is_a_folder() -> io::Result<()> {
    Err(io::ErrorKind::IsADirectory.into())
}

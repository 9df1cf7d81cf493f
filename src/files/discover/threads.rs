//! How many threads a visit takes.
//!
//! This module owns the limits of the machine. It does not know what the threads do, but for how
//! many files one has open at once.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

/// More threads than this are not started, whatever is asked for.
pub(crate) const MAX_THREADS: usize = 256;

/// Returns how many threads to start at the most; 0 asks for as many as there are cores.
pub(super) fn most(asked: usize) -> usize {
    let threads = match asked {
        0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        asked => asked,
    };
    threads.min(MAX_THREADS)
}

/// How many file descriptors a thread may have open at once, with room to spare: those of a
/// directory and of an ignore file, in two walks where one counts ahead, of a file and of what
/// replaces it.
const DESCRIPTORS: u64 = 8;

/// How many of the threads there are file descriptors for. The walker passes over an ignore
/// file for which it has none, and would then take what is to be left out.
///
/// # Errors
/// Where there are too few for one.
#[cfg(unix)]
pub(super) fn affordable(threads: usize) -> io::Result<usize> {
    use rustix::io::Errno;
    use rustix::process::{Resource, getrlimit};
    /// What is open beside the walk: streams, a terminal, git.
    const OTHERS: u64 = 8;
    let Some(most) = getrlimit(Resource::Nofile).current else {
        return Ok(threads);
    };
    let affordable = most.saturating_sub(OTHERS) / DESCRIPTORS;
    if affordable == 0 {
        return Err(Errno::MFILE.into());
    }
    Ok(threads.min(usize::try_from(affordable).unwrap_or(threads)))
}

/// Other systems have no such limit, or one that is out of reach.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "other systems have a limit")]
pub(super) fn affordable(threads: usize) -> io::Result<usize> {
    Ok(threads)
}

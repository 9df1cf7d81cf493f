//! Bytes out. This is the only module that writes.
//!
//! It owns the way from bytes to disk, and does not know what the bytes mean, whether they
//! are right, or how the file was found.

mod reports;
mod templates;
mod temporary;

pub(crate) use reports::{create, destination, expect_to_create, is_stream};
pub(crate) use templates::replace;
pub(in crate::files) use temporary::is_temporary;
pub(crate) use temporary::temporary_files;

/// Lets a write that goes beyond the limit for files (`ulimit -f`) fail as any other does.
/// Without this the system ends the process for it, and a temporary file is left. Where the
/// system does not let us, it stays so.
#[cfg(unix)]
pub(crate) fn outlive_limits() {
    use signal_hook::consts::SIGXFSZ;
    // A signal that is handled, by whatever, does not end the process.
    let seen = std::sync::Arc::default();
    let _ = signal_hook::flag::register(SIGXFSZ, seen);
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn outlive_limits() {}

//! Signals that ask a run to end: SIGINT (Ctrl-C), SIGTERM, and SIGHUP (a terminal that
//! closes).
//!
//! This module owns what the process does on a signal: it remembers it, so that whoever has
//! a file in hand finishes that file and begins no other; and while the process only waits
//! for an answer it ends at once. It does not know what there is to finish.
//!
//! A SIGHUP that is ignored when the process starts stays so: `nohup` means it to be. Whether
//! it is can only be told on Linux, as long as no code here is unsafe; elsewhere it is left
//! alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of a run that was interrupted, by the convention of shells for SIGINT
/// (128 and the number of the signal).
pub(crate) const STATUS: u8 = 130;

/// Whether the run is to end. One that nobody [watches](Interrupt::watch) never is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    is_set: Arc<AtomicBool>,
    is_waiting: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes over the signals of the process, once and for its whole life. Where the system
    /// does not let us, a signal ends the process as it does any other.
    #[must_use]
    pub(crate) fn watch() -> Self {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup()) {
            let (set, waiting) = (&interrupt.is_set, &interrupt.is_waiting);
            let _ =
                flag::register_conditional_shutdown(signal, i32::from(STATUS), Arc::clone(waiting))
                    .and_then(|_| flag::register(signal, Arc::clone(set)));
        }
        interrupt
    }

    /// Whether there was a signal.
    #[must_use]
    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// Does something during which a signal ends the process at once, since nothing is in
    /// hand: to read what a user types.
    pub(crate) fn at_any_time<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.is_waiting.store(true, Ordering::Relaxed);
        let result = wait();
        self.is_waiting.store(false, Ordering::Relaxed);
        result
    }
}

/// The signal of a terminal that closes, unless it is ignored, or may be.
#[cfg(unix)]
fn hangup() -> Option<i32> {
    use signal_hook::consts::SIGHUP;
    // Source: proc_pid_status(5), `SigIgn`: a bit for each signal, the lowest for the first.
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    let is_ignored = ignored >> (SIGHUP - 1) & 1 == 1;
    (!is_ignored).then_some(SIGHUP)
}

/// Other systems have no such signal.
#[cfg(not(unix))]
fn hangup() -> Option<i32> {
    None
}

//! Signals that ask a run to end: SIGINT (Ctrl-C) and SIGTERM.
//!
//! This module owns what the process does on a signal: it remembers it, so that whoever has
//! a file in hand finishes that file and begins no other; and while the process only waits
//! for an answer it ends at once. It does not know what there is to finish.
//!
//! SIGHUP is left alone: `nohup` means it to be ignored.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of a run that was interrupted, by the convention of shells for SIGINT
/// (128 and the number of the signal).
pub const STATUS: u8 = 130;

/// Whether the run is to end. One that nobody [watches](Interrupt::watch) never is.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    is_set: Arc<AtomicBool>,
    is_waiting: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes over the signals of the process, once and for its whole life. Where the system
    /// does not let us, a signal ends the process as it does any other.
    #[must_use]
    pub fn watch() -> Self {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let (set, waiting) = (&interrupt.is_set, &interrupt.is_waiting);
            let _ =
                flag::register_conditional_shutdown(signal, i32::from(STATUS), Arc::clone(waiting))
                    .and_then(|_| flag::register(signal, Arc::clone(set)));
        }
        interrupt
    }

    /// Whether there was a signal.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// Does something during which a signal ends the process at once, since nothing is in
    /// hand: to read what a user types.
    pub fn at_any_time<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.is_waiting.store(true, Ordering::Relaxed);
        let result = wait();
        self.is_waiting.store(false, Ordering::Relaxed);
        result
    }
}

//! What a person at a terminal sees and does while a run goes on.

pub(crate) mod interrupts;
pub(crate) mod progress;
pub(crate) mod questions;

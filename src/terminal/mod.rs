//! What a person at a terminal sees and does while a run goes on.

pub mod interrupts;
pub mod progress;
pub mod questions;

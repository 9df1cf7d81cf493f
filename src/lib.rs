//! The command line of immutag: arguments, settings, files, git, runs, reports.
//!
//! What is found and how it is fixed is for [`immutag_engine`], what pushes
//! moving tags for [`immutag_impact`].
//!
//! Data flows one way:
//!
//! ```text
//! cli, settings → run → files, git, terminal::interrupts, terminal::progress
//!                  ↓
//!       immutag_engine, survey → immutag_impact
//!                  ↓
//!   files::write, outcome → report, terminal::questions
//! ```
//!
//! # Choices, and why
//!
//! - *Whether a file may be written is asked of the system* by opening it,
//!   and not read off its mode: a rename would replace a file that its user
//!   may not write.
//! - *Every format renders the same outcome.* A finding names its place, its
//!   edits and the text around; no format reads a file or decides anything.
//! - *Only git is started*, for what it alone knows (the index, the merge
//!   base), with all turned off that a repository could have run but clean
//!   filters, without which git cannot compare contents.
//! - *An interrupt is looked at between files.* What a signal ends is the
//!   search for more, so that each file is done or not begun, and the report
//!   is whole for what was done.
//! - *What is compliant is counted and let go*: memory grows with findings,
//!   and with the folders that hold templates, not with files.
//! - *A part of a run is told by hashes of paths below the folder given*, so
//!   that machines agree wherever it lies; a git repository below it is not
//!   split, since its changes are one change.

pub mod cli;
pub mod explain;
#[cfg(feature = "fault")]
pub mod fault;
pub mod files;
pub mod git;
pub mod outcome;
pub mod report;
pub mod run;
pub mod settings;
pub mod survey;
pub mod terminal;

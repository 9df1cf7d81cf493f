//! The command line of immutag: arguments, settings, files, git, runs, reports.
//!
//! What is found and how it is fixed is for [`immutag_engine`], what pushes
//! moving tags for [`immutag_impact`].

pub mod bounded;
pub mod cli;
pub mod config;
pub mod discover;
pub mod explain;
#[cfg(feature = "fault")]
pub mod fault;
pub mod git;
pub mod interactive;
pub mod interrupt;
pub mod outcome;
pub mod progress;
mod read;
pub mod report;
pub mod repository;
pub mod run;
pub mod settings;
pub mod survey;
pub mod trivyignore;
pub mod write;

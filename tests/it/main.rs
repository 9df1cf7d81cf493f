//! The integration tests: one binary, a module a subject.
//!
//! Tests that need a program or files that a machine may not have are ignored, each with what
//! it needs as the reason. The environment names these (`IMMUTAG_ZSH=zsh`), and
//! `--include-ignored` runs them: `.ci/run` does both. A test that is asked for and lacks what
//! it needs fails.
//!
//! Two more binaries stand beside this one: `tests/fixtures.rs`, in which each fixture is a
//! test, and `tests/hostile.rs`, which counts what its process allocates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test sets up its files itself, fails by panicking, and says what it saw"
)]

mod common;

mod computed;
mod dependencies;
mod explain;
mod impact;
mod portable;
mod proof;
mod properties;
mod yaml_suite;

// These start shells, make links and pipes, and set permissions.
#[cfg(unix)]
mod bulk;
#[cfg(unix)]
mod campaign;
#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod config;
#[cfg(unix)]
mod corpus;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod formats_machine;
#[cfg(unix)]
mod git;
#[cfg(unix)]
mod homes;
#[cfg(unix)]
mod interactive;
#[cfg(unix)]
mod page;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod scanners;

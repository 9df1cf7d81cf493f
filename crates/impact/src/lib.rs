//! What pushes tags that move to the repositories of templates.
//!
//! This module owns which files are read for that and as what, and the facts
//! that come of it: pushes, each with its place, its tag, and the repository
//! that it goes to. It opens no file, runs nothing, and writes no report.
//!
//! A tag *moves* if it is literal and names no version, date or commit, or if
//! it comes from the name of a branch. One that a commit, a build, a version or
//! a date is part of does not. What nobody says is *unknown*, and stays so.
//!
//! How a file is read: `lex` makes words of shell text, `shell` follows
//! assignments, `tools` knows what pushes; `workflow`, `yaml`, `make` and
//! `groovy` find the shell text in files and what stands beside it; `stack`
//! reads what templates give out of a repository, `join` finds the repository
//! of an image.
//!
//! # Choices, and why
//!
//! - *Shell text is read by a lexer of our own*, which takes what it cannot read
//!   for text: most of it stands in YAML, Groovy or a Makefile, with marks that
//!   no shell takes, and a parser that stops at the first sees nothing.
//! - *A push is found, never proven absent*: what no file says is unknown, and
//!   the report ends with what it does not see.

mod build;
mod ci;
mod file;
mod groovy;
mod image;
mod impact;
mod join;
mod pushes;
mod read;
mod script;
mod shell;
mod stack;
mod survey;
mod tools;
mod value;
mod yaml;

pub use crate::file::{File, FileKind, MAX_SIZE, may_be_template};
pub use crate::impact::{EcrRepository, Evidence, Impact, Push, Tag, Target};
pub use crate::pushes::MAX_PUSHES;
pub use crate::survey::survey;

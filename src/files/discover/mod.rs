//! Paths in, files out: which files are to be looked at.
//!
//! This module owns the meaning of the paths on the command line, of the include and
//! exclude globs, and of ignore files. It decides that from names and from the kind of a
//! directory entry alone. It opens no file but ignore files, knows nothing about templates,
//! and writes nothing.
//!
//! Each idea has a module, and each knows only those above it:
//!
//! | module | owns |
//! |---|---|
//! | `globs` | what a pattern means |
//! | `partition` | `--partition`: to which part a path belongs |
//! | `problem` | a path that could not be visited |
//! | `roots` | the paths that are given, each once |
//! | `filter` | which of the things met are taken |
//! | `ignore_files` | ignore files that cannot be heeded |
//! | `threads` | how many threads a visit takes |
//! | `walk` | the visit itself |

mod filter;
mod globs;
mod ignore_files;
mod partition;
mod problem;
mod roots;
#[cfg(all(test, unix))]
mod testing;
mod threads;
mod walk;

pub(crate) use globs::{
    Cover, DEFAULT_INCLUDE, GlobError, Patterns, check_glob, is_named_as_template,
};
pub(crate) use partition::Partition;
pub(crate) use problem::Problem;
pub(crate) use threads::MAX_THREADS;
pub(crate) use walk::{Discovered, Selection, Walk};

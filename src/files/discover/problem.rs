//! A path that could not be visited, and why.
//!
//! This module owns what there is to say about it, and does not know how it came about.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A path that could not be visited. The others are visited nevertheless.
///
/// The message says what is wrong and what to do, and does not repeat the path.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A given path does not exist, or is a symbolic link to nothing.
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A given path is neither a file nor a directory.
    NotRegular {
        /// The path as given.
        path: PathBuf,
        /// What it is instead, such as "a named pipe".
        kind: &'static str,
    },
    /// A given path is a symbolic link to a file outside of all given paths.
    OutsideRoots {
        /// The path as given.
        path: PathBuf,
        /// The file behind the link.
        target: PathBuf,
    },
    /// A given path does not lie in the repository whose files are asked for.
    OutsideRepository {
        /// The path as given.
        path: PathBuf,
        /// The folder of the repository.
        repository: PathBuf,
    },
    /// What is to be left out of a directory cannot be told.
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The operating system did not let us look.
    Io {
        /// The path as it would be shown.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Problem {
    /// The path that the problem is about, as it is to be shown.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Problem::NotFound { path }
            | Problem::NotRegular { path, .. }
            | Problem::OutsideRoots { path, .. }
            | Problem::OutsideRepository { path, .. }
            | Problem::IgnoreFile { path, .. }
            | Problem::Io { path, .. } => path,
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Problem {
        let path = path.to_path_buf();
        if source.kind() == io::ErrorKind::NotFound {
            Problem::NotFound { path }
        } else {
            Problem::Io { path, source }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NotFound { .. } => f.write_str("no such file or directory"),
            Problem::NotRegular { kind, .. } => {
                write!(f, "is {kind}; only files and directories can be checked")
            }
            Problem::OutsideRoots { target, .. } => write!(
                f,
                "is a symbolic link to {}, which lies outside of the paths given; \
                 give that path instead to have it checked",
                target.display()
            ),
            Problem::OutsideRepository { repository, .. } => write!(
                f,
                "lies outside of the repository {}; run in the repository that it belongs to",
                repository.display()
            ),
            Problem::IgnoreFile { source, .. } => write!(
                f,
                "cannot be read: {source}; what it leaves out cannot be told, so nothing below \
                 its directory was looked at; correct it, or heed no such file with --no-ignore"
            ),
            Problem::Io { source, .. } => write!(f, "cannot be looked at: {source}"),
        }
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Problem::IgnoreFile { source, .. } | Problem::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

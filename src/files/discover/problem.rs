//! A path that could not be visited, and why.
//!
//! This module owns what there is to say about it, and does not know how it came about.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A path that could not be visited. The others are visited nevertheless.
///
/// The message says what is wrong and what to do, and does not repeat the path.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Problem {
    /// A given path does not exist, or is a symbolic link to nothing.
    #[error("no such file or directory")]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A given path is neither a file nor a directory.
    #[error("is {kind}; only files and directories can be checked")]
    NotRegular {
        /// The path as given.
        path: PathBuf,
        /// What it is instead, such as "a named pipe".
        kind: &'static str,
    },
    /// A given path is a symbolic link to a file outside of all given paths.
    #[error(
        "is a symbolic link to {target}, which lies outside of the paths given; give that path \
         instead to have it checked"
    )]
    OutsideRoots {
        /// The path as given.
        path: PathBuf,
        /// The file behind the link.
        target: PathBuf,
    },
    /// A given path does not lie in the git repository whose files are asked for.
    #[error(
        "lies outside of the repository {git_repository}; run in the repository that it belongs to"
    )]
    OutsideGitRepository {
        /// The path as given.
        path: PathBuf,
        /// The root of the git repository.
        git_repository: PathBuf,
    },
    /// An ignore file cannot be read, so that what it leaves out of its directory is unknown.
    #[error(
        "cannot be read: {error}; what it leaves out cannot be told, so nothing below its \
         directory was looked at; correct it, or heed no such file with --no-ignore"
    )]
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// The operating system did not let us look.
    #[error("cannot be looked at: {error}")]
    Io {
        /// The path as it would be shown.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl Problem {
    /// Returns the path that the problem is about, as it is to be shown.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        match self {
            Problem::NotFound { path }
            | Problem::NotRegular { path, .. }
            | Problem::OutsideRoots { path, .. }
            | Problem::OutsideGitRepository { path, .. }
            | Problem::IgnoreFile { path, .. }
            | Problem::Io { path, .. } => path,
        }
    }

    pub(super) fn io(path: &Path, error: io::Error) -> Problem {
        let path = path.to_path_buf();
        if error.kind() == io::ErrorKind::NotFound {
            Problem::NotFound { path }
        } else {
            Problem::Io { path, error }
        }
    }
}

//! Paths as names: as they are shown, as the operating system takes them, without links.
//!
//! This module owns the ways to write one path, and the working directory that a relative one
//! begins at. It does not know what lies there or why it is asked for.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The working directory. A run reads it once and passes it to all who need it, so that they
/// agree.
#[derive(Clone, Debug)]
pub(crate) struct WorkingDirectory {
    /// As the operating system names it, or why it does not.
    named: Result<PathBuf, (io::ErrorKind, String)>,
    /// Without links.
    real: Option<PathBuf>,
}

impl WorkingDirectory {
    /// Reads it. One that cannot be read is an error only for those who ask for it.
    #[must_use]
    pub(crate) fn read() -> WorkingDirectory {
        let named = std::env::current_dir();
        WorkingDirectory {
            real: named
                .as_ref()
                .ok()
                .and_then(|named| fs::canonicalize(named).ok()),
            named: named.map_err(|error| (error.kind(), error.to_string())),
        }
    }

    /// Returns it as an absolute path, as the operating system names it.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn path(&self) -> io::Result<&Path> {
        match &self.named {
            Ok(named) => Ok(named),
            Err((kind, message)) => Err(io::Error::new(*kind, message.clone())),
        }
    }

    /// Returns it as an absolute path without links.
    #[must_use]
    pub(crate) fn real(&self) -> Option<&Path> {
        self.real.as_deref()
    }

    /// Returns an absolute path without links as it is shown: from here if it lies below.
    #[must_use]
    pub(crate) fn shown(&self, whole: &Path) -> PathBuf {
        let below = self.real().and_then(|here| whole.strip_prefix(here).ok());
        below.unwrap_or(whole).to_path_buf()
    }
}

/// A given path as it is shown: without `.` parts and doubled or trailing separators. It
/// means the same to the operating system, except that an empty one stands for `.`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

/// The path to hand to the operating system and to the walker for one that is shown. A
/// message names the working directory this way too, since an empty path says nothing.
pub(crate) fn walkable(shown: &Path) -> PathBuf {
    if shown.as_os_str().is_empty() {
        PathBuf::from(".")
    } else if shown == Path::new("-") {
        // The walker takes a bare dash for standard input.
        PathBuf::from("./-")
    } else {
        shown.to_path_buf()
    }
}

/// The path without what makes it absolute.
pub(crate) fn unrooted(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect()
}

/// The path without a leading `./`.
pub(crate) fn undotted(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

/// Returns an absolute path without `.` and `..`, taken by names alone: `..` behind a link leads
/// back over the link. `base` is where a relative path begins.
pub(crate) fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut absolute = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                absolute.pop();
            }
            part => absolute.push(part),
        }
    }
    absolute
}

/// Returns the absolute paths by which a file is known, each once: as it is named, and without
/// links if that is known.
pub(crate) fn absolute_names(base: &Path, path: &Path, real: Option<PathBuf>) -> Vec<PathBuf> {
    let mut names = vec![absolute(base, path)];
    names.extend(real.filter(|real| !names.contains(real)));
    names
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns a folder without links; None if it is not there.
pub(crate) fn real_folder(folder: &Path) -> Option<PathBuf> {
    fs::canonicalize(walkable(folder)).ok()
}

/// Returns a file of the same name in the nearest folder above it that is there.
pub(crate) fn near(file: &Path) -> PathBuf {
    let mut folders = file.ancestors().skip(1);
    let nearest = folders.find(|folder| real_folder(folder).is_some());
    let name = file.file_name().unwrap_or_default();
    nearest.unwrap_or(Path::new("")).join(name)
}

//! Paths as names: as they are shown, as the operating system takes them, without links.
//!
//! This module owns the ways to write one path. It does not know what lies there or why it is
//! asked for.

use std::path::{Component, Path, PathBuf};

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

//! Paths as they are shown, and as they are without links.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns a folder without links, if it is there.
pub(crate) fn whole_folder(folder: &Path) -> Option<PathBuf> {
    let is_here = folder.as_os_str().is_empty();
    fs::canonicalize(if is_here { Path::new(".") } else { folder }).ok()
}

/// Returns a file of the same name in the folder that a file lies in; where that is not there
/// yet, in the nearest that is.
pub(crate) fn near(file: &Path) -> PathBuf {
    let folders = file.ancestors().skip(1);
    let mut there = folders.filter(|folder| whole_folder(folder).is_some());
    let nearest = there.next().unwrap_or(Path::new(""));
    nearest.join(file.file_name().unwrap_or_default())
}

/// Returns a path without links as seen from the working directory, if it lies below.
pub(crate) fn from_here(whole: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    let below = here.ok().and_then(|here| {
        let below = whole.strip_prefix(here).ok()?;
        Some(below.to_path_buf())
    });
    below.unwrap_or_else(|| whole.to_path_buf())
}

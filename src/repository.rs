//! The git repository that a file lies in, and the folders that were asked about.
//!
//! This module tells repositories by the `.git` in their folder, without git, and remembers
//! what it found for each folder. It knows nothing of what git knows: [`crate::git`] does.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What is known of the folders that were asked about.
#[derive(Debug, Default)]
pub struct Repositories {
    /// The working directory, without links.
    here: Option<PathBuf>,
    /// The root of the repository that each folder lies in, by the folder as it was named.
    known: Mutex<HashMap<PathBuf, Option<PathBuf>>>,
}

impl Repositories {
    /// Nothing is known yet but the working directory.
    #[must_use]
    pub fn new() -> Self {
        let here = std::env::current_dir().and_then(fs::canonicalize);
        Self {
            here: here.ok(),
            known: Mutex::default(),
        }
    }

    /// The root of the repository that a file lies in, as an absolute path without links.
    /// None outside of any repository. The file need not be there, but its folder must.
    pub fn root(&self, file: &Path) -> Option<PathBuf> {
        let folder = file.parent().unwrap_or(Path::new(""));
        // A poisoned lock would mean a panic in `get` or `insert`.
        if let Some(root) = self.known.lock().ok()?.get(folder) {
            return root.clone();
        }
        let whole = if folder.as_os_str().is_empty() {
            self.here.clone()
        } else {
            fs::canonicalize(folder).ok()
        };
        let root = whole.and_then(|whole| {
            let mut above = whole.ancestors();
            above
                .find(|above| above.join(".git").exists())
                .map(Path::to_path_buf)
        });
        let mut known = self.known.lock().ok()?;
        known.insert(folder.to_path_buf(), root.clone());
        root
    }

    /// The same for people: as a path from the working directory if it lies below, `.` for
    /// itself and what is above, and else as an absolute path.
    pub fn of(&self, file: &Path) -> Option<PathBuf> {
        let root = self.root(file)?;
        Some(match &self.here {
            Some(here) if here.starts_with(&root) => PathBuf::from("."),
            Some(here) => match root.strip_prefix(here) {
                Ok(below) => below.to_path_buf(),
                Err(_) => root,
            },
            None => root,
        })
    }

    /// The folders of the files that were asked about, as they were named, in order.
    pub fn folders(&self) -> Vec<PathBuf> {
        let known = self.known.lock();
        let mut folders: Vec<_> =
            known.map_or_else(|_| Vec::new(), |known| known.keys().cloned().collect());
        folders.sort();
        folders
    }
}

//! The git repository that a file lies in, and the folders that were asked about.
//!
//! This module owns that a `.git` in a folder makes it the root of a git repository, told
//! without git, and remembers what it found for each folder. It knows nothing of what git
//! knows: [`crate::git`] does.

use std::collections::HashMap;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::files::paths::WorkingDirectory;

/// Returns what the `.git` of a folder is, behind links; None where the folder has none. It is a
/// directory at the root of a git repository, and a file in a linked work tree or a submodule.
pub(crate) fn dot_git(folder: &Path) -> Option<FileType> {
    let git = fs::metadata(folder.join(".git"));
    git.ok().map(|git| git.file_type())
}

/// What is known of the folders that were asked about.
#[derive(Debug)]
pub(crate) struct GitRepositories {
    here: WorkingDirectory,
    /// The root of the git repository that each folder lies in, by the folder as it was named.
    known: Mutex<HashMap<PathBuf, Option<PathBuf>>>,
    /// What was found on the way to these.
    ways: Mutex<Ways>,
}

/// What is known of the folders above those that were asked about, so that each costs a look
/// of its own and none at what it has in common with others.
#[derive(Debug, Default)]
struct Ways {
    /// Paths without links, by the folder as it was named.
    wholes: HashMap<PathBuf, Option<PathBuf>>,
    /// The root of the git repository, by the folder's path without links.
    roots: HashMap<PathBuf, Option<PathBuf>>,
}

impl GitRepositories {
    /// Nothing is known yet but the working directory.
    #[must_use]
    pub(crate) fn new(here: &WorkingDirectory) -> Self {
        Self {
            here: here.clone(),
            known: Mutex::default(),
            ways: Mutex::default(),
        }
    }

    /// The root of the git repository that a file lies in, as an absolute path without links.
    /// None outside of any. The file need not be there, but its folder must.
    pub(crate) fn root(&self, file: &Path) -> Option<PathBuf> {
        let folder = file.parent().unwrap_or(Path::new(""));
        // A poisoned lock would mean a panic in `get` or `insert`.
        if let Some(root) = self.known.lock().ok()?.get(folder) {
            return root.clone();
        }
        let root = self.whole(folder).and_then(|whole| self.root_of(&whole));
        let mut known = self.known.lock().ok()?;
        known.insert(folder.to_path_buf(), root.clone());
        root
    }

    /// The path of a folder without links; None where there is no such folder.
    fn whole(&self, folder: &Path) -> Option<PathBuf> {
        let (mut whole, unknown) = nearest(&self.ways.lock().ok()?.wholes, folder);
        let mut found = Vec::new();
        for &folder in unknown.iter().rev() {
            whole = match (whole, folder.file_name()) {
                _ if folder.as_os_str().is_empty() => self.here.real().map(Path::to_path_buf),
                (Some(above), Some(name)) if is_its_own_name(folder) => Some(above.join(name)),
                _ => fs::canonicalize(folder).ok(),
            };
            found.push((folder.to_path_buf(), whole.clone()));
        }
        self.ways.lock().ok()?.wholes.extend(found);
        whole
    }

    /// The root of the git repository that a folder lies in, by its path without links.
    fn root_of(&self, whole: &Path) -> Option<PathBuf> {
        let (above, unknown) = nearest(&self.ways.lock().ok()?.roots, whole);
        let own = unknown.iter().position(|folder| dot_git(folder).is_some());
        let root = match own.and_then(|own| unknown.get(own)) {
            Some(root) => Some(root.to_path_buf()),
            None => above,
        };
        // Nobody has looked above a root.
        let looked_at = own.map_or(unknown.len(), |own| own + 1);
        let found = unknown.into_iter().take(looked_at);
        let found = found.map(|folder| (folder.to_path_buf(), root.clone()));
        self.ways.lock().ok()?.roots.extend(found);
        root
    }

    /// The same for people: as a path from the working directory if it lies below, `.` for
    /// itself and what is above, and else as an absolute path.
    pub(crate) fn of(&self, file: &Path) -> Option<PathBuf> {
        let root = self.root(file)?;
        let is_around = self.here.real().is_some_and(|here| here.starts_with(&root));
        Some(if is_around {
            PathBuf::from(".")
        } else {
            self.here.shown(&root)
        })
    }

    /// The folders of the files that were asked about, as they were named, in order.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let known = self.known.lock();
        let mut folders: Vec<_> =
            known.map_or_else(|_| Vec::new(), |known| known.keys().cloned().collect());
        folders.sort();
        folders
    }
}

/// What is known of a folder or of the nearest one above it, and those below that, from the
/// folder upwards, of which nothing is known.
fn nearest<'f>(
    known: &HashMap<PathBuf, Option<PathBuf>>,
    folder: &'f Path,
) -> (Option<PathBuf>, Vec<&'f Path>) {
    let mut unknown = Vec::new();
    for above in folder.ancestors() {
        if let Some(found) = known.get(above) {
            return (found.clone(), unknown);
        }
        unknown.push(above);
    }
    (None, unknown)
}

/// Whether a folder is there and has, below the folder that holds it, no other name than this
/// one: it is no link, and the system takes no other case for the same.
fn is_its_own_name(folder: &Path) -> bool {
    let is_plain = |metadata: fs::Metadata| !metadata.file_type().is_symlink();
    cfg!(target_os = "linux") && fs::symlink_metadata(folder).is_ok_and(is_plain)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test sets up its files itself")]
mod tests {
    use super::*;

    #[test]
    fn folder_above_several_is_looked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a/.git", "a/x/1", "a/x/2/.git", "a/x/3", "b"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        let top = fs::canonicalize(folder.path()).unwrap();
        let git_repositories = GitRepositories::new(&WorkingDirectory::read());
        let root = |name: &str| git_repositories.root(&at(name));
        assert_eq!(root("a/x/1/f"), Some(top.join("a")));
        fs::remove_dir(at("a/.git")).unwrap();
        assert_eq!(root("a/x/3/f"), Some(top.join("a")), "as it is known");
        assert_eq!(root("a/x/2/f"), Some(top.join("a/x/2")), "its own counts");
        assert_eq!(root("b/f"), None);
        assert_eq!(root("nowhere/f"), None);
        // Only what was asked about is told.
        let folders = ["a/x/1", "a/x/2", "a/x/3", "b", "nowhere"].map(at);
        assert_eq!(git_repositories.folders(), folders);
    }

    #[cfg(unix)]
    #[test]
    fn path_with_links_and_dots_is_told_by_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a/.git", "a/x", "b/.git", "b/y/z"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        std::os::unix::fs::symlink("../b/y", at("a/link")).unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        for (name, root) in [
            ("a/x/f", "a"),
            ("a/link/f", "b"),
            ("a/link/z/f", "b"),
            ("a/link/../f", "b"),
            ("a/link/../../a/x/f", "a"),
            ("a/./x/f", "a"),
            ("a/x/../f", "a"),
        ] {
            let fresh = GitRepositories::new(&WorkingDirectory::read());
            assert_eq!(fresh.root(&at(name)), Some(top.join(root)), "{name}");
            assert_eq!(fresh.root(&at(name)), Some(top.join(root)), "{name}");
            // And with all that it may have learnt on other ways.
            for other in ["a/f", "a/x/f", "a/link/f", "b/y/z/f"] {
                fresh.root(&at(other));
            }
            let beside = at(name).with_file_name("w").join("f");
            fs::create_dir_all(beside.parent().unwrap()).unwrap();
            assert_eq!(fresh.root(&beside), Some(top.join(root)), "{name}");
        }
    }
}

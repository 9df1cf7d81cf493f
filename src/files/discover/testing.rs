//! Trees of files for the tests of the modules beside this one.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and is to fail if it cannot"
)]

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

use crate::files::paths::WorkingDirectory;

use super::roots::Target;
use super::{Discovered, Patterns, Problem, Selection, Walk};

/// A directory with files in it.
pub(super) struct Tree {
    pub(super) root: PathBuf,
    _directory: TempDir,
}

impl Tree {
    pub(super) fn new(files: &[&str]) -> Tree {
        let directory = tempfile::tempdir().unwrap();
        let tree = Tree {
            root: fs::canonicalize(directory.path()).unwrap(),
            _directory: directory,
        };
        for file in files {
            tree.file(file, "");
        }
        tree
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn file(&self, name: &str, contents: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    pub(super) fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    /// A selection of paths of this tree.
    pub(super) fn select(&self, paths: &[&str]) -> Selection {
        Selection {
            paths: paths.iter().map(|name| self.path(name)).collect(),
            ..Selection::default()
        }
    }

    /// What a visit finds, one line each, sorted, relative to this tree. The file
    /// behind a link follows an arrow, and a problem follows a colon.
    pub(super) fn visit(&self, selection: Selection) -> Vec<String> {
        let here = format!("{}/", self.root.display());
        let mut lines: Vec<String> = visit(selection)
            .into_iter()
            .map(|result| match result {
                Ok(target) if target.path == target.real => target.path.display().to_string(),
                Ok(Target { path, real }) => {
                    format!("{} -> {}", path.display(), real.display())
                }
                Err(problem) => format!("{}: {problem}", problem.path().display()),
            })
            .map(|line| line.replace(&here, ""))
            .collect();
        lines.sort();
        lines
    }

    pub(super) fn visit_paths(&self, paths: &[&str]) -> Vec<String> {
        self.visit(self.select(paths))
    }
}

pub(super) fn visit(selection: Selection) -> Vec<Result<Target, Problem>> {
    let results = Mutex::new(Vec::new());
    let walk = Walk::new(selection, &WorkingDirectory::read()).unwrap();
    walk.visit(&|found| {
        let result = match found {
            Discovered::File(target) => Ok(target),
            Discovered::Problem(problem) => Err(problem),
            Discovered::GitRepository(_) => return ControlFlow::Continue(()),
        };
        results.lock().unwrap().push(result);
        ControlFlow::Continue(())
    });
    results.into_inner().unwrap()
}

pub(super) fn owned(globs: &[&str]) -> Patterns {
    let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
    Patterns::from(globs)
}

/// Globs that are relative to a folder of a tree.
pub(super) fn below(tree: &Tree, base: &str, globs: &[&str]) -> Patterns {
    Patterns {
        base: Some(tree.root.join(base).components().collect()),
        ..owned(globs)
    }
}

/// The path from the working directory to an absolute one.
pub(super) fn from_cwd(path: &Path) -> PathBuf {
    let cwd = std::env::current_dir().unwrap();
    let mut relative: PathBuf = cwd.components().skip(1).map(|_| "..").collect();
    relative.push(path.strip_prefix("/").unwrap());
    relative
}

pub(super) const NOTHING: [&str; 0] = [];

//! Ignore files that cannot be heeded.
//!
//! The walker reads `.gitignore` and its like by itself, but passes over one that it cannot read,
//! and waits for a pipe without end. This module owns which files those are for a directory and
//! whether each can be read. It does not know what they say.
//!
//! Where an ignore file cannot be read, or is not UTF-8, there is no telling what it names:
//! that is a [`Problem`], and its directory is not walked.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use super::problem::Problem;
use super::roots::Root;
use crate::files::bounded;
use crate::files::paths::{undotted, walkable};
use crate::git::repository::dot_git;

/// What is wrong with the ignore files of a directory, if anything is: the files that the
/// walker reads for it, which waits for a pipe without end and passes over what it cannot
/// read.
///
/// `git` has [`dot_git`] of the directory.
pub(super) fn unusable_in(directory: &Path, git: Option<FileType>) -> Option<Problem> {
    let of = |names: &[&str]| {
        let paths = names.iter().map(|name| directory.join(name));
        { paths }.find_map(|path| content(&path).err())
    };
    of(&[".ignore", ".gitignore"]).or_else(|| match git? {
        kind if kind.is_dir() => of(&[".git/info/exclude"]),
        kind if kind.is_file() => unusable_of_worktree(&directory.join(".git")).err(),
        _ => None,
    })
}

/// The same for a directory whose `.git` is a file, which leads to the repository.
fn unusable_of_worktree(git: &Path) -> Result<(), Problem> {
    let line = |path: &Path| {
        let text = content(path)?.unwrap_or_default();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let pointer = line(git)?;
    let Some(folder) = pointer.strip_prefix("gitdir: ").map(Path::new) else {
        return Ok(());
    };
    let common = folder.join(line(&folder.join("commondir"))?);
    content(&common.join("info/exclude")).map(|_| ())
}

/// What is wrong with the ignore files of a directory that is to be walked, and of those
/// around it. What is above a repository does not count in it, but is read nevertheless.
pub(super) fn unusable_around(root: &Root) -> Option<Problem> {
    let git = dot_git(&root.canonical);
    if let Some(problem) = unusable_in(&walkable(&root.shown), git) {
        return Some(problem);
    }
    let mut is_outside = git.is_some();
    root.canonical.ancestors().skip(1).find_map(|directory| {
        let git = dot_git(directory);
        let problem = unusable_in(directory, git).filter(|problem| match problem {
            Problem::IgnoreFile { error, .. } => {
                let would_stop = [io::ErrorKind::Unsupported, io::ErrorKind::FileTooLarge];
                !is_outside || would_stop.contains(&error.kind())
            }
            _ => true,
        });
        is_outside |= git.is_some();
        problem
    })
}

/// What an ignore file says; None where there is none, or a directory. One in a directory
/// that may not be entered is not looked for: whatever else is in there is told.
fn content(path: &Path) -> Result<Option<String>, Problem> {
    let absent = [
        io::ErrorKind::NotFound,
        io::ErrorKind::NotADirectory,
        io::ErrorKind::PermissionDenied,
    ];
    let error = match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_dir() => return Ok(None),
        Ok(_) => match bounded::text(path) {
            Ok(text) => return Ok(Some(text)),
            Err(error) => error,
        },
        Err(error) if absent.contains(&error.kind()) => return Ok(None),
        Err(error) => error,
    };
    let path = undotted(path).to_path_buf();
    Err(Problem::IgnoreFile { path, error })
}

/// Whether a directory lies in a git (or Jujutsu) repository.
pub(super) fn in_repository(canonical: &Path) -> bool {
    canonical
        .ancestors()
        .any(|directory| dot_git(directory).is_some() || directory.join(".jj").exists())
}

#[cfg(all(test, unix))]
mod tests {
    use crate::files::discover::Selection;
    use crate::files::discover::testing::{NOTHING, Tree};

    #[test]
    fn ignore_file_outside_a_git_repository_counts_and_hidden_files_are_skipped() {
        let tree = Tree::new(&[
            "a.yaml",
            "b.yaml",
            "c.yaml",
            "out/d.yaml",
            ".h.yaml",
            ".h/e.yaml",
        ]);
        tree.file(".gitignore", "b.yaml\nout/\n[\n");
        tree.file(".ignore", "c.yaml\n");
        assert_eq!(tree.visit_paths(&[""]), ["a.yaml"]);
        let no_ignore = Selection {
            no_ignore: true,
            ..tree.select(&[""])
        };
        assert_eq!(
            tree.visit(no_ignore),
            ["a.yaml", "b.yaml", "c.yaml", "out/d.yaml"]
        );
        let hidden = Selection {
            hidden: true,
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(hidden), [".h.yaml", ".h/e.yaml", "a.yaml"]);
        // What is named is walked in spite of it.
        assert_eq!(
            tree.visit_paths(&["out", ".h"]),
            [".h/e.yaml", "out/d.yaml"]
        );
    }

    #[test]
    fn ignore_file_above_the_root_counts() {
        let tree = Tree::new(&["sub/a.yaml", "sub/b.yaml", "sub/deep/c.yaml"]);
        tree.file(".gitignore", "b.yaml\n/sub/deep\n");
        assert_eq!(tree.visit_paths(&["sub"]), ["sub/a.yaml"]);
    }

    #[test]
    fn gitignore_above_a_git_repository_does_not_reach_into_it() {
        let tree = Tree::new(&["clone/.git/HEAD", "clone/a.yaml", "clone/b.yaml", "c.yaml"]);
        tree.file(".gitignore", "*\n");
        tree.file("clone/.gitignore", "b.yaml\n");
        assert_eq!(tree.visit_paths(&["clone"]), ["clone/a.yaml"]);
        assert_eq!(tree.visit_paths(&["clone", ""]), ["clone/a.yaml"]);
        assert_eq!(tree.visit_paths(&[""]), NOTHING);
    }
}

//! What a walk takes of what it meets, by names and kinds alone.
//!
//! This module owns which paths of a file or directory the globs are asked about, and what is
//! passed over whatever the options say. It does not know what a glob means, nor ignore files.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::DirEntry;

use super::globs::Globs;
use super::roots::Root;
use crate::files::paths::{absolute_names, undotted, unrooted};
use crate::files::write::is_temporary;

/// The rules for what a walk takes.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) include: Globs,
    pub(super) exclude: Globs,
    /// Paths below the working directory are matched relative to it, even if they are
    /// given as absolute ones.
    pub(super) here: Option<PathBuf>,
}

impl Filter {
    /// Whether a walk enters this directory, or takes this file.
    ///
    /// `names` has [`Filter::absolute_names`] of each root that is walked.
    pub(super) fn admits(
        &self,
        entry: &DirEntry,
        nested: &HashSet<PathBuf>,
        names: &HashMap<PathBuf, Vec<PathBuf>>,
    ) -> bool {
        let Some(kind) = entry.file_type() else {
            return false;
        };
        let name = entry.file_name();
        if !(kind.is_file() || kind.is_dir()) {
            return false;
        }
        if is_passed_over(name, kind.is_dir()) && (name != "cdk.out" || entry.depth() > 0) {
            return false;
        }
        let shown = undotted(entry.path());
        if nested.contains(shown) {
            return false;
        }
        // Most globs ask for nothing but names, and taking a path apart takes longer than
        // matching them: a walk does it for everything that there is.
        if self.include.only_names && self.exclude.only_names && entry.depth() > 0 {
            let name = Path::new(name);
            return self.admits_path(name, name, kind.is_dir(), &[]);
        }
        let root = entry.path().ancestors().nth(entry.depth());
        let relative = root
            .and_then(|root| entry.path().strip_prefix(root).ok())
            .unwrap_or(shown);
        let names = root.and_then(|root| names.get(root));
        let names = names.map_or(&[][..], Vec::as_slice);
        self.admits_path(relative, shown, kind.is_dir(), names)
    }

    /// What the globs say of a file or a directory, by its path from the root of a walk and
    /// the one that is shown.
    pub(super) fn admits_path(
        &self,
        relative: &Path,
        shown: &Path,
        is_directory: bool,
        names: &[PathBuf],
    ) -> bool {
        let matches = |globs: &Globs| match &globs.base {
            _ if globs.is_empty() => false,
            _ if globs.only_names => globs.match_path(relative, is_directory),
            None => self.matches(globs, relative, shown, is_directory),
            Some(base) => names
                .iter()
                .any(|root| globs.match_below(base, &root.join(relative), is_directory)),
        };
        !matches(&self.exclude) && (is_directory || matches(&self.include))
    }

    /// The absolute paths by which globs that have a base know a path: the one that is
    /// named, and the one behind all links. None where no glob has a base.
    pub(super) fn absolute_names(&self, shown: &Path, canonical: &Path) -> Vec<PathBuf> {
        if self.include.base.is_none() && self.exclude.base.is_none() {
            return Vec::new();
        }
        absolute_names(
            self.here.as_deref().unwrap_or(Path::new("")),
            shown,
            Some(canonical.to_path_buf()),
        )
    }

    /// Whether an exclude glob matches a given path or a directory that it lies in.
    pub(super) fn excludes_given(&self, root: &Root) -> bool {
        match &self.exclude.base {
            None => self.excludes_shown(&root.shown, root.directory),
            Some(base) => self
                .absolute_names(&root.shown, &root.canonical)
                .iter()
                .any(|path| self.exclude.cover(base, path, root.directory)),
        }
    }

    /// The same for globs of the command line and the path as it is shown.
    fn excludes_shown(&self, shown: &Path, directory: bool) -> bool {
        let base = self.here.as_deref().filter(|here| shown.starts_with(here));
        shown
            .ancestors()
            .take_while(|path| Some(*path) != base && path.file_name().is_some())
            .enumerate()
            .any(|(up, path)| {
                // An absolute path outside of the working directory has no root that it
                // could be relative to, so all of it counts.
                let relative = match base {
                    None if path.is_absolute() => unrooted(path),
                    _ => path.to_path_buf(),
                };
                self.matches(&self.exclude, &relative, path, directory || up > 0)
            })
    }

    fn matches(&self, globs: &Globs, relative: &Path, shown: &Path, directory: bool) -> bool {
        if globs.match_path(relative, directory) {
            return true;
        }
        if relative != shown && globs.match_path(shown, directory) {
            return true;
        }
        match &self.here {
            Some(here) if shown.is_absolute() => shown
                .strip_prefix(here)
                .is_ok_and(|path| globs.match_path(path, directory)),
            _ => false,
        }
    }
}

/// Whether a walk passes over what has this name, whatever the options say.
pub(super) fn is_passed_over(name: &OsStr, is_directory: bool) -> bool {
    name == ".git" || is_temporary(name) || is_directory && name == "cdk.out"
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::discover::globs::Role;
    use crate::files::discover::testing::{NOTHING, Tree, below, owned};
    use crate::files::discover::{DEFAULT_INCLUDE, Selection};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn walk_takes_included_files() {
        let tree = Tree::new(&[
            "a.yaml",
            "b/c.yml",
            "b/d.json",
            "e.template",
            "f.txt",
            "yaml",
        ]);
        let all = ["a.yaml", "b/c.yml", "b/d.json", "e.template"];
        assert_eq!(tree.visit_paths(&[""]), all);
        let include = |globs: &[&str]| {
            tree.visit(Selection {
                include: owned(globs),
                ..tree.select(&[""])
            })
        };
        assert_eq!(include(&["*.txt", "*.yml"]), ["b/c.yml", "f.txt"]);
        assert_eq!(include(&["b/*.yml"]), ["b/c.yml"]);
        assert_eq!(include(&["/*.yaml"]), ["a.yaml"]);
        assert_eq!(include(&["./*.y{,a}ml"]), ["a.yaml"]);
        assert_eq!(include(&["b/"]), ["b/c.yml", "b/d.json"]);
        assert_eq!(include(&["*.YAML"]), NOTHING);
    }

    #[test]
    fn folder_of_the_cdk_is_passed_over_unless_named() {
        let tree = Tree::new(&["cdk.out/a.json", "x/cdk.out/b.json", "cdk.out.yaml"]);
        assert_eq!(tree.visit_paths(&[""]), ["cdk.out.yaml"]);
        assert_eq!(tree.visit_paths(&["cdk.out"]), ["cdk.out/a.json"]);
        let named = ["x/cdk.out/b.json"];
        assert_eq!(tree.visit_paths(&named), named);
    }

    #[test]
    fn git_directory_is_never_entered() {
        let tree = Tree::new(&[".git/a.yaml", "sub/.git/b.yaml", "c.yaml"]);
        let selection = Selection {
            hidden: true,
            no_ignore: true,
            include: owned(&["*"]),
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(selection), ["c.yaml"]);
    }

    #[test]
    fn temporary_file_of_ours_is_passed_over() {
        let tree = Tree::new(&[".immutag-aB3xyz.tmp", ".other.tmp"]);
        let selection = Selection {
            hidden: true,
            include: owned(&["*"]),
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(selection), [".other.tmp"]);
    }

    #[test]
    fn excluded_directory_is_not_read() {
        let tree = Tree::new(&["a.yaml", "locked/b.yaml"]);
        let locked = tree.path("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
        let exempt = fs::read_dir(&locked).is_ok(); // root may read everything
        let open = tree.visit_paths(&[""]);
        let pruned = tree.visit(Selection {
            exclude: owned(&["locked"]),
            ..tree.select(&[""])
        });
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if !exempt {
            assert_eq!(
                open,
                [
                    "a.yaml",
                    "locked: cannot be looked at: Permission denied (os error 13)"
                ]
            );
        }
        assert_eq!(pruned, ["a.yaml"]);
    }

    #[test]
    fn force_exclude_binds_given_paths() {
        let tree = Tree::new(&["a.yaml", "old/b.yaml", "x/old/c.yaml", "x/d.yaml"]);
        let excluded = |globs: &[&str]| {
            tree.visit(Selection {
                exclude: owned(globs),
                force_exclude: true,
                ..tree.select(&["a.yaml", "old", "x/old/c.yaml", "x/d.yaml"])
            })
        };
        assert_eq!(excluded(&["old"]), ["a.yaml", "x/d.yaml"]);
        assert_eq!(excluded(&["old/"]), ["a.yaml", "x/d.yaml"]);
        assert_eq!(
            excluded(&["a.yaml/", "d.yaml"]),
            ["a.yaml", "old/b.yaml", "x/old/c.yaml"]
        );
        assert_eq!(excluded(&["**/x/**"]), ["a.yaml", "old/b.yaml"]);
    }

    #[test]
    fn given_path_is_matched_relative_to_the_working_directory() {
        let filter = |glob: &str| Filter {
            include: Globs::new(DEFAULT_INCLUDE, Role::Include).unwrap(),
            exclude: Globs::new(&[glob], Role::Exclude).unwrap(),
            here: Some(PathBuf::from("/home/me/build/project")),
        };
        let excludes = |glob, path| filter(glob).excludes_shown(Path::new(path), false);
        for path in ["legacy/a.yaml", "/home/me/build/project/legacy/a.yaml"] {
            for glob in [
                "legacy/**",
                "legacy",
                "legacy/",
                "/legacy",
                "./legacy",
                "a.yaml",
            ] {
                assert!(excludes(glob, path), "{glob} {path}");
            }
            assert!(excludes("/home/me/build/project/legacy", path) == path.starts_with('/'));
            for glob in [
                "build",
                "**/build/**",
                "legacy/a.yaml/",
                "a",
                "x/legacy",
                "*",
            ] {
                assert_eq!(excludes(glob, path), glob == "*", "{glob} {path}");
            }
        }
        assert!(excludes("../other/**", "../other/a.yaml"));
        assert!(excludes("other", "../other/a.yaml"));
        assert!(excludes("legacy", "/srv/legacy/a.yaml"));
    }

    #[test]
    fn glob_in_a_file_binds_given_paths_by_force_only() {
        let tree = Tree::new(&["p/old/b.yaml", "p/c.yaml", "old/d.yaml"]);
        tree.link("old/b.yaml", "p/link.yaml");
        let given = |force_exclude, globs: &[&str]| {
            tree.visit(Selection {
                exclude: below(&tree, "p", globs),
                force_exclude,
                ..tree.select(&["p/old/b.yaml", "p/old/../c.yaml", "old/d.yaml"])
            })
        };
        let (b, c, d) = ("p/old/b.yaml", "p/old/../c.yaml", "old/d.yaml");
        assert_eq!(given(false, &["old/**", "c.yaml"]), [d, c, b]);
        assert_eq!(given(true, &["old/**"]), [d, c]);
        assert_eq!(given(true, &["/old"]), [d, c]);
        assert_eq!(given(true, &["/c.yaml"]), [d, b]);
        assert_eq!(given(true, &["old"]), [c]);
        let linked = tree.visit(Selection {
            exclude: below(&tree, "p", &["old/"]),
            force_exclude: true,
            ..tree.select(&["p/link.yaml"])
        });
        assert_eq!(linked, NOTHING);
    }
}

//! The paths that are given, each of them once.
//!
//! This module owns the meaning of a path that somebody names: what it leads to, whether it may
//! lead there, and which names are of one file. It reads no directory, and does not know globs
//! or ignore files.
//!
//! # Paths that are named
//!
//! A file that is named is always taken, whatever the include globs and ignore files say:
//! somebody asked for it. Exclude globs bind it only with
//! [`Selection::force_exclude`](super::Selection::force_exclude), for hooks, which name every
//! file of a commit.
//!
//! A directory that is named is walked, even if it is hidden or ignored.
//!
//! A symbolic link that is named stands for the file or directory behind it, as long as
//! that lies below one of the directories named, or below the directory of a file or link
//! named. A link that leads elsewhere is a [`Problem`]: a git repository that holds such a link
//! must not decide what is edited outside of it.
//!
//! A named pipe, a device or a socket is a [`Problem`], and is not opened, since that
//! could block for ever.
//!
//! # Each file once
//!
//! A file is visited once, however many of the given paths lead to it. A path that is
//! given and lies below another one is left out of the walk of the outer one and handled
//! on its own, so that the rules for paths that are named hold for it. Of several names
//! for one file or directory, the first counts that is not a symbolic link.
//!
//! To know this, canonical paths of the *given* paths suffice: a walk follows no links,
//! so what it will meet below a root is known from the root. No state is kept for files
//! that a walk meets; memory does not grow with their number.

use std::collections::{HashMap, HashSet};
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::files::paths::{tidy, walkable};

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path to show: the given path joined with the rest, without a leading `./`.
    pub(crate) path: PathBuf,
    /// The path to read and to replace. It differs from `path` only if a symbolic link
    /// was given: then it is the absolute path of the file behind it.
    pub(crate) real: PathBuf,
}

/// A given path that exists and is a file or a directory.
#[derive(Debug)]
pub(super) struct Root {
    /// The path to show; empty for the working directory.
    pub(super) shown: PathBuf,
    pub(super) canonical: PathBuf,
    /// The canonical directory that this root allows links to lead into.
    allows: PathBuf,
    pub(super) directory: bool,
    /// Whether the path itself is a symbolic link.
    link: bool,
}

impl Root {
    pub(super) fn new(path: &Path) -> Result<Root, Problem> {
        let shown = tidy(path);
        let problem = |error| Problem::io(path, error);
        let kind = fs::metadata(path).map_err(problem)?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(Problem::NotRegular {
                path: path.to_path_buf(),
                kind: kind_name(kind),
            });
        }
        let canonical = fs::canonicalize(path).map_err(problem)?;
        let link = fs::symlink_metadata(walkable(&shown))
            .map_err(problem)?
            .is_symlink();
        let allows = match (link, kind.is_dir(), canonical.parent()) {
            (false, true, _) => canonical.clone(),
            (false, false, Some(parent)) => parent.to_path_buf(),
            _ => {
                let parent = shown.parent().unwrap_or(Path::new(""));
                fs::canonicalize(walkable(parent)).map_err(problem)?
            }
        };
        Ok(Root {
            shown,
            canonical,
            allows,
            directory: kind.is_dir(),
            link,
        })
    }

    pub(super) fn target(&self) -> Target {
        Target {
            path: self.shown.clone(),
            real: if self.link {
                self.canonical.clone()
            } else {
                self.shown.clone()
            },
        }
    }
}

/// The given paths, no two of them the same.
pub(super) struct Roots {
    pub(super) directories: Vec<Root>,
    pub(super) files: Vec<Root>,
}

impl Roots {
    /// Sorts the given paths into files and directories, each of them once. A link that leads
    /// out of all of them is handed to `on`.
    pub(super) fn of(mut given: Vec<Root>, on: &mut dyn FnMut(Problem)) -> Roots {
        let allowed: HashSet<PathBuf> = given.iter().map(|root| root.allows.clone()).collect();
        given.retain(|root| {
            let is_inside = root.canonical.ancestors().any(|a| allowed.contains(a));
            if !is_inside {
                on(Problem::OutsideRoots {
                    path: root.shown.clone(),
                    target: root.canonical.clone(),
                });
            }
            is_inside
        });
        // Stable: of several names, the first that is not a link is kept.
        given.sort_by_key(|root| root.link);
        let mut seen = HashSet::with_capacity(given.len());
        given.retain(|root| seen.insert(root.canonical.clone()));
        let (directories, files) = given.into_iter().partition(|root| root.directory);
        Roots { directories, files }
    }

    /// The paths, as a walk shows them, that a walk must leave out since they are
    /// handled on their own.
    pub(super) fn nested(&self) -> HashSet<PathBuf> {
        let shown: HashMap<&Path, &Path> = self
            .directories
            .iter()
            .map(|root| (root.canonical.as_path(), root.shown.as_path()))
            .collect();
        let mut nested = HashSet::new();
        for root in self.directories.iter().chain(&self.files) {
            // The nearest directory is enough: the ones around it do not enter that one.
            for outer in root.canonical.ancestors().skip(1) {
                if let (Some(shown), Ok(rest)) =
                    (shown.get(outer), root.canonical.strip_prefix(outer))
                {
                    nested.insert(shown.join(rest));
                    break;
                }
            }
        }
        nested
    }
}

#[cfg(unix)]
fn kind_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "not a regular file"
    }
}

#[cfg(not(unix))]
fn kind_name(_: FileType) -> &'static str {
    "not a regular file"
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::discover::Selection;
    use crate::files::discover::testing::{Tree, from_cwd, owned, visit};
    use crate::files::paths::undotted;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    #[test]
    fn named_file_is_taken_in_spite_of_the_rules() {
        let tree = Tree::new(&["f.txt", "ignored.yaml", ".hidden.yaml", "x/old.yaml"]);
        tree.file(".gitignore", "ignored.yaml\n");
        let names = [".hidden.yaml", "f.txt", "ignored.yaml", "x/old.yaml"];
        let mut selection = tree.select(&names);
        selection.exclude = owned(&["old.yaml", "x"]);
        assert_eq!(tree.visit(selection.clone()), names);
        selection.force_exclude = true;
        assert_eq!(
            tree.visit(selection),
            [".hidden.yaml", "f.txt", "ignored.yaml"]
        );
    }

    #[test]
    fn named_link_is_resolved() {
        let tree = Tree::new(&["in/a.yaml", "in/sub/b.yaml", "out/c.yaml", "out/d.yaml"]);
        tree.link("sub/b.yaml", "in/inside.yaml");
        tree.link("../out/c.yaml", "in/outside.yaml");
        tree.link("../out", "in/dir");
        tree.link("nowhere", "in/dangling.yaml");
        tree.link("self.yaml", "in/self.yaml");
        assert_eq!(
            tree.visit_paths(&["in/inside.yaml"]),
            ["in/inside.yaml -> in/sub/b.yaml"]
        );
        let refused = "in/outside.yaml: is a symbolic link to out/c.yaml, which lies outside \
                       of the paths given; give that path instead to have it checked";
        assert_eq!(tree.visit_paths(&["in/outside.yaml"]), [refused]);
        assert_eq!(
            tree.visit_paths(&["in", "in/outside.yaml"]),
            ["in/a.yaml", refused, "in/sub/b.yaml"]
        );
        // The directory of another file that is named counts as a root.
        assert_eq!(
            tree.visit_paths(&["in/outside.yaml", "out/d.yaml"]),
            ["in/outside.yaml -> out/c.yaml", "out/d.yaml"]
        );
        let refused = "in/dir: is a symbolic link to out, which lies outside \
                       of the paths given; give that path instead to have it checked";
        assert_eq!(tree.visit_paths(&["in/dir"]), [refused]);
        assert_eq!(tree.visit_paths(&["in/dir/"]), [refused]);
        assert_eq!(
            tree.visit_paths(&["in/dir", "out"]),
            ["out/c.yaml", "out/d.yaml"]
        );
        tree.link("sub", "in/below");
        assert_eq!(tree.visit_paths(&["in/below"]), ["in/below/b.yaml"]);
        assert_eq!(tree.visit_paths(&["in/dir/c.yaml"]), ["in/dir/c.yaml"]);
        assert_eq!(
            tree.visit_paths(&["in/dangling.yaml"]),
            ["in/dangling.yaml: no such file or directory"]
        );
        assert!(matches!(
            visit(tree.select(&["in/self.yaml"])).as_slice(),
            [Err(Problem::Io { .. })]
        ));
    }

    #[test]
    fn special_file_is_skipped_in_a_walk_and_refused_by_name() {
        let tree = Tree::new(&["a.yaml"]);
        let made = Command::new("mkfifo").arg(tree.path("pipe.yaml")).status();
        assert!(made.unwrap().success());
        let _socket = UnixListener::bind(tree.path("socket.yaml")).unwrap();
        assert_eq!(tree.visit_paths(&[""]), ["a.yaml"]);
        assert_eq!(
            tree.visit_paths(&["pipe.yaml", "socket.yaml", "/dev/null", "a.yaml"]),
            [
                "/dev/null: is a device; only files and directories can be checked",
                "a.yaml",
                "pipe.yaml: is a named pipe; only files and directories can be checked",
                "socket.yaml: is a socket; only files and directories can be checked",
            ]
        );
    }

    #[test]
    fn missing_path_is_told_and_the_rest_goes_on() {
        let tree = Tree::new(&["a.yaml", "sub/b.yaml"]);
        assert_eq!(
            tree.visit_paths(&["gone.yaml", "a.yaml", "gone/", "sub"]),
            [
                "a.yaml",
                "gone.yaml: no such file or directory",
                "gone/: no such file or directory",
                "sub/b.yaml"
            ]
        );
        let empty = visit(Selection {
            paths: vec![PathBuf::new()],
            ..Selection::default()
        });
        assert!(matches!(empty.as_slice(), [Err(Problem::NotFound { .. })]));
        assert!(visit(Selection::default()).is_empty());
    }

    #[test]
    fn file_named_twice_is_visited_once() {
        let tree = Tree::new(&[
            "a.yaml",
            "sub/b.yaml",
            "sub/.c.yaml",
            "sub/deep/d.yaml",
            "sub/e.txt",
        ]);
        tree.link("sub", "dir");
        tree.link("sub/b.yaml", "b.yaml");
        let all = ["a.yaml", "sub/b.yaml", "sub/deep/d.yaml"];
        for paths in [
            &["", ""][..],
            &["", "./"],
            &["", "a.yaml", "./a.yaml", "sub/../a.yaml"],
            &["", "sub"],
            &["sub", "", "sub/deep", "sub/deep/d.yaml"],
            &["sub/deep", "sub", ""],
        ] {
            let found: Vec<String> = tree
                .visit_paths(paths)
                .into_iter()
                .map(|line| line.replace("sub/../", ""))
                .collect();
            assert_eq!(found, all, "{paths:?}");
        }
        // The rules for names hold inside of a root that is walked.
        assert_eq!(
            tree.visit_paths(&["", "sub/.c.yaml", "sub/e.txt"]),
            [
                "a.yaml",
                "sub/.c.yaml",
                "sub/b.yaml",
                "sub/deep/d.yaml",
                "sub/e.txt"
            ]
        );
        // A link is another name for what is walked anyway, and loses to the real name.
        assert_eq!(
            tree.visit_paths(&["dir", "sub"]),
            ["sub/b.yaml", "sub/deep/d.yaml"]
        );
        assert_eq!(tree.visit_paths(&["b.yaml", "sub/b.yaml"]), ["sub/b.yaml"]);
        assert_eq!(
            tree.visit_paths(&["", "dir"]),
            ["a.yaml", "dir/b.yaml", "dir/deep/d.yaml"]
        );
        assert_eq!(
            tree.visit_paths(&["", "b.yaml"]),
            ["a.yaml", "b.yaml -> sub/b.yaml", "sub/deep/d.yaml"]
        );
        // A name that is excluded does not take the file from the walk.
        let selection = Selection {
            exclude: owned(&[tree.path("b.yaml").to_str().unwrap()]),
            force_exclude: true,
            ..tree.select(&["", "b.yaml"])
        };
        assert_eq!(tree.visit(selection), all);
    }

    #[test]
    fn path_is_shown_as_given() {
        let tree = Tree::new(&["t/a.yaml", "t/-/b.yaml"]);
        let root = from_cwd(&tree.path("t"));
        let shown = |given: PathBuf| {
            let mut paths: Vec<PathBuf> = visit(Selection {
                paths: vec![given],
                ..Selection::default()
            })
            .into_iter()
            .map(|result| result.unwrap())
            .inspect(|target| assert_eq!(target.path, target.real))
            .map(|target| target.path)
            .collect();
            paths.sort();
            paths
        };
        let expected = [root.join("-/b.yaml"), root.join("a.yaml")];
        assert_eq!(shown(root.clone()), expected);
        assert_eq!(shown(Path::new("./").join(&root).join(".//")), expected);
        assert_eq!(
            shown(Path::new(".").join(&root).join("./a.yaml")),
            [root.join("a.yaml")]
        );
        // The working directory of a test is the root of the package.
        for root in [".", "./", "././."] {
            let found = visit(Selection {
                paths: vec![PathBuf::from(root)],
                include: owned(&["/Cargo.toml"]),
                ..Selection::default()
            });
            let paths: Vec<_> = found
                .into_iter()
                .map(|result| result.unwrap().path)
                .collect();
            assert_eq!(paths, [PathBuf::from("Cargo.toml")]);
        }
        assert_eq!(walkable(Path::new("-")), PathBuf::from("./-"));
        assert_eq!(undotted(Path::new("./-/b.yaml")), Path::new("-/b.yaml"));
    }
}

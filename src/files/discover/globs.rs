//! Globs: what a pattern means, and whether it matches a path.
//!
//! This module owns the syntax of include and exclude globs and the folder that they are relative
//! to. It sees paths as names: it does not know which files there are, and opens none.
//!
//! - `*` and `?` do not match `/`; `**` crosses directories; `[a-z]` and `{a,b}` work as
//!   in a shell. Case counts.
//! - A glob without `/` is matched against the name, at any depth: `*.yaml`, `legacy`.
//! - A glob with `/` is matched against the whole path: `templates/**`. It may start with
//!   `/` or `./`, which changes nothing but that it counts as a glob with `/`; one that
//!   starts with `/` is also matched against absolute paths.
//! - A slash at the end means a directory, at any depth if there is no other slash, as in
//!   a `.gitignore`: `legacy/`. An include glob of that kind takes all files below it.
//! - An exclude glob that matches a directory prunes it: the directory is not read.
//! - There is no negation; a leading `!` is an error rather than a glob that silently
//!   matches nothing.
//!
//! What the whole path of a glob with `/` is depends on where the glob was written
//! ([`Patterns::base`]):
//!
//! - On the command line there is no telling what its writer had in mind, so it is the path
//!   relative to the root that is walked, and the path as it is shown, relative to the
//!   working directory: `immutag check templates --exclude 'old/**'` and
//!   `--exclude 'templates/old/**'` mean the same.
//! - In a file it is the path relative to the folder that holds the file, whatever the
//!   working directory is and however the path is given (absolute, with `..`, through a
//!   link): a file means the same for all who use it. Both the path as it is named and the
//!   one behind all links count. Outside of that folder, only globs without `/` and absolute
//!   ones match.
//!
//! [`Cover`] asks the second way about single files: whether a glob matches a file, or a
//! directory that it lies in.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use thiserror::Error;

use crate::files::paths::{WorkingDirectory, absolute_names, unrooted};

/// The include globs that hold when none are given: the names that CloudFormation's own
/// tools take for templates, and those of files from which a template engine makes one.
pub(crate) const DEFAULT_INCLUDE: &[&str] = &[
    "*.yaml",
    "*.yml",
    "*.json",
    "*.template",
    "*.j2",
    "*.jinja",
    "*.tmpl",
    "*.tpl",
];

/// Globs as they were written, and where. They are explained in the
/// documentation of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patterns {
    /// The globs.
    pub(crate) globs: Vec<String>,
    /// The folder that they are relative to, as an absolute path without links. None for
    /// those of the command line.
    pub(crate) base: Option<PathBuf>,
}

impl From<Vec<String>> for Patterns {
    fn from(globs: Vec<String>) -> Self {
        Patterns { globs, base: None }
    }
}

/// An include or exclude glob that is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invalid glob `{glob}`: {reason}")]
pub(crate) struct GlobError {
    glob: String,
    reason: String,
}

impl GlobError {
    fn new(glob: &str, reason: impl fmt::Display) -> GlobError {
        GlobError {
            glob: glob.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Globs with which single files are picked: see the documentation of the module.
#[derive(Clone, Debug)]
pub(crate) struct Cover {
    globs: Arc<Globs>,
    /// The folder that the globs are relative to; None for the working directory.
    base: Option<PathBuf>,
}

impl Cover {
    /// Compiles the globs. Those without a base are relative to the working directory.
    ///
    /// # Errors
    /// The first glob that is empty, negated, or not valid.
    pub(crate) fn new(patterns: &Patterns) -> Result<Cover, GlobError> {
        Ok(Cover {
            globs: Arc::new(Globs::of(patterns, Role::Exclude)?),
            base: patterns.base.clone(),
        })
    }

    /// Whether one of the globs matches a file or a directory that it lies in, by its path
    /// as it is named or by its own, behind all links. The file need not exist.
    #[must_use]
    pub(crate) fn has(&self, path: &Path, real: &Path, here: &WorkingDirectory) -> bool {
        let here = here.path().unwrap_or(Path::new(""));
        let base = self.base.as_deref().unwrap_or(here);
        absolute_names(here, path, fs::canonicalize(real).ok())
            .iter()
            .any(|path| self.globs.cover(base, path, false))
    }
}

/// Checks a glob without keeping it.
///
/// # Errors
/// Where it is empty, negated, or not valid.
pub(crate) fn check_glob(glob: &str) -> Result<(), GlobError> {
    Globs::new(&[glob], Role::Exclude).map(|_| ())
}

/// What a set of globs is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Include,
    Exclude,
}

/// A set of globs, all of which are matched at once.
#[derive(Debug)]
pub(super) struct Globs {
    set: GlobSet,
    /// What is to be known about each pattern in `set`, by its index.
    rules: Vec<Rule>,
    /// Whether a name, or the end of a path, tells what matches: no glob has a `/`.
    pub(super) only_names: bool,
    /// See [`Patterns::base`].
    pub(super) base: Option<PathBuf>,
}

#[derive(Debug)]
struct Rule {
    /// Matches directories only.
    directory: bool,
    /// Matches absolute paths only; the others match relative paths only. Otherwise
    /// `**/build/**` would leave out all of `/home/me/build/project`.
    absolute: bool,
    /// Matches a name, wherever it is.
    name: bool,
}

impl Globs {
    pub(super) fn of(patterns: &Patterns, role: Role) -> Result<Globs, GlobError> {
        Ok(Globs {
            base: patterns.base.clone(),
            ..Globs::new(&patterns.globs, role)?
        })
    }

    pub(super) fn new<S: AsRef<str>>(globs: &[S], role: Role) -> Result<Globs, GlobError> {
        let mut set = GlobSetBuilder::new();
        let mut rules = Vec::new();
        let mut only_names = true;
        for given in globs {
            let given = given.as_ref();
            if given.starts_with('!') {
                return Err(GlobError::new(given, "a glob cannot be negated with `!`"));
            }
            let mut body = given.trim_end_matches('/');
            let below = body.len() < given.len();
            let whole_path = body.contains('/');
            only_names &= !(whole_path || below && role == Role::Include);
            while let Some(rest) = body.strip_prefix("./") {
                body = rest;
            }
            if body.is_empty() || body == "." {
                return Err(GlobError::new(given, "it can match no path"));
            }
            let absolute = Path::new(body).is_absolute();
            let relative = match body.strip_prefix('/') {
                Some(rest) => Some(rest.to_owned()),
                None if absolute => None,
                None if whole_path => Some(body.to_owned()),
                None => Some(format!("**/{body}")),
            };
            let patterns = relative
                .map(|pattern| (pattern, false))
                .into_iter()
                .chain(absolute.then(|| (body.to_owned(), true)));
            for (mut pattern, absolute) in patterns {
                if below && role == Role::Include {
                    pattern.push_str("/**");
                }
                let glob = GlobBuilder::new(&pattern)
                    .literal_separator(true)
                    .empty_alternates(true)
                    .build()
                    .map_err(|error| GlobError::new(given, error.kind()))?;
                set.add(glob);
                rules.push(Rule {
                    directory: below && role == Role::Exclude,
                    absolute,
                    name: !whole_path,
                });
            }
        }
        let set = set.build().map_err(|error| {
            GlobError::new(error.glob().unwrap_or("(all of them)"), error.kind())
        })?;
        Ok(Globs {
            set,
            only_names,
            rules,
            base: None,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a glob that is relative to `base` matches an absolute path.
    pub(super) fn match_below(&self, base: &Path, path: &Path, directory: bool) -> bool {
        let is_matched = if let Ok(relative) = path.strip_prefix(base) {
            self.match_path(relative, directory)
        } else {
            let matched = self.set.matches(unrooted(path));
            let mut rules = matched
                .into_iter()
                .filter_map(|index| self.rules.get(index));
            rules.any(|rule| rule.name && (directory || !rule.directory))
        };
        is_matched || self.match_path(path, directory)
    }

    /// The same for the path or a directory that it lies in; not for `base` and those
    /// around it.
    pub(super) fn cover(&self, base: &Path, path: &Path, directory: bool) -> bool {
        path.ancestors()
            .take_while(|path| *path != base && path.file_name().is_some())
            .enumerate()
            .any(|(up, path)| self.match_below(base, path, directory || up > 0))
    }

    pub(super) fn match_path(&self, path: &Path, directory: bool) -> bool {
        self.set.matches(path).into_iter().any(|index| {
            self.rules.get(index).is_some_and(|rule| {
                rule.absolute == path.is_absolute() && (directory || !rule.directory)
            })
        })
    }
}

/// Whether a file has one of the names that [`DEFAULT_INCLUDE`] takes.
#[must_use]
pub(crate) fn is_named_as_template(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    let mut suffixes = DEFAULT_INCLUDE
        .iter()
        .map(|glob| glob.trim_start_matches('*'));
    suffixes.any(|suffix| name.ends_with(suffix.as_bytes()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::discover::testing::{NOTHING, Tree, below, owned};
    use crate::files::discover::{Selection, Walk};

    #[test]
    fn exclude_glob_leaves_out_what_it_matches() {
        let tree = Tree::new(&[
            "a.yaml",
            "old/b.yaml",
            "x/old/c.yaml",
            "x/old.yaml",
            "x/y/d.yaml",
        ]);
        let exclude = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                exclude: owned(globs),
                ..tree.select(&[root])
            })
        };
        let absolute = tree.path("x/old").display().to_string();
        let all = [
            "a.yaml",
            "old/b.yaml",
            "x/old.yaml",
            "x/old/c.yaml",
            "x/y/d.yaml",
        ];
        assert_eq!(exclude("", &[]), all);
        // Without a slash: a name at any depth.
        assert_eq!(
            exclude("", &["old"]),
            ["a.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        assert_eq!(exclude("", &["*.yaml"]), NOTHING);
        // With a slash: the path from the root.
        assert_eq!(
            exclude("", &["x/*.yaml", "a.yaml"]),
            ["old/b.yaml", "x/old/c.yaml", "x/y/d.yaml"]
        );
        assert_eq!(exclude("", &["x/**", "/old"]), ["a.yaml"]);
        assert_eq!(
            exclude("", &["**/y/**", "./old"]),
            ["a.yaml", "x/old.yaml", "x/old/c.yaml"]
        );
        assert_eq!(exclude("x", &["old/*"]), ["x/old.yaml", "x/y/d.yaml"]);
        assert_eq!(
            exclude("", &[&absolute]),
            ["a.yaml", "old/b.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        // A slash at the end: a directory.
        assert_eq!(
            exclude("", &["old/", "a.yaml/"]),
            ["a.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        assert_eq!(
            exclude("", &["x/old/", "x/old.yaml/"]),
            ["a.yaml", "old/b.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        // The root itself was asked for, and directories above it do not count.
        assert_eq!(exclude("old", &["old", "old/"]), ["old/b.yaml"]);
        assert_eq!(exclude("x/y", &["**/x/**"]), ["x/y/d.yaml"]);
    }

    #[test]
    fn glob_in_a_file_is_relative_to_its_folder() {
        let tree = Tree::new(&[
            "a.yaml",
            "p/a.yaml",
            "p/old/b.yaml",
            "p/x/old/c.yaml",
            "p/x/old.yaml",
            "q/old/d.yaml",
        ]);
        let exclude = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                exclude: below(&tree, "p", globs),
                ..tree.select(&[root])
            })
        };
        // Wherever the walk begins.
        for root in ["", "p", "p/x"] {
            let left = exclude(root, &["x/old/**", "/a.yaml"]);
            assert!(!left.contains(&"p/x/old/c.yaml".to_owned()), "{left:?}");
            assert!(!left.contains(&"p/a.yaml".to_owned()), "{left:?}");
            assert!(left.contains(&"p/x/old.yaml".to_owned()), "{left:?}");
            assert_eq!(left.contains(&"a.yaml".to_owned()), root.is_empty());
        }
        assert_eq!(
            exclude("p/x", &["old/**"]),
            ["p/x/old.yaml", "p/x/old/c.yaml"]
        );
        assert_eq!(exclude("p", &["p/**", "/p"]).len(), 4);
        // A name is one at any depth, outside of the folder, too.
        assert_eq!(
            exclude("", &["old"]),
            ["a.yaml", "p/a.yaml", "p/x/old.yaml"]
        );
        assert_eq!(exclude("q", &["old/"]), NOTHING);
        assert_eq!(exclude("q", &["**/old/**", "q/**"]), ["q/old/d.yaml"]);
        let absolute = tree.path("q/old").display().to_string();
        assert_eq!(exclude("q", &[&absolute]), NOTHING);
        // The root itself was asked for.
        assert_eq!(exclude("p/old", &["old"]), ["p/old/b.yaml"]);

        let include = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                include: below(&tree, "p", globs),
                ..tree.select(&[root])
            })
        };
        assert_eq!(include("", &["x/**"]), ["p/x/old.yaml", "p/x/old/c.yaml"]);
        assert_eq!(include("p/x", &["x/*.yaml"]), ["p/x/old.yaml"]);
        assert_eq!(include("q", &["*.yaml"]), ["q/old/d.yaml"]);
        assert_eq!(include("q", &["old/"]), ["q/old/d.yaml"]);
    }

    #[test]
    fn file_is_covered_by_its_own_name_and_by_that_of_its_link() {
        let tree = Tree::new(&["p/old/b.yaml", "p/c.yaml", "old/d.yaml"]);
        tree.link("p/old", "link");
        let covers = |glob: &str, path: &str| {
            let cover = Cover::new(&below(&tree, "p", &[glob])).unwrap();
            let path = tree.path(path);
            cover.has(&path, &path, &WorkingDirectory::read())
        };
        for glob in ["old/**", "old", "old/", "/old", "./old/b.yaml", "b.yaml"] {
            assert!(covers(glob, "p/old/b.yaml"), "{glob}");
            assert!(covers(glob, "p/old/../old/b.yaml"), "{glob}");
            assert!(covers(glob, "link/b.yaml"), "{glob}");
            assert!(!covers(glob, "p/c.yaml"), "{glob}");
        }
        assert!(covers("gone.yaml", "p/gone.yaml"));
        assert!(covers("**", "p/c.yaml"));
        // What is around the folder does not count, and what is beside it has no path there.
        assert!(!covers("p", "p/c.yaml"));
        assert!(!covers("old/**", "old/d.yaml"));
        assert!(covers("old", "old/d.yaml"));
        assert!(covers("*.yaml", "old/d.yaml"));
    }

    #[test]
    fn invalid_glob_is_an_error() {
        for glob in ["", "/", "./", ".", "!a", "a[", "{a", "x/[z-a]"] {
            for role in [Role::Include, Role::Exclude] {
                let error = Globs::new(&["*.yaml", glob], role).unwrap_err();
                let start = format!("invalid glob `{glob}`: ");
                assert!(error.to_string().starts_with(&start), "{error}");
            }
        }
        let selection = Selection {
            exclude: owned(&["[a"]),
            ..Selection::default()
        };
        assert_eq!(
            Walk::new(selection, &WorkingDirectory::read())
                .unwrap_err()
                .to_string(),
            "invalid glob `[a`: unclosed character class; missing ']'"
        );
    }
}

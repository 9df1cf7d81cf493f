//! The lists `.trivyignore` and `.trivyignore.yaml`.
//!
//! This module owns where they lie and which of their entries are for a file.
//! What they say is for [`immutag_engine`] to read.
//!
//! Both are read from the working directory, as Trivy reads them, and paths
//! in the second are globs relative to it. Trivy reads `.trivyignore` by
//! itself and the other only where `--ignorefile` names it, since its form
//! may still change; whoever has one wants it to count, so here both are read
//! if they are there.
//!
//! Source: trivy.dev, "Filtering", ".trivyignore" and ".trivyignore.yaml".

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use thiserror::Error;

use crate::files::bounded;
use crate::files::paths::absolute;
use immutag_engine::{Listed, trivyignore, trivyignore_yaml};

/// The list of IDs.
pub(crate) const PLAIN: &str = ".trivyignore";
/// The list of mappings.
pub(crate) const YAML: &str = ".trivyignore.yaml";

/// Why a list cannot be used. Nothing may be edited then.
#[derive(Debug, Error)]
#[error("{name}: {message}; correct it, or leave all ignores out with --no-suppressions")]
pub(crate) struct ListFileError {
    /// The list.
    pub(crate) name: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

/// The entries of both lists that name our rule.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    here: PathBuf,
    /// The same behind all links, if it can be told.
    real_here: Option<PathBuf>,
    entries: Vec<Entry>,
}

/// An entry, its globs compiled.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    listed: Listed,
    /// None where it is for all files.
    paths: Option<GlobSet>,
}

impl Lists {
    /// Reads the lists of a directory, as far as there are any.
    ///
    /// # Errors
    /// Where one is there and cannot be read, or is not of its form.
    pub(crate) fn read(here: &Path) -> Result<Self, ListFileError> {
        let mut listed: Vec<(&'static str, Listed)> = Vec::new();
        if let Some(text) = text(here, PLAIN)? {
            let found = trivyignore(&text);
            listed.extend(found.into_iter().map(|listed| (PLAIN, listed)));
        }
        if let Some(text) = text(here, YAML)? {
            let found = trivyignore_yaml(&text).map_err(|error| ListFileError {
                name: YAML,
                message: error.to_string(),
            })?;
            listed.extend(found.into_iter().map(|listed| (YAML, listed)));
        }
        let needs_paths = listed.iter().any(|(_, listed)| !listed.paths.is_empty());
        let entries = listed
            .into_iter()
            .enumerate()
            .map(|(number, (name, listed))| {
                let paths = match listed.paths.as_slice() {
                    [] => None,
                    paths => Some(globs(paths).map_err(|error| ListFileError {
                        name,
                        message: error.to_string(),
                    })?),
                };
                Ok(Entry {
                    name,
                    listed: Listed { number, ..listed },
                    paths,
                })
            });
        Ok(Self {
            here: here.to_path_buf(),
            // Asked for nothing, where no entry is for some files only.
            real_here: needs_paths.then(|| fs::canonicalize(here).ok()).flatten(),
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    /// The entries that are for a file, by its path as it is named or by its
    /// own, behind all links.
    #[must_use]
    pub(crate) fn of(&self, path: &Path, real: &Path) -> Vec<Listed> {
        let own = self.real_here.as_ref().and_then(|here| {
            let real = fs::canonicalize(real).ok()?;
            real.strip_prefix(here).ok().map(Path::to_path_buf)
        });
        let names = [self.relative(path), own];
        let is_for = |entry: &&Entry| match &entry.paths {
            None => true,
            Some(paths) => names.iter().flatten().any(|path| paths.is_match(path)),
        };
        self.entries
            .iter()
            .filter(is_for)
            .map(|entry| entry.listed.clone())
            .collect()
    }

    /// All entries, with the list that each stands in.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, &Listed)> {
        self.entries.iter().map(|entry| (entry.name, &entry.listed))
    }

    /// A path as seen from the directory of the lists; None where it leads
    /// out of it.
    fn relative(&self, path: &Path) -> Option<PathBuf> {
        let whole = absolute(&self.here, path);
        whole.strip_prefix(&self.here).ok().map(Path::to_path_buf)
    }
}

/// The text of a list; None where there is none.
fn text(here: &Path, name: &'static str) -> Result<Option<String>, ListFileError> {
    let path = here.join(name);
    let failed = |reason: String| ListFileError {
        name,
        message: format!("cannot be read: {reason}"),
    };
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
        Ok(_) => {}
    }
    let text = bounded::text(&path).map_err(|error| failed(error.to_string()))?;
    Ok(Some(text))
}

/// Globs as Trivy has them: `*` and `?` do not match `/`, `**` does.
fn globs(paths: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for path in paths {
        let path = path.strip_prefix("./").unwrap_or(path);
        set.add(GlobBuilder::new(path).literal_separator(true).build()?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_for(glob: &str, path: &str) -> bool {
        let listed = trivyignore_yaml(&format!(
            "misconfigurations: [{{id: AWS-0031, paths: ['{glob}']}}]"
        ));
        let entries = listed.unwrap().into_iter().map(|listed| Entry {
            name: YAML,
            paths: Some(globs(&listed.paths).unwrap()),
            listed,
        });
        let lists = Lists {
            here: PathBuf::from("/srv"),
            real_here: None,
            entries: entries.collect(),
        };
        !lists.of(Path::new(path), Path::new(path)).is_empty()
    }

    #[test]
    fn path_in_a_list_is_relative_to_its_directory() {
        for path in [
            "a/b.yaml",
            "./a/b.yaml",
            "a/../a/b.yaml",
            "/srv/a/b.yaml",
            "../srv/a/b.yaml",
        ] {
            assert!(is_for("a/b.yaml", path), "{path}");
        }
        for path in [
            "b.yaml",
            "a/a/b.yaml",
            "/a/b.yaml",
            "../a/b.yaml",
            "/other/srv/a/b.yaml",
        ] {
            assert!(!is_for("a/b.yaml", path), "{path}");
        }
    }

    #[test]
    fn single_star_does_not_cross_folders() {
        assert!(is_for("a/*.yaml", "a/b.yaml"));
        assert!(!is_for("a/*.yaml", "a/b/c.yaml"));
        assert!(is_for("a/**/*.yaml", "a/b/c.yaml"));
        assert!(is_for("**/c.yaml", "c.yaml"));
        assert!(is_for("./a/?.yaml", "a/b.yaml"));
        assert!(!is_for("*.yaml", "a/b.yaml"));
    }
}

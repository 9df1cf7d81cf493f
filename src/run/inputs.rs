//! What a run is about, as far as it is known before a file is opened.
//!
//! This module owns the ways in which files are named: paths, a list, what is staged, what has
//! changed since a revision, standard input. It assesses nothing but whether a file declares
//! an ECR repository.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;

use crate::files::discover::{Discovered, Problem, Walk};
use crate::files::paths::WorkingDirectory;
use crate::files::read;
use crate::git::{GitRepository, Staged};
use crate::options::{self, Mode, Options};
use crate::settings::Settings;
use crate::terminal::interrupts::Interrupt;
use immutag_engine::{Rules, assess};

/// What a run is about.
pub(super) enum Inputs {
    /// A template on standard input, with this name.
    Text(PathBuf),
    /// What is staged.
    Staged(StagedFiles),
    /// The files that a walk comes to.
    Walk {
        walk: Walk,
        /// The paths that could not be visited, of those that tell what to
        /// walk.
        problems: Vec<Problem>,
        /// The files and folders that it is about, as they were given.
        given: Vec<PathBuf>,
    },
}

/// What is staged, below the paths that are given.
pub(super) struct StagedFiles {
    pub(super) files: Vec<Staged>,
    /// Those that differ from the index, if files are to be written.
    pub(super) unstaged: HashSet<PathBuf>,
    /// The paths that could not be visited.
    pub(super) problems: Vec<Problem>,
    /// The git repository, and the files and folders that were given.
    given: Vec<PathBuf>,
}

impl Inputs {
    pub(super) fn of(
        options: &Options,
        settings: &Settings,
        here: &WorkingDirectory,
    ) -> anyhow::Result<Self> {
        let mut selection = options.selection.clone();
        selection.include = settings.include();
        selection.exclude = settings.exclude();
        match &options.input {
            options::Input::Stdin { name } => return Ok(Self::Text(name.clone())),
            options::Input::Staged => {
                let repository = GitRepository::here()?;
                let walk = Walk::new(selection, here)?;
                return StagedFiles::of(options, &repository, &walk).map(Self::Staged);
            }
            options::Input::List { from, nul } => {
                selection.paths.extend(listed(from.as_deref(), *nul)?);
            }
            options::Input::Paths | options::Input::Since(_) => {}
        }
        let mut walk = Walk::new(selection.clone(), here)?;
        let mut problems = Vec::new();
        let mut given = selection.paths.clone();
        if let options::Input::Since(revision) = &options.input {
            let repository = GitRepository::here()?;
            let mut changed = repository.changed_since(revision)?;
            let takes = walk.takes(repository.top(), &mut |problem| problems.push(problem));
            // A link is none of what a walk comes to, nor is what lies behind one.
            changed.retain(|file| takes(&file.whole) && is_plain(&file.whole));
            selection.paths = changed.into_iter().map(|file| file.path).collect();
            // They are those of the part already.
            selection.partition = None;
            drop(takes);
            walk = Walk::new(selection, here)?;
            given.push(repository.top().to_path_buf());
        }
        Ok(Self::Walk {
            walk,
            problems,
            given,
        })
    }

    /// The files and folders that the run is about, before any is walked.
    pub(super) fn given(&self) -> &[PathBuf] {
        match self {
            Self::Text(_) => &[],
            Self::Staged(staged) => &staged.given,
            Self::Walk { given, .. } => given,
        }
    }

    /// The files that declare an ECR repository. Each is opened for that, and once
    /// more when it is judged: what pushes to its ECR repositories is asked of all
    /// files of its git repository, so that it must be known before.
    pub(super) fn templates(&self, rules: &Rules, interrupt: &Interrupt) -> Vec<PathBuf> {
        let rules = Rules {
            max_size: rules.max_size,
            ..Rules::default()
        };
        let declares = |path: &Path| {
            let Ok(Some(bytes)) = read::file(path, rules.max_size) else {
                return false;
            };
            // One that makes us fail is told when it is judged.
            let assessed = panic::catch_unwind(|| assess(&bytes, &rules));
            assessed.is_ok_and(|assessed| assessed.is_ok_and(|one| one.facts.ecr_repositories > 0))
        };
        match self {
            Self::Text(name) => vec![name.clone()],
            Self::Staged(staged) => {
                let files = staged.files.iter().map(|staged| staged.file.whole.clone());
                files.filter(|file| declares(file)).collect()
            }
            Self::Walk { walk, .. } => {
                let templates = Mutex::new(Vec::new());
                walk.visit(&|found| {
                    if interrupt.is_set() {
                        return ControlFlow::Break(());
                    }
                    if let Discovered::File(target) = found
                        && declares(&target.real)
                        // A poisoned lock would mean a panic in `push`.
                        && let Ok(mut templates) = templates.lock()
                    {
                        templates.push(target.real);
                    }
                    ControlFlow::Continue(())
                });
                templates.into_inner().unwrap_or_default()
            }
        }
    }
}

impl StagedFiles {
    fn of(options: &Options, repository: &GitRepository, walk: &Walk) -> anyhow::Result<Self> {
        let mut files = repository.staged()?;
        let mut problems = Vec::new();
        let takes = walk.takes(repository.top(), &mut |problem| problems.push(problem));
        files.retain(|staged| takes(&staged.file.whole));
        drop(takes);
        let unstaged = match options.mode {
            Mode::Fix => repository.unstaged()?,
            Mode::Check | Mode::Diff => HashSet::new(),
        };
        let mut given = options.selection.paths.clone();
        given.push(repository.top().to_path_buf());
        Ok(Self {
            files,
            unstaged,
            problems,
            given,
        })
    }
}

/// Whether a path is that of a file, with no link in it.
pub(super) fn is_plain(whole: &Path) -> bool {
    fs::canonicalize(whole).is_ok_and(|real| real == whole) && whole.is_file()
}

/// The paths in a list.
fn listed(from: Option<&Path>, nul: bool) -> anyhow::Result<Vec<PathBuf>> {
    let bytes = match from {
        Some(path) => {
            fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?
        }
        None => read_stdin()?,
    };
    let end = if nul { 0 } else { b'\n' };
    let names = bytes.split(|&byte| byte == end).map(|name| {
        let line_end = if nul { &b""[..] } else { b"\r" };
        name.strip_suffix(line_end).unwrap_or(name)
    });
    names.filter(|name| !name.is_empty()).map(path_of).collect()
}

/// All of standard input.
pub(super) fn read_stdin() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.context("standard input cannot be read")?;
    Ok(bytes)
}

#[cfg(unix)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "other systems have names that are no paths"
)]
fn path_of(name: &[u8]) -> anyhow::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> anyhow::Result<PathBuf> {
    let name = std::str::from_utf8(name).context("a path in the list cannot be read")?;
    Ok(PathBuf::from(name))
}

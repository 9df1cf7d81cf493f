//! What is asked before anything is shown or written.
//!
//! This module owns the questions that forbid a write: whether a report would replace a
//! template, whether the summary would lie where the next commit takes it along, whether the
//! settings of this run hold for a file of another git repository, whether git knows what would
//! be replaced. It writes nothing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context as _, bail};

use super::inputs::Inputs;
use super::report_failed;
use crate::files::discover;
use crate::files::paths::{WorkingDirectory, real_folder};
use crate::files::{read, write};
use crate::git::repository::GitRepositories;
use crate::git::{self, Uncommitted};
use crate::options::Options;
use crate::outcome::FileError;
use crate::report;
use crate::settings::Settings;
use crate::settings::file::{self, Choice, Config};
use crate::settings::layer::Layer;
use immutag_engine::{Decision, Facts, Rules, assess};

/// The guards of a run, and what they have been told.
pub(super) struct Guards {
    /// The files that reports are written to. They are not scanned.
    reports: Vec<PathBuf>,
    /// Whether uncommitted changes forbid a write.
    requires_clean: bool,
    /// What is not committed, of the git repositories in which something is to be
    /// written: asked of git once for each.
    uncommitted: Mutex<HashMap<PathBuf, Arc<Asked>>>,
    /// The settings of the run; None where somebody said where they come from, for all files.
    settings: Option<Settings>,
    flags: Layer,
    /// The settings that git repositories have and that this run does not use,
    /// by the folders that were asked about.
    others: Mutex<HashMap<PathBuf, Option<Other>>>,
    /// The root of the git repository of the working directory.
    home: Option<PathBuf>,
    here: WorkingDirectory,
}

/// A file of settings that say something else than those of the run.
#[derive(Clone)]
struct Other {
    file: PathBuf,
    /// Whether that makes a difference where nothing is to be fixed, too.
    has_a_verdict: bool,
}

/// What git says of a git repository, once it has been asked, or why it has no
/// answer.
type Asked = OnceLock<Result<Uncommitted, String>>;

impl Guards {
    /// Asks what can be asked before a file is scanned.
    ///
    /// # Errors
    /// Where a report or a summary must not be written where it is to go, or cannot be.
    pub(super) fn new(
        options: &Options,
        settings: &Settings,
        inputs: &Inputs,
        git_repositories: &GitRepositories,
        here: &WorkingDirectory,
    ) -> anyhow::Result<Self> {
        let reports = reports(options)?;
        outside(options, inputs.given(), git_repositories)?;
        Ok(Self {
            reports,
            requires_clean: options.require_clean,
            uncommitted: Mutex::default(),
            settings: (options.config == Choice::Found).then(|| settings.clone()),
            flags: options.flags.clone(),
            others: Mutex::default(),
            home: GitRepositories::new(here).root(Path::new(file::NAME)),
            here: here.clone(),
        })
    }

    /// Whether a report is written to this file.
    pub(super) fn is_report(&self, real: &Path) -> bool {
        !self.reports.is_empty()
            && fs::canonicalize(real).is_ok_and(|real| self.reports.contains(&real))
    }

    /// Asks whether git knows the contents of a file that is to be written, if that
    /// is required.
    ///
    /// # Errors
    /// Where it does not, or there is no git repository.
    pub(super) fn is_clean(
        &self,
        file: &Path,
        git_repositories: &GitRepositories,
    ) -> Result<(), FileError> {
        if !self.requires_clean {
            return Ok(());
        }
        let refused = |why: &str| FileError {
            position: None,
            code: "uncommitted",
            message: format!("not written: {why}, or run without --require-clean"),
        };
        let Some(root) = git_repositories.root(file) else {
            return Err(refused("it lies in no git repository; commit it to one"));
        };
        let asked = match self.uncommitted.lock() {
            Ok(mut asked) => Arc::clone(asked.entry(root.clone()).or_default()),
            // Only a panic in `entry` poisons it.
            Err(_) => Arc::default(),
        };
        let asked =
            asked.get_or_init(|| git::uncommitted(&root).map_err(|error| error.to_string()));
        match asked {
            Err(error) => Err(refused(&format!(
                "git does not tell whether it is committed: {error}"
            ))),
            Ok(uncommitted) => match fs::canonicalize(file) {
                Ok(file) if uncommitted.hides(&file) => Err(refused(
                    "git is told not to look for changes of it (skip-worktree or \
                     assume-unchanged); undo that with git update-index",
                )),
                Ok(file) if !uncommitted.has(&file) => Ok(()),
                _ => Err(refused(
                    "it has changes that are not committed; commit or stash them",
                )),
            },
        }
    }

    /// Asks whether the settings of this run are those that a file with findings is
    /// to be judged by.
    ///
    /// # Errors
    /// Where it lies in another git repository than the working directory, one that
    /// has settings of its own, which say something else: that it is to be left
    /// alone, or that a tag is to move.
    pub(super) fn settings_hold(
        &self,
        file: &Path,
        facts: &Facts,
        git_repositories: &GitRepositories,
    ) -> Result<(), FileError> {
        let Some(settings) = &self.settings else {
            return Ok(());
        };
        let is_planned = facts.has_fix();
        if !is_planned && !facts.findings.iter().any(|finding| finding.counts) {
            return Ok(());
        }
        let root = git_repositories.root(file);
        let Some(root) = root.filter(|root| Some(root) != self.home.as_ref()) else {
            return Ok(());
        };
        let folder = file.parent().and_then(real_folder);
        let folder = folder.unwrap_or_else(|| root.clone());
        let other = || self.other(settings, &folder, &root);
        let other = match self.others.lock() {
            Ok(mut others) => others.entry(folder.clone()).or_insert_with(other).clone(),
            // Only a panic in `entry` poisons it.
            Err(_) => other(),
        };
        let mut counting = facts.findings.iter().filter(|finding| finding.counts);
        let is_report_only =
            !is_planned && counting.all(|finding| finding.decision == Decision::ReportOnly);
        match other.filter(|other| other.has_a_verdict || !is_report_only) {
            None => Ok(()),
            Some(other) => Err(FileError {
                position: None,
                code: "settings",
                message: format!(
                    "its repository has settings of its own, {}, and they do not hold here; run \
                     immutag where they do, leave the file out with --exclude, or say which \
                     settings hold with --config FILE or --no-config",
                    report::shown(&self.here.shown(&other.file))
                ),
            }),
        }
    }

    /// The settings that a folder of another git repository has of its own, if they
    /// say something else than those of this run.
    fn other(&self, settings: &Settings, folder: &Path, root: &Path) -> Option<Other> {
        let file = file::beside(folder, root)?;
        let used = settings.file().and_then(|used| fs::canonicalize(used).ok());
        if used.is_some() && fs::canonicalize(&file).ok() == used {
            return None;
        }
        let read = Config::read(&Choice::Named(file.clone()), &self.here)
            .ok()
            .flatten();
        let Some(config) = read else {
            let has_a_verdict = true;
            return Some(Other {
                file,
                has_a_verdict,
            });
        };
        // A file that says nothing has no settings.
        if config.layer == Layer::default() {
            return None;
        }
        let own = Settings::new(&self.flags, Some(config)).ok();
        let is_same = |is_report_only| {
            own.as_ref()
                .is_some_and(|own| settings.is_equivalent_to(own, is_report_only))
        };
        let has_a_verdict = !is_same(true);
        (!is_same(false)).then_some(Other {
            file,
            has_a_verdict,
        })
    }
}

/// Sees to it that the summary is written outside of the folders that are
/// scanned, and of the git repositories of the files that are.
fn outside(
    options: &Options,
    given: &[PathBuf],
    git_repositories: &GitRepositories,
) -> anyhow::Result<()> {
    let Some(file) = &options.summary_file else {
        return Ok(());
    };
    let whole = write::destination(&file.path).ok();
    let Some(folder) = whole.and_then(|whole| Some(whole.parent()?.to_path_buf())) else {
        return Ok(());
    };
    for path in given {
        let Ok(whole) = fs::canonicalize(path) else {
            continue;
        };
        let tree = if whole.is_dir() {
            Some(whole)
        } else {
            git_repositories.root(path)
        };
        if let Some(tree) = tree.filter(|tree| folder.starts_with(tree)) {
            bail!(
                "the summary {} would lie in {}, where the next commit could take it along; \
                 name a file outside with --summary-file",
                report::shown(&file.path),
                report::shown(&tree)
            );
        }
    }
    Ok(())
}

/// Returns the files that reports are to be written to.
///
/// # Errors
/// Where one of them is a template, or may be one that cannot be read: nobody
/// wants it replaced by a report. Where it is named for two of them. Where it is clear
/// already that it cannot be written.
fn reports(options: &Options) -> anyhow::Result<Vec<PathBuf>> {
    let files = options.files.iter();
    let files = files.map(|file| (&file.path, "--output-file"));
    let summary = options.summary_file.iter();
    let mut reports = Vec::new();
    let mut streams = Vec::new();
    for (named, flag) in files.chain(summary.map(|file| (&file.path, "--summary-file"))) {
        // What is written by then would have no report.
        write::expect_to_create(named).with_context(|| report_failed(named))?;
        // A pipe takes as many as there are.
        if named.exists() && !named.is_file() {
            continue;
        }
        let Ok(path) = write::destination(named) else {
            continue;
        };
        let is_stream = write::is_stream(named);
        if reports.contains(&path) || !is_stream && streams.contains(&path) {
            bail!(
                "{} is to take two reports, and a file takes one; name another file with {flag}",
                report::shown(named)
            );
        }
        // So does a stream, and what it was sent to stays.
        if is_stream {
            streams.push(path);
            continue;
        }
        if path.is_file() && is_template(&path, options.max_size) {
            bail!(
                "{} is a template, or may be one that cannot be read, and no report is written \
                 over it; name another file with {flag}",
                report::shown(named)
            );
        }
        reports.push(path);
    }
    Ok(reports)
}

/// Whether a file is a template with ECR repositories or creation templates, or may be one
/// that cannot be read.
fn is_template(path: &Path, max_size: u64) -> bool {
    let mut rules = Rules {
        max_size,
        ..Rules::default()
    };
    rules.policy.creation_templates = true;
    match read::file(path, max_size) {
        Ok(None) => false,
        Ok(Some(bytes)) => assess(&bytes, &rules).map_or_else(
            |_| discover::is_named_as_template(path),
            |assessment| assessment.facts.ecr_repositories > 0,
        ),
        Err(_) => discover::is_named_as_template(path),
    }
}

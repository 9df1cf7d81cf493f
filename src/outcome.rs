//! What a run has to say: about one file, and in all.
//!
//! This module owns the facts that reports are made of. It neither makes
//! them nor words them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use immutag_engine::assess::{Answer, Assessment, TextError};
use immutag_engine::text::diff::Hunk;
use immutag_engine::text::span::Position;

/// Why a file was not assessed, or not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Where in the file, if it is about its text.
    pub position: Option<Position>,
    /// A short name that stays the same between releases.
    pub code: &'static str,
    /// What is wrong, and the remedy.
    pub message: String,
}

impl FileError {
    /// An error of the file system's, with its remedy.
    #[must_use]
    pub fn io(message: String) -> Self {
        Self {
            position: None,
            code: "io",
            message,
        }
    }
}

impl From<TextError> for FileError {
    fn from(error: TextError) -> Self {
        Self {
            position: Some(error.position),
            code: error.code,
            message: error.message,
        }
    }
}

/// What a run has to say about one file.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file, as it was named or found.
    pub path: PathBuf,
    /// Its own name, if it was named by a symbolic link.
    pub real: Option<PathBuf>,
    /// The root of the git repository that it lies in: as a path from the
    /// working directory if it lies below, `.` for that directory's own.
    pub repository: Option<PathBuf>,
    /// The findings, without the texts, or why there are none.
    pub result: Result<Assessment, FileError>,
    /// The lines that the repair changes, where a format shows them.
    pub hunks: Vec<Hunk>,
    /// Whether the file was changed.
    pub changed: bool,
}

impl Outcome {
    /// What there is to say about a file that nothing is done to.
    #[must_use]
    pub fn new(path: PathBuf, result: Result<Assessment, FileError>) -> Self {
        Self {
            path,
            real: None,
            repository: None,
            result,
            hunks: Vec::new(),
            changed: false,
        }
    }

    /// The name of the file in a patch. Behind a link it is the file's own
    /// name, since no tool patches through a link.
    #[must_use]
    pub fn patched(&self) -> &Path {
        self.real.as_deref().unwrap_or(&self.path)
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files looked at, most of them no further than the prefilter.
    pub files: usize,
    /// Templates that declare a repository.
    pub templates: usize,
    /// Templates with findings.
    pub broken: usize,
    /// Repositories declared.
    pub repositories: usize,
    /// Findings that are, or would be, fixed.
    pub fixed: usize,
    /// Findings whose fix the rules do not allow.
    pub withheld: usize,
    /// Findings whose fix is not made since the rules ask for a report only.
    pub report_only: usize,
    /// Findings without a fix.
    pub refused: usize,
    /// Findings whose fix the user said no to.
    pub declined: usize,
    /// What cannot be decided.
    pub notes: usize,
    /// What users asked to leave alone, findings and notes alike.
    pub suppressed: usize,
    /// Files that failed.
    pub errors: usize,
    /// Files changed.
    pub changed: usize,
    /// Whether a signal ended the run before all files were looked at.
    pub interrupted: bool,
}

impl Summary {
    /// All findings that break the rule.
    #[must_use]
    pub fn findings(&self) -> usize {
        self.fixed + self.left()
    }

    /// The findings that `fix` leaves.
    #[must_use]
    pub fn left(&self) -> usize {
        self.withheld + self.report_only + self.refused + self.declined
    }

    /// Counts one more outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        let Ok(assessment) = &outcome.result else {
            self.errors += 1;
            return;
        };
        self.changed += usize::from(outcome.changed);
        self.templates += usize::from(assessment.repositories > 0);
        self.repositories += assessment.repositories;
        let before = self.findings();
        for finding in &assessment.findings {
            let counter = match finding.answer {
                Answer::Suppressed { .. } => &mut self.suppressed,
                _ if !finding.counts => &mut self.notes,
                Answer::Fixed(_) => &mut self.fixed,
                Answer::Withheld(_) => &mut self.withheld,
                Answer::ReportOnly => &mut self.report_only,
                Answer::Refused { .. } => &mut self.refused,
                Answer::Declined => &mut self.declined,
            };
            *counter += 1;
        }
        self.broken += usize::from(self.findings() > before);
    }
}

/// What a run came to, in all and in each git repository.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// In all.
    pub summary: Summary,
    /// In each repository, by [`Outcome::repository`]. The files that were
    /// looked at are not counted here.
    pub repositories: BTreeMap<Option<PathBuf>, Summary>,
}

impl Tally {
    /// Counts one more outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.summary.add(outcome);
        let repository = self.repositories.entry(outcome.repository.clone());
        repository.or_default().add(outcome);
    }

    /// Takes note of a repository in which nothing may be found.
    pub fn enter(&mut self, repository: Option<PathBuf>) {
        self.repositories.entry(repository).or_default();
    }
}

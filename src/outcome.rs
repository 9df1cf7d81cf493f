//! What a run has to say: about one file, and in all.
//!
//! This module owns the facts that reports are made of. It neither makes
//! them nor words them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use immutag_engine::{
    Decision, Facts, Finding, Fixed, FixedEdit, Hunk, Position, ProofError, TemplateError,
};

/// Why a file was not assessed, or not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileError {
    /// Where in the file, if it is about its text.
    pub(crate) position: Option<Position>,
    /// A short name that stays the same between releases.
    pub(crate) code: &'static str,
    /// What is wrong, and the remedy.
    pub(crate) message: String,
}

impl FileError {
    /// An error of the file system's, with its remedy.
    #[must_use]
    pub(crate) fn io(message: String) -> Self {
        Self {
            position: None,
            code: "io",
            message,
        }
    }
}

impl From<TemplateError> for FileError {
    fn from(error: TemplateError) -> Self {
        Self {
            position: Some(error.position),
            code: error.code,
            message: format!("{}{}", error.message, remedy(error.code)),
        }
    }
}

impl From<ProofError> for FileError {
    fn from(error: ProofError) -> Self {
        Self {
            position: Some(Position { line: 1, column: 1 }),
            code: "proof",
            message: format!(
                "the repair could not be proven ({error}), so the file stays as it is; please \
                 report this file's shape as a bug"
            ),
        }
    }
}

/// What to do about a template that could not be assessed, by the code of the error: what the
/// engine cannot name, since only this program has it.
fn remedy(code: &str) -> &'static str {
    match code {
        "syntax" => "; correct the file, or leave it out with --exclude",
        "depth" => "; leave the file out with --exclude",
        "size" => "; raise it with --max-file-size",
        _ => "",
    }
}

/// What a run has to say about one file.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The file, as it was named or found.
    pub(crate) path: PathBuf,
    /// Its own name, if it was named by a symbolic link.
    pub(crate) real: Option<PathBuf>,
    /// The root of the git repository that it lies in: as a path from the
    /// working directory if it lies below, `.` for that directory's own.
    pub(crate) git_repository: Option<PathBuf>,
    /// What there is to say about the template, or why there is nothing.
    pub(crate) result: Result<Facts, FileError>,
    /// The edits that fix each finding, by its index; none where they are neither shown nor
    /// written.
    edits: BTreeMap<usize, Vec<FixedEdit>>,
    /// The lines that the fixes change, where a format shows them.
    pub(crate) hunks: Vec<Hunk>,
    /// Whether the file was changed.
    pub(crate) changed: bool,
}

impl Outcome {
    /// What there is to say about a file that nothing is done to.
    #[must_use]
    pub(crate) fn new(path: PathBuf, result: Result<Facts, FileError>) -> Self {
        Self {
            path,
            real: None,
            git_repository: None,
            result,
            edits: BTreeMap::new(),
            hunks: Vec::new(),
            changed: false,
        }
    }

    /// Takes what is shown of a proven fix.
    pub(crate) fn show(&mut self, fixed: &Fixed, shows_edits: bool, shows_lines: bool) {
        if shows_edits {
            self.edits = fixed.edits_by_finding();
        }
        if shows_lines {
            self.hunks = fixed.hunks();
        }
    }

    /// The findings, each with the edits that fix it.
    pub(crate) fn findings(&self) -> impl Iterator<Item = (&Finding, &[FixedEdit])> {
        let findings = self.result.iter().flat_map(|facts| &facts.findings);
        findings.enumerate().map(|(index, finding)| {
            let edits = self.edits.get(&index);
            (finding, edits.map_or(&[][..], Vec::as_slice))
        })
    }

    /// The name of the file in a patch. Behind a link it is the file's own
    /// name, since no tool patches through a link.
    #[must_use]
    pub(crate) fn patched(&self) -> &Path {
        self.real.as_deref().unwrap_or(&self.path)
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Files looked at, most of them no further than the prefilter.
    pub(crate) files: usize,
    /// Templates that declare a repository.
    pub(crate) templates: usize,
    /// Templates with findings.
    pub(crate) broken: usize,
    /// ECR repositories declared.
    pub(crate) ecr_repositories: usize,
    /// Findings that are, or would be, fixed.
    pub(crate) fixed: usize,
    /// Findings whose fix the rules do not allow.
    pub(crate) withheld: usize,
    /// Findings whose fix is not made since the rules ask for a report only.
    pub(crate) report_only: usize,
    /// Findings without a fix.
    pub(crate) refused: usize,
    /// Findings whose fix the user said no to.
    pub(crate) declined: usize,
    /// What cannot be decided.
    pub(crate) notes: usize,
    /// What users asked to leave alone, findings and notes alike.
    pub(crate) suppressed: usize,
    /// Files that failed.
    pub(crate) errors: usize,
    /// Files changed.
    pub(crate) changed: usize,
    /// Whether a signal ended the run before all files were looked at.
    pub(crate) interrupted: bool,
}

impl Summary {
    /// All findings that break the rule.
    #[must_use]
    pub(crate) fn findings(&self) -> usize {
        self.fixed + self.left()
    }

    /// The findings that `fix` leaves.
    #[must_use]
    pub(crate) fn left(&self) -> usize {
        self.withheld + self.report_only + self.refused + self.declined
    }

    /// Counts one more outcome.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let Ok(facts) = &outcome.result else {
            self.errors += 1;
            return;
        };
        self.changed += usize::from(outcome.changed);
        self.templates += usize::from(facts.ecr_repositories > 0);
        self.ecr_repositories += facts.ecr_repositories;
        let before = self.findings();
        for finding in &facts.findings {
            let counter = match finding.decision {
                Decision::Suppressed { .. } => &mut self.suppressed,
                _ if !finding.counts => &mut self.notes,
                Decision::Fix(_) => &mut self.fixed,
                Decision::Withheld(_) => &mut self.withheld,
                Decision::ReportOnly => &mut self.report_only,
                Decision::Refused { .. } => &mut self.refused,
                Decision::Declined => &mut self.declined,
            };
            *counter += 1;
        }
        self.broken += usize::from(self.findings() > before);
    }
}

/// What a run came to, in all and in each git repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// In all.
    pub(crate) summary: Summary,
    /// In each git repository, by [`Outcome::git_repository`]. The files that were
    /// scanned are not counted here.
    pub(crate) git_repositories: BTreeMap<Option<PathBuf>, Summary>,
}

impl Tally {
    /// Counts one more outcome.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.summary.add(outcome);
        let repository = self.git_repositories.entry(outcome.git_repository.clone());
        repository.or_default().add(outcome);
    }

    /// Takes note of a repository in which nothing may be found.
    pub(crate) fn enter(&mut self, repository: Option<PathBuf>) {
        self.git_repositories.entry(repository).or_default();
    }
}

//! The run: files through the pipeline, in parallel, reported in order.
//!
//! This module owns what happens around the pure core: reading files, keeping
//! one file's failure from the others, what becomes of a remediation in each
//! mode, the order of the output, the exit status. It knows neither syntax
//! nor wording.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

use anstream::AutoStream;

use crate::cli::{Color, Input, Mode, Options, Verbosity};
use crate::discover::{Target, Walk};
use crate::remediate::{remediate, Answer, Assessment, Rules, TextError};
use crate::report::{patch, text};
use crate::source;
use crate::span::Position;
use crate::write;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Nothing is left to do.
    Clean,
    /// Findings are left, or files were changed and the user asked to know.
    Findings,
    /// A file could not be read, or a repair not be proven or written.
    Error,
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Clean => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Error => 2,
        })
    }
}

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
    fn io(message: String) -> Self {
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
    /// The findings, without the texts, or why there are none.
    pub result: Result<Assessment, FileError>,
    /// Whether the file was changed.
    pub changed: bool,
    /// The patch, where one was asked for.
    pub patch: Vec<u8>,
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
    /// Findings without a fix.
    pub refused: usize,
    /// What cannot be decided.
    pub notes: usize,
    /// Files that failed.
    pub errors: usize,
    /// Files changed.
    pub changed: usize,
}

impl Summary {
    /// All findings that break the rule.
    #[must_use]
    pub fn findings(&self) -> usize {
        self.fixed + self.withheld + self.refused
    }

    fn add(&mut self, outcome: &Outcome) {
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
                _ if !finding.counts => &mut self.notes,
                Answer::Fixed => &mut self.fixed,
                Answer::Withheld(_) => &mut self.withheld,
                Answer::Refused { .. } => &mut self.refused,
            };
            *counter += 1;
        }
        self.broken += usize::from(self.findings() > before);
    }

    fn status(&self, options: &Options) -> ExitStatus {
        let left = match options.mode {
            Mode::Check | Mode::Diff => self.findings(),
            Mode::Fix => self.withheld + self.refused,
        };
        if self.errors > 0 {
            ExitStatus::Error
        } else if left > 0 && !options.exit_zero || self.changed > 0 && options.exit_non_zero_on_fix
        {
            ExitStatus::Findings
        } else {
            ExitStatus::Clean
        }
    }
}

/// Does what the options say, from reading to the exit status. Standard
/// output takes what was asked for (findings, a patch, a repaired text), and
/// standard error the rest.
///
/// # Errors
/// A usage error (a glob that is none, a list that cannot be read), or a
/// failing output. What is wrong with a single file is reported, not
/// returned. A reader that closes the output early is no error.
pub fn run(options: &Options) -> anyhow::Result<ExitStatus> {
    let (outcomes, files, stdin) = match &options.input {
        Input::Stdin { name } => {
            let (outcome, text) = standard_input(name, options)?;
            (vec![outcome], 1, Some(text))
        }
        Input::Paths | Input::List { .. } => {
            let (outcomes, files) = walk(options)?;
            (outcomes, files, None)
        }
    };
    let mut summary = Summary {
        files,
        ..Summary::default()
    };
    for outcome in &outcomes {
        summary.add(outcome);
    }
    match report(options, &outcomes, &summary, stdin.as_deref()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result?,
    }
    Ok(summary.status(options))
}

fn walk(options: &Options) -> anyhow::Result<(Vec<Outcome>, usize)> {
    let mut selection = options.selection.clone();
    if let Input::List { from, nul } = &options.input {
        selection.paths.extend(listed(from.as_deref(), *nul)?);
    }
    let walk = Walk::new(selection)?;
    let files = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    walk.visit(&|found| {
        let outcome = match found {
            Ok(target) => {
                files.fetch_add(1, Ordering::Relaxed);
                isolated(&target, options)
            }
            Err(problem) => Some(Outcome {
                path: problem.path().to_path_buf(),
                result: Err(FileError::io(problem.to_string())),
                changed: false,
                patch: Vec::new(),
            }),
        };
        if let Some(outcome) = outcome {
            // A poisoned lock would mean a panic in `push`.
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push(outcome);
            }
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((outcomes, files.into_inner()))
}

/// One file, its panics included: one that makes us fail is one error.
fn isolated(target: &Target, options: &Options) -> Option<Outcome> {
    let done = panic::catch_unwind(AssertUnwindSafe(|| one_file(target, options)));
    let result = match done {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(FileError {
            position: None,
            code: "internal",
            message: "immutag failed on this file and left it as it was; please report it as a bug"
                .to_owned(),
        }),
    };
    Some(Outcome {
        path: target.path.clone(),
        result,
        changed: false,
        patch: Vec::new(),
    })
}

/// One file; None where there is nothing to say about it.
fn one_file(target: &Target, options: &Options) -> Result<Option<Outcome>, FileError> {
    let Some(bytes) = read(&target.real, &options.rules)? else {
        return Ok(None);
    };
    let mut assessment = remediate(&bytes, &options.rules)?;
    let remediation = assessment.remediation.take();
    let mut outcome = Outcome {
        path: target.path.clone(),
        result: Ok(assessment),
        changed: false,
        patch: Vec::new(),
    };
    if let Some(remediation) = remediation {
        match options.mode {
            Mode::Check => {}
            Mode::Diff => patch::write(&patched(target), &remediation, &mut outcome.patch)
                .map_err(|error| FileError::io(error.to_string()))?,
            Mode::Fix => {
                write::replace(&target.real, &bytes, remediation.after.as_bytes())
                    .map_err(|error| FileError::io(error.to_string()))?;
                outcome.changed = true;
            }
        }
    }
    Ok(Some(outcome))
}

/// The name of a file in a patch. Behind a link it is the file's own name, since no
/// tool patches through a link.
fn patched(target: &Target) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    match here {
        Ok(here) if target.real != target.path => match target.real.strip_prefix(here) {
            Ok(below) => below.to_path_buf(),
            Err(_) => target.real.clone(),
        },
        _ => target.path.clone(),
    }
}

/// The bytes of a file that may concern us; None for any other. One that is
/// over the limit is not held in memory to find that out.
fn read(path: &Path, rules: &Rules) -> Result<Option<Vec<u8>>, FileError> {
    let failed = |error: io::Error| FileError::io(format!("cannot be read: {error}"));
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > rules.max_size {
        return if names_repository(&mut file).map_err(failed)? {
            let limit = rules.max_size;
            let error = source::SourceError::TooLarge { size, limit };
            Err(FileError {
                position: None,
                code: error.code(),
                message: error.to_string(),
            })
        } else {
            Ok(None)
        };
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(source::concerns_us(&bytes).then_some(bytes))
}

/// The prefilter over a file of any size, a piece at a time.
fn names_repository(file: &mut File) -> io::Result<bool> {
    /// More than the name takes in any spelling, so that none is missed
    /// where two pieces meet.
    const OVERLAP: usize = 4096;
    let mut piece = Vec::new();
    loop {
        let kept = piece.len().min(OVERLAP);
        piece.drain(..piece.len() - kept);
        let read = Read::by_ref(file).take(1 << 20).read_to_end(&mut piece)?;
        if source::concerns_us(&piece) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}

/// Standard input: its outcome, and the text to give back.
fn standard_input(name: &Path, options: &Options) -> anyhow::Result<(Outcome, Vec<u8>)> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let mut outcome = Outcome {
        path: name.to_path_buf(),
        result: Ok(Assessment::default()),
        changed: false,
        patch: Vec::new(),
    };
    match remediate(&bytes, &options.rules) {
        Ok(mut assessment) => {
            if let Some(remediation) = assessment.remediation.take() {
                outcome.changed = options.mode == Mode::Fix;
                patch::write(name, &remediation, &mut outcome.patch)?;
                bytes = remediation.after.into_bytes();
            }
            outcome.result = Ok(assessment);
        }
        Err(error) => outcome.result = Err(error.into()),
    }
    Ok((outcome, bytes))
}

/// The paths in a list.
fn listed(from: Option<&Path>, nul: bool) -> anyhow::Result<Vec<PathBuf>> {
    use anyhow::Context;
    let mut bytes = Vec::new();
    match from {
        Some(path) => {
            bytes = fs::read(path)
                .with_context(|| format!("--files-from {}: cannot be read", path.display()))?;
        }
        None => {
            io::stdin().lock().read_to_end(&mut bytes)?;
        }
    }
    let end = if nul { 0 } else { b'\n' };
    bytes
        .split(|&byte| byte == end)
        .map(|name| {
            if nul {
                name
            } else {
                name.strip_suffix(b"\r").unwrap_or(name)
            }
        })
        .filter(|name| !name.is_empty())
        .map(path_of)
        .collect()
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
    use anyhow::Context;
    let name = std::str::from_utf8(name).context("--files-from: a path is not UTF-8")?;
    Ok(PathBuf::from(name))
}

/// Prints everything, in the order of the outcomes.
fn report(
    options: &Options,
    outcomes: &[Outcome],
    summary: &Summary,
    stdin: Option<&[u8]>,
) -> io::Result<()> {
    let color = match options.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let mut errors = AutoStream::new(io::stderr(), color);
    let gives_text = stdin.is_some() && options.mode == Mode::Fix;
    {
        let stdout = io::stdout();
        let mut lines: Box<dyn Write> = if options.mode == Mode::Diff || gives_text {
            Box::new(io::BufWriter::new(&mut errors))
        } else {
            Box::new(io::BufWriter::new(AutoStream::new(stdout, color)))
        };
        for outcome in outcomes {
            text::write(outcome, options, &mut *lines)?;
        }
        lines.flush()?;
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    if options.mode == Mode::Diff {
        for outcome in outcomes {
            out.write_all(&outcome.patch)?;
        }
    }
    if let (Some(text), true) = (stdin, gives_text) {
        out.write_all(text)?;
    }
    out.flush()?;
    if options.verbosity > Verbosity::Quiet {
        text::write_summary(summary, options.mode, &mut errors)?;
    }
    Ok(())
}

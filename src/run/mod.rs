//! The run: files through the engine, in parallel, reported in order.
//!
//! This module owns what happens around the engine: the order of the steps, what is kept of the
//! outcomes, the exit status. Which files there are stands in `inputs`, the one way that each of
//! them takes in `file`, what is asked before anything is shown or written in `guards`, what
//! pushes moving tags in `impact`. It knows neither syntax nor wording.

mod file;
mod guards;
mod impact;
mod inputs;
mod notes;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anstream::AutoStream;
use anyhow::{Context as _, bail};

use self::file::{Input, Source};
use self::guards::Guards;
use self::inputs::{Inputs, StagedFiles};
use crate::cli::{Shell, manual};
use crate::explain::{self, Topic};
use crate::files::discover::{self, Discovered, Problem, Walk};
use crate::files::paths::WorkingDirectory;
use crate::files::write;
use crate::git::Blobs;
use crate::git::repository::GitRepositories;
use crate::options::{Mode, Options, OutputFormat, Verbosity};
use crate::outcome::{FileError, Outcome, Summary, Tally};
use crate::report::{self, Report};
use crate::settings::Settings;
use crate::settings::file::{Choice, Config};
use crate::settings::layer::Layer;
use crate::settings::lists::Lists;
use crate::survey::Surveys;
use crate::terminal::interrupts::{self, Interrupt};
use crate::terminal::progress::{Counts, Progress};
use crate::terminal::questions::Session;
use immutag_engine::{Date, Decision, Rules, SuppressionRules};

pub(crate) use self::impact::impact;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExitStatus {
    /// Nothing is left to do.
    Clean,
    /// Findings are left, or files were changed and the user asked to know.
    Findings,
    /// A file could not be read, or a fix not be proven or written.
    Error,
    /// A signal ended the run.
    Interrupted,
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Clean => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Error => 2,
            ExitStatus::Interrupted => interrupts::STATUS,
        })
    }
}

/// Does what the command line and the file of the settings say, from reading
/// to the exit status. Standard output takes what was asked for (findings, a
/// patch, a fixed template), and standard error the rest.
///
/// # Errors
/// A usage error (an invalid glob, a list or a file of settings that
/// cannot be read), or a failing output. What is wrong with a single file is reported, not
/// returned. A reader that closes the output early is no error.
///
/// An interrupted run finishes the files in hand, scans no other, and
/// reports what it has.
pub(crate) fn run(options: &Options, interrupt: &Interrupt) -> anyhow::Result<ExitStatus> {
    let here = &WorkingDirectory::read();
    let settings = &resolved(&options.config, &options.flags, here)?;
    let inputs = Inputs::of(options, settings, here)?;
    let run = Run::new(options, settings, &inputs, interrupt, here)?;
    if options.interactive && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        bail!(
            "--interactive needs a terminal to ask on; without one, name the files to repair: \
             immutag fix FILE..."
        );
    }
    let mut text = None;
    let mut collected = match &inputs {
        Inputs::Text(name) => {
            let text = text.insert(interrupt.at_any_time(inputs::read_stdin)?);
            run.text(name, text)
        }
        Inputs::Staged(files) => run.staged(files)?,
        Inputs::Walk { walk, problems, .. } => run.walk(walk, problems),
    };
    collected.kept.extend(run.unused_entries(&collected.kept));
    collected.kept.extend(run.strays());
    collected.kept.sort_by(|a, b| a.path.cmp(&b.path));
    if options.interactive {
        run.ask(&mut collected.kept);
    }
    let Collected { kept, let_go } = collected;
    let mut tally = let_go;
    for outcome in &kept {
        tally.add(outcome);
    }
    tally.summary.interrupted = interrupt.is_set();
    let report = Report {
        options,
        rules: &run.rules,
        outcomes: &kept,
        summary: &tally.summary,
        git_repositories: &tally.git_repositories,
    };
    for file in &options.files {
        write_report(&file.path, report::to_bytes(&report, file.format))?;
    }
    if let Some(file) = &options.summary_file {
        write_report(&file.path, report::summary_to_bytes(&report, file.format))?;
    }
    match report::write(&report, text.as_deref()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.context(OUTPUT_FAILED)?,
    }
    run.note_impact(&kept);
    Ok(status(&tally.summary, options))
}

const OUTPUT_FAILED: &str = "the output failed";

/// Writes a report to a file of its own.
fn write_report(path: &Path, report: io::Result<Vec<u8>>) -> anyhow::Result<()> {
    let written = report.and_then(|bytes| write::create(path, &bytes));
    written.with_context(|| report_failed(path))
}

fn report_failed(path: &Path) -> String {
    format!("the report {} cannot be written", report::shown(path))
}

/// Prints the settings that hold, and where each comes from.
///
/// # Errors
/// A file of settings that cannot be read, an invalid glob, or a failing
/// output. A reader that closes it early is no error.
pub(crate) fn settings(choice: &Choice, flags: &Layer) -> anyhow::Result<ExitStatus> {
    let settings = resolved(choice, flags, &WorkingDirectory::read())?;
    for patterns in [settings.include(), settings.exclude()] {
        for glob in &patterns.globs {
            discover::check_glob(glob)?;
        }
    }
    printed(report::settings::write(&settings, &mut io::stdout().lock()))
}

/// The settings that hold, by the flags and the file that is chosen.
fn resolved(choice: &Choice, flags: &Layer, here: &WorkingDirectory) -> anyhow::Result<Settings> {
    Ok(Settings::new(flags, Config::read(choice, here)?)?)
}

/// Prints what a code means, or all codes.
///
/// # Errors
/// A failing output. A reader that closes it early is no error.
pub(crate) fn explain(topic: Option<Topic>) -> anyhow::Result<ExitStatus> {
    printed(explain::write(topic, &mut io::stdout().lock()))
}

/// Prints the completions for a shell.
///
/// # Errors
/// As those of [`explain()`].
pub(crate) fn completions(shell: Shell) -> anyhow::Result<ExitStatus> {
    printed(manual::write_completions(shell, &mut io::stdout().lock()))
}

/// Prints the manual page of a subcommand; that of the program where none is
/// named.
///
/// # Errors
/// As those of [`explain()`].
pub(crate) fn manual(command: Option<&str>) -> anyhow::Result<ExitStatus> {
    printed(manual::write_page(command, &mut io::stdout().lock()))
}

/// The exit status of what only prints.
fn printed(result: io::Result<()>) -> anyhow::Result<ExitStatus> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context(OUTPUT_FAILED)
        }
        _ => Ok(ExitStatus::Clean),
    }
}

/// What a run knows: what it is asked for, and what of the world beside the files has a say in
/// it.
struct Run<'o> {
    options: &'o Options,
    settings: &'o Settings,
    here: &'o WorkingDirectory,
    /// The rules for all files, before overrides and lists.
    rules: Rules,
    /// Whether edits are shown or written, so that they are to be proven.
    proves: bool,
    /// Whether the edits of findings are shown.
    shows_edits: bool,
    /// Whether the lines that fixes change are shown.
    shows_lines: bool,
    /// The lists of suppressions, empty where none count.
    lists: Lists,
    /// The numbers of the lists' entries that are for some file of the run.
    looked_for: Mutex<BTreeSet<usize>>,
    interrupt: &'o Interrupt,
    git_repositories: GitRepositories,
    guards: Guards,
    /// What pushes images in the git repositories of the files, if that is to
    /// be known before a file is judged.
    surveys: Option<Surveys>,
}

impl<'o> Run<'o> {
    fn new(
        options: &'o Options,
        settings: &'o Settings,
        inputs: &Inputs,
        interrupt: &'o Interrupt,
        here: &'o WorkingDirectory,
    ) -> anyhow::Result<Self> {
        let mut lists = Lists::default();
        if options.heeds_suppressions {
            let path = here
                .path()
                .context("the working directory cannot be read")?;
            lists = Lists::read(path)?;
        }
        let mut rules = Rules {
            max_size: options.max_size,
            suppressions: SuppressionRules {
                are_on: options.heeds_suppressions,
                today: today(),
                ..SuppressionRules::default()
            },
            ..Rules::default()
        };
        settings.apply(&mut rules);
        let git_repositories = GitRepositories::new(here);
        let guards = Guards::new(options, settings, inputs, &git_repositories, here)?;
        let is_terminal = io::stdout().is_terminal();
        let shows_edits = options.shows(is_terminal, OutputFormat::shows_edits);
        Ok(Self {
            options,
            settings,
            here,
            proves: options.mode != Mode::Check || shows_edits,
            shows_edits,
            shows_lines: options.shows(is_terminal, OutputFormat::shows_lines),
            surveys: options.keep_moving_tags.then(|| {
                let templates = inputs.templates(&rules, interrupt);
                let templates = templates.iter().map(std::path::PathBuf::as_path);
                Surveys::new(options.selection.no_ignore, templates, here)
            }),
            rules,
            lists,
            looked_for: Mutex::default(),
            interrupt,
            git_repositories,
            guards,
        })
    }

    /// Whether there is anything to say about a file, in some format.
    fn says(&self, outcome: &Outcome) -> bool {
        let Ok(facts) = &outcome.result else {
            return true;
        };
        !facts.findings.is_empty()
            || !facts.notes.is_empty()
            || !facts.unused_suppressions.is_empty()
            || self.options.verbosity == Verbosity::Verbose
            || self.options.shows(false, OutputFormat::shows_compliant)
    }

    /// The template on standard input. `text` holds it, and the fixed one afterwards.
    fn text(&self, name: &Path, text: &mut Vec<u8>) -> Collected {
        let mut collected = Collected::default();
        let input = Input {
            path: name,
            real: name,
            source: Source::Text(text),
        };
        if let Some(outcome) = file::outcome(input, self, None) {
            collected.add(outcome, self);
        }
        collected.let_go.summary.files = 1;
        collected
    }

    /// The files that a walk comes to.
    fn walk(&self, walk: &Walk, problems: &[Problem]) -> Collected {
        let mut told = Collected::default();
        for problem in problems {
            told.add(self.told(problem), self);
        }
        let counts = Counts::default();
        let collected = Mutex::new(told);
        let visit = || {
            walk.visit(&|found| {
                let outcome = match found {
                    _ if self.interrupt.is_set() => return ControlFlow::Break(()),
                    Discovered::File(target) => {
                        counts.files.fetch_add(1, Ordering::Relaxed);
                        let input = Input {
                            path: &target.path,
                            real: &target.real,
                            source: Source::File,
                        };
                        file::outcome(input, self, None)
                    }
                    Discovered::GitRepository(folder) => {
                        counts.repositories.fetch_add(1, Ordering::Relaxed);
                        // A poisoned lock would mean a panic in `insert`.
                        if let Ok(mut collected) = collected.lock() {
                            let repository = self.git_repositories.of(&folder.join(".git"));
                            collected.let_go.enter(repository);
                        }
                        None
                    }
                    Discovered::Problem(problem) => Some(self.told(&problem)),
                };
                if let Some(outcome) = outcome {
                    count_findings(&outcome, &counts.findings);
                    // A poisoned lock would mean a panic in `push`.
                    if let Ok(mut collected) = collected.lock() {
                        collected.add(outcome, self);
                    }
                }
                ControlFlow::Continue(())
            });
        };
        if self.options.verbosity == Verbosity::Quiet {
            visit();
        } else {
            thread::scope(|scope| {
                let _progress = Progress::begin(scope, &counts, || count_files(walk, &counts));
                visit();
            });
        }
        let mut collected = collected.into_inner().unwrap_or_default();
        let files = counts.files.into_inner();
        collected.let_go.summary.files = usize::try_from(files).unwrap_or(usize::MAX);
        collected
    }

    /// The files that are staged, each as the index has it. `fix` takes those from the work
    /// tree that are the same there.
    fn staged(&self, files: &StagedFiles) -> anyhow::Result<Collected> {
        let mut collected = Collected::default();
        for problem in &files.problems {
            collected.add(self.told(problem), self);
        }
        let mut blobs = Blobs::open()?;
        for staged in &files.files {
            if self.interrupt.is_set() {
                break;
            }
            collected.let_go.summary.files += 1;
            let path = &staged.file.path;
            let whole = &staged.file.whole;
            let is_the_same = self.options.mode == Mode::Fix
                && !files.unstaged.contains(whole)
                && inputs::is_plain(whole);
            let input = if is_the_same {
                Input {
                    path,
                    real: path,
                    source: Source::File,
                }
            } else {
                Input {
                    path,
                    real: whole,
                    source: Source::Index {
                        blob: staged.blob.as_deref(),
                        blobs: &mut blobs,
                    },
                }
            };
            if let Some(outcome) = file::outcome(input, self, None) {
                collected.add(outcome, self);
            }
        }
        Ok(collected)
    }

    /// Asks for each fix on the terminal, one file after the other, and makes
    /// those that are wanted. The files have been assessed, and none is written
    /// yet.
    fn ask(&self, outcomes: &mut [Outcome]) {
        let fixes = |outcome: &Outcome| {
            let findings = outcome.result.iter().flat_map(|facts| &facts.findings);
            let is_fixed = |decision: &Decision| matches!(decision, Decision::Fix(_));
            findings
                .filter(|finding| is_fixed(&finding.decision))
                .count()
        };
        let total = outcomes.iter().map(fixes).sum();
        let questions = AutoStream::new(io::stderr(), report::choice(self.options.color));
        let mut session = Session::new(io::stdin().lock(), questions, total);
        for outcome in outcomes.iter_mut().filter(|outcome| fixes(outcome) > 0) {
            if self.interrupt.is_set() {
                break;
            }
            let (path, real) = (outcome.path.clone(), outcome.patched().to_path_buf());
            let input = Input {
                path: &path,
                real: &real,
                source: Source::File,
            };
            let mut asks = |facts: &_, fixed: &_| {
                let declined = || session.declined(&path, facts, fixed);
                let declined = self.interrupt.at_any_time(declined);
                declined.map_err(|error| FileError::io(format!("not asked about: {error}")))
            };
            if let Some(asked) = file::outcome(input, self, Some(&mut asks)) {
                *outcome = asked;
            }
        }
    }

    /// The outcome of a path that could not be visited.
    fn told(&self, problem: &Problem) -> Outcome {
        let error = FileError::io(problem.to_string());
        let mut outcome = Outcome::new(problem.path().to_path_buf(), Err(error));
        outcome.git_repository = self.git_repositories.of(problem.path());
        outcome
    }
}

/// Returns what day it is in UTC, by which Trivy reckons.
fn today() -> Date {
    const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
    // A clock before 1970 is wrong, and then nothing has expired.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or_else(
        |_| Date::default(),
        |since| Date::after_1970(since.as_secs() / SECONDS_PER_DAY),
    )
}

/// The exit status by the findings that are left, the errors and the options.
fn status(summary: &Summary, options: &Options) -> ExitStatus {
    let left = match options.mode {
        Mode::Check | Mode::Diff => summary.findings(),
        Mode::Fix => summary.left(),
    };
    if summary.interrupted {
        ExitStatus::Interrupted
    } else if summary.errors > 0 {
        ExitStatus::Error
    } else if left > 0 && !options.exit_zero || summary.changed > 0 && options.exit_non_zero_on_fix
    {
        ExitStatus::Findings
    } else {
        ExitStatus::Clean
    }
}

/// The outcomes of a run. Memory grows with those that there is something to
/// say about, not with the files.
#[derive(Default)]
struct Collected {
    kept: Vec<Outcome>,
    /// The others, as numbers.
    let_go: Tally,
}

impl Collected {
    fn add(&mut self, outcome: Outcome, run: &Run<'_>) {
        if run.says(&outcome) {
            self.kept.push(outcome);
        } else {
            self.let_go.add(&outcome);
        }
    }
}

/// Counts what a walk will come to, ahead of those who scan it.
fn count_files(walk: &Walk, counts: &Counts) {
    let total = AtomicU64::new(0);
    walk.visit(&|found| {
        if counts.is_over.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        if matches!(found, Discovered::File(_)) {
            total.fetch_add(1, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    });
    counts.total.store(total.into_inner(), Ordering::Relaxed);
}

/// Counts the findings of a file for those who wait.
fn count_findings(outcome: &Outcome, count: &AtomicU64) {
    if let Ok(facts) = &outcome.result {
        let counts = facts.findings.iter().filter(|finding| finding.counts);
        count.fetch_add(counts.count() as u64, Ordering::Relaxed);
    }
}

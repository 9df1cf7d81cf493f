//! The run: files through the pipeline, in parallel, reported in order.
//!
//! This module owns what happens around the pure core: reading files, keeping
//! one file's failure from the others, what becomes of a remediation in each
//! mode, the order of the output, the exit status. It knows neither syntax
//! nor wording.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anstream::AutoStream;

use crate::cli::{
    Given, ImpactFormat, Input, Mode, Options, OutputFormat, Shell, Verbosity, manual,
};
use crate::explain::{self, Topic};
use crate::files::discover::{self, Discovered, GlobError, Problem, Target, Walk};
use crate::files::paths::{WorkingDirectory, near, real_folder};
use crate::files::read;
use crate::files::write;
use crate::git::repository::GitRepositories;
use crate::git::{self, Blobs, GitError, GitFile, GitRepository, Staged, Uncommitted};
use crate::outcome::{self, FileError, Outcome, Tally};
use crate::report::{self, Report};
use crate::settings::file::{Choice, Config, ConfigError};
use crate::settings::lists::{ListFileError, Lists};
use crate::settings::{self, Flags, Settings};
use crate::survey::{self, Facing, Moving, Surveys, Turning};
use crate::terminal::interrupts::{self, Interrupt};
use crate::terminal::progress::{Counts, Progress};
use crate::terminal::questions::Session;
use immutag_engine::assess::{
    Answer, Assessment, Note, Remediation, Rules, Unused, remediate, remediate_without,
};
use immutag_engine::suppress::{self, Date, Useless};
use immutag_engine::text::diff::{self, Hunk};
use immutag_engine::text::span::Position;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Nothing is left to do.
    Clean,
    /// Findings are left, or files were changed and the user asked to know.
    Findings,
    /// A file could not be read, or a repair not be proven or written.
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

/// Why there was no run, or no report of it.
#[derive(Debug)]
pub enum RunError {
    /// A glob is none.
    Glob(GlobError),
    /// The file of the settings is none.
    Config(ConfigError),
    /// A list of ignores is none.
    Ignores(ListFileError),
    /// A list of paths, or standard input, cannot be read.
    Input {
        /// What was to be read.
        name: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A report cannot be written to its file.
    Report {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file that a report was to be written to is a template, or may be one.
    Template {
        /// The file.
        path: PathBuf,
        /// What names another.
        flag: &'static str,
    },
    /// Two reports were to be written to one file.
    Twice {
        /// The file.
        path: PathBuf,
        /// What names another.
        flag: &'static str,
    },
    /// The file that the summary was to be written to lies among the files
    /// that are looked at.
    Inside {
        /// The file.
        path: PathBuf,
        /// The folder or repository that it lies in.
        tree: PathBuf,
    },
    /// Git has no answer.
    Git(GitError),
    /// There is nobody to ask.
    NoTerminal,
    /// The output failed.
    Output(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::Git(error) => error.fmt(f),
            Self::Ignores(error) => error.fmt(f),
            Self::Input { name, source } => write!(f, "{name} cannot be read: {source}"),
            Self::Report { path, source } => write!(
                f,
                "the report {} cannot be written: {source}",
                report::shown(path)
            ),
            Self::Template { path, flag } => write!(
                f,
                "{} is a template, or may be one that cannot be read, and no report is written \
                 over it; name another file with {flag}",
                report::shown(path)
            ),
            Self::Twice { path, flag } => write!(
                f,
                "{} is to take two reports, and a file takes one; name another file with {flag}",
                report::shown(path)
            ),
            Self::Inside { path, tree } => write!(
                f,
                "the summary {} would lie in {}, where the next commit could take it along; \
                 name a file outside with --summary-file",
                report::shown(path),
                report::shown(tree)
            ),
            Self::NoTerminal => f.write_str(
                "--interactive needs a terminal to ask on; without one, name the files to repair: \
                 immutag fix FILE...",
            ),
            Self::Output(error) => write!(f, "the output failed: {error}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Glob(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Git(error) => Some(error),
            Self::Ignores(error) => Some(error),
            Self::Template { .. } | Self::Twice { .. } | Self::Inside { .. } | Self::NoTerminal => {
                None
            }
            Self::Input { source, .. } | Self::Report { source, .. } | Self::Output(source) => {
                Some(source)
            }
        }
    }
}

/// Does what the command line and the file of the settings say, from reading
/// to the exit status. Standard output takes what was asked for (findings, a
/// patch, a repaired text), and standard error the rest.
///
/// # Errors
/// A usage error (a glob that is none, a list or a file of settings that
/// cannot be read), or a failing output. What is wrong with a single file is reported, not
/// returned. A reader that closes the output early is no error.
///
/// An interrupted run finishes the files in hand, looks at no other, and
/// reports what it has.
pub fn run(given: &Given, interrupt: &Interrupt) -> Result<ExitStatus, RunError> {
    let here = WorkingDirectory::read();
    let settings = resolved(&given.flags, &here)?;
    let options = &given.options(settings.clone());
    let files = Files::of(options, &here)?;
    let job = Job::new(options, &files, (&given.flags, settings), interrupt, here)?;
    if options.interactive && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(RunError::NoTerminal);
    }
    let mut stdin = None;
    let mut collected = match &files {
        Files::Text(name) => {
            let (outcome, text) = interrupt.at_any_time(|| standard_input(name, &job))?;
            stdin = Some(text);
            let mut collected = Collected::default();
            collected.add(outcome, &job);
            collected.let_go.summary.files = 1;
            collected
        }
        Files::Staged(files) => staged(files, &job)?,
        Files::Walk { walk, problems, .. } => look(walk, problems, &job),
    };
    let unused = job.unused(&collected.kept);
    collected.kept.extend(unused);
    collected.kept.extend(job.strays());
    collected.kept.sort_by(|a, b| a.path.cmp(&b.path));
    if options.interactive {
        ask(&job, &mut collected.kept);
    }
    let Collected { kept, let_go } = collected;
    let mut tally = let_go;
    for outcome in &kept {
        tally.add(outcome);
    }
    tally.summary.interrupted = interrupt.is_set();
    let report = Report {
        options,
        outcomes: &kept,
        summary: &tally.summary,
        repositories: &tally.repositories,
    };
    for file in &options.files {
        write_report(&file.path, report::to_bytes(&report, file.format))?;
    }
    if let Some(file) = &options.summary_file {
        write_report(&file.path, report::summary_to_bytes(&report, file.format))?;
    }
    match report::write(&report, stdin.as_deref()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.map_err(RunError::Output)?,
    }
    job.note_impact(&kept);
    Ok(status(&tally.summary, options))
}

/// Looks for what pushes tags that move to the repositories that would turn
/// immutable.
///
/// # Errors
/// Those of [`run()`].
pub fn impact(
    given: &Given,
    format: ImpactFormat,
    interrupt: &Interrupt,
) -> Result<ExitStatus, RunError> {
    let here = WorkingDirectory::read();
    let settings = resolved(&given.flags, &here)?;
    let options = &given.options(settings.clone());
    let files = Files::of(options, &here)?;
    let job = Job::new(options, &files, (&given.flags, settings), interrupt, here)?;
    let mut outcomes = match &files {
        Files::Walk { walk, problems, .. } => look(walk, problems, &job).kept,
        // The command line has no such input for this.
        Files::Text(_) | Files::Staged(_) => Vec::new(),
    };
    outcomes.sort_by(|a, b| a.path.cmp(&b.path));
    let facing = job.facing(&outcomes, |_| true);
    let result = report::impact::write(&facing, &outcomes, format, &mut io::stdout().lock());
    printed(result)?;
    let pushes = facing.iter().flat_map(Facing::pushes);
    let moving = pushes.filter(|faced| faced.push.tag.moves()).count();
    // What was not looked at may move, too.
    let more = facing.iter().any(|one| !one.survey.impact.more.is_empty());
    Ok(if outcomes.iter().any(|outcome| outcome.result.is_err()) {
        ExitStatus::Error
    } else if (moving > 0 || more) && !options.exit_zero {
        ExitStatus::Findings
    } else {
        ExitStatus::Clean
    })
}

/// Writes a report to a file of its own.
fn write_report(path: &Path, report: io::Result<Vec<u8>>) -> Result<(), RunError> {
    let written = report.and_then(|bytes| write::create(path, &bytes));
    written.map_err(|source| RunError::Report {
        path: path.to_path_buf(),
        source,
    })
}

/// Prints the settings that hold, and where each comes from.
///
/// # Errors
/// A file of settings that cannot be read, a glob that is none, or a failing
/// output. A reader that closes it early is no error.
pub fn settings(flags: &Flags) -> Result<ExitStatus, RunError> {
    let settings = resolved(flags, &WorkingDirectory::read())?;
    for patterns in [&settings.include, &settings.exclude] {
        for glob in &patterns.value.globs {
            discover::check_glob(glob).map_err(RunError::Glob)?;
        }
    }
    printed(report::settings::write(&settings, &mut io::stdout().lock()))
}

/// The settings that hold, by the flags and the file that they choose.
fn resolved(flags: &Flags, here: &WorkingDirectory) -> Result<Settings, RunError> {
    let config = Config::read(&flags.config, here).map_err(RunError::Config)?;
    Settings::new(flags, config.as_ref()).map_err(RunError::Glob)
}

/// Prints what a code means, or all codes.
///
/// # Errors
/// A failing output. A reader that closes it early is no error.
pub fn explain(topic: Option<Topic>) -> Result<ExitStatus, RunError> {
    printed(explain::write(topic, &mut io::stdout().lock()))
}

/// Prints the completions for a shell.
///
/// # Errors
/// As those of [`explain()`].
pub fn completions(shell: Shell) -> Result<ExitStatus, RunError> {
    printed(manual::write_completions(shell, &mut io::stdout().lock()))
}

/// Prints the manual page of a subcommand; that of the program where none is
/// named.
///
/// # Errors
/// As those of [`explain()`].
pub fn manual(command: Option<&str>) -> Result<ExitStatus, RunError> {
    printed(manual::write_page(command, &mut io::stdout().lock()))
}

/// How it ends to have printed what takes no look at files.
fn printed(result: io::Result<()>) -> Result<ExitStatus, RunError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RunError::Output(error)),
        _ => Ok(ExitStatus::Clean),
    }
}

/// What the options ask for, and what of the world beside the files has a say
/// in it.
struct Job<'o> {
    options: &'o Options,
    here: WorkingDirectory,
    /// The lists of ignores, empty where none count.
    lists: Lists,
    today: Date,
    /// The files that reports are written to, which are none of what is
    /// looked at.
    reports: Vec<PathBuf>,
    /// The numbers of the lists' entries that are for some file of the run.
    looked_for: Mutex<BTreeSet<usize>>,
    interrupt: &'o Interrupt,
    repositories: GitRepositories,
    /// What the command line says about settings, and what holds by it and by
    /// the file in use.
    settings: (&'o Flags, Settings),
    /// The settings that repositories have and that do not hold in this run,
    /// by the folders that were asked about.
    others: Mutex<HashMap<PathBuf, Option<Other>>>,
    /// The root of the repository of the working directory.
    home: Option<PathBuf>,
    /// What is not committed, of the repositories in which something is to be
    /// written: asked of git once for each.
    uncommitted: Mutex<HashMap<PathBuf, Arc<Asked>>>,
    /// What pushes images in the git repositories of the files, if that is to
    /// be known before a file is judged.
    surveys: Option<Surveys>,
}

/// A file of settings that say something else than those of the run.
#[derive(Clone)]
struct Other {
    file: PathBuf,
    /// Whether that makes a difference where nothing is to be repaired, too.
    has_a_verdict: bool,
}

/// What git says of a repository, once it has been asked, or why it has no
/// answer.
type Asked = OnceLock<Result<Uncommitted, String>>;

impl<'o> Job<'o> {
    fn new(
        options: &'o Options,
        files: &Files,
        settings: (&'o Flags, Settings),
        interrupt: &'o Interrupt,
        here: WorkingDirectory,
    ) -> Result<Self, RunError> {
        let mut lists = Lists::default();
        if options.rules.suppressions.are_on {
            let here = here.path().map_err(|source| RunError::Input {
                name: "the working directory".to_owned(),
                source,
            })?;
            lists = Lists::read(here).map_err(RunError::Ignores)?;
        }
        let repositories = GitRepositories::new(&here);
        let reports = reports(options)?;
        outside(options, files.given(), &repositories)?;
        Ok(Self {
            options,
            lists,
            today: today(),
            reports,
            looked_for: Mutex::default(),
            interrupt,
            repositories,
            settings,
            others: Mutex::default(),
            home: GitRepositories::new(&here).root(Path::new(settings::file::NAME)),
            uncommitted: Mutex::default(),
            surveys: options.keep_moving_tags.then(|| {
                let templates = files.templates(options, interrupt);
                let templates = templates.iter().map(PathBuf::as_path);
                Surveys::new(options.selection.no_ignore, templates, &here)
            }),
            here,
        })
    }

    /// Whether there is anything to say about a file, in some format.
    fn says(&self, outcome: &Outcome) -> bool {
        let Ok(assessment) = &outcome.result else {
            return true;
        };
        !assessment.findings.is_empty()
            || !assessment.notes.is_empty()
            || !assessment.unused.is_empty()
            || self.options.verbosity == Verbosity::Verbose
            || self.options.shows(OutputFormat::shows_compliant)
    }

    /// Whether git knows the contents of a file that is to be written, if that
    /// is asked for.
    ///
    /// # Errors
    /// Where it does not, or there is no repository.
    fn is_clean(&self, file: &Path) -> Result<(), FileError> {
        if !self.options.require_clean {
            return Ok(());
        }
        let refused = |why: &str| FileError {
            position: None,
            code: "uncommitted",
            message: format!("not written: {why}, or run without --require-clean"),
        };
        let Some(root) = self.repositories.root(file) else {
            return Err(refused("it lies in no git repository; commit it to one"));
        };
        let asked = match self.uncommitted.lock() {
            Ok(mut repositories) => Arc::clone(repositories.entry(root.clone()).or_default()),
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

    /// Whether the settings of this run are those that a file with findings is
    /// to be judged by.
    ///
    /// # Errors
    /// Where it lies in another repository than the working directory, one that
    /// has settings of its own, which say something else: that it is to be left
    /// alone, or that a tag is to move.
    fn holds_for(&self, file: &Path, assessment: &Assessment) -> Result<(), FileError> {
        let is_settled = !assessment.findings.iter().any(|finding| finding.counts)
            && assessment.remediation.is_none();
        if is_settled || self.options.settings_are_named {
            return Ok(());
        }
        let root = self.repositories.root(file);
        let Some(root) = root.filter(|root| Some(root) != self.home.as_ref()) else {
            return Ok(());
        };
        let folder = file.parent().and_then(real_folder);
        let folder = folder.unwrap_or_else(|| root.clone());
        let other = || self.other(&folder, &root);
        let other = match self.others.lock() {
            Ok(mut others) => others.entry(folder.clone()).or_insert_with(other).clone(),
            // Only a panic in `entry` poisons it.
            Err(_) => other(),
        };
        let mut counting = assessment.findings.iter().filter(|finding| finding.counts);
        let is_report_only = assessment.remediation.is_none()
            && counting.all(|finding| finding.answer == Answer::ReportOnly);
        let other = other.filter(|other| other.has_a_verdict || !is_report_only);
        other.map_or(Ok(()), |other| {
            Err(FileError {
                position: None,
                code: "settings",
                message: format!(
                    "its repository has settings of its own, {}, and they do not hold here; run \
                     immutag where they do, leave the file out with --exclude, or say which \
                     settings hold with --config FILE or --no-config",
                    report::shown(&self.here.shown(&other.file))
                ),
            })
        })
    }

    /// The settings that a folder of another repository has of its own, if they
    /// say something else than those of this run.
    fn other(&self, folder: &Path, root: &Path) -> Option<Other> {
        let file = settings::file::beside(folder, root)?;
        let used = self.options.settings_file.as_ref();
        let used = used.and_then(|used| fs::canonicalize(used).ok());
        if used.is_some() && fs::canonicalize(&file).ok() == used {
            return None;
        }
        let (flags, settings) = &self.settings;
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
        // Who says nothing has no settings.
        if config.file == settings::file::File::default() {
            return None;
        }
        let own = Settings::new(flags, Some(&config)).ok();
        let is_same = |is_report_only| {
            own.as_ref()
                .is_some_and(|own| settings.come_to_the_same(own, is_report_only))
        };
        let has_a_verdict = !is_same(true);
        (!is_same(false)).then_some(Other {
            file,
            has_a_verdict,
        })
    }

    /// A note on each temporary file that was left beside the files that were
    /// looked at. There are none of this run's: nothing is being written. Who
    /// only looks is not told of what a run that writes has left.
    fn strays(&self) -> Vec<Outcome> {
        if self.options.mode != Mode::Fix {
            return Vec::new();
        }
        let stray = |path: PathBuf| {
            let assessment = Assessment {
                notes: vec![Note {
                    position: Position { line: 1, column: 1 },
                    code: "stray",
                    message: "this is a temporary file of a run that was killed, or of one that \
                              goes on beside this one; if none does, delete it"
                        .to_owned(),
                }],
                ..Assessment::default()
            };
            Outcome::new(path, Ok(assessment))
        };
        let folders = self.repositories.folders();
        let strays = folders
            .iter()
            .flat_map(|folder| write::temporary_files(folder));
        strays.map(stray).collect()
    }

    /// Whether a report is written to this file.
    fn is_report(&self, real: &Path) -> bool {
        !self.reports.is_empty()
            && fs::canonicalize(real).is_ok_and(|real| self.reports.contains(&real))
    }

    /// The rules for one file, by its path as it is named and by its own.
    fn rules(&self, path: &Path, real: &Path) -> Rules {
        let mut rules = self.options.rules.clone();
        for one in &self.options.overrides {
            one.apply(&mut rules, path, real, &self.here);
        }
        rules.suppressions.today = self.today;
        rules.suppressions.listed = self.lists.of(path, real);
        let numbers = rules.suppressions.listed.iter().map(|listed| listed.number);
        // A poisoned lock would mean a panic in `extend`.
        if let Ok(mut looked_for) = self.looked_for.lock() {
            looked_for.extend(numbers);
        }
        rules
    }

    /// The rules for the text of one file, with what is known of the pushes to
    /// its repositories.
    fn rules_for(&self, path: &Path, real: &Path, text: &[u8]) -> Rules {
        let mut rules = self.rules(path, real);
        let Some(surveys) = &self.surveys else {
            return rules;
        };
        let (known, why) = match surveys.moving_tags(real, text) {
            Moving::Known(known) => (known, None),
            Moving::OtherText => {
                let why = "what pushes to it was looked for by the file on disk, and this text is another";
                (BTreeMap::new(), Some(why.to_owned()))
            }
            Moving::NotWhole(file) => {
                let file = report::portable(&file);
                let why = format!("{file}, which may push to it, was not read whole");
                (BTreeMap::new(), Some(why))
            }
        };
        rules.policy.keep_moving = Some(known);
        rules.policy.unknown_pushes = why;
        rules
    }

    /// What of the outcomes turns immutable, and what that breaks.
    fn facing(&self, outcomes: &[Outcome], is_meant: impl Fn(&Answer) -> bool) -> Vec<Facing> {
        let turning = outcomes.iter().filter_map(|outcome| {
            let findings = &outcome.result.as_ref().ok()?.findings;
            let is_left_alone =
                |answer: &Answer| matches!(answer, Answer::Suppressed { .. } | Answer::ReportOnly);
            let logical_ids = findings
                .iter()
                .filter(|finding| is_meant(&finding.answer) && !is_left_alone(&finding.answer))
                .map(|finding| finding.logical_id.clone());
            let logical_ids: BTreeSet<String> = logical_ids.collect();
            let file = outcome.patched().to_path_buf();
            let policy = self.rules(&outcome.path, &file).policy;
            let kept = policy.keep_mutable;
            let turning = Turning { logical_ids, kept };
            (!turning.logical_ids.is_empty()).then_some((file, turning))
        });
        let turning: Vec<(PathBuf, Turning)> = turning.collect();
        if let Some(surveys) = &self.surveys {
            return survey::facing(surveys, turning);
        }
        let files = turning.iter().map(|(file, _)| file.as_path());
        let surveys = Surveys::new(self.options.selection.no_ignore, files, &self.here);
        survey::facing(&surveys, turning)
    }

    /// Says on standard error that something would break, where a folder is
    /// checked; and what is not kept, where moving tags are.
    fn note_impact(&self, outcomes: &[Outcome]) {
        let options = self.options;
        let is_folder = matches!(options.input, Input::Paths)
            && options.selection.paths.iter().any(|path| path.is_dir());
        let is_asked = options.keep_moving_tags || options.notes_impact && is_folder;
        if !is_asked || options.verbosity == Verbosity::Quiet {
            return;
        }
        let is_fixed = |answer: &Answer| {
            matches!(answer, Answer::Fixed(_))
                || options.keep_moving_tags && matches!(answer, Answer::Withheld(_))
        };
        let facing = self.facing(outcomes, is_fixed);
        let mut errors = AutoStream::new(io::stderr(), report::choice(options.color));
        // Where standard error is gone there is nobody left to tell.
        let _ = report::impact::write_note(&facing, options.keep_moving_tags, &mut errors);
    }

    /// The lines that a repair changes, if they are to be shown.
    fn hunks(&self, remediation: &Remediation) -> Vec<Hunk> {
        if !self.options.shows(OutputFormat::shows_lines) {
            return Vec::new();
        }
        let Remediation {
            before,
            after,
            edits,
        } = remediation;
        diff::hunks(before, after, edits)
    }

    /// What there is to say about the lists: which of their entries hide
    /// nothing in any file, of those that are for a file that was looked at.
    fn unused(&self, outcomes: &[Outcome]) -> Vec<Outcome> {
        let assessments = outcomes
            .iter()
            .filter_map(|outcome| outcome.result.as_ref().ok());
        let used: BTreeSet<usize> = assessments
            .flat_map(|assessment| assessment.listed.iter().copied())
            .collect();
        let looked_for = self.looked_for.lock();
        let looked_for = looked_for
            .map(|numbers| numbers.clone())
            .unwrap_or_default();
        let mut unused: BTreeMap<&'static str, Vec<Unused>> = BTreeMap::new();
        for (name, listed) in self.lists.entries() {
            let why = if !listed.until.counts_on(self.today) {
                Useless::Expired
            } else if looked_for.contains(&listed.number) && !used.contains(&listed.number) {
                Useless::HidesNothing
            } else {
                continue;
            };
            unused.entry(name).or_default().push(Unused {
                position: listed.position,
                by: suppress::TRIVY,
                why,
            });
        }
        let outcome = |(name, unused): (&str, Vec<Unused>)| {
            let assessment = Assessment {
                unused,
                ..Assessment::default()
            };
            Outcome::new(PathBuf::from(name), Ok(assessment))
        };
        unused.into_iter().map(outcome).collect()
    }
}

/// Sees to it that the summary is written outside of the folders that are
/// looked at, and of the repositories of the files that are.
fn outside(
    options: &Options,
    given: &[PathBuf],
    repositories: &GitRepositories,
) -> Result<(), RunError> {
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
            repositories.root(path)
        };
        if let Some(tree) = tree.filter(|tree| folder.starts_with(tree)) {
            let path = file.path.clone();
            return Err(RunError::Inside { path, tree });
        }
    }
    Ok(())
}

/// The files that reports are to be written to.
///
/// # Errors
/// Where one of them is a template, or may be one that cannot be read: nobody
/// wants it replaced by a report. Where it takes two of them. Where it can be
/// told that it cannot be written.
fn reports(options: &Options) -> Result<Vec<PathBuf>, RunError> {
    let mut rules = options.rules.clone();
    rules.policy.creation_templates = true;
    let files = options.files.iter();
    let files = files.map(|file| (&file.path, "--output-file"));
    let summary = options.summary_file.iter();
    let mut reports = Vec::new();
    let mut streams = Vec::new();
    for (named, flag) in files.chain(summary.map(|file| (&file.path, "--summary-file"))) {
        // What is written by then would have no report.
        write::expect_to_create(named).map_err(|source| RunError::Report {
            path: named.clone(),
            source,
        })?;
        // A pipe takes as many as there are.
        if named.exists() && !named.is_file() {
            continue;
        }
        let Ok(path) = write::destination(named) else {
            continue;
        };
        let is_stream = write::is_stream(named);
        if reports.contains(&path) || !is_stream && streams.contains(&path) {
            let path = named.clone();
            return Err(RunError::Twice { path, flag });
        }
        // So does a stream, and what it was sent to stays.
        if is_stream {
            streams.push(path);
            continue;
        }
        if !path.is_file() {
            reports.push(path);
            continue;
        }
        let is_template = match read::file(&path, rules.max_size) {
            Ok(None) => false,
            Ok(Some(bytes)) => remediate(&bytes, &rules).map_or_else(
                |_| discover::is_named_as_template(&path),
                |assessment| assessment.repositories > 0,
            ),
            Err(_) => discover::is_named_as_template(&path),
        };
        if is_template {
            let path = named.clone();
            return Err(RunError::Template { path, flag });
        }
        reports.push(path);
    }
    Ok(reports)
}

/// What day it is in UTC, in which Trivy reckons.
fn today() -> Date {
    const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
    // A clock before 1970 is wrong, and then nothing has expired.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or_else(
        |_| Date::default(),
        |since| Date::after_1970(since.as_secs() / SECONDS_PER_DAY),
    )
}

/// What the findings that are left, the errors and the options come to.
fn status(summary: &outcome::Summary, options: &Options) -> ExitStatus {
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
    fn add(&mut self, outcome: Outcome, job: &Job<'_>) {
        if job.says(&outcome) {
            self.kept.push(outcome);
        } else {
            self.let_go.add(&outcome);
        }
    }
}

/// What a run looks at, as far as it is known before a file is opened.
enum Files {
    /// A text on standard input, with this name.
    Text(PathBuf),
    /// What is staged.
    Staged(StagedFiles),
    /// What a walk comes to.
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
struct StagedFiles {
    files: Vec<Staged>,
    /// Those that differ from the index, if files are to be written.
    unstaged: HashSet<PathBuf>,
    /// The paths that could not be visited.
    problems: Vec<Problem>,
    /// The repository, and the files and folders that were given.
    given: Vec<PathBuf>,
}

impl Files {
    fn of(options: &Options, here: &WorkingDirectory) -> Result<Self, RunError> {
        let mut selection = options.selection.clone();
        match &options.input {
            Input::Stdin { name } => return Ok(Self::Text(name.clone())),
            Input::Staged => return StagedFiles::of(options, here).map(Self::Staged),
            Input::List { from, nul } => selection.paths.extend(listed(from.as_deref(), *nul)?),
            Input::Paths | Input::Since(_) => {}
        }
        let mut walk = Walk::new(selection.clone(), here).map_err(RunError::Glob)?;
        let mut problems = Vec::new();
        let mut given = selection.paths.clone();
        if let Input::Since(revision) = &options.input {
            let repository = GitRepository::here().map_err(RunError::Git)?;
            let changed = repository.changed_since(revision);
            let mut changed = changed.map_err(RunError::Git)?;
            let takes = walk.takes(repository.top(), &mut |problem| problems.push(problem));
            // A link is none of what a walk comes to, nor is what lies behind one.
            changed.retain(|file| takes(&file.whole) && is_plain(&file.whole));
            selection.paths = changed.into_iter().map(|file| file.path).collect();
            // They are those of the part already.
            selection.partition = None;
            drop(takes);
            walk = Walk::new(selection, here).map_err(RunError::Glob)?;
            given.push(repository.top().to_path_buf());
        }
        Ok(Self::Walk {
            walk,
            problems,
            given,
        })
    }

    /// The files and folders that the run is about, before any is walked.
    fn given(&self) -> &[PathBuf] {
        match self {
            Self::Text(_) => &[],
            Self::Staged(staged) => &staged.given,
            Self::Walk { given, .. } => given,
        }
    }

    /// The files that declare a repository. Each is opened for that, and once
    /// more when it is judged: what pushes to its repositories is asked of all
    /// files of its git repository, so that it must be known before.
    fn templates(&self, options: &Options, interrupt: &Interrupt) -> Vec<PathBuf> {
        let max_size = options.rules.max_size;
        let rules = Rules {
            max_size,
            ..Rules::default()
        };
        let declares = |path: &Path| {
            let Ok(Some(bytes)) = read::file(path, max_size) else {
                return false;
            };
            // One that makes us fail is told when it is judged.
            let assessed = panic::catch_unwind(|| remediate(&bytes, &rules));
            assessed.is_ok_and(|assessed| assessed.is_ok_and(|one| one.repositories > 0))
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
                    {
                        // A poisoned lock would mean a panic in `push`.
                        if let Ok(mut templates) = templates.lock() {
                            templates.push(target.real);
                        }
                    }
                    ControlFlow::Continue(())
                });
                templates.into_inner().unwrap_or_default()
            }
        }
    }
}

impl StagedFiles {
    fn of(options: &Options, here: &WorkingDirectory) -> Result<Self, RunError> {
        let repository = GitRepository::here().map_err(RunError::Git)?;
        let walk = Walk::new(options.selection.clone(), here).map_err(RunError::Glob)?;
        let mut files = repository.staged().map_err(RunError::Git)?;
        let mut problems = Vec::new();
        let takes = walk.takes(repository.top(), &mut |problem| problems.push(problem));
        files.retain(|staged| takes(&staged.file.whole));
        drop(takes);
        let unstaged = match options.mode {
            Mode::Fix => repository.unstaged().map_err(RunError::Git)?,
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

/// What a walk comes to.
fn look(walk: &Walk, problems: &[Problem], job: &Job<'_>) -> Collected {
    let options = job.options;
    let mut told = Collected::default();
    for problem in problems {
        told.add(tell(problem, job), job);
    }
    let counts = Counts::default();
    let collected = Mutex::new(told);
    let visit = || {
        walk.visit(&|found| {
            let outcome = match found {
                _ if job.interrupt.is_set() => return ControlFlow::Break(()),
                Discovered::File(target) => {
                    counts.files.fetch_add(1, Ordering::Relaxed);
                    isolated(&target.path, job, || one_file(&target, job))
                }
                Discovered::GitRepository(folder) => {
                    counts.repositories.fetch_add(1, Ordering::Relaxed);
                    // A poisoned lock would mean a panic in `insert`.
                    if let Ok(mut collected) = collected.lock() {
                        let repository = job.repositories.of(&folder.join(".git"));
                        collected.let_go.enter(repository);
                    }
                    None
                }
                Discovered::Problem(problem) => Some(tell(&problem, job)),
            };
            if let Some(outcome) = outcome {
                count_findings(&outcome, &counts.findings);
                // A poisoned lock would mean a panic in `push`.
                if let Ok(mut collected) = collected.lock() {
                    collected.add(outcome, job);
                }
            }
            ControlFlow::Continue(())
        });
    };
    if options.verbosity == Verbosity::Quiet {
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

/// Counts what a walk will come to, ahead of those who look at it.
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
    if let Ok(assessment) = &outcome.result {
        let counts = assessment.findings.iter().filter(|finding| {
            finding.counts && !matches!(finding.answer, Answer::Suppressed { .. })
        });
        count.fetch_add(counts.count() as u64, Ordering::Relaxed);
    }
}

/// A path that could not be visited.
fn tell(problem: &Problem, job: &Job<'_>) -> Outcome {
    let error = FileError::io(problem.to_string());
    let mut outcome = Outcome::new(problem.path().to_path_buf(), Err(error));
    outcome.repository = job.repositories.of(problem.path());
    outcome
}

/// Whether a path is that of a file, with no link in it.
fn is_plain(whole: &Path) -> bool {
    fs::canonicalize(whole).is_ok_and(|real| real == whole) && whole.is_file()
}

/// The files that are staged, each as the index has it.
fn staged(files: &StagedFiles, job: &Job<'_>) -> Result<Collected, RunError> {
    let mut collected = Collected::default();
    for problem in &files.problems {
        collected.add(tell(problem, job), job);
    }
    let mut blobs = Blobs::open().map_err(RunError::Git)?;
    for staged in &files.files {
        if job.interrupt.is_set() {
            break;
        }
        collected.let_go.summary.files += 1;
        let outcome = isolated(&staged.file.path, job, || {
            if job.options.mode == Mode::Fix
                && !files.unstaged.contains(&staged.file.whole)
                && is_plain(&staged.file.whole)
            {
                let path = staged.file.path.clone();
                let real = path.clone();
                return one_file(&Target { path, real }, job);
            }
            one_staged(staged, &mut blobs, job)
        });
        if let Some(outcome) = outcome {
            collected.add(outcome, job);
        }
    }
    Ok(collected)
}

/// One staged file as the index has it. It is not written.
fn one_staged(
    staged: &Staged,
    blobs: &mut Blobs,
    job: &Job<'_>,
) -> Result<Option<Outcome>, FileError> {
    let GitFile { path, whole } = &staged.file;
    let Some(blob) = &staged.blob else {
        let here = is_plain(whole).then(|| read::file(whole, job.options.rules.max_size));
        return match here {
            Some(Ok(Some(_))) => Err(FileError {
                position: None,
                code: "unmerged",
                message: "has merge conflicts; resolve them and stage the file".to_owned(),
            }),
            _ => Ok(None),
        };
    };
    let max_size = job.options.rules.max_size;
    let read = blobs.read(blob, |contents, size| {
        Ok(read::text(contents, size, max_size))
    });
    let failed = |error: io::Error| FileError::io(format!("cannot be read: {error}"));
    let Some(bytes) = read.map_err(failed)?? else {
        return Ok(None);
    };
    let assessment = remediate(&bytes, &job.rules_for(path, whole, &bytes))?;
    if job.options.mode == Mode::Fix && assessment.remediation.is_some() {
        return Err(FileError {
            position: None,
            code: "unstaged",
            message: "not written: it has changes that are not staged, and the repair is for \
                      what is; stage or stash them, and run again"
                .to_owned(),
        });
    }
    let outcome = Outcome::new(path.clone(), Ok(Assessment::default()));
    finish(outcome, &bytes, assessment, false, job).map(Some)
}

/// One file, its panics included: one that makes us fail is one error.
fn isolated(
    path: &Path,
    job: &Job<'_>,
    work: impl FnOnce() -> Result<Option<Outcome>, FileError>,
) -> Option<Outcome> {
    let done = panic::catch_unwind(AssertUnwindSafe(work));
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
    let mut outcome = Outcome::new(path.to_path_buf(), result);
    outcome.repository = job.repositories.of(path);
    Some(outcome)
}

/// One file; None where there is nothing to say about it.
fn one_file(target: &Target, job: &Job<'_>) -> Result<Option<Outcome>, FileError> {
    let Some(bytes) = read::file(&target.real, job.options.rules.max_size)? else {
        return Ok(None);
    };
    if job.is_report(&target.real) {
        return Ok(None);
    }
    #[cfg(feature = "fault")]
    crate::fault::strike(&target.real, &bytes);
    let assessment = remediate(&bytes, &job.rules_for(&target.path, &target.real, &bytes))?;
    let mut outcome = Outcome::new(target.path.clone(), Ok(Assessment::default()));
    outcome.real = own_name(target, &job.here);
    let writes = job.options.mode == Mode::Fix && !job.options.interactive;
    finish(outcome, &bytes, assessment, writes, job).map(Some)
}

/// What becomes of an assessment: lines to show, or a written file.
fn finish(
    mut outcome: Outcome,
    bytes: &[u8],
    mut assessment: Assessment,
    writes: bool,
    job: &Job<'_>,
) -> Result<Outcome, FileError> {
    job.holds_for(outcome.patched(), &assessment)?;
    if let Some(remediation) = assessment.remediation.take() {
        outcome.hunks = job.hunks(&remediation);
        if writes {
            job.is_clean(outcome.patched())?;
            write::replace(outcome.patched(), bytes, remediation.after.as_bytes())
                .map_err(|error| FileError::io(error.to_string()))?;
            outcome.changed = true;
        }
    }
    outcome.repository = job.repositories.of(outcome.patched());
    outcome.result = Ok(assessment);
    Ok(outcome)
}

/// Asks for each repair on the terminal, one file after the other, and makes
/// those that are wanted. The files have been looked at, and none is written
/// yet.
fn ask(job: &Job<'_>, outcomes: &mut [Outcome]) {
    let repairs = |outcome: &Outcome| {
        let assessment = outcome.result.as_ref().ok();
        let findings = assessment.map_or(&[][..], |assessment| &assessment.findings);
        findings
            .iter()
            .filter(|f| matches!(f.answer, Answer::Fixed(_)))
            .count()
    };
    let total = outcomes.iter().map(repairs).sum();
    let questions = AutoStream::new(io::stderr(), report::choice(job.options.color));
    let mut session = Session::new(io::stdin().lock(), questions, total);
    for outcome in outcomes.iter_mut().filter(|outcome| repairs(outcome) > 0) {
        if job.interrupt.is_set() {
            break;
        }
        let path = outcome.path.clone();
        let asked = isolated(&path, job, || {
            let real = outcome.patched();
            let gone = || FileError::io("was changed while it was looked at; run again".to_owned());
            let bytes = read::file(real, job.options.rules.max_size)?.ok_or_else(gone)?;
            let rules = job.rules_for(&outcome.path, real, &bytes);
            let mut assessment = remediate(&bytes, &rules)?;
            let failed = |error: io::Error| FileError::io(format!("not asked about: {error}"));
            let asks = || session.declined(outcome, &assessment);
            let declined = job.interrupt.at_any_time(asks).map_err(failed)?;
            if !declined.is_empty() {
                assessment = remediate_without(&bytes, &rules, &declined)?;
            }
            finish(outcome.clone(), &bytes, assessment, true, job).map(Some)
        });
        if let Some(asked) = asked {
            *outcome = asked;
        }
    }
}

/// The name of the file behind a symbolic link, from the working directory if
/// it lies below; None if there is no link.
fn own_name(target: &Target, here: &WorkingDirectory) -> Option<PathBuf> {
    if target.real == target.path {
        return None;
    }
    Some(here.shown(&target.real))
}

/// Standard input: its outcome, and the text to give back.
fn standard_input(name: &Path, job: &Job<'_>) -> Result<(Outcome, Vec<u8>), RunError> {
    let mut bytes = read_stdin()?;
    let mut outcome = Outcome::new(name.to_path_buf(), Ok(Assessment::default()));
    let assessed = remediate(&bytes, &job.rules_for(name, name, &bytes)).map_err(FileError::from);
    let held = assessed.and_then(|one| job.holds_for(&near(name), &one).map(|()| one));
    match held {
        Ok(mut assessment) => {
            if let Some(remediation) = assessment.remediation.take() {
                outcome.changed = job.options.mode == Mode::Fix;
                outcome.hunks = job.hunks(&remediation);
                bytes = remediation.after.into_bytes();
            }
            outcome.result = Ok(assessment);
        }
        Err(error) => outcome.result = Err(error),
    }
    Ok((outcome, bytes))
}

/// The paths in a list.
fn listed(from: Option<&Path>, nul: bool) -> Result<Vec<PathBuf>, RunError> {
    let bytes = match from {
        Some(path) => fs::read(path).map_err(|source| RunError::Input {
            name: path.display().to_string(),
            source,
        })?,
        None => read_stdin()?,
    };
    let end = if nul { 0 } else { b'\n' };
    let names = bytes.split(|&byte| byte == end).map(|name| {
        let line_end = if nul { &b""[..] } else { b"\r" };
        name.strip_suffix(line_end).unwrap_or(name)
    });
    names.filter(|name| !name.is_empty()).map(path_of).collect()
}

fn read_stdin() -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|source| RunError::Input {
        name: "standard input".to_owned(),
        source,
    })?;
    Ok(bytes)
}

#[cfg(unix)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "other systems have names that are no paths"
)]
fn path_of(name: &[u8]) -> Result<PathBuf, RunError> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<PathBuf, RunError> {
    let name = std::str::from_utf8(name).map_err(|error| RunError::Input {
        name: "a path in the list".to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })?;
    Ok(PathBuf::from(name))
}

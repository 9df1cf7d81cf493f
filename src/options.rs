//! What a run is asked for, beside the settings.
//!
//! This module owns the words for it, and what each output format shows. It does not know how
//! anybody asks: flags and their help are for [`crate::cli`], settings that a file can hold for
//! [`crate::settings`].

use std::path::PathBuf;

use crate::files::discover::Selection;
use crate::settings::file::Choice;
use crate::settings::layer::Layer;

/// What to do with the fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Report the findings.
    Check,
    /// Print the fixes as a patch.
    Diff,
    /// Write the fixes.
    Fix,
}

/// How much is said beside what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Neither notes nor the summary.
    Quiet,
    /// Notes and the summary.
    Normal,
    /// Compliant templates too.
    Verbose,
}

/// Where the names of files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The paths of the selection.
    Paths,
    /// A list of paths, one per line or NUL-terminated, beside those of the
    /// selection.
    List {
        /// The file that holds the list; None for standard input.
        from: Option<PathBuf>,
        /// Whether names end in NUL and not in a line break.
        nul: bool,
    },
    /// The files that are staged, below the paths of the selection, as the
    /// index has them.
    Staged,
    /// The files that have changed since the merge base with a revision, below
    /// the paths of the selection.
    Since(String),
    /// One template on standard input.
    Stdin {
        /// What to call it.
        name: PathBuf,
    },
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Color {
    /// On a terminal, unless the environment (`NO_COLOR`) says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How outcomes are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// Findings with the lines around them, for people.
    Full,
    /// A line for each finding.
    Concise,
    /// A patch for `git apply` and `patch -p1`.
    Patch,
    /// One JSON document.
    Json,
    /// The same as JSON lines.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// Diagnostics for reviewdog.
    Rdjson,
    /// Annotations of GitHub workflows.
    Github,
    /// A Code Quality report for GitLab.
    Gitlab,
    /// A report as of unit tests.
    Junit,
    /// A comment for a pull request.
    Markdown,
    /// A page to review in a browser.
    Html,
}

impl OutputFormat {
    /// All formats, in the order in which the help lists them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Full,
        Self::Concise,
        Self::Patch,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Rdjson,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Markdown,
        Self::Html,
    ];

    /// The name by which it is asked for.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Patch => "patch",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Rdjson => "rdjson",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// Whether the format shows edits. They are proven first, then.
    #[must_use]
    pub(crate) fn shows_edits(self) -> bool {
        match self {
            Self::Concise | Self::Github | Self::Gitlab | Self::Junit => false,
            Self::Full
            | Self::Patch
            | Self::Json
            | Self::Jsonl
            | Self::Sarif
            | Self::Rdjson
            | Self::Markdown
            | Self::Html => true,
        }
    }

    /// Whether the format shows the lines that a fix changes.
    #[must_use]
    pub(crate) fn shows_lines(self) -> bool {
        matches!(self, Self::Patch | Self::Markdown | Self::Html)
    }

    /// Whether the format shows files that nothing is wrong with.
    #[must_use]
    pub(crate) fn shows_compliant(self) -> bool {
        matches!(self, Self::Junit)
    }
}

/// How the summary of each git repository is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SummaryFormat {
    /// One document, for programs; schema in docs/immutag-output.schema.json
    Json,
    /// A table, for people
    Markdown,
}

/// The summary of each git repository, in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SummaryFile {
    /// How it is written.
    pub(crate) format: SummaryFormat,
    /// Where to.
    pub(crate) path: PathBuf,
}

/// How the pushes of moving tags are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ImpactFormat {
    /// A line for each push, and what to do, for people.
    #[default]
    Text,
    /// One JSON document, for programs; schema in docs/immutag-impact.schema.json
    Json,
}

/// A report that goes to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputFile {
    /// How it is written.
    pub(crate) format: OutputFormat,
    /// Where to.
    pub(crate) path: PathBuf,
}

/// What standard output takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandardOutput {
    /// What suits the mode, and whether it is a terminal.
    Default,
    /// This format.
    Format(OutputFormat),
    /// Nothing: a file takes it.
    Nothing,
}

impl StandardOutput {
    /// The format that standard output takes, if it takes a report.
    #[must_use]
    pub(crate) fn format(self, mode: Mode, is_terminal: bool) -> Option<OutputFormat> {
        match (self, mode) {
            (Self::Nothing, _) => None,
            (Self::Format(format), _) => Some(format),
            (Self::Default, Mode::Diff) => Some(OutputFormat::Patch),
            (Self::Default, _) if is_terminal => Some(OutputFormat::Full),
            (Self::Default, _) => Some(OutputFormat::Concise),
        }
    }
}

/// What a run is asked for.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub(crate) struct Options {
    /// What to do with the fixes.
    pub(crate) mode: Mode,
    /// Which file of settings is read.
    pub(crate) config: Choice,
    /// The settings that the command line gives: they win over those of the file.
    pub(crate) flags: Layer,
    /// Which files, but for the globs, which are settings.
    pub(crate) selection: Selection,
    /// Where their names come from.
    pub(crate) input: Input,
    /// The size above which a template is refused, in bytes.
    pub(crate) max_size: u64,
    /// Leave alone what people asked to leave alone.
    pub(crate) heeds_suppressions: bool,
    /// Name the suppressions that cover nothing.
    pub(crate) report_unused_suppressions: bool,
    /// Let the tags stay mutable that the files of the git repository move.
    pub(crate) keep_moving_tags: bool,
    /// Look for pipelines that would break when a folder is checked.
    pub(crate) notes_impact: bool,
    /// How much to say.
    pub(crate) verbosity: Verbosity,
    /// What standard output takes.
    pub(crate) stdout: StandardOutput,
    /// The reports that go to files.
    pub(crate) files: Vec<OutputFile>,
    /// Where a summary of each git repository goes.
    pub(crate) summary_file: Option<SummaryFile>,
    /// When to use colour.
    pub(crate) color: Color,
    /// Ask for each fix.
    pub(crate) interactive: bool,
    /// Write no file that has uncommitted changes.
    pub(crate) require_clean: bool,
    /// Exit with 0 although findings are left.
    pub(crate) exit_zero: bool,
    /// Exit with 1 if a file was changed.
    pub(crate) exit_non_zero_on_fix: bool,
}

impl Options {
    /// Whether any format that is asked for shows something. `is_terminal` says whether
    /// standard output is one.
    #[must_use]
    pub(crate) fn shows(&self, is_terminal: bool, shows_it: impl Fn(OutputFormat) -> bool) -> bool {
        let stdout = self.stdout.format(self.mode, is_terminal);
        let files = self.files.iter().map(|file| file.format);
        stdout.into_iter().chain(files).any(shows_it)
    }
}

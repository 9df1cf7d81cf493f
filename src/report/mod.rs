//! Outcomes to output.
//!
//! This module owns words and formats. It decides nothing: whether a finding
//! counts, is fixed or is refused has been said before it gets here. Every
//! format renders the same outcomes, and none touches a file.

pub(crate) mod fingerprint;
pub(crate) mod full;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod html;
pub(crate) mod impact;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod patch;
pub(crate) mod rdjson;
pub(crate) mod rule;
pub(crate) mod sarif;
pub(crate) mod settings;
pub(crate) mod summary;
pub(crate) mod text;
pub(crate) mod uri;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};

use anstream::{AutoStream, ColorChoice, StripStream};
use serde::Serialize;
use supports_hyperlinks::Stream;

use crate::options::{Color, Mode, Options, OutputFormat, SummaryFormat, Verbosity};
use crate::outcome::{Outcome, Summary};
use immutag_engine::{
    Decision, Facts, Finding, FixedEdit, Note, Rules, UnusedSuppression, Useless,
};

/// What there is to report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'r> {
    /// What was asked for.
    pub(crate) options: &'r Options,
    /// The rules for all files.
    pub(crate) rules: &'r Rules,
    /// What came of it, in the order of the paths. Files that there is nothing
    /// to say about, in any format that is asked for, may be left out.
    pub(crate) outcomes: &'r [Outcome],
    /// The same in numbers.
    pub(crate) summary: &'r Summary,
    /// The same for each git repository.
    pub(crate) git_repositories: &'r BTreeMap<Option<PathBuf>, Summary>,
}

impl<'r> Report<'r> {
    /// The files that were assessed, with what there is to say about them.
    pub(crate) fn assessed(&self) -> impl Iterator<Item = (&'r Outcome, &'r Facts)> {
        let outcomes = self.outcomes.iter();
        outcomes.filter_map(|outcome| Some((outcome, outcome.result.as_ref().ok()?)))
    }

    /// The findings of a file that are to be said: all, or with `--quiet`
    /// those that count.
    pub(crate) fn findings<'a>(
        &self,
        facts: &'a Facts,
    ) -> impl Iterator<Item = &'a Finding> + use<'a, 'r> {
        let report = *self;
        let findings = facts.findings.iter();
        findings.filter(move |finding| report.says(finding))
    }

    /// The same, each with the edits that fix it.
    pub(crate) fn fixed_findings<'a>(
        &self,
        outcome: &'a Outcome,
    ) -> impl Iterator<Item = (&'a Finding, &'a [FixedEdit])> + use<'a, 'r> {
        let report = *self;
        let findings = outcome.findings();
        findings.filter(move |(finding, _)| report.says(finding))
    }

    /// Those of them that nobody asked to leave alone.
    pub(crate) fn open_findings<'a>(
        &self,
        facts: &'a Facts,
    ) -> impl Iterator<Item = &'a Finding> + use<'a, 'r> {
        self.findings(facts)
            .filter(|finding| !matches!(finding.decision, Decision::Suppressed { .. }))
    }

    /// Whether a finding is to be said: with `--quiet` only if it counts.
    #[must_use]
    pub(crate) fn says(&self, finding: &Finding) -> bool {
        finding.counts || self.options.verbosity > Verbosity::Quiet
    }

    /// The same as [`Report::fixed_findings`], each with its fingerprint; see [`fingerprint`].
    pub(crate) fn known_findings<'a>(
        &self,
        outcome: &'a Outcome,
        facts: &'a Facts,
    ) -> impl Iterator<Item = (&'a Finding, &'a [FixedEdit], String)> + use<'a, 'r> {
        let report = *self;
        let fingerprints = fingerprint::all(&outcome.path, facts);
        let findings = outcome.findings().zip(fingerprints);
        findings
            .filter(move |((finding, _), _)| report.says(finding))
            .map(|((finding, edits), known_as)| (finding, edits, known_as))
    }

    /// The notes on a file that are to be said: all, or none with `--quiet`.
    pub(crate) fn notes<'a>(&self, facts: &'a Facts) -> impl Iterator<Item = &'a Note> + use<'a> {
        let is_quiet = self.options.verbosity == Verbosity::Quiet;
        facts.notes.iter().filter(move |_| !is_quiet)
    }

    /// The ignores of no use, if they were asked for.
    pub(crate) fn unused<'a>(
        &self,
        facts: &'a Facts,
    ) -> impl Iterator<Item = &'a UnusedSuppression> + use<'a> {
        let is_asked = self.options.report_unused_suppressions;
        facts.unused_suppressions.iter().filter(move |_| is_asked)
    }

    /// Whether a file is to be named although nothing is wrong with it.
    #[must_use]
    pub(crate) fn names_compliant(&self, outcome: &Outcome) -> bool {
        let declares = |facts: &Facts| facts.ecr_repositories > 0;
        self.options.verbosity == Verbosity::Verbose && outcome.result.as_ref().is_ok_and(declares)
    }
}

/// Prints everything, in the order of the outcomes. Standard output takes
/// what was asked for: findings, a patch, a report, or the repaired text of
/// standard input. Errors and the summary go to standard error, and there go
/// the findings, too, where standard output has a patch or a text.
///
/// # Errors
/// Those of standard output. It is written first and whole; a standard error
/// that fails takes nothing away from it, nor the other way round.
pub(crate) fn write(report: &Report<'_>, stdin: Option<&[u8]>) -> io::Result<()> {
    let options = report.options;
    let color = choice(options.color);
    let repaired = stdin.filter(|_| options.mode == Mode::Fix);
    let is_terminal = io::stdout().is_terminal();
    let format = options.stdout.format(options.mode, is_terminal);
    let result = match (repaired, format) {
        (Some(text), _) => write_bytes(text),
        (None, None) => Ok(()),
        (None, Some(OutputFormat::Patch)) if is_terminal || options.color == Color::Always => {
            let mut out = BufWriter::new(AutoStream::new(io::stdout(), color));
            text::write_patches(report, &mut out).and_then(|()| out.flush())
        }
        (None, Some(format @ (OutputFormat::Full | OutputFormat::Concise))) => {
            let out = AutoStream::new(io::stdout(), color);
            let has_links = is_terminal && supports_hyperlinks::on(Stream::Stdout);
            // What strips colour does so word by word: outside of the buffer.
            if out.current_choice() == ColorChoice::Never {
                let mut buffer: Box<dyn Write> = Box::new(BufWriter::new(io::stdout()));
                let plain = &mut StripStream::new(&mut *buffer);
                render(report, format, has_links, plain).and_then(|()| buffer.flush())
            } else {
                let mut out = BufWriter::new(out);
                render(report, format, has_links, &mut out).and_then(|()| out.flush())
            }
        }
        // What strips colour would strip the bytes of a template, too.
        (None, Some(format)) => {
            let mut out = BufWriter::new(io::stdout().lock());
            render(report, format, false, &mut out).and_then(|()| out.flush())
        }
    };
    let mut errors = BufWriter::new(AutoStream::new(io::stderr(), color));
    // Where standard error is gone there is nobody left to tell.
    if repaired.is_some() || format == Some(OutputFormat::Patch) {
        let _ = text::write_left(report, &mut errors);
    }
    let _ = write_errors(report, &mut errors);
    result
}

/// When to use colour, as the streams are told.
#[must_use]
pub(crate) fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

/// A report in one of the formats, for a file.
///
/// # Errors
/// None: memory takes all bytes.
pub(crate) fn to_bytes(report: &Report<'_>, format: OutputFormat) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        OutputFormat::Full | OutputFormat::Concise => {
            render(report, format, false, &mut StripStream::new(&mut bytes))?;
        }
        format => render(report, format, false, &mut bytes)?,
    }
    Ok(bytes)
}

/// A summary of each git repository, for a file.
///
/// # Errors
/// None: memory takes all bytes.
pub(crate) fn summary_to_bytes(report: &Report<'_>, format: SummaryFormat) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        SummaryFormat::Json => json::write_repositories(report, &mut bytes)?,
        SummaryFormat::Markdown => summary::write_markdown(report, &mut bytes)?,
    }
    Ok(bytes)
}

/// Writes a report in one of the formats. Those for people hold the escape
/// sequences of colour, and links if what reads them `has_links`.
fn render(
    report: &Report<'_>,
    format: OutputFormat,
    has_links: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Full => full::write(report, has_links, out),
        OutputFormat::Concise => text::write(report, out),
        OutputFormat::Patch => patch::write(report, out),
        OutputFormat::Json => json::write(report, out),
        OutputFormat::Jsonl => json::write_lines(report, out),
        OutputFormat::Sarif => sarif::write(report, out),
        OutputFormat::Rdjson => rdjson::write(report, out),
        OutputFormat::Github => github::write(report, out),
        OutputFormat::Gitlab => gitlab::write(report, out),
        OutputFormat::Junit => junit::write(report, out),
        OutputFormat::Markdown => markdown::write(report, out),
        OutputFormat::Html => html::write(report, out),
    }
}

/// Writes bytes as they are.
fn write_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn write_errors(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        text::write_error(outcome, out)?;
    }
    if report.options.verbosity > Verbosity::Quiet {
        // A run in a single repository says it all in its summary.
        if report.git_repositories.len() > 1 {
            summary::write_table(report, out)?;
        }
        text::write_summary(report.summary, report.options.mode, out)?;
    }
    out.flush()
}

/// What is done about a finding, as one word: for machines.
#[must_use]
pub(crate) fn status(finding: &Finding, mode: Mode) -> &'static str {
    match &finding.decision {
        Decision::Fix(_) if mode == Mode::Fix => "fixed",
        Decision::Fix(_) => "fixable",
        Decision::Withheld(_) => "withheld",
        Decision::Refused { .. } => "refused",
        Decision::Suppressed { .. } => "suppressed",
        Decision::Declined => "declined",
        Decision::ReportOnly => "report-only",
    }
}

/// Why no fix can be offered, and what to do about it.
#[derive(Serialize)]
struct Refusal {
    code: &'static str,
    reason: String,
}

impl Refusal {
    fn of(code: &'static str, reason: &str) -> Self {
        let reason = format!("{reason}{}", remedy(code));
        Self { code, reason }
    }
}

/// What to do about a finding that no fix can be offered for, by the code of the reason: what
/// the engine cannot name, since only this program has it.
fn remedy(code: &str) -> &'static str {
    match code {
        "too-many-tags" => "; cover several with a pattern, as --keep-mutable 'dev-*'",
        "unknown-pushes" => {
            ", so that --keep-moving-tags cannot tell which tags move; name them with \
             --keep-mutable, without --keep-moving-tags"
        }
        _ => "",
    }
}

/// What is done about a finding, in words.
#[must_use]
pub(crate) fn answer(finding: &Finding, mode: Mode) -> String {
    match &finding.decision {
        Decision::Fix(_) if mode == Mode::Fix => "fixed".to_owned(),
        Decision::Fix(_) => "fixable".to_owned(),
        Decision::Withheld(_) => "fixable with --unsafe-fixes".to_owned(),
        Decision::Refused { code, reason } => {
            format!("not fixable: {}", Refusal::of(code, reason).reason)
        }
        Decision::Suppressed {
            by,
            reason: Some(reason),
            ..
        } => format!("suppressed by {by}: {reason}"),
        Decision::Suppressed { by, .. } => format!("suppressed by {by}"),
        Decision::Declined => "declined".to_owned(),
        Decision::ReportOnly => "fixable, but report-only here".to_owned(),
    }
}

/// What is wrong and what is done about it, for formats that have a place of
/// their own for a fix and for a suppression.
#[must_use]
pub(crate) fn told(finding: &Finding, mode: Mode) -> String {
    let what = format!("{}: {}", finding.logical_id, finding.message);
    match (&finding.decision, mode) {
        (Decision::Fix(_), Mode::Check | Mode::Diff) | (Decision::Suppressed { .. }, _) => what,
        _ => format!("{what} ({})", answer(finding, mode)),
    }
}

/// Why an ignore is of no use, in words.
#[must_use]
pub(crate) fn useless(unused: &UnusedSuppression) -> String {
    let why = match unused.why {
        Useless::HidesNothing => "hides nothing",
        Useless::Expired => "has expired and hides nothing",
    };
    format!("this ignore ({}) {why}", unused.by)
}

/// A path as it is shown: control characters escaped, so that a file's name
/// cannot act on a terminal or forge a line.
#[must_use]
pub(crate) fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A path for programs: as it was given, with `/` between its parts on every
/// system, so that a report reads the same wherever it was made.
#[must_use]
pub(crate) fn portable(path: &Path) -> Cow<'_, str> {
    let path = path.to_string_lossy();
    if MAIN_SEPARATOR == '/' {
        return path;
    }
    Cow::Owned(path.replace(MAIN_SEPARATOR, "/"))
}

/// A path for platforms: with `/` between its parts, and none of them `.`.
#[must_use]
pub(crate) fn slashed(path: &Path) -> String {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let joined = parts.join("/");
    // The root is a part of its own.
    joined
        .strip_prefix("//")
        .map_or(joined.clone(), |rest| format!("/{rest}"))
}

/// A line of a file with its control characters escaped, but tabs as they
/// are, and without the `\r` of its end.
#[must_use]
pub(crate) fn escaped_but_tabs(line: &str) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    line.split('\t').map(escaped).collect::<Vec<_>>().join("\t")
}

/// A text with its control characters escaped, those that end a line for some
/// readers, and those that turn the direction of what follows: a line must be
/// one, and look like what it is.
///
/// Sources: Unicode Standard, 5.8 "Newline Guidelines"; Unicode Standard Annex
/// #9, "Unicode Bidirectional Algorithm", 2.1 and 2.2.
#[must_use]
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || ends_line(character) || turns_direction(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

fn ends_line(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

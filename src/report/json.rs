//! The program's own JSON: one document (`json`), or a line for the run, one
//! for each file and one for the summary (`jsonl`).
//!
//! This module owns the names and the order of the keys, which are described
//! in `docs/immutag-output.schema.json` and `docs/formats.md`. A key that is
//! added keeps [`VERSION`]; one that goes or changes its meaning does not.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Refusal, Report, rule, status, uri};
use crate::options::Mode;
use crate::outcome::{self, Outcome};
use immutag_engine::{Decision, Facts, FixedEdit};

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

/// Writes the report as one document.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        run: Run::of(report),
        files: Files(report),
        summary: Summary::of(report.summary),
    };
    write_pretty(&document, out)
}

/// Writes the report as lines.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Line::Run(Run::of(report)), out)?;
    for file in files(report) {
        write_line(&Line::File(file), out)?;
    }
    write_line(&Line::Summary(Summary::of(report.summary)), out)
}

/// Writes what each git repository came to, as one document.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_repositories(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let repositories = report.git_repositories.iter();
    let document = Campaign {
        run: Run::of(report),
        repositories: repositories
            .map(|(root, summary)| Repository {
                path: root.as_ref().map(|root| super::portable(root)),
                counts: Counts::of(summary),
            })
            .collect(),
        summary: Summary::of(report.summary),
    };
    write_pretty(&document, out)
}

/// Writes a value as JSON for people too, with a line break at its end.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping(&mut *out), value)?;
    out.write_all(b"\n")
}

fn write_line(line: &Line<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(Escaping(&mut *out), line)?;
    out.write_all(b"\n")
}

/// Escapes the characters that JSON lets stand in a string and that
/// [`escaped`](super::escaped) does not: names and texts come from files, and
/// reports are shown on terminals, too.
pub(super) struct Escaping<'w>(pub(super) &'w mut dyn Write);

impl Write for Escaping<'_> {
    /// Takes whole characters only, as the serializer gives them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Those of one byte: JSON's own escapes are whole already, and line
        // breaks are its layout.
        let begins = |byte: &u8| matches!(byte, 0x7f | 0xc2 | 0xe2);
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(begins) {
            let (plain, from) = rest.split_at(at);
            self.0.write_all(plain)?;
            let (len, code) = match *from {
                [0x7f, ..] => (1, Some(0x7f)),
                [0xc2, second @ 0x80..=0x9f, ..] => (2, Some(u16::from(second))),
                // U+2028 to U+202E, U+2066 to U+2069.
                [0xe2, 0x80, third @ 0xa8..=0xae, ..] => (3, Some(0x1f80 + u16::from(third))),
                [0xe2, 0x81, third @ 0xa6..=0xa9, ..] => (3, Some(0x1fc0 + u16::from(third))),
                _ => (1, None),
            };
            let (character, after) = from.split_at(len);
            match code {
                Some(code) => write!(self.0, "\\u{code:04x}")?,
                None => self.0.write_all(character)?,
            }
            rest = after;
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[derive(Serialize)]
struct Document<'r> {
    #[serde(flatten)]
    run: Run,
    files: Files<'r>,
    summary: Summary,
}

#[derive(Serialize)]
struct Campaign<'r> {
    #[serde(flatten)]
    run: Run,
    repositories: Vec<Repository<'r>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Repository<'r> {
    path: Option<Cow<'r, str>>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'r> {
    Run(Run),
    File(File<'r>),
    Summary(Summary),
}

#[derive(Serialize)]
struct Run {
    version: u32,
    tool: Tool,
    rule: Rule,
    mode: &'static str,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Rule {
    id: &'static str,
    name: &'static str,
    severity: &'static str,
    url: &'static str,
}

/// The files, made one at a time.
struct Files<'r>(&'r Report<'r>);

#[derive(Serialize)]
struct File<'r> {
    path: Cow<'r, str>,
    uri: String,
    changed: bool,
    repositories: usize,
    findings: Vec<Finding<'r>>,
    notes: Vec<Note<'r>>,
    unused_suppressions: Vec<Unused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error<'r>>,
}

#[derive(Serialize)]
struct Finding<'r> {
    logical_id: &'r str,
    verdict: &'static str,
    status: &'static str,
    counts: bool,
    message: &'r str,
    region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicability: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<Suppression<'r>>,
    sources: Vec<Source<'r>>,
    edits: Vec<Edit<'r>>,
    fingerprint: String,
}

#[derive(Serialize)]
struct Suppression<'r> {
    by: &'static str,
    place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
}

#[derive(Serialize)]
struct Source<'r> {
    region: Region,
    message: &'r str,
}

#[derive(Serialize)]
struct Edit<'r> {
    region: Region,
    text: &'r str,
}

#[derive(Serialize)]
struct Note<'r> {
    code: &'static str,
    message: &'r str,
    position: Position,
}

#[derive(Serialize)]
struct Unused {
    code: &'static str,
    by: &'static str,
    position: Position,
}

#[derive(Serialize)]
struct Error<'r> {
    code: &'static str,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

#[derive(Serialize)]
struct Region {
    start: Position,
    end: Position,
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    #[serde(flatten)]
    counts: Counts,
    interrupted: bool,
}

#[derive(Serialize)]
struct Counts {
    templates: usize,
    templates_with_findings: usize,
    repositories: usize,
    findings: usize,
    fixable: usize,
    withheld: usize,
    report_only: usize,
    refused: usize,
    declined: usize,
    notes: usize,
    suppressed: usize,
    errors: usize,
    changed: usize,
}

impl Run {
    fn of(report: &Report<'_>) -> Self {
        Self {
            version: VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            rule: Rule {
                id: rule::ID,
                name: rule::TITLE,
                severity: rule::SEVERITY,
                url: rule::URL,
            },
            mode: match report.options.mode {
                Mode::Check => "check",
                Mode::Diff => "diff",
                Mode::Fix => "fix",
            },
        }
    }
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(files(self.0))
    }
}

/// The files that there is something to say about.
fn files<'r>(report: &'r Report<'r>) -> impl Iterator<Item = File<'r>> {
    let outcomes = report.outcomes.iter();
    outcomes.filter_map(|outcome| {
        let file = file(report, outcome);
        let is_said = file.error.is_some()
            || !file.findings.is_empty()
            || !file.notes.is_empty()
            || !file.unused_suppressions.is_empty()
            || report.names_compliant(outcome);
        is_said.then_some(file)
    })
}

fn file<'r>(report: &Report<'r>, outcome: &'r Outcome) -> File<'r> {
    let mut file = File {
        path: super::portable(&outcome.path),
        uri: uri::of(&outcome.path),
        changed: outcome.changed,
        repositories: 0,
        findings: Vec::new(),
        notes: Vec::new(),
        unused_suppressions: Vec::new(),
        error: None,
    };
    match &outcome.result {
        Ok(facts) => say(report, outcome, facts, &mut file),
        Err(error) => {
            file.error = Some(Error {
                code: error.code,
                message: &error.message,
                position: error.position.map(Into::into),
            });
        }
    }
    file
}

fn say<'r>(report: &Report<'_>, outcome: &'r Outcome, facts: &'r Facts, file: &mut File<'r>) {
    file.repositories = facts.ecr_repositories;
    file.findings = report
        .known_findings(outcome, facts)
        .map(|(found, edits, fingerprint)| finding(found, edits, report.options.mode, fingerprint))
        .collect();
    file.notes = report
        .notes(facts)
        .map(|note| Note {
            code: note.code,
            message: &note.message,
            position: note.position.into(),
        })
        .collect();
    file.unused_suppressions = report
        .unused(facts)
        .map(|unused| Unused {
            code: unused.why.code(),
            by: unused.by,
            position: unused.position.into(),
        })
        .collect();
}

fn finding<'f>(
    found: &'f immutag_engine::Finding,
    edits: &'f [FixedEdit],
    mode: Mode,
    fingerprint: String,
) -> Finding<'f> {
    let mut finding = Finding {
        logical_id: &found.logical_id,
        verdict: found.verdict.code(),
        status: status(found, mode),
        counts: found.counts,
        message: &found.message,
        region: found.region.into(),
        applicability: None,
        refusal: None,
        suppression: None,
        sources: Vec::new(),
        edits: Vec::new(),
        fingerprint,
    };
    match &found.decision {
        Decision::Fix(applicability) | Decision::Withheld(applicability) => {
            finding.applicability = Some(applicability.name());
        }
        Decision::Refused { code, reason } => finding.refusal = Some(Refusal::of(code, reason)),
        Decision::Suppressed {
            by,
            reason,
            is_listed,
        } => {
            finding.suppression = Some(Suppression {
                by,
                place: if *is_listed { "list" } else { "file" },
                reason: reason.as_deref(),
            });
        }
        Decision::ReportOnly | Decision::Declined => {}
    }
    let sources = found.sources.iter().map(|source| Source {
        region: source.region.into(),
        message: &source.how,
    });
    finding.sources.extend(sources);
    let edits = edits.iter().map(|edit| Edit {
        region: edit.region.into(),
        text: &edit.text,
    });
    finding.edits.extend(edits);
    finding
}

impl From<immutag_engine::Region> for Region {
    fn from(region: immutag_engine::Region) -> Self {
        Self {
            start: region.start.into(),
            end: region.end.into(),
            byte_offset: region.span.start,
            byte_length: region.span.end - region.span.start,
        }
    }
}

impl From<immutag_engine::Position> for Position {
    fn from(position: immutag_engine::Position) -> Self {
        Self {
            line: position.line,
            column: position.column,
        }
    }
}

impl Summary {
    fn of(summary: &outcome::Summary) -> Self {
        Self {
            files: summary.files,
            counts: Counts::of(summary),
            interrupted: summary.interrupted,
        }
    }
}

impl Counts {
    fn of(summary: &outcome::Summary) -> Self {
        Self {
            templates: summary.templates,
            templates_with_findings: summary.broken,
            repositories: summary.ecr_repositories,
            findings: summary.findings(),
            fixable: summary.fixed,
            withheld: summary.withheld,
            report_only: summary.report_only,
            refused: summary.refused,
            declined: summary.declined,
            notes: summary.notes,
            suppressed: summary.suppressed,
            errors: summary.errors,
            changed: summary.changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else() {
        let text = "a\u{7f}b\u{9b}31mÂ\u{a0}é\n\u{1}\u{85}";
        let mut out = Vec::new();
        write_pretty(&text, &mut out).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(json, "\"a\\u007fb\\u009b31mÂ\u{a0}é\\n\\u0001\\u0085\"\n");
        let back: String = serde_json::from_str(&json).unwrap();
        assert_eq!(back, text);
    }
}

//! Diagnostics of reviewdog (`rdjson`), with suggestions.
//!
//! This module owns how findings become diagnostics. Columns count bytes of
//! UTF-8 there. What is suppressed is left out, since a diagnostic cannot say
//! so. Errors and notes on files are known to the line only.
//!
//! Source: reviewdog's schema of `DiagnosticResult`, and the comments in it.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Report, escaped, json, told};
use crate::options::Mode;
use crate::outcome::Outcome;
use immutag_engine::{Decision, Finding, FixedEdit};

/// Writes the report as one result.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let result = DiagnosticResult {
        source: Source {
            name: env!("CARGO_PKG_NAME"),
        },
        severity: WARNING,
        diagnostics: Diagnostics(report),
    };
    json::write_pretty(&result, out)
}

const ERROR: &str = "ERROR";
const WARNING: &str = "WARNING";
const INFO: &str = "INFO";

#[derive(Serialize)]
struct DiagnosticResult<'r> {
    source: Source,
    severity: &'static str,
    diagnostics: Diagnostics<'r>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
}

/// The diagnostics, made one at a time.
struct Diagnostics<'r>(&'r Report<'r>);

#[derive(Serialize)]
struct Diagnostic<'r> {
    message: String,
    location: Location<'r>,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<RelatedLocation<'r>>,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
}

#[derive(Serialize)]
struct Location<'r> {
    path: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Serialize)]
struct RelatedLocation<'r> {
    message: String,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Suggestion<'r> {
    range: Range,
    text: &'r str,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Position>,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Serialize for Diagnostics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outcomes = self.0.outcomes.iter();
        serializer.collect_seq(outcomes.flat_map(|outcome| diagnostics(self.0, outcome)))
    }
}

fn diagnostics<'r>(report: &Report<'_>, outcome: &'r Outcome) -> Vec<Diagnostic<'r>> {
    let on_line =
        |severity, value, message: &str, position: Option<immutag_engine::Position>| Diagnostic {
            message: escaped(message),
            location: Location::of(outcome, position.map(|at| Range::line(at.line))),
            severity,
            code: Code { value },
            suggestions: Vec::new(),
            related_locations: Vec::new(),
        };
    let facts = match &outcome.result {
        Ok(facts) => facts,
        Err(error) => return vec![on_line(ERROR, error.code, &error.message, error.position)],
    };
    let findings = report
        .fixed_findings(outcome)
        .filter(|(finding, _)| !matches!(finding.decision, Decision::Suppressed { .. }))
        .map(|(finding, edits)| diagnostic(outcome, finding, edits, report.options.mode));
    let notes = report
        .notes(facts)
        .map(|note| on_line(INFO, note.code, &note.message, Some(note.position)));
    let unused = report.unused(facts).map(|unused| {
        let (code, message) = (unused.why.code(), super::useless(unused));
        on_line(INFO, code, &message, Some(unused.position))
    });
    findings.chain(notes).chain(unused).collect()
}

fn diagnostic<'r>(
    outcome: &'r Outcome,
    finding: &'r Finding,
    edits: &'r [FixedEdit],
    mode: Mode,
) -> Diagnostic<'r> {
    let related = finding.sources.iter().map(|source| RelatedLocation {
        message: escaped(&source.how),
        location: Location::of(outcome, Some(source.region.into())),
    });
    // Once they are written the ranges are those of another text.
    let open = edits.iter().filter(|_| mode != Mode::Fix);
    let suggestions = open.map(|edit| Suggestion {
        range: edit.region.into(),
        text: &edit.text,
    });
    Diagnostic {
        message: escaped(&told(finding, mode)),
        location: Location::of(outcome, Some(finding.region.into())),
        severity: if finding.counts { WARNING } else { INFO },
        code: Code {
            value: finding.verdict.code(),
        },
        suggestions: suggestions.collect(),
        related_locations: related.collect(),
    }
}

impl<'r> Location<'r> {
    fn of(outcome: &'r Outcome, range: Option<Range>) -> Self {
        Self {
            path: super::portable(&outcome.path),
            range,
        }
    }
}

impl Range {
    /// A whole line.
    fn line(line: usize) -> Self {
        Self {
            start: Position { line, column: None },
            end: None,
        }
    }
}

impl From<immutag_engine::Region> for Range {
    fn from(region: immutag_engine::Region) -> Self {
        Self {
            start: Position {
                line: region.start.line,
                column: Some(region.start_byte),
            },
            end: Some(Position {
                line: region.end.line,
                column: Some(region.end_byte),
            }),
        }
    }
}

//! SARIF 2.1.0, for code scanning.
//!
//! This module owns how findings become results of that format. Where the
//! standard leaves a choice:
//!
//! - A region is given twice, in lines and columns and in bytes, and both say
//!   the same (3.30.4). Columns count code points; a byte order mark counts
//!   to the bytes and not to the columns.
//! - What is suppressed is a result with its suppressions. What cannot be
//!   decided is a result of the level `note`.
//! - `fixes` are what `immutag fix` would write. Results that share an edit
//!   name the same replacement: whoever makes several fixes makes equal ones
//!   once. Once the repairs are written there are none, since the regions are
//!   those of the text before.
//! - Errors and notes on files are notifications of the run.
//! - The run has no `automationDetails`: code scanning takes its id for the
//!   category of an upload, and only the one who uploads knows that.
//! - Braces in messages stand as they are. A consumer replaces placeholders
//!   only where there are arguments, and here are none.
//! - Paths are relative to `%SRCROOT%`, which is left undefined: a report
//!   must not tell where it was made.
//!
//! Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version
//! 2.1.0, and its schema.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Refusal, Report, escaped, fingerprint, json, rule, status, told, uri};
use crate::options::Mode;
use crate::outcome::Outcome;
use immutag_engine::{Decision, Excerpt, Finding, FixedEdit, Position};

/// Where the schema is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The symbol of the folder that relative paths start from, as code scanning
/// knows it.
const ROOT: &str = "%SRCROOT%";

/// Writes the report as a log of one run.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: DRIVER },
            invocations: [Invocation {
                execution_successful: report.summary.errors == 0 && !report.summary.interrupted,
                tool_execution_notifications: Notifications(report),
            }],
            original_uri_base_ids: BTreeMap::from([(
                ROOT,
                Described {
                    description: Message::of("The folder that immutag was run in"),
                },
            )]),
            column_kind: "unicodeCodePoints",
            results: Results(report),
        }],
    };
    json::write_pretty(&log, out)
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool,
    invocations: [Invocation<'r>; 1],
    original_uri_base_ids: BTreeMap<&'static str, Described>,
    column_kind: &'static str,
    results: Results<'r>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: [Rule; 1],
}

const DRIVER: Driver = Driver {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    semantic_version: env!("CARGO_PKG_VERSION"),
    rules: [Rule {
        id: rule::ID,
        name: rule::NAME,
        short_description: Text { text: rule::TITLE },
        full_description: Text {
            text: rule::DESCRIPTION,
        },
        help_uri: rule::URL,
        help: Help {
            text: rule::HELP,
            markdown: rule::HELP_MARKDOWN,
        },
        default_configuration: Configuration { level: "warning" },
        properties: RuleProperties {
            severity: rule::SEVERITY,
            security_severity: rule::SECURITY_SEVERITY,
            category: rule::CATEGORY,
            precision: "very-high",
            tags: &["security", "aws", "cloudformation", "ecr", "supply-chain"],
        },
    }],
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    full_description: Text,
    help_uri: &'static str,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Text {
    text: &'static str,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// Those that code scanning reads, and the words of the rule itself.
#[derive(Serialize)]
struct RuleProperties {
    severity: &'static str,
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    category: &'static str,
    precision: &'static str,
    tags: &'static [&'static str],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'r> {
    execution_successful: bool,
    tool_execution_notifications: Notifications<'r>,
}

#[derive(Serialize)]
struct Described {
    description: Message,
}

/// The notifications, made one at a time.
struct Notifications<'r>(&'r Report<'r>);

#[derive(Serialize)]
struct Notification {
    descriptor: Descriptor,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
}

#[derive(Serialize)]
struct Descriptor {
    id: &'static str,
}

/// The results, made one at a time.
struct Results<'r>(&'r Report<'r>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'r> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'r>>,
    properties: ResultProperties,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::struct_field_names,
    reason = "they are the names of the standard's"
)]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_region: Option<Region>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
struct LogicalLocation {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Snippet>,
}

#[derive(Serialize)]
struct Snippet {
    text: String,
}

#[derive(Serialize)]
struct Suppression<'r> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'r str>,
    properties: SuppressionProperties,
}

#[derive(Serialize)]
struct SuppressionProperties {
    by: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'r> {
    description: Message,
    artifact_changes: [ArtifactChange<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'r> {
    artifact_location: ArtifactLocation,
    replacements: Vec<SarifReplacement<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifReplacement<'r> {
    deleted_region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted_content: Option<Inserted<'r>>,
}

#[derive(Serialize)]
struct Inserted<'r> {
    text: &'r str,
}

#[derive(Serialize)]
struct ResultProperties {
    verdict: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicability: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

impl Serialize for Notifications<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outcomes = self.0.outcomes.iter();
        serializer.collect_seq(outcomes.flat_map(|outcome| notifications(self.0, outcome)))
    }
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let results = self.0.assessed().flat_map(|(outcome, facts)| {
            let place = ArtifactLocation::of(outcome);
            let findings = self.0.known_findings(outcome, facts);
            findings.map(move |(finding, edits, known_as)| {
                result(self.0, &place, finding, edits, known_as)
            })
        });
        serializer.collect_seq(results)
    }
}

/// What there is to say about a file beside its findings.
fn notifications(report: &Report<'_>, outcome: &Outcome) -> Vec<Notification> {
    let notification = |id, level, message: &str, position: Option<Position>| Notification {
        descriptor: Descriptor { id },
        level,
        message: Message::of(message),
        locations: [Location::of(PhysicalLocation {
            artifact_location: ArtifactLocation::of(outcome),
            region: position.map(Region::at),
            context_region: None,
        })],
    };
    let facts = match &outcome.result {
        Ok(facts) => facts,
        Err(error) => {
            let error = notification(error.code, "error", &error.message, error.position);
            return vec![error];
        }
    };
    let notes = report
        .notes(facts)
        .map(|note| notification(note.code, "note", &note.message, Some(note.position)));
    let unused = report.unused(facts).map(|unused| {
        let (code, message) = (unused.why.code(), super::useless(unused));
        notification(code, "note", &message, Some(unused.position))
    });
    notes.chain(unused).collect()
}

fn result<'r>(
    report: &Report<'_>,
    place: &ArtifactLocation,
    finding: &'r Finding,
    edits: &'r [FixedEdit],
    known_as: String,
) -> SarifResult<'r> {
    let options = report.options;
    let physical = |region: immutag_engine::Region| {
        let holds = |excerpt: &&Excerpt| excerpt.holds(region.span);
        let excerpt = finding.excerpts.iter().find(holds);
        PhysicalLocation {
            artifact_location: place.clone(),
            region: Some(Region::with_snippet(region, excerpt)),
            context_region: excerpt.map(Region::around),
        }
    };
    let related = finding
        .sources
        .iter()
        .zip(1..)
        .map(|(source, id)| Location {
            id: Some(id),
            message: Some(Message::of(&source.how)),
            ..Location::of(physical(source.region))
        });
    let mut result = SarifResult {
        rule_id: rule::ID,
        rule_index: 0,
        // Whether a finding would count, were it not suppressed, which is
        // said elsewhere.
        level: if finding.verdict.counts(report.rules.policy.profile) {
            "warning"
        } else {
            "note"
        },
        message: Message::of(&told(finding, options.mode)),
        locations: [Location {
            logical_locations: vec![LogicalLocation {
                name: finding.logical_id.clone(),
                kind: "resource",
            }],
            ..Location::of(physical(finding.region))
        }],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(fingerprint::VERSION, known_as)]),
        suppressions: Vec::new(),
        fixes: Vec::new(),
        properties: ResultProperties {
            verdict: finding.verdict.code(),
            status: status(finding, options.mode),
            applicability: None,
            refusal: None,
        },
    };
    match &finding.decision {
        Decision::Fix(applicability) => {
            result.properties.applicability = Some(applicability.name());
            if options.mode != Mode::Fix {
                result.fixes.push(fix(place, finding, edits));
            }
        }
        Decision::Withheld(applicability) => {
            result.properties.applicability = Some(applicability.name());
        }
        Decision::Refused { code, reason } => {
            result.properties.refusal = Some(Refusal::of(code, reason));
        }
        Decision::Suppressed {
            by,
            reason,
            is_listed,
        } => result.suppressions.push(Suppression {
            kind: if *is_listed { "external" } else { "inSource" },
            justification: reason.as_deref(),
            properties: SuppressionProperties { by },
        }),
        Decision::ReportOnly | Decision::Declined => {}
    }
    result
}

fn fix<'r>(place: &ArtifactLocation, finding: &Finding, edits: &'r [FixedEdit]) -> Fix<'r> {
    let replacement = |edit: &'r FixedEdit| SarifReplacement {
        deleted_region: Region::of(edit.region),
        inserted_content: Some(Inserted { text: &edit.text })
            .filter(|inserted| !inserted.text.is_empty()),
    };
    Fix {
        description: Message::of(&format!(
            "Make the tags of {} immutable",
            finding.logical_id
        )),
        artifact_changes: [ArtifactChange {
            artifact_location: place.clone(),
            replacements: edits.iter().map(replacement).collect(),
        }],
    }
}

impl Message {
    /// A sentence of plain text, with nothing in it that would be a link.
    fn of(text: &str) -> Self {
        let mut text = escaped(text);
        // 3.11.6: a text in brackets and a target in parentheses.
        if text.contains("](") {
            text = text.replace('\\', "\\\\");
            text = text.replace('[', "\\[").replace(']', "\\]");
        }
        text.push('.');
        Self { text }
    }
}

impl Location {
    fn of(physical_location: PhysicalLocation) -> Self {
        Self {
            id: None,
            physical_location,
            logical_locations: Vec::new(),
            message: None,
        }
    }
}

impl ArtifactLocation {
    fn of(outcome: &Outcome) -> Self {
        Self {
            uri: uri::of(&outcome.path),
            uri_base_id: Some(ROOT).filter(|_| !outcome.path.is_absolute()),
        }
    }
}

impl Region {
    /// A place of no known extent.
    fn at(position: Position) -> Self {
        Self {
            start_line: position.line,
            start_column: position.column,
            end_line: None,
            end_column: None,
            byte_offset: None,
            byte_length: None,
            snippet: None,
        }
    }

    fn of(region: immutag_engine::Region) -> Self {
        Self {
            end_line: Some(region.end.line),
            end_column: Some(region.end.column),
            byte_offset: Some(region.span.start),
            byte_length: Some(region.span.end - region.span.start),
            ..Self::at(region.start)
        }
    }

    /// A region with its text, which is part of an excerpt.
    fn with_snippet(region: immutag_engine::Region, excerpt: Option<&Excerpt>) -> Self {
        let text = excerpt.and_then(|excerpt| excerpt.slice(region.span));
        Self {
            snippet: text.map(|text| Snippet {
                text: text.to_owned(),
            }),
            ..Self::of(region)
        }
    }

    /// All of an excerpt.
    fn around(excerpt: &Excerpt) -> Self {
        let Excerpt {
            offset,
            position,
            text,
        } = excerpt;
        let (above, last) = match text.rsplit_once('\n') {
            Some((above, last)) => (above.matches('\n').count() + 1, last),
            None => (0, text.as_str()),
        };
        let before = if above == 0 { position.column } else { 1 };
        Self {
            end_line: Some(position.line + above),
            end_column: Some(before + last.chars().count()),
            byte_offset: Some(*offset),
            byte_length: Some(text.len()),
            snippet: Some(Snippet { text: text.clone() }),
            ..Self::at(*position)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_link_is_none() {
        let text = |text| Message::of(text).text;
        assert_eq!(text("[a] (b) \\"), "[a] (b) \\.");
        assert_eq!(text("\"[a](b)\" \\"), "\"\\[a\\](b)\" \\\\.");
        assert_eq!(text("a\nb"), "a\\nb.");
    }

    #[test]
    fn an_excerpt_ends_where_its_text_does() {
        let ends = |column, text: &str| {
            let region = Region::around(&Excerpt {
                offset: 7,
                position: Position { line: 3, column },
                text: text.to_owned(),
            });
            (region.end_line, region.end_column)
        };
        assert_eq!(ends(1, "a\nb\n"), (Some(5), Some(1)));
        assert_eq!(ends(9, "é"), (Some(3), Some(10)));
        assert_eq!(ends(9, "é\nxy"), (Some(4), Some(3)));
    }
}

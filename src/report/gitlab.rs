//! A Code Quality report for GitLab, which shows it in merge requests.
//!
//! Source: GitLab documentation, "Code Quality", section "Code Quality report
//! format": an array of objects with these keys; `severity` is one of info,
//! minor, major, critical, blocker, and paths are relative to the root of the
//! repository, without `./`.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer as _};

use super::json::Escaping;
use super::{Report, answer, slashed};
use immutag_engine::Decision;

#[derive(Serialize)]
struct Issue<'i> {
    description: String,
    check_name: &'i str,
    fingerprint: &'i str,
    severity: &'i str,
    location: Location<'i>,
}

#[derive(Serialize)]
struct Location<'i> {
    path: &'i str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Writes an issue for each finding that nobody asked to leave alone, and for
/// each file that failed.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut escaping = Escaping(&mut *out);
    let mut serializer = serde_json::Serializer::pretty(&mut escaping);
    let mut issues = serializer.serialize_seq(None)?;
    for outcome in report.outcomes {
        let path = slashed(&outcome.path);
        let facts = match &outcome.result {
            Ok(facts) => facts,
            Err(error) => {
                let line = error.position.map_or(1, |at| at.line);
                issues.serialize_element(&Issue {
                    description: format!("immutag: {}", error.message),
                    check_name: error.code,
                    fingerprint: &format!("{}:{path}", error.code),
                    severity: "critical",
                    location: Location {
                        path: &path,
                        lines: Lines {
                            begin: line,
                            end: line,
                        },
                    },
                })?;
                continue;
            }
        };
        for (finding, _, fingerprint) in report.known_findings(outcome, facts) {
            if matches!(finding.decision, Decision::Suppressed { .. }) {
                continue;
            }
            issues.serialize_element(&Issue {
                description: format!(
                    "{}: {} [{}]",
                    finding.logical_id,
                    finding.message,
                    answer(finding, report.options.mode)
                ),
                check_name: finding.verdict.code(),
                fingerprint: &fingerprint,
                // The rule's severity is MEDIUM, the third of five.
                severity: if finding.counts { "major" } else { "info" },
                location: Location {
                    path: &path,
                    lines: Lines {
                        begin: finding.region.start.line,
                        end: finding.region.end.line,
                    },
                },
            })?;
        }
    }
    issues.end()?;
    writeln!(out)
}

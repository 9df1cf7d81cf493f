//! Annotations of GitHub workflows: commands on standard output that a runner
//! takes for its log and shows beside the lines of a pull request.
//!
//! Source: GitHub documentation, "Workflow commands for GitHub Actions",
//! sections "Setting an error message" and below; how a command is escaped:
//! `escapeData` and `escapeProperty` in the toolkit's `command.ts`.

use std::io::{self, Write};

use super::{Report, answer, escaped, slashed};

/// Writes an annotation for each finding that nobody asked to leave alone,
/// and for each file that failed.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        let file = property(&slashed(&outcome.path));
        let facts = match &outcome.result {
            Ok(facts) => facts,
            Err(error) => {
                let place = error.position.map_or(String::new(), |at| {
                    format!(",line={},col={}", at.line, at.column)
                });
                let title = property(&format!("immutag: {}", error.code));
                let message = data(&error.message);
                writeln!(out, "::error file={file}{place},title={title}::{message}")?;
                continue;
            }
        };
        for finding in report.open_findings(facts) {
            let level = if finding.counts { "warning" } else { "notice" };
            let (start, end) = (finding.region.start, finding.region.end);
            let title = property(&format!("immutag: {}", finding.verdict.code()));
            let message = data(&format!(
                "{}: {} [{}]",
                finding.logical_id,
                finding.message,
                answer(finding, report.options.mode)
            ));
            writeln!(
                out,
                "::{level} file={file},line={},endLine={},col={},endColumn={},title={title}::{message}",
                start.line, end.line, start.column, end.column
            )?;
        }
    }
    Ok(())
}

/// A text as the message of a command. Control characters are shown, so that
/// none ends the command and begins another.
fn data(text: &str) -> String {
    escaped(text).replace('%', "%25")
}

/// A text as the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

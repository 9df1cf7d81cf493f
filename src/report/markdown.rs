//! A comment for a pull request: the summary, a table of the findings, and
//! the diffs, folded.
//!
//! What templates say (names, reasons, lines) is text here, whatever it looks
//! like: no markup, no link, no mention of a person. A comment has a limit;
//! what goes beyond is counted, not cut in the middle.
//!
//! Sources: GitHub Flavored Markdown Spec, 4.5 (fenced code blocks), 4.10
//! (tables), 6.1 (backslash escapes); GitHub takes comments of up to 65,536
//! characters.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Report, answer, escaped, escaped_but_tabs, patch, shown, text};
use crate::outcome::Outcome;

/// The size, in bytes, beyond which nothing more is added. It leaves room for
/// the lines that say so, and for words that others put around.
const LIMIT: usize = 60_000;

/// Writes the comment.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut comment = String::from("### immutag: tags of ECR repositories\n\n");
    let mut summary = Vec::new();
    text::write_summary(report.summary, report.options.mode, &mut summary)?;
    for line in String::from_utf8_lossy(&summary).lines() {
        // Our own words, with commands in backticks.
        let _ = writeln!(comment, "{line}  ");
    }
    write_table(report, &mut comment);
    write_errors(report, &mut comment);
    write_diffs(report, &mut comment);
    out.write_all(comment.as_bytes())
}

fn write_table(report: &Report<'_>, comment: &mut String) {
    let mut rows = report
        .assessed()
        .flat_map(|(outcome, facts)| {
            let path = &outcome.path;
            report.findings(facts).map(move |finding| {
                let line = finding.region.start.line;
                format!(
                    "| {}:{line} | {} | {} | `{}` | {} |\n",
                    as_code(&shown(path)),
                    as_code(&escaped(&finding.logical_id)),
                    plain(&finding.message),
                    finding.verdict.code(),
                    plain(&answer(finding, report.options.mode)),
                )
            })
        })
        .peekable();
    if rows.peek().is_none() {
        return;
    }
    comment.push_str("\n| File | Resource | Finding | Code | Answer |\n|---|---|---|---|---|\n");
    let mut left_out = 0;
    for row in rows {
        // Diffs have a use only beside a table that is whole.
        if comment.len() + row.len() > LIMIT {
            left_out += 1;
        } else {
            comment.push_str(&row);
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            comment,
            "\n{left_out} more findings did not fit in here: see `immutag check`."
        );
    }
}

fn write_errors(report: &Report<'_>, comment: &mut String) {
    let mut is_first = true;
    for outcome in report.outcomes {
        let Err(error) = &outcome.result else {
            continue;
        };
        let line = error
            .position
            .map_or(String::new(), |at| format!(":{}", at.line));
        let item = format!(
            "- {}{line}: {} (`{}`)\n",
            as_code(&shown(&outcome.path)),
            plain(&error.message),
            error.code
        );
        if comment.len() + item.len() > LIMIT {
            return;
        }
        if std::mem::take(&mut is_first) {
            comment.push_str("\n**Errors**\n\n");
        }
        comment.push_str(&item);
    }
}

fn write_diffs(report: &Report<'_>, comment: &mut String) {
    let mut left_out = 0;
    for outcome in report.outcomes {
        let Some(diff) = diff(outcome) else {
            continue;
        };
        if comment.len() + diff.len() > LIMIT {
            left_out += 1;
        } else {
            comment.push_str(&diff);
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            comment,
            "\nThe diffs of {left_out} more files did not fit in here: see `immutag diff`."
        );
    }
}

/// The diff of a file, folded; None where no line changes.
fn diff(outcome: &Outcome) -> Option<String> {
    let mut patch = Vec::new();
    // Writing to memory does not fail.
    patch::write_file(outcome.patched(), &outcome.hunks, &mut patch).ok()?;
    if patch.is_empty() {
        return None;
    }
    let patch = String::from_utf8_lossy(&patch);
    let lines: Vec<String> = patch.lines().map(escaped_but_tabs).collect();
    let body = lines.join("\n");
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    let name = html(&shown(&outcome.path));
    Some(format!(
        "\n<details><summary><code>{name}</code></summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"
    ))
}

/// The most backticks that stand in a row.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// A text as code within a line of a table: there even code cannot hold a bar
/// as it is.
#[must_use]
pub(crate) fn as_code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    let text = text.replace('|', "\\|");
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A text as text within a line: no character of it is markup, and an empty
/// comment keeps `@name` and `#1` from being references.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escaped(text).chars() {
        match character {
            '@' | '#' => {
                out.push(character);
                out.push_str("<!-- -->");
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A word with an underscore or a bracket is not to be an emphasis
            // or a link; a scheme is not to be a link of its own.
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(character);
            }
            ':' => out.push_str("<!-- -->:"),
            _ => out.push(character),
        }
    }
    // A colon needs the comment only before a link's slashes.
    out.replace("<!-- -->: ", ": ")
}

/// A text as text of HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

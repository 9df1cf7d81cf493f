//! Outcomes as lines of text, one per finding, and the summary.
//!
//! A line is `path:line:column: LogicalId: what is wrong [verdict, answer]`,
//! so that editors and `grep` can take it apart.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{answer, escaped, patch, shown, useless, Report};
use crate::cli::{Mode, Options, Verbosity};
use crate::outcome::{Outcome, Summary};
use crate::remediate::{Answer, Reported};
use crate::span::Position;

const BOLD: Style = Style::new().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();

/// Writes why a file was not assessed or not written, if it was not.
///
/// # Errors
/// Those of `out`.
pub fn write_error(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let Err(error) = &outcome.result else {
        return Ok(());
    };
    let path = shown(&outcome.path);
    let place = match error.position {
        Some(at) => format!("{path}:{}:{}", at.line, at.column),
        None => path,
    };
    let message = escaped(&error.message);
    let code = error.code;
    writeln!(
        out,
        "{BOLD}{place}{BOLD:#}: {ERROR}error{ERROR:#}: {message} {DIM}[{code}]{DIM:#}"
    )
}

/// Writes all findings, a line each, and the notes on files.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        write_findings(outcome, report.options, |_| true, out)?;
    }
    Ok(())
}

/// Writes what a patch or a repaired text does not tell.
///
/// # Errors
/// Those of `out`.
pub fn write_left(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let is_told = |finding: &Reported| {
        report.options.mode != Mode::Fix && matches!(finding.answer, Answer::Fixed(_))
    };
    for outcome in report.outcomes {
        write_findings(outcome, report.options, |finding| !is_told(finding), out)?;
    }
    Ok(())
}

/// Writes the findings of one file, and the notes on it.
fn write_findings(
    outcome: &Outcome,
    options: &Options,
    is_said: impl Fn(&Reported) -> bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Options {
        mode, verbosity, ..
    } = *options;
    let Ok(assessment) = &outcome.result else {
        return Ok(());
    };
    let path = shown(&outcome.path);
    for finding in &assessment.findings {
        let is_note = !finding.counts;
        if !is_said(finding) {
            continue;
        }
        if is_note && verbosity == Verbosity::Quiet {
            continue;
        }
        let at = finding.region.start;
        let note = if is_note {
            format!("{NOTE}note{NOTE:#}: ")
        } else {
            String::new()
        };
        writeln!(
            out,
            "{BOLD}{path}:{}:{}{BOLD:#}: {note}{}: {} {DIM}[{}, {}]{DIM:#}",
            at.line,
            at.column,
            escaped(&finding.logical_id),
            escaped(&finding.message),
            finding.verdict.code(),
            escaped(&answer(finding, mode)),
        )?;
    }
    if options.report_unused_suppressions {
        for unused in &assessment.unused {
            let message = useless(unused);
            write_note(&path, unused.position, &message, unused.why.code(), out)?;
        }
    }
    if verbosity == Verbosity::Quiet {
        return Ok(());
    }
    for note in &assessment.notes {
        write_note(&path, note.position, &note.message, note.code, out)?;
    }
    let complies = assessment.findings.is_empty() && assessment.repositories > 0;
    if complies && verbosity == Verbosity::Verbose {
        let count = counted(assessment.repositories, "repository", "repositories");
        writeln!(out, "{BOLD}{path}{BOLD:#}: ok, {count}")?;
    }
    Ok(())
}

fn write_note(
    path: &str,
    at: Position,
    message: &str,
    code: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let message = escaped(message);
    writeln!(
        out,
        "{BOLD}{path}:{}:{}{BOLD:#}: {NOTE}note{NOTE:#}: {message} {DIM}[{code}]{DIM:#}",
        at.line, at.column
    )
}

/// Writes the patches for people: coloured, and with the control characters
/// of the templates escaped, so that they cannot act on the terminal. Such a
/// patch is not for `git apply`.
///
/// # Errors
/// Those of `out`.
pub fn write_patches(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut plain = Vec::new();
    for outcome in report.outcomes {
        plain.clear();
        patch::write_file(outcome.patched(), &outcome.hunks, &mut plain)?;
        for line in String::from_utf8_lossy(&plain).lines() {
            let style = match line.bytes().next() {
                Some(b'+') => ADDED,
                Some(b'-') => REMOVED,
                Some(b'@') => PLACE,
                _ => Style::new(),
            };
            let shown: Vec<String> = line.split('\t').map(escaped).collect();
            writeln!(out, "{style}{}{style:#}", shown.join("\t"))?;
        }
    }
    Ok(())
}

/// Writes the summary of a run.
///
/// # Errors
/// Those of `out`.
pub fn write_summary(summary: &Summary, mode: Mode, out: &mut dyn Write) -> io::Result<()> {
    let Summary {
        files,
        templates,
        repositories,
        fixed,
        withheld,
        refused,
        suppressed,
        errors,
        changed,
        ..
    } = *summary;
    let scanned = counted(files, "file", "files");
    if summary.findings() == 0 {
        if errors == 0 && repositories == 0 {
            writeln!(out, "No ECR repositories in {scanned}.")?;
        } else if repositories > 0 {
            let found = counted(repositories, "repository", "repositories");
            let templates = counted(templates, "template", "templates");
            writeln!(
                out,
                "Nothing to do: {found} in {templates}, {scanned} scanned."
            )?;
        }
    } else if mode == Mode::Fix {
        let done = counted(fixed, "finding", "findings");
        let changed = counted(changed, "file", "files");
        writeln!(out, "Fixed {done} in {changed}; {scanned} scanned.")?;
    } else {
        let found = counted(summary.findings(), "finding", "findings");
        let templates = counted(summary.broken, "template", "templates");
        let how = if fixed > 0 {
            format!(" {fixed} fixable with `immutag fix`;")
        } else {
            String::new()
        };
        writeln!(out, "Found {found} in {templates};{how} {scanned} scanned.")?;
    }
    if withheld > 0 {
        let left = counted(withheld, "finding needs", "findings need");
        writeln!(
            out,
            "{left} --unsafe-fixes: review with `immutag diff --unsafe-fixes`."
        )?;
    }
    if refused > 0 {
        let left = counted(refused, "finding", "findings");
        writeln!(out, "{left} cannot be fixed; the reasons stand above.")?;
    }
    if suppressed > 0 {
        let left = counted(suppressed, "finding is", "findings are");
        writeln!(out, "{left} suppressed and left alone.")?;
    }
    if errors > 0 {
        let failed = counted(errors, "error", "errors");
        writeln!(out, "{failed}; the files concerned stay as they were.")?;
    }
    Ok(())
}

fn counted(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

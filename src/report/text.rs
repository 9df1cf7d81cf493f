//! Outcomes as lines of text, one per finding, and the summary.
//!
//! A line is `path:line:column: LogicalId: what is wrong [verdict, answer]`,
//! so that editors and `grep` can take it apart.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::{Report, answer, escaped, escaped_but_tabs, patch, shown, useless};
use crate::options::{Mode, Options, Verbosity};
use crate::outcome::{Outcome, Summary};
use immutag_engine::{Decision, Finding, Hunk, Position, Sign};

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
pub(crate) fn write_error(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
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
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        write_findings(outcome, report, |_| true, out)?;
    }
    Ok(())
}

/// Writes what a patch or a repaired text does not tell.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_left(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let is_told = |finding: &Finding| {
        report.options.mode != Mode::Fix && matches!(finding.decision, Decision::Fix(_))
    };
    for outcome in report.outcomes {
        write_findings(outcome, report, |finding| !is_told(finding), out)?;
    }
    Ok(())
}

/// Writes the findings of one file, and the notes on it.
fn write_findings(
    outcome: &Outcome,
    report: &Report<'_>,
    is_said: impl Fn(&Finding) -> bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Ok(facts) = &outcome.result else {
        return Ok(());
    };
    for finding in report.findings(facts).filter(|&f| is_said(f)) {
        write_finding(&outcome.path, finding, report.options.mode, out)?;
    }
    write_notes(outcome, report.options, out)
}

/// Writes one finding, on a line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_finding(
    path: &Path,
    finding: &Finding,
    mode: Mode,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = shown(path);
    let at = finding.region.start;
    let note = if finding.counts {
        String::new()
    } else {
        format!("{NOTE}note{NOTE:#}: ")
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
    )
}

/// Writes what there is to say about a file beside its findings.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_notes(
    outcome: &Outcome,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Ok(facts) = &outcome.result else {
        return Ok(());
    };
    let path = shown(&outcome.path);
    if options.report_unused_suppressions {
        for unused in &facts.unused_suppressions {
            let message = useless(unused);
            write_note(&path, unused.position, &message, unused.why.code(), out)?;
        }
    }
    if options.verbosity == Verbosity::Quiet {
        return Ok(());
    }
    for note in &facts.notes {
        write_note(&path, note.position, &note.message, note.code, out)?;
    }
    let complies = facts.findings.is_empty() && facts.ecr_repositories > 0;
    if complies && options.verbosity == Verbosity::Verbose {
        let count = counted(facts.ecr_repositories, "repository", "repositories");
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
pub(crate) fn write_patches(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        if !outcome.hunks.is_empty() {
            for name in patch::names(outcome.patched()) {
                writeln!(out, "{BOLD}{}{BOLD:#}", escaped_but_tabs(&name))?;
            }
            write_hunks(&outcome.hunks, out)?;
        }
    }
    Ok(())
}

/// Writes hunks for people: coloured, the bytes that an edit takes or brings
/// underlined where they are not the whole line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_hunks(hunks: &[Hunk], out: &mut dyn Write) -> io::Result<()> {
    for hunk in hunks {
        writeln!(out, "{PLACE}{}{PLACE:#}", patch::header(hunk))?;
        for line in &hunk.lines {
            let style = match line.sign {
                Sign::Kept => Style::new(),
                Sign::Removed => REMOVED,
                Sign::Added => ADDED,
            };
            let sign = char::from(patch::sign(line.sign));
            write!(out, "{style}{sign}")?;
            for (part, is_changed) in line.parts() {
                // The end of the line is written below.
                let part = escaped_but_tabs(part.trim_end_matches('\n'));
                if is_changed {
                    let marked = style.underline();
                    write!(out, "{style:#}{marked}{part}{marked:#}{style}")?;
                } else {
                    write!(out, "{part}")?;
                }
            }
            writeln!(out, "{style:#}")?;
            if !line.text.ends_with('\n') {
                writeln!(out, "{}", patch::NO_LINE_END)?;
            }
        }
    }
    Ok(())
}

/// Writes the summary of a run.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_summary(summary: &Summary, mode: Mode, out: &mut dyn Write) -> io::Result<()> {
    let Summary {
        files,
        templates,
        ecr_repositories,
        fixed,
        withheld,
        report_only,
        refused,
        suppressed,
        declined,
        errors,
        changed,
        ..
    } = *summary;
    let scanned = counted(files, "file", "files");
    if summary.findings() == 0 {
        if errors == 0 && ecr_repositories == 0 {
            writeln!(out, "No ECR repositories in {scanned}.")?;
        } else if ecr_repositories > 0 {
            let found = counted(ecr_repositories, "repository", "repositories");
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
    if report_only > 0 {
        let left = counted(
            report_only,
            "finding is in a report-only file",
            "findings are in report-only files",
        );
        writeln!(out, "{left} and left alone.")?;
    }
    if refused > 0 {
        let left = counted(refused, "finding", "findings");
        writeln!(out, "{left} cannot be fixed, for the reasons given.")?;
    }
    if declined > 0 {
        let left = counted(declined, "finding was", "findings were");
        writeln!(out, "{left} declined and left alone.")?;
    }
    if suppressed > 0 {
        let left = counted(suppressed, "finding is", "findings are");
        writeln!(out, "{left} suppressed and left alone.")?;
    }
    if summary.interrupted {
        writeln!(
            out,
            "Interrupted before all files were looked at; run again for the rest."
        )?;
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

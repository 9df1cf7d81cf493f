//! What each git repository came to, as a table: for terminals and in Markdown.
//!
//! A row stands for a repository, and one for the files outside of any. What a run came to in
//! all is in [`super::text`], and the same for programs in [`super::json`].

use std::io::{self, Write};

use super::{Report, markdown, shown, text};
use crate::options::{Mode, Verbosity};
use crate::outcome::Summary;

/// A column of numbers.
struct Column {
    title: &'static str,
    count: fn(&Summary) -> usize,
    /// Whether it is left out where all its numbers are 0.
    is_rare: bool,
}

/// The columns that a report has.
fn columns(report: &Report<'_>) -> Vec<Column> {
    let column = |title, count, is_rare| Column {
        title,
        count,
        is_rare,
    };
    let fixed = match report.options.mode {
        Mode::Fix => "fixed",
        Mode::Check | Mode::Diff => "fixable",
    };
    let mut columns = vec![
        column("templates", |summary| summary.templates, false),
        column(
            "ECR repositories",
            |summary| summary.ecr_repositories,
            false,
        ),
        column(fixed, |summary| summary.fixed, false),
        column("unsafe", |summary| summary.withheld, false),
        column("refused", |summary| summary.refused, false),
        column("report-only", |summary| summary.report_only, true),
        column("declined", |summary| summary.declined, true),
        column("suppressed", |summary| summary.suppressed, false),
        column("errors", |summary| summary.errors, false),
    ];
    columns.retain(|column| !column.is_rare || (column.count)(report.summary) > 0);
    columns
}

/// The name of a repository (None for files outside of any), its summary, and the numbers of
/// the columns.
type Row<'r> = (Option<String>, &'r Summary, Vec<String>);

fn rows<'r>(report: &Report<'r>, columns: &[Column]) -> Vec<Row<'r>> {
    let rows = report.git_repositories.iter().map(|(root, summary)| {
        let numbers = columns
            .iter()
            .map(|column| (column.count)(summary).to_string());
        (root.as_deref().map(shown), summary, numbers.collect())
    });
    rows.collect()
}

/// The row for files outside of any repository.
const NONE: &str = "(in no git repository)";

/// Writes the table for a terminal. Repositories with nothing to do are counted, and have a
/// row only with `--verbose`.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_table(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let columns = columns(report);
    let names_all = report.options.verbosity == Verbosity::Verbose;
    let (rows, others): (Vec<_>, Vec<_>) =
        rows(report, &columns)
            .into_iter()
            .partition(|(_, summary, _)| {
                names_all || summary.findings() + summary.suppressed + summary.errors > 0
            });
    if !rows.is_empty() {
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| NONE.to_owned());
        let title = "git repository";
        let widths = rows.iter().map(|(root, ..)| name(root).chars().count());
        let width = widths.chain([title.len()]).max().unwrap_or_default();
        write!(out, "{title:width$}")?;
        for column in &columns {
            write!(out, "  {}", column.title)?;
        }
        writeln!(out)?;
        for (root, _, numbers) in &rows {
            write!(out, "{:width$}", name(root))?;
            for (column, number) in columns.iter().zip(numbers) {
                write!(out, "  {number:>width$}", width = column.title.len())?;
            }
            writeln!(out)?;
        }
    }
    let is_repository = |(root, ..): &&Row<'_>| root.is_some();
    let others = others.iter().filter(is_repository).count();
    if others > 0 {
        let more = if rows.is_empty() { "" } else { "more " };
        let word = if others == 1 {
            "repository"
        } else {
            "repositories"
        };
        writeln!(out, "{others} {more}git {word} with nothing to do.")?;
    }
    Ok(())
}

/// Writes the summary and the table of all repositories in Markdown.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_markdown(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let columns = columns(report);
    writeln!(out, "### immutag: tags of ECR repositories\n")?;
    let mut summary = Vec::new();
    text::write_summary(report.summary, report.options.mode, &mut summary)?;
    for line in String::from_utf8_lossy(&summary).lines() {
        // Our own words, with commands in backticks.
        writeln!(out, "{line}  ")?;
    }
    write!(out, "\n| git repository |")?;
    for column in &columns {
        write!(out, " {} |", column.title)?;
    }
    writeln!(out, "\n|---|{}", "--:|".repeat(columns.len()))?;
    for (root, _, numbers) in rows(report, &columns) {
        let name = root.map_or_else(|| NONE.to_owned(), |root| markdown::as_code(&root));
        writeln!(out, "| {name} | {} |", numbers.join(" | "))?;
    }
    Ok(())
}

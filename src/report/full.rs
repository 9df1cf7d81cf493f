//! Findings with the source around them, as compilers show theirs: the
//! resource, the line, what is proposed, the reason.
//!
//! This module owns what is shown of a finding on a terminal; how source is
//! drawn is the library's part, and it shows most control characters as pictures.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::{Report, answer, escaped, shown, text};
use crate::options::Mode;
use immutag_engine::{Decision, Excerpt, Finding, FixedEdit, Span};

/// What a code in brackets leads to, on terminals with links.
const USER_GUIDE: &str =
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html";

/// Writes all findings, and the notes on files. `has_links` is whether what
/// reads them shows links.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, has_links: bool, out: &mut dyn Write) -> io::Result<()> {
    let renderer = Renderer::styled();
    for (outcome, _) in report.assessed() {
        let path = shown(&outcome.path);
        for (finding, edits) in report.fixed_findings(outcome) {
            let groups = groups(&path, finding, edits, report.options.mode, has_links);
            writeln!(out, "{}\n", renderer.render(&groups))?;
        }
        text::write_notes(outcome, report.options, out)?;
    }
    Ok(())
}

fn groups<'f>(
    path: &'f str,
    finding: &'f Finding,
    edits: &'f [FixedEdit],
    mode: Mode,
    has_links: bool,
) -> Vec<Group<'f>> {
    let level = if finding.counts {
        Level::WARNING
    } else {
        Level::NOTE
    };
    let title = format!(
        "{}: {}",
        escaped(&finding.logical_id),
        escaped(&finding.message)
    );
    let mut title = level.primary_title(title).id(finding.verdict.code());
    if has_links {
        title = title.id_url(USER_GUIDE);
    }
    let mut group = Group::with_title(title);
    // The finding's own place first, then those that it comes from.
    let (own, others): (Vec<&Excerpt>, Vec<&Excerpt>) = finding
        .excerpts
        .iter()
        .partition(|excerpt| excerpt.holds(Span::at(finding.region.span.start)));
    for excerpt in own.into_iter().chain(others) {
        let Some(snippet) = annotated(excerpt, finding) else {
            continue;
        };
        if excerpt.position.column == 1 {
            group = group.element(snippet.path(path));
        } else {
            // What is cut off is not to be missing from the column.
            let start = finding.region.start;
            let place = Origin::path(path).line(start.line);
            group = group
                .element(place.char_column(start.column))
                .element(snippet);
        }
    }
    let said = answer(finding, mode);
    match finding.decision {
        Decision::Fix(_) => {}
        Decision::Withheld(_) => {
            let how = "--unsafe-fixes repairs it: review with `immutag diff --unsafe-fixes`";
            group = group.element(Level::HELP.message(how));
        }
        Decision::Refused { .. }
        | Decision::Suppressed { .. }
        | Decision::Declined
        | Decision::ReportOnly => {
            group = group.element(Level::NOTE.message(escaped(&said)));
        }
    }
    let mut groups = vec![group];
    if matches!(finding.decision, Decision::Fix(_)) {
        let what = if mode == Mode::Fix {
            Level::NOTE.secondary_title("fixed")
        } else {
            Level::HELP.secondary_title("`immutag fix` writes")
        };
        let mut repair = Group::with_title(what);
        for excerpt in &finding.excerpts {
            if let Some(snippet) = repaired(excerpt, edits) {
                repair = repair.element(snippet);
            }
        }
        groups.push(repair);
    }
    groups
}

/// An excerpt with the finding's places in it; None where it has none.
fn annotated<'f>(
    excerpt: &'f Excerpt,
    finding: &'f Finding,
) -> Option<Snippet<'f, annotate_snippets::Annotation<'f>>> {
    let mut annotations = Vec::new();
    if let Some(span) = beginning(excerpt, finding.region.span) {
        annotations.push(AnnotationKind::Primary.span(span));
    }
    for source in &finding.sources {
        if let Some(span) = beginning(excerpt, source.region.span) {
            let how = escaped(&source.how);
            annotations.push(AnnotationKind::Context.span(span).label(how));
        }
    }
    if annotations.is_empty() {
        return None;
    }
    let snippet = source(excerpt);
    Some(snippet.annotations(annotations))
}

/// An excerpt with the edits that are made in it; None where there are none.
fn repaired<'f>(excerpt: &'f Excerpt, edits: &'f [FixedEdit]) -> Option<Snippet<'f, Patch<'f>>> {
    let patches: Vec<Patch<'f>> = edits
        .iter()
        .filter_map(|edit| {
            let span = within(excerpt, edit.region.span)?;
            Some(Patch::new(span, edit.text.as_str()))
        })
        .collect();
    if patches.is_empty() {
        return None;
    }
    let snippet = source(excerpt);
    Some(snippet.patches(patches))
}

/// An excerpt, all of whose lines are to be shown.
fn source<T: Clone>(excerpt: &Excerpt) -> Snippet<'_, T> {
    Snippet::source(pictured(&excerpt.text))
        .line_start(excerpt.position.line)
        .fold(false)
}

/// A text of the same length in which characters that act on a terminal, and
/// that the library has no picture for, are pictures.
fn pictured(text: &str) -> String {
    let picture = |character: char| match character {
        '\u{80}'..='\u{9f}' => '\u{bf}',
        '\u{2028}' | '\u{2029}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(picture).collect()
}

/// A span of the text as one of the excerpt, as far as that goes, if it holds
/// its beginning.
fn beginning(excerpt: &Excerpt, span: Span) -> Option<std::ops::Range<usize>> {
    let end = span.end.min(excerpt.offset + excerpt.text.len());
    let is_held = excerpt.holds(Span::at(span.start));
    is_held.then(|| within(excerpt, Span::new(span.start, end)))?
}

/// A span of the text as one of the excerpt, if that holds it.
fn within(excerpt: &Excerpt, span: Span) -> Option<std::ops::Range<usize>> {
    let start = excerpt.offset;
    excerpt
        .holds(span)
        .then(|| span.start - start..span.end - start)
}

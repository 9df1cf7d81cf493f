//! A page to review a dry run, in one file: totals, a list of the files with
//! what was found in each, and the lines that change.
//!
//! The page loads nothing, and its policy lets nothing run but the script
//! that stands in it. Whatever a template says is text in it: the library
//! escapes it, and what cannot be seen, or turns the direction of a line, is
//! shown by its number. Without the script all is there to be read; the
//! script filters, turns diffs on their sides and knows keys.
//!
//! Sources: W3C, "Content Security Policy Level 3", 2.3.1 (hash sources);
//! Unicode Standard Annex #9 for what turns directions.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{Report, answer, patch, shown, status, text, useless};
use crate::options::Mode;
use crate::outcome::Outcome;
use immutag_engine::{
    Applicability, Decision, DiffLine, Excerpt, Facts, Finding, Hunk, Position, Profile, Rules,
    Sign, Span,
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What is done about a finding, in the order in which it is of interest.
const STATUSES: [(&str, &str); 7] = [
    ("fixable", "fixable"),
    ("fixed", "fixed"),
    ("withheld", "needs --unsafe-fixes"),
    ("refused", "not fixable"),
    ("report-only", "report-only"),
    ("declined", "declined"),
    ("suppressed", "suppressed"),
];

/// Writes the page.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let found = report.summary.findings();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "immutag: " (found) (if found == 1 { " finding" } else { " findings" }) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(report))
                main {
                    (totals(report))
                    (errors(report))
                    (list(report))
                }
                (keys())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())?;
    writeln!(out)
}

fn header(report: &Report<'_>) -> Markup {
    let mut summary = Vec::new();
    // Writing to memory does not fail.
    let _ = text::write_summary(report.summary, report.options.mode, &mut summary);
    let summary = String::from_utf8_lossy(&summary).into_owned();
    html! {
        header {
            h1 { "Tags of ECR repositories" }
            p.run { code { (command(report.options.mode, report.rules)) } " · immutag " (env!("CARGO_PKG_VERSION")) }
            @for line in summary.lines() { p { (line) } }
        }
    }
}

/// What was run, as far as it decides what is shown.
fn command(mode: Mode, rules: &Rules) -> String {
    let mut words = vec!["immutag".to_owned()];
    words.push(
        match mode {
            Mode::Check => "check",
            Mode::Diff => "diff",
            Mode::Fix => "fix",
        }
        .to_owned(),
    );
    let policy = &rules.policy;
    if policy.profile == Profile::Strict {
        words.push("--strict".to_owned());
    }
    if rules.allow == Applicability::Unsafe {
        words.push("--unsafe-fixes".to_owned());
    }
    for tag in &policy.keep_mutable {
        words.push(format!("--keep-mutable {}", tag.as_str()));
    }
    if !rules.suppressions.are_on {
        words.push("--no-suppressions".to_owned());
    }
    if policy.creation_templates {
        words.push("--creation-templates".to_owned());
    }
    words.join(" ")
}

/// Numbers of findings, each with its name.
type Counts<'c> = Vec<(&'c str, usize)>;

fn totals(report: &Report<'_>) -> Markup {
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let repositories = repositories(report);
    for (outcome, facts) in report.assessed() {
        for finding in report.findings(facts) {
            *verdicts.entry(finding.verdict.code()).or_default() += 1;
            *statuses
                .entry(status(finding, report.options.mode))
                .or_default() += 1;
            *places.entry(place(outcome, repositories)).or_default() += 1;
        }
    }
    let by_status = STATUSES.iter().filter_map(|(code, name)| {
        let count = *statuses.get(code)?;
        Some((*name, count))
    });
    let mut by_verdict: Counts<'_> = verdicts.into_iter().collect();
    let mut by_place: Counts<'_> = places.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    // The largest first; what is equal keeps the order of its names.
    by_verdict.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    by_place.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let place_title = if repositories > 1 {
        "By repository"
    } else {
        "By folder"
    };
    html! {
        section.totals aria-label="Totals" {
            (chart("By answer", &by_status.collect::<Counts<'_>>()))
            (chart("By finding", &by_verdict))
            (chart(place_title, &by_place))
        }
    }
}

/// How many git repositories have a finding.
fn repositories(report: &Report<'_>) -> usize {
    let roots = report
        .outcomes
        .iter()
        .map(|outcome| &outcome.git_repository);
    roots.collect::<std::collections::BTreeSet<_>>().len()
}

/// What a file is counted to: its git repository where there are several, and
/// else its first folder.
fn place(outcome: &Outcome, repositories: usize) -> String {
    let folder = if repositories > 1 {
        outcome.git_repository.clone()
    } else {
        let mut parts = outcome.path.components();
        parts.next_back();
        parts.next().map(|part| part.as_os_str().into())
    };
    folder.map_or_else(|| ".".to_owned(), |folder| shown(&folder))
}

/// How many bars a chart has at most.
const BARS: usize = 12;

fn chart(title: &str, counts: &[(&str, usize)]) -> Markup {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let rest = counts.get(BARS..).unwrap_or_default();
    let others: usize = rest.iter().map(|(_, count)| count).sum();
    html! {
        @if !counts.is_empty() {
            table.chart {
                caption { (title) }
                @for (name, count) in counts.iter().take(BARS) {
                    tr {
                        th scope="row" { (visible(name)) }
                        td.bar {
                            svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
                                rect width=(100 * count / most.max(1)) height="8" {}
                            }
                        }
                        td.number { (count) }
                    }
                }
                @if others > 0 {
                    tr { th scope="row" { (rest.len()) " more" } td.bar {} td.number { (others) } }
                }
            }
        }
    }
}

fn errors(report: &Report<'_>) -> Markup {
    let failed = report.outcomes.iter().filter_map(|outcome| {
        let error = outcome.result.as_ref().err()?;
        Some((outcome, error))
    });
    let failed: Vec<_> = failed.collect();
    html! {
        @if !failed.is_empty() {
            section.errors {
                h2 { "Errors" }
                ul {
                    @for (outcome, error) in failed {
                        li {
                            b { (visible(&outcome.path.to_string_lossy())) }
                            @if let Some(at) = error.position { ":" (at.line) ":" (at.column) }
                            ": " (visible(&error.message)) " " code { (error.code) }
                        }
                    }
                }
            }
        }
    }
}

fn list(report: &Report<'_>) -> Markup {
    let mode = report.options.mode;
    let files: Vec<(&Outcome, &Facts, Vec<&Finding>)> = report
        .assessed()
        .map(|(outcome, facts)| {
            let findings = report.findings(facts).collect();
            (outcome, facts, findings)
        })
        .filter(|(_, facts, findings): &(_, &Facts, Vec<_>)| {
            let has_notes = report.notes(facts).next().is_some();
            !findings.is_empty() || has_notes || report.unused(facts).next().is_some()
        })
        .collect();
    let is_there = |code: &str| {
        let mut findings = files.iter().flat_map(|(_, _, findings)| findings);
        findings.any(|finding| status(finding, mode) == code)
    };
    html! {
        section.files aria-label="Files" {
            div.controls hidden {
                label { "Filter " input #filter type="search" autocomplete="off" spellcheck="false"
                    placeholder="path, resource, words"; }
                span role="group" aria-label="Answers" {
                    @for (code, name) in STATUSES {
                        @if is_there(code) {
                            button.toggle type="button" aria-pressed="true" data-status=(code) { (name) }
                        }
                    }
                }
                button #split type="button" aria-pressed="false" { "Side by side" }
                button #expand type="button" { "Expand all" }
                span #count role="status" aria-live="polite" { (files.len()) " files" }
            }
            @for (outcome, facts, findings) in &files {
                (file(report, outcome, facts, findings))
            }
            @if files.is_empty() { p { "Nothing was found." } }
        }
    }
}

fn file(report: &Report<'_>, outcome: &Outcome, facts: &Facts, findings: &[&Finding]) -> Markup {
    let mode = report.options.mode;
    let mut counts: Counts<'_> = Vec::new();
    for (code, _) in STATUSES {
        let of = |finding: &&&Finding| status(finding, mode) == code;
        let count = findings.iter().filter(of).count();
        if count > 0 {
            counts.push((code, count));
        }
    }
    let statuses: Vec<&str> = counts.iter().map(|(code, _)| *code).collect();
    html! {
        details.file data-statuses=(statuses.join(" ")) {
            summary {
                span.path { (visible(&outcome.path.to_string_lossy())) }
                @for (code, count) in &counts {
                    " " span class={ "chip " (code) } { (count) " " (code) }
                }
            }
            ul.findings {
                @for finding in findings { (entry(finding, mode)) }
                @for unused in report.unused(facts) {
                    (remark(unused.position, &useless(unused), unused.why.code()))
                }
                @for note in report.notes(facts) {
                    (remark(note.position, &note.message, note.code))
                }
            }
            @if !outcome.hunks.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Changed lines" {
                    table.diff {
                        @for hunk in &outcome.hunks { (changed(hunk)) }
                    }
                }
            }
        }
    }
}

/// What is said of a file beside its findings.
fn remark(at: Position, message: &str, code: &str) -> Markup {
    html! {
        li { span.at { (at.line) ":" (at.column) } " note: " (visible(message)) " " code { (code) } }
    }
}

fn entry(finding: &Finding, mode: Mode) -> Markup {
    let at = finding.region.start;
    let excerpt = finding
        .excerpts
        .iter()
        .find(|excerpt| excerpt.holds(Span::at(finding.region.span.start)));
    html! {
        li {
            span.at { (at.line) ":" (at.column) }
            " " b { (visible(&finding.logical_id)) } ": " (visible(&finding.message))
            " " code { (finding.verdict.code()) }
            " " span class={ "answer " (status(finding, mode)) } { (visible(&answer(finding, mode))) }
            @if !matches!(finding.decision, Decision::Fix(_)) {
                @if let Some(excerpt) = excerpt { (around(excerpt)) }
            }
        }
    }
}

/// The lines around a finding that is left.
fn around(excerpt: &Excerpt) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Lines around" {
            table.diff {
                tbody {
                    @for (nth, line) in excerpt.text.split_inclusive('\n').enumerate() {
                        tr { td.no { (excerpt.position.line + nth) } td.line { (line_of(line, false)) } }
                    }
                }
            }
        }
    }
}

fn changed(hunk: &Hunk) -> Markup {
    let (mut old, mut new) = (hunk.old.start, hunk.new.start);
    html! {
        tbody {
            tr.hunk { td colspan="4" { (patch::header(hunk)) } }
            @for line in &hunk.lines {
                @let kind = match line.sign {
                    Sign::Kept => "kept",
                    Sign::Removed => "removed",
                    Sign::Added => "added",
                };
                @let has_old = line.sign != Sign::Added;
                @let has_new = line.sign != Sign::Removed;
                @let () = { old += usize::from(has_old); new += usize::from(has_new); };
                tr class=(kind) {
                    td.no { @if has_old { (old) } }
                    td.no { @if has_new { (new) } }
                    td.sign { (char::from(patch::sign(line.sign))) }
                    td.line { (marked(line)) }
                }
            }
        }
    }
}

/// A line with what an edit takes or brings marked.
fn marked(line: &DiffLine) -> Markup {
    let parts = line.parts();
    let last = parts.len().saturating_sub(1);
    html! {
        @for (nth, (part, is_changed)) in parts.into_iter().enumerate() {
            @if is_changed { mark { (line_of(part, nth != last)) } }
            @else { (line_of(part, nth != last)) }
        }
        @if !line.text.ends_with('\n') { span.unseen { "no newline at end of file" } }
    }
}

/// A line, or a piece of one that ends before it does. Its end is not shown,
/// unless it is unlike others; blanks before it are.
fn line_of(text: &str, is_piece: bool) -> Markup {
    let bare = text.strip_suffix('\n').unwrap_or(text);
    let (bare, end) = match bare.strip_suffix('\r') {
        Some(bare) if !is_piece => (bare, "\\r"),
        _ => (bare, ""),
    };
    let seen = if is_piece {
        bare
    } else {
        bare.trim_end_matches([' ', '\t'])
    };
    let blanks = bare.get(seen.len()..).unwrap_or_default();
    html! {
        (visible(seen))
        @if !blanks.is_empty() { span.blanks { (blanks) } }
        @if !end.is_empty() { span.unseen { (end) } }
    }
}

/// A text in which what cannot be seen is shown by its number.
fn visible(text: &str) -> Markup {
    let mut pieces: Vec<(String, bool)> = Vec::new();
    for character in text.chars() {
        let is_unseen = is_unseen(character);
        let piece = if is_unseen {
            character.escape_default().to_string()
        } else {
            character.to_string()
        };
        match pieces.last_mut() {
            Some((last, was_unseen)) if *was_unseen == is_unseen => last.push_str(&piece),
            _ => pieces.push((piece, is_unseen)),
        }
    }
    html! {
        @for (piece, is_unseen) in pieces {
            @if is_unseen { span.unseen { (piece) } } @else { (piece) }
        }
    }
}

/// Whether a character has no shape of its own, or changes that of others.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || character.is_whitespace() && !matches!(character, ' ' | '\t')
        || character.is_control() && character != '\t'
}

fn keys() -> Markup {
    let keys = [
        ("/", "filter"),
        ("j, k", "next, previous file"),
        ("o", "open or close it"),
        ("e", "expand or collapse all"),
        ("s", "side by side or unified"),
        ("?", "these keys"),
    ];
    html! {
        dialog #keys aria-label="Keys" {
            h2 { "Keys" }
            dl { @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } } }
            form method="dialog" { button { "Close" } }
        }
    }
}

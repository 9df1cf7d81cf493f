//! One text through the whole pipeline: read, find, plan, edit, prove.
//!
//! This module owns the order of the steps and the proof's last question. It
//! is pure: bytes in, values out. What becomes of the result (a line, a
//! patch, a written file) is decided by those who call it, all from the same
//! [`Remediation`], so that a dry run cannot differ from the write.

use std::fmt;

use crate::edit::{EditError, EditSet};
use crate::find::{self, Finding, Profile, Verdict};
use crate::mask::Marks;
use crate::plan::{Applicability, Fix, Planner, Refusal};
use crate::source::{self, SourceError};
use crate::span::{LineIndex, Position};
use crate::syntax::change::Changes;
use crate::syntax::{self, CollectionStyle, ScalarStyle, SyntaxError, Tree, Value};
use crate::template::{self, Resource};
use crate::verify::{self, ProofError};

/// What a template mark may not hide.
const KEPT: [&str; 2] = [source::REPOSITORY, find::MODE];

/// How a text is judged and what may be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How strict the rule is taken.
    pub profile: Profile,
    /// Up to which applicability fixes are made.
    pub allow: Applicability,
    /// The size above which a text is refused, in bytes.
    pub max_size: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            profile: Profile::Default,
            allow: Applicability::Safe,
            max_size: source::DEFAULT_MAX_SIZE,
        }
    }
}

impl Rules {
    /// The fix that is made by a plan, if there is one and it is allowed.
    fn made<'p>(&self, plan: &'p Result<Fix, Refusal>) -> Option<&'p Fix> {
        plan.as_ref()
            .ok()
            .filter(|fix| fix.applicability <= self.allow)
    }
}

/// What is done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is repaired in the remediation of its file.
    Fixed,
    /// There is a fix, but it is less sure than the rules allow.
    Withheld(Applicability),
    /// There is none: the code and the words of the refusal.
    Refused {
        /// See [`Refusal::code`].
        code: &'static str,
        /// The reason and the remedy.
        reason: String,
    },
}

/// A finding as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// What is wrong.
    pub verdict: Verdict,
    /// Whether it breaks the rule, or is a note.
    pub counts: bool,
    /// The resource's name.
    pub logical_id: String,
    /// Where a scanner would report it.
    pub position: Position,
    /// What is wrong, as a clause.
    pub message: String,
    /// What is done about it.
    pub answer: Answer,
}

/// A text that changes, before and after, and the edits between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remediation {
    /// The bytes that were read.
    pub before: String,
    /// The bytes that are proven to repair them.
    pub after: String,
    /// What leads from one to the other.
    pub edits: EditSet,
}

/// What there is to say about one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// The findings, in the order of the text.
    pub findings: Vec<Reported>,
    /// Where templates stand inside strings, which are not looked into.
    pub embedded: Vec<Position>,
    /// How many repositories of images the text declares.
    pub repositories: usize,
    /// The repair, if any of the findings is repaired.
    pub remediation: Option<Remediation>,
}

/// Why a text could not be assessed as a whole. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Where it fails.
    pub position: Position,
    /// A short name that stays the same between releases.
    pub code: &'static str,
    /// What is wrong, and the remedy.
    pub message: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TextError {}

/// Assesses a file's bytes, and repairs what the rules allow.
///
/// A text that cannot declare a repository gives an empty assessment, be it
/// valid or not.
///
/// # Errors
/// Where the text concerns us but cannot be read, or where a repair could
/// not be proven.
pub fn remediate(bytes: &[u8], rules: &Rules) -> Result<Assessment, TextError> {
    if !source::concerns_us(bytes) {
        return Ok(Assessment::default());
    }
    let text = source::text(bytes, rules.max_size).map_err(|error| not_text(bytes, error))?;
    let lines = LineIndex::new(text);
    let marks = Marks::of(text);
    let plain = syntax::parse(text);
    if marks.is_empty() {
        let tree = plain.map_err(|error| not_syntax(&lines, &error))?;
        return assess(&lines, &lines, &tree, rules);
    }
    if !plain.as_ref().is_ok_and(|tree| !is_deceptive(tree, &marks)) {
        let marks = marks.collapsed(text, &KEPT);
        let masked = marks.masked(text);
        // What a mark hides may not pass in silence.
        let concerns_us = source::concerns_us(masked.as_bytes());
        let tree = syntax::parse(&masked).ok().filter(|_| concerns_us);
        if let Some(tree) = tree.filter(|tree| !is_shifted(tree, &marks)) {
            let read = LineIndex::new(&masked);
            return assess(&lines, &read, &tree.with_marks(marks), rules);
        }
    }
    let tree = plain.map_err(|error| {
        let error = not_syntax(&lines, &error);
        let message = format!("{error}; masking the template marks did not help");
        TextError { message, ..error }
    })?;
    // What begins in one string and ends in another is no mark.
    let marks = marks.without(tree.nodes().map(|id| tree.span(id).start));
    assess(&lines, &lines, &tree.with_marks(marks), rules)
}

/// Whether a mark was read as what it is not: `Name: {{ name }}` is valid
/// YAML, a mapping for the key of a mapping.
fn is_deceptive(tree: &Tree<'_>, marks: &Marks) -> bool {
    tree.nodes().any(|id| {
        let start = tree.span(id).start;
        tree.is_mapping(id)
            && tree.collection_style(id) == Some(CollectionStyle::Flow)
            && marks
                .from(start)
                .first()
                .is_some_and(|mark| mark.span.start == start)
    })
}

/// Whether text was read as a key or a value, or as a part of one, whose
/// column is not the one that it will have. In quotes, in braces, in a block
/// scalar or a comment that does no harm.
fn is_shifted(tree: &Tree<'_>, marks: &Marks) -> bool {
    let mut nodes = tree.nodes().peekable();
    let mut last = None;
    let mut places = marks.shifted(tree.text());
    places.any(|place| {
        while let Some(id) = nodes.next_if(|&id| tree.span(id).start <= place) {
            last = Some(id);
        }
        let holders = std::iter::successors(last, |&id| tree.parent(id));
        let is_comment = tree.text().as_bytes().get(place) == Some(&b'#');
        let mut holders = holders.filter(|&id| {
            let span = tree.span(id);
            // A document has no column to keep.
            let begins_before = span.start < place || tree.parent(id).is_none();
            begins_before && place < span.end
        });
        !is_comment
            && !holders.any(|id| match tree.value(id) {
                Value::Scalar { style, .. } => style != ScalarStyle::Plain,
                Value::Mapping { style, .. } | Value::Sequence { style, .. } => {
                    style == CollectionStyle::Flow
                }
                Value::Alias { .. } => false,
            })
    })
}

/// Assesses a tree of the text that `lines` has, or of the same with its
/// template marks masked, which `read` has.
fn assess<'a>(
    lines: &LineIndex<'_>,
    read: &LineIndex<'a>,
    tree: &Tree<'a>,
    rules: &Rules,
) -> Result<Assessment, TextError> {
    let reading = Reading::of(tree, rules);
    let planner = Planner::new(tree, read, &reading.resources);
    let plans = planner.plans(&reading.findings);
    let made: Vec<&Fix> = plans.iter().filter_map(|plan| rules.made(plan)).collect();
    let mut remediation = None;
    if !made.is_empty() {
        let is_done = |new: &Tree<'_>| is_done(&reading, &plans, new, rules);
        let repaired = repair(lines.text(), tree, &made, is_done);
        remediation = Some(repaired.map_err(|error| not_proven(lines, &error))?);
    }

    let findings = reading
        .findings
        .iter()
        .zip(&plans)
        .map(|(finding, plan)| Reported {
            verdict: finding.verdict,
            counts: finding.verdict.counts(rules.profile),
            logical_id: name(lines.text(), tree, finding),
            position: lines.position(tree.start(finding.at)),
            message: finding.message.clone(),
            answer: match plan {
                plan if rules.made(plan).is_some() => Answer::Fixed,
                Ok(fix) => Answer::Withheld(fix.applicability),
                Err(refusal) => Answer::Refused {
                    code: refusal.code(),
                    reason: refusal.explain(lines),
                },
            },
        })
        .collect();
    Ok(Assessment {
        findings,
        embedded: find::embedded(tree)
            .iter()
            .map(|embedded| lines.position(tree.start(embedded.at)))
            .collect(),
        repositories: reading.repositories,
        remediation,
    })
}

/// The name of a finding's resource, as the file has it.
fn name(text: &str, tree: &Tree<'_>, finding: &Finding) -> String {
    let logical_id = finding.resource.logical_id;
    if tree.is_masked(logical_id) {
        let written = tree.span(logical_id).of(text);
        return written.trim_matches(['"', '\'']).to_owned();
    }
    finding.logical_id.clone()
}

/// Makes the fixes of `text`, and proves them on what was read of it.
fn repair(
    text: &str,
    tree: &Tree<'_>,
    fixes: &[&Fix],
    is_done: impl Fn(&Tree<'_>) -> Result<(), ProofError>,
) -> Result<Remediation, ProofError> {
    let failed = |error: EditError| ProofError::Edits(error.to_string());
    let mut changes = Changes::default();
    for fix in fixes {
        changes.extend(&fix.changes);
    }
    let edits = fixes.iter().flat_map(|fix| fix.edits.iter().cloned());
    let edits = EditSet::new(edits.collect()).map_err(failed)?;
    let after = edits.apply(text).map_err(failed)?;
    if tree.marks().is_empty() {
        is_done(&verify::prove(tree, &edits, &changes, &after)?)?;
    } else {
        let (read, marks) = reread(text, tree, &edits, &after)?;
        // That it is what was read before, with the edits made, is the first
        // thing to prove.
        let new = verify::prove(tree, &edits, &changes, &read)?;
        is_done(&new.with_marks(marks))?;
    }
    Ok(Remediation {
        before: text.to_owned(),
        after,
        edits,
    })
}

/// What is read of the text `after`, as `tree` is of `text`: the text itself,
/// or the same with its template marks masked; and the marks.
fn reread(
    text: &str,
    tree: &Tree<'_>,
    edits: &EditSet,
    after: &str,
) -> Result<(String, Marks), ProofError> {
    let mut edits_on_marks = edits.edits().iter().map(|edit| edit.span);
    if let Some(span) = edits_on_marks.find(|&span| tree.marks().within(span).next().is_some()) {
        return Err(ProofError::OtherBytes { at: span.start });
    }
    let marks = Marks::of(after);
    if tree.text() != text {
        let marks = marks.collapsed(after, &KEPT);
        return Ok((marks.masked(after), marks));
    }
    let new = syntax::parse_as(after, tree.format());
    let new = new.map_err(|error| ProofError::Unreadable(error.to_string()))?;
    let marks = marks.without(new.nodes().map(|id| new.span(id).start));
    Ok((after.to_owned(), marks))
}

/// What a tree declares and what is wrong with it.
struct Reading {
    resources: Vec<Resource>,
    findings: Vec<Finding>,
    repositories: usize,
}

impl Reading {
    fn of(tree: &Tree<'_>, rules: &Rules) -> Self {
        let resources = template::resources(tree);
        let findings = find::findings(tree, &resources, rules.profile);
        let repositories = find::repositories(tree, &resources);
        Self {
            resources,
            findings,
            repositories,
        }
    }
}

/// The proof's last question: the repaired findings are gone, the others are
/// as they were, and nothing is left that the rules would repair.
fn is_done(
    old: &Reading,
    plans: &[Result<Fix, Refusal>],
    tree: &Tree<'_>,
    rules: &Rules,
) -> Result<(), ProofError> {
    let lines = LineIndex::new(tree.text());
    let new = Reading::of(tree, rules);
    let mut expected = old
        .findings
        .iter()
        .zip(plans)
        .filter(|(_, plan)| rules.made(plan).is_none())
        .map(|(finding, _)| finding);
    let plans = Planner::new(tree, &lines, &new.resources).plans(&new.findings);
    for (finding, plan) in new.findings.iter().zip(&plans) {
        let before = expected.next();
        let is_same = before.is_some_and(|before| {
            before.verdict == finding.verdict && before.logical_id == finding.logical_id
        });
        if !is_same || rules.made(plan).is_some() {
            return Err(ProofError::NotDone(format!(
                "{} would still be reported",
                finding.logical_id
            )));
        }
    }
    if let Some(finding) = expected.next() {
        return Err(ProofError::NotDone(format!(
            "{} would no longer be reported",
            finding.logical_id
        )));
    }
    Ok(())
}

fn not_text(bytes: &[u8], error: SourceError) -> TextError {
    let read = bytes.get(..error.offset()).unwrap_or_default();
    let read = std::str::from_utf8(read).unwrap_or_default();
    TextError {
        position: LineIndex::new(read).position(read.len()),
        code: error.code(),
        message: error.to_string(),
    }
}

fn not_syntax(lines: &LineIndex<'_>, error: &SyntaxError) -> TextError {
    TextError {
        position: lines.position(error.offset),
        code: error.code(),
        message: error.to_string(),
    }
}

fn not_proven(lines: &LineIndex<'_>, error: &ProofError) -> TextError {
    TextError {
        position: lines.position(0),
        code: "proof",
        message: format!(
            "the repair could not be proven ({error}), so the file stays as it is; please report this file's shape as a bug"
        ),
    }
}

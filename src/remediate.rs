//! One text through the whole pipeline: read, find, plan, edit, prove.
//!
//! This module owns the order of the steps and the proof's last question. It
//! is pure: bytes in, values out. What becomes of the result (a line, a
//! patch, a written file) is decided by those who call it, all from the same
//! [`Remediation`], so that a dry run cannot differ from the write.

use std::fmt::{self, Write as _};

use crate::edit::{EditError, EditSet};
use crate::find::{self, Finding, Policy, Verdict, Verdicts};
use crate::plan::{Applicability, Fix, Planner, Refusal};
use crate::source::{self, SourceError};
use crate::span::{LineIndex, Position};
use crate::syntax::change::Changes;
use crate::syntax::{self, SyntaxError, Tree};
use crate::template::{self, Template};
use crate::verify::{self, ProofError};

/// How a text is judged and what may be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How the rule is taken, and what it asks for.
    pub policy: Policy,
    /// Up to which applicability fixes are made.
    pub allow: Applicability,
    /// The size above which a text is refused, in bytes.
    pub max_size: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
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

/// What is worth knowing about a text beside its findings. It changes no
/// exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it is about.
    pub position: Position,
    /// A short name that stays the same between releases.
    pub code: &'static str,
    /// What there is to know, as a clause.
    pub message: String,
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
    /// What else there is to say, in the order of the text.
    pub notes: Vec<Note>,
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
    let tree = syntax::parse(text).map_err(|error| not_syntax(&lines, &error))?;
    let reading = Reading::of(&tree, rules);
    let plans = reading.plans(&tree, &lines, rules);
    let made: Vec<&Fix> = plans.iter().filter_map(|plan| rules.made(plan)).collect();
    let mut remediation = None;
    if !made.is_empty() {
        let is_done = |new: &Tree<'_>| is_done(&reading, &plans, new, rules);
        let repaired = repair(&tree, &made, is_done);
        remediation = Some(repaired.map_err(|error| not_proven(&lines, &error))?);
    }

    let findings = reading
        .verdicts
        .findings
        .iter()
        .zip(&plans)
        .map(|(finding, plan)| Reported {
            verdict: finding.verdict,
            counts: finding.verdict.counts(rules.policy.profile),
            logical_id: finding.logical_id.clone(),
            position: lines.position(tree.start(finding.at)),
            message: message(finding, &tree, &lines),
            answer: match plan {
                plan if rules.made(plan).is_some() => Answer::Fixed,
                Ok(fix) => Answer::Withheld(fix.applicability),
                Err(refusal) => Answer::Refused {
                    code: refusal.code(),
                    reason: refusal.explain(&lines),
                },
            },
        })
        .collect();
    Ok(Assessment {
        findings,
        notes: notes(&tree, &lines, &reading),
        repositories: reading.verdicts.repositories,
        remediation,
    })
}

/// Makes the fixes, and proves them.
fn repair(
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
    let before = tree.text();
    let after = edits.apply(before).map_err(failed)?;
    is_done(&verify::prove(tree, &edits, &changes, &after)?)?;
    Ok(Remediation {
        before: before.to_owned(),
        after,
        edits,
    })
}

/// What is to be said beside the findings.
fn notes(tree: &Tree<'_>, lines: &LineIndex<'_>, reading: &Reading<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> = find::embedded(tree)
        .iter()
        .map(|embedded| Note {
            position: lines.position(tree.start(embedded.at)),
            code: "embedded",
            message: "a template inside a string is not checked".to_owned(),
        })
        .collect();
    if !reading.verdicts.findings.is_empty() {
        let at = template::synthesized(tree, &reading.template.resources);
        notes.extend(at.map(|at| {
            Note {
                position: lines.position(tree.start(at)),
                code: "synthesized",
                message: "the AWS CDK has synthesized this template, and would undo a repair: \
                      set imageTagMutability in the construct"
                    .to_owned(),
            }
        }));
    }
    notes.sort_by_key(|note| note.position);
    notes
}

/// How many places that a computed value comes from are named.
const MAX_SOURCES: usize = 8;

/// What is wrong, with the places that a computed value comes from.
fn message(finding: &Finding, tree: &Tree<'_>, lines: &LineIndex<'_>) -> String {
    let mut message = finding.message.clone();
    for (nth, source) in finding.sources.iter().take(MAX_SOURCES).enumerate() {
        let line = lines.position(tree.start(source.at)).line;
        let sign = if nth == 0 { ':' } else { ';' };
        // Writing to a string does not fail.
        let _ = write!(message, "{sign} {}, line {line}", source.how);
    }
    if let more @ 1.. = finding.sources.len().saturating_sub(MAX_SOURCES) {
        let _ = write!(message, "; and {more} more");
    }
    message
}

/// What a tree declares and what is wrong with it.
struct Reading<'t> {
    template: Template<'t>,
    verdicts: Verdicts,
}

impl<'t> Reading<'t> {
    fn of(tree: &'t Tree<'_>, rules: &Rules) -> Self {
        let template = Template::of(tree);
        let verdicts = find::verdicts(tree, &template, &rules.policy);
        Self { template, verdicts }
    }

    /// The plan for each finding.
    fn plans(
        &self,
        tree: &'t Tree<'_>,
        lines: &LineIndex<'_>,
        rules: &Rules,
    ) -> Vec<Result<Fix, Refusal>> {
        let reads = self.verdicts.reads.iter().map(|&(_, read)| read);
        Planner::new(tree, lines, &self.template, reads, &rules.policy)
            .plans(&self.verdicts.findings)
    }
}

/// The proof's last question: the repaired findings are gone, the others are
/// as they were, and nothing is left that the rules would repair.
fn is_done(
    old: &Reading<'_>,
    plans: &[Result<Fix, Refusal>],
    tree: &Tree<'_>,
    rules: &Rules,
) -> Result<(), ProofError> {
    let lines = LineIndex::new(tree.text());
    let new = Reading::of(tree, rules);
    let mut expected = old
        .verdicts
        .findings
        .iter()
        .zip(plans)
        .filter(|(finding, plan)| rules.made(plan).is_none() || finding.is_rest_unsure);
    let plans = new.plans(tree, &lines, rules);
    for (finding, plan) in new.verdicts.findings.iter().zip(&plans) {
        let is_left = expected.next().is_some_and(|(before, made)| {
            let verdict = match rules.made(made) {
                Some(_) => Verdict::Unverifiable,
                None => before.verdict,
            };
            // One of several sources may have been repaired for others.
            let is_computed = !before.sources.is_empty() && !finding.sources.is_empty();
            before.logical_id == finding.logical_id && (verdict == finding.verdict || is_computed)
        });
        if !is_left || rules.made(plan).is_some() {
            return Err(ProofError::NotDone(format!(
                "{} would still be reported",
                finding.logical_id
            )));
        }
    }
    if let Some((finding, _)) = expected.next() {
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

//! One text through the whole pipeline: read, find, plan, edit, prove.
//!
//! This module owns the order of the steps and the proof's last question. It
//! is pure: bytes in, values out. What becomes of the result (a line, a
//! patch, a written file) is decided by those who call it, all from the same
//! [`Remediation`], so that a dry run cannot differ from the write.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::iter;

use crate::find::{self, Finding, Policy, Verdict, Verdicts};
use crate::markup::{self, Markup, Token};
use crate::plan::{Applicability, Fix, Planner, Refusal};
use crate::suppress::{self, SuppressionRules, Useless};
use crate::syntax::change::Changes;
use crate::syntax::{self, CollectionStyle, Format, NodeId, SyntaxError, Tree};
use crate::template::{self, Template};
use crate::text::edit::{Edit, EditError, EditSet};
use crate::text::excerpt::{self, Excerpt};
use crate::text::source::{self, SourceError};
use crate::text::span::{LineIndex, Position, Region, Span};
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
    /// Which ignores of the users' count.
    pub suppressions: SuppressionRules,
    /// Report what is found, and repair nothing.
    pub report_only: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            allow: Applicability::Safe,
            max_size: source::DEFAULT_MAX_SIZE,
            suppressions: SuppressionRules::default(),
            report_only: false,
        }
    }
}

impl Rules {
    /// The fix that is made by a plan, if there is one and it is allowed.
    fn made<'p>(&self, plan: &'p Result<Fix, Refusal>) -> Option<&'p Fix> {
        plan.as_ref()
            .ok()
            .filter(|fix| fix.applicability <= self.allow && !self.report_only)
    }
}

/// What is done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is repaired in the remediation of its file, by a fix this sure.
    Fixed(Applicability),
    /// There is a fix, but it is less sure than the rules allow.
    Withheld(Applicability),
    /// There is a fix, but the rules ask for a report and for nothing else.
    ReportOnly,
    /// There is none: the code and the words of the refusal.
    Refused {
        /// See [`Refusal::code`].
        code: &'static str,
        /// The reason and the remedy.
        reason: String,
    },
    /// A user asked to leave it alone: it does not count, and its resource is
    /// not edited.
    Suppressed {
        /// The tool whose ignore it is; see [`crate::suppress`].
        by: &'static str,
        /// The reason that the user gave.
        reason: Option<String>,
        /// Whether it stands in a list beside the text, and not in it.
        is_listed: bool,
    },
    /// There is one that the rules allow, and the user said no to it.
    Declined,
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
    /// Where a scanner would report it: the mode's key, that of `Properties`,
    /// or the logical ID.
    pub region: Region,
    /// What is wrong, as a clause; names the sources.
    pub message: String,
    /// Where a computed value comes from.
    pub sources: Vec<ReportedSource>,
    /// What is done about it.
    pub answer: Answer,
    /// The edits that repair it, if it is [`Answer::Fixed`]. Findings that
    /// share what is edited name the same edits.
    pub edits: Vec<Replacement>,
    /// The text around all of these places.
    pub excerpts: Vec<Excerpt>,
}

/// A place that a computed value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedSource {
    /// Where it is.
    pub region: Region,
    /// What comes from there, as a clause.
    pub how: String,
}

/// An edit, with its place for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What goes.
    pub region: Region,
    /// What comes.
    pub text: String,
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

/// An ignore in a text that is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// Where it stands.
    pub position: Position,
    /// The tool whose ignore it is; see [`crate::suppress`].
    pub by: &'static str,
    /// Why it is of no use.
    pub why: Useless,
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
    /// The ignores that hide nothing, in the order of the text.
    pub unused: Vec<Unused>,
    /// The numbers of those entries of lists that cover a finding; see
    /// [`suppress::Listed`].
    pub listed: BTreeSet<usize>,
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
    remediate_without(bytes, rules, &BTreeSet::new())
}

/// Like [`remediate`], but leaves alone the findings that the user declined,
/// by their indexes in [`Assessment::findings`], and what they share with
/// others.
///
/// # Errors
/// Those of [`remediate`].
pub fn remediate_without(
    bytes: &[u8],
    rules: &Rules,
    declined: &BTreeSet<usize>,
) -> Result<Assessment, TextError> {
    if !source::concerns_us(bytes) {
        return Ok(Assessment::default());
    }
    let text = source::text(bytes, rules.max_size).map_err(|error| not_text(bytes, error))?;
    let lines = LineIndex::new(text);
    let marks = Markup::of(text);
    let plain = syntax::parse(text);
    let deceptive = plain.as_ref().ok().and_then(|tree| deceptive(tree, &marks));
    if marks.is_empty() && deceptive.is_none() {
        let tree = plain.map_err(|error| not_syntax(&lines, &error))?;
        return assess(&lines, &lines, &tree, rules, declined);
    }
    if plain.is_err() || deceptive.is_some() {
        let masked = marks.masked(text);
        let tree = syntax::parse(&masked).map(|tree| tree.with_markup(marks.clone()));
        let is_sure = |tree: &Tree<'_>| {
            let otherwise = markup::otherwise_masked(text);
            self::deceptive(tree, &marks).is_none() && syntax::parse(&otherwise).is_ok()
        };
        if let Some(tree) = tree.ok().filter(is_whole).filter(is_sure) {
            if let Some(mark) = shifting(text, &tree, &marks) {
                let reason = "the column of what stands behind this template mark is not known \
                    (put the mark on a line of its own, with no line break taken away)";
                let error = SyntaxError::invalid(Format::Yaml, mark.span.start, reason);
                return Err(not_syntax(&lines, &error));
            }
            return assess(&lines, &LineIndex::new(&masked), &tree, rules, declined);
        }
        if let Some(offset) = deceptive {
            // It can be read, but a mark as what it is not.
            let reason = "its template marks are no YAML, and masking them did not help";
            let error = SyntaxError::invalid(Format::Yaml, offset, reason);
            return Err(not_syntax(&lines, &error));
        }
    }
    let tree = plain.map_err(|error| {
        let error = not_syntax(&lines, &error);
        let message = format!("{error}; masking the template marks did not help");
        TextError { message, ..error }
    })?;
    // What begins in one string and ends in another is no mark.
    let marks = marks.without(tree.nodes().map(|id| tree.span(id).start));
    assess(&lines, &lines, &tree.with_markup(marks), rules, declined)
}

/// Whether a masked text was read as all that it is: no mark hides the only
/// repository, and none has become a word that swallows all behind it
/// (`{% set a = 1 %}{"Resources": …`).
fn is_whole(tree: &Tree<'_>) -> bool {
    let mut roots = tree.documents().iter();
    source::concerns_us(tree.text().as_bytes()) && !roots.any(|&root| tree.is_masked(root))
}

/// Where a mark was read as what it is not, the first one: `Name: {{ name }}`
/// is valid YAML, a mapping for the key of a mapping. So is what only looks
/// like a mark (`{{/* below *}}`), and no engine takes it; but a dynamic
/// reference without quotes is somebody's slip.
fn deceptive(tree: &Tree<'_>, marks: &Markup) -> Option<usize> {
    let flow = tree
        .nodes()
        .filter(|&id| tree.collection_style(id) == Some(CollectionStyle::Flow));
    let mut starts = flow
        .filter(|&id| tree.is_mapping(id))
        .map(|id| tree.span(id).start);
    starts.find(|&start| {
        let written = tree.text().get(start..).unwrap_or_default();
        let is_open = written.starts_with("{{") && !written.starts_with("{{resolve:");
        let first = marks.from(start).first();
        is_open || first.is_some_and(|mark| mark.span.start == start)
    })
}

/// The first mark that gives a node another column than it was read at.
fn shifting<'m>(text: &str, tree: &Tree<'_>, marks: &'m Markup) -> Option<&'m Token> {
    let mut starts = tree.nodes().map(|id| tree.span(id).start);
    let shift = starts.find_map(|start| marks.shift(text, start));
    let is_block = |id: &NodeId| tree.collection_style(*id) == Some(CollectionStyle::Block);
    let keys = tree.nodes().filter(is_block);
    let mut keys = keys.flat_map(|id| tree.entries(id)).map(|entry| entry.key);
    shift.or_else(|| keys.find_map(|key| marks.join(text, tree.start(key))))
}

/// Assesses a tree of the text that `lines` has, or of the same with its
/// template marks masked, which `read` has.
fn assess<'a>(
    lines: &LineIndex<'_>,
    read: &LineIndex<'a>,
    tree: &Tree<'a>,
    rules: &Rules,
    declined: &BTreeSet<usize>,
) -> Result<Assessment, TextError> {
    let reading = Reading::of(tree, read, rules).map_err(|error| not_syntax(lines, &error))?;
    let reading = reading.without(declined);
    let plans = reading.plans(tree, read, rules);
    let made: Vec<&Fix> = plans.iter().filter_map(|plan| rules.made(plan)).collect();
    let mut remediation = None;
    if !made.is_empty() {
        let is_done = |new: &Tree<'_>| is_done(&reading, &plans, new, rules);
        let repaired = repair(lines.text(), tree, &made, is_done);
        remediation = Some(repaired.map_err(|error| not_proven(lines, &error))?);
    }

    let mut plans = plans.iter();
    let findings = reading.findings.iter().map(|found| {
        let finding = &found.finding;
        let mut edits: &[Edit] = &[];
        let answer = match &found.suppressed {
            Some(word) => Some(Answer::Suppressed {
                by: word.by,
                reason: word.reason.clone(),
                is_listed: word.is_listed,
            }),
            None if found.is_declined => Some(Answer::Declined),
            None => plans.next().map(|plan| match (rules.made(plan), plan) {
                (Some(fix), _) => {
                    edits = &fix.edits;
                    Answer::Fixed(fix.applicability)
                }
                (None, Ok(_)) if rules.report_only => Answer::ReportOnly,
                (None, Ok(fix)) => Answer::Withheld(fix.applicability),
                (None, Err(refusal)) => Answer::Refused {
                    code: refusal.code(),
                    reason: refusal.explain(lines),
                },
            }),
        };
        let region = lines.region(reported_span(tree, lines, finding.at));
        let sources: Vec<ReportedSource> = finding
            .sources
            .iter()
            .map(|source| ReportedSource {
                region: lines.region(reported_span(tree, lines, source.at)),
                how: source.how.clone(),
            })
            .collect();
        let edits: Vec<Replacement> = edits
            .iter()
            .map(|edit| Replacement {
                region: lines.region(edit.span),
                text: edit.text.clone(),
            })
            .collect();
        let places = sources.iter().map(|source| source.region.span);
        let places = places.chain(edits.iter().map(|edit| edit.region.span));
        Some(Reported {
            verdict: finding.verdict,
            counts: found.suppressed.is_none() && finding.verdict.counts(rules.policy.profile),
            logical_id: name(lines.text(), tree, finding),
            message: message(&finding.message, &sources),
            excerpts: excerpt::around(lines, iter::once(region.span).chain(places)),
            region,
            sources,
            answer: answer?,
            edits,
        })
    });
    Ok(Assessment {
        findings: findings.flatten().collect(),
        notes: notes(tree, lines, &reading),
        repositories: reading.repositories,
        unused: reading.unused,
        listed: reading.listed,
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
    if tree.markup().is_empty() {
        is_done(&verify::prove(tree, &edits, &changes, &after)?)?;
    } else {
        let (read, marks) = reread(text, tree, &edits, &after)?;
        // That it is what was read before, with the edits made, is the first
        // thing to prove.
        let new = verify::prove(tree, &edits, &changes, &read)?;
        is_done(&new.with_markup(marks))?;
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
) -> Result<(String, Markup), ProofError> {
    let mut edits_on_marks = edits.edits().iter().map(|edit| edit.span);
    if let Some(span) = edits_on_marks.find(|&span| tree.markup().within(span).next().is_some()) {
        return Err(ProofError::OtherBytes { at: span.start });
    }
    let marks = Markup::of(after);
    if tree.text() != text {
        // As for the text before: whether it can be read must not hang on how
        // its marks are masked, or it is an error as soon as it is written.
        if let Err(error) = syntax::parse(&markup::otherwise_masked(after)) {
            let why = format!("with its template marks taken in another way, {error}");
            return Err(ProofError::Unreadable(why));
        }
        return Ok((marks.masked(after), marks));
    }
    let new = syntax::parse_as(after, tree.format());
    let new = new.map_err(|error| ProofError::Unreadable(error.to_string()))?;
    let marks = marks.without(new.nodes().map(|id| new.span(id).start));
    Ok((after.to_owned(), marks))
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
    if !reading.findings.is_empty() {
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

/// The bytes that a report points at: those of a node on its first line.
fn reported_span(tree: &Tree<'_>, lines: &LineIndex<'_>, at: NodeId) -> Span {
    let start = tree.start(at);
    let line_end = lines.line(start).text_end.max(start);
    Span::new(start, tree.end(at).clamp(start, line_end))
}

/// What is wrong, with the places that a computed value comes from.
fn message(what: &str, sources: &[ReportedSource]) -> String {
    let mut message = what.to_owned();
    for (nth, source) in sources.iter().take(MAX_SOURCES).enumerate() {
        let line = source.region.start.line;
        let sign = if nth == 0 { ':' } else { ';' };
        // Writing to a string does not fail.
        let _ = write!(message, "{sign} {}, line {line}", source.how);
    }
    if let more @ 1.. = sources.len().saturating_sub(MAX_SOURCES) {
        let _ = write!(message, "; and {more} more");
    }
    message
}

/// What a tree declares and what is wrong with it.
struct Reading<'t> {
    template: Template<'t>,
    /// What reads parameters and mappings; see [`Verdicts::reads`].
    reads: Vec<(NodeId, NodeId)>,
    /// See [`Verdicts::settled`].
    settled: BTreeSet<NodeId>,
    findings: Vec<Found>,
    repositories: usize,
    unused: Vec<Unused>,
    listed: BTreeSet<usize>,
}

/// A finding, and whether a user asked to leave it alone.
struct Found {
    finding: Finding,
    suppressed: Option<Word>,
    /// Whether the user said no to its repair.
    is_declined: bool,
}

impl Found {
    /// Whether it is to be repaired if it can be.
    fn is_open(&self) -> bool {
        self.suppressed.is_none() && !self.is_declined
    }
}

/// The user's word that a finding is to be left alone.
#[derive(PartialEq, Eq)]
struct Word {
    /// By whose ignore.
    by: &'static str,
    /// The reason given.
    reason: Option<String>,
    is_listed: bool,
}

impl<'t> Reading<'t> {
    /// The same, but that the user declined some of the findings, by their
    /// indexes.
    fn without(mut self, declined: &BTreeSet<usize>) -> Self {
        for (index, found) in self.findings.iter_mut().enumerate() {
            found.is_declined = declined.contains(&index);
        }
        self
    }

    fn of(tree: &'t Tree<'_>, lines: &LineIndex<'_>, rules: &Rules) -> Result<Self, SyntaxError> {
        let template = Template::of(tree);
        let Verdicts {
            findings,
            reads,
            settled,
            repositories,
        } = find::verdicts(tree, &template, &rules.policy);
        let resources = &template.resources;
        let suppressions = suppress::read(tree, lines, resources, &rules.suppressions)?;
        let (mut used, mut listed) = (Vec::new(), BTreeSet::new());
        let findings = findings
            .into_iter()
            .map(|finding| {
                let mut suppressed = None;
                for number in suppressions.covering(tree, lines, &finding) {
                    used.push(number);
                    if let Some(found) = suppressions.get(number) {
                        listed.extend(found.listed);
                        suppressed.get_or_insert_with(|| Word {
                            by: found.by,
                            reason: found.reason.clone(),
                            is_listed: found.listed.is_some(),
                        });
                    }
                }
                Found {
                    finding,
                    suppressed,
                    is_declined: false,
                }
            })
            .collect();
        let unused = suppressions
            .useless(tree, lines, resources, &rules.policy, &used)
            .into_iter()
            .map(|(found, why)| Unused {
                position: lines.position(found.at.unwrap_or_default()),
                by: found.by,
                why,
            })
            .collect();
        Ok(Self {
            template,
            reads,
            settled,
            findings,
            repositories,
            unused,
            listed,
        })
    }

    /// The findings that nobody asked to leave alone.
    fn open(&self) -> impl Iterator<Item = &Finding> {
        let open = self.findings.iter();
        open.filter(|found| found.is_open())
            .map(|found| &found.finding)
    }

    /// The plan for each open finding.
    fn plans(
        &self,
        tree: &'t Tree<'_>,
        lines: &LineIndex<'_>,
        rules: &Rules,
    ) -> Vec<Result<Fix, Refusal>> {
        let closed = self.findings.iter().filter(|found| !found.is_open());
        let mut left_alone = self.settled.clone();
        left_alone.extend(closed.map(|found| found.finding.resource.logical_id));
        let (template, reads) = (&self.template, &self.reads);
        let mut plans: Vec<Result<Fix, Refusal>> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let policy = &rules.policy;
            let planner = Planner::new(tree, lines, template, reads, &left_alone, policy);
            let again = planner.plans(self.open());
            // One that was refused before stays so, for the first reason.
            let mut before = std::mem::take(&mut plans).into_iter();
            let kept = again.into_iter().map(|plan| match before.next() {
                Some(Err(refusal)) => Err(refusal),
                _ => plan,
            });
            plans = kept.collect();
            let refused = self.open().zip(&plans).filter(|(_, plan)| plan.is_err());
            let refused = refused.map(|(finding, _)| finding.resource.logical_id);
            let known = left_alone.len();
            left_alone.extend(refused);
            if left_alone.len() == known {
                break;
            }
        }
        plans
    }
}

/// How often plans are made anew since one was refused, whose resource keeps
/// what it shares from being changed for others. Once is enough for all but
/// long chains of anchors, which the proof is left to judge.
const MAX_ROUNDS: usize = 8;

/// The proof's last question: the repaired findings are gone, the others are
/// as they were, those that are suppressed still are, and nothing is left
/// that the rules would repair.
fn is_done<'f>(
    old: &'f Reading<'_>,
    plans: &[Result<Fix, Refusal>],
    tree: &Tree<'_>,
    rules: &Rules,
) -> Result<(), ProofError> {
    let lines = LineIndex::new(tree.text());
    let new = Reading::of(tree, &lines, rules)
        .map_err(|error| ProofError::NotDone(format!("its ignores cannot be read: {error}")))?;
    let mut old_plans = plans.iter();
    // What each finding is to become, if it is to be reported still.
    let left = |found: &'f Found| {
        let verdict = found.finding.verdict;
        if !found.is_open() {
            return Some((found, verdict));
        }
        match old_plans.next().and_then(|plan| rules.made(plan)) {
            None => Some((found, verdict)),
            Some(_) if found.finding.is_rest_unsure => Some((found, Verdict::Unverifiable)),
            Some(_) => None,
        }
    };
    let mut expected = old.findings.iter().filter_map(left);
    let mut declined = BTreeSet::new();
    for (index, found) in new.findings.iter().enumerate() {
        let is_left = expected.next().is_some_and(|(before, verdict)| {
            if before.is_declined {
                declined.insert(index);
            }
            let (was, is) = (&before.finding, &found.finding);
            // One of several sources may have been repaired for others.
            let is_computed = !was.sources.is_empty() && !is.sources.is_empty();
            was.logical_id == is.logical_id
                && before.suppressed == found.suppressed
                && (verdict == is.verdict || is_computed)
        });
        if !is_left {
            return Err(still_reported(&found.finding));
        }
    }
    if let Some((found, _)) = expected.next() {
        return Err(ProofError::NotDone(format!(
            "{} would no longer be reported",
            found.finding.logical_id
        )));
    }
    let new = new.without(&declined);
    let plans = new.plans(tree, &lines, rules);
    let mut again = new.open().zip(&plans);
    match again.find(|(_, plan)| rules.made(plan).is_some()) {
        Some((finding, _)) => Err(still_reported(finding)),
        None => Ok(()),
    }
}

fn still_reported(finding: &Finding) -> ProofError {
    ProofError::NotDone(format!("{} would still be reported", finding.logical_id))
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

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: MUTABLE
  Api:
    Type: AWS::ECR::Repository
    Properties: [none]
";

    /// What the last question says if `after` came of [`OPEN`].
    fn asked(after: &str) -> Result<(), ProofError> {
        let rules = Rules::default();
        let tree = syntax::parse(OPEN).unwrap();
        let lines = LineIndex::new(OPEN);
        let reading = Reading::of(&tree, &lines, &rules).unwrap();
        let plans = reading.plans(&tree, &lines, &rules);
        is_done(&reading, &plans, &syntax::parse(after).unwrap(), &rules)
    }

    fn not_done(after: &str) -> String {
        asked(after).unwrap_err().to_string()
    }

    #[test]
    fn what_was_repaired_is_gone_and_the_rest_is_as_it_was() {
        assert_eq!(asked(&OPEN.replace(": MUTABLE", ": IMMUTABLE")), Ok(()));
        assert_eq!(not_done(OPEN), "Web would still be reported");
        let others = [
            // Another verdict on what is left, or another name.
            ("Properties: [none]", "Properties: {}"),
            (
                "Properties: [none]",
                "Properties: {ImageTagMutability: MUTABLE}",
            ),
            ("  Api:", "  Apis:"),
        ];
        for (from, to) in others {
            let after = OPEN.replace(": MUTABLE", ": IMMUTABLE").replace(from, to);
            assert!(
                not_done(&after).ends_with("would still be reported"),
                "{to}"
            );
        }
        let (without, _) = OPEN.split_once("  Api:").unwrap();
        let without = without.replace(": MUTABLE", ": IMMUTABLE");
        assert_eq!(not_done(&without), "Api would no longer be reported");
    }

    #[test]
    fn an_ignore_that_comes_or_goes_is_seen() {
        let ignored = OPEN
            .replace(": MUTABLE", ": IMMUTABLE")
            .replace("  Api:", "  # immutag: ignore\n  Api:");
        assert_eq!(not_done(&ignored), "Api would still be reported");
    }

    #[test]
    fn a_failed_proof_asks_for_a_report() {
        let error = not_proven(&LineIndex::new(OPEN), &ProofError::Undo);
        assert_eq!(error.code, "proof");
        assert!(error.message.contains("report this file's shape as a bug"));
        assert_eq!(error.position, Position { line: 1, column: 1 });
    }

    #[test]
    fn what_is_declined_or_only_reported_is_left() {
        let rules = Rules::default();
        let declined = BTreeSet::from([0]);
        let assessment = remediate_without(OPEN.as_bytes(), &rules, &declined).unwrap();
        assert_eq!(assessment.findings[0].answer, Answer::Declined);
        assert_eq!(assessment.remediation, None);
        // The number is that of the finding, whatever was repaired before it.
        let two = OPEN.replace("Properties: [none]", "Properties: {}");
        let assessment = remediate_without(two.as_bytes(), &rules, &declined).unwrap();
        assert_eq!(assessment.findings[0].answer, Answer::Declined);
        let after = two.replace("{}", "{ImageTagMutability: IMMUTABLE}");
        assert_eq!(assessment.remediation.unwrap().after, after);

        let report_only = Rules {
            report_only: true,
            ..rules
        };
        let assessment = remediate(OPEN.as_bytes(), &report_only).unwrap();
        assert_eq!(assessment.findings[0].answer, Answer::ReportOnly);
        assert_eq!(assessment.remediation, None);
    }
}

//! A template to what there is to say about it, and to the fixes that are planned for it.
//!
//! This module owns the order of the steps (read, find, suppress, plan) and the types in which
//! their result is told. It makes no edit: that is for [`Assessment::prove`]. What becomes of
//! the result (a line, a patch, a written file) is decided by those who call it, all from the
//! same [`Assessment`], so that a dry run cannot differ from the write.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::iter;

use crate::find::{self, Breach, Policy, Verdict, Verdicts};
use crate::plan::{Applicability, Fix, Planner, Refusal};
use crate::prove::Plan;
use crate::suppress::{self, SuppressionRules, Useless};
use crate::syntax::{self, NodeId, SyntaxError, Tree};
use crate::template::{self, Template};
use crate::text::excerpt::{self, Excerpt};
use crate::text::source::{self, SourceError};
use crate::text::span::{LineIndex, Position, Region, Span};

/// How a template is judged, and what may be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How the rule is taken, and what it asks for.
    pub policy: Policy,
    /// Up to which applicability fixes are made.
    pub allow: Applicability,
    /// The size above which a template is refused, in bytes.
    pub max_size: u64,
    /// Which suppressions count.
    pub suppressions: SuppressionRules,
    /// Report the findings and fix none.
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
    pub(crate) fn made<'p>(&self, plan: &'p Result<Fix, Refusal>) -> Option<&'p Fix> {
        plan.as_ref()
            .ok()
            .filter(|fix| fix.applicability <= self.allow && !self.report_only)
    }
}

/// What becomes of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is fixed, by a fix this sure, where [`Assessment::prove`] proves it.
    Fix(Applicability),
    /// There is a fix, but it is less sure than the rules allow.
    Withheld(Applicability),
    /// There is a fix, but the rules ask for a report only.
    ReportOnly,
    /// No fix can be offered.
    Refused {
        /// A short name of the reason that stays the same between releases.
        code: &'static str,
        /// The reason, as a clause. It names no way out that only a program around this
        /// crate has, such as a flag.
        reason: String,
    },
    /// A person asked to leave it alone: it does not count, and its resource is
    /// not edited.
    Suppressed {
        /// The tool whose suppression it is; see [`crate::suppress`].
        by: &'static str,
        /// The reason that was given.
        reason: Option<String>,
        /// Whether it stands in a list beside the template, and not in it.
        is_listed: bool,
    },
    /// There is a fix that the rules allow, and the user declined it.
    Declined,
}

/// A fact: this resource breaks the rule, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub verdict: Verdict,
    /// Whether it breaks the rule, or is a note.
    pub counts: bool,
    /// The resource's logical ID.
    pub logical_id: String,
    /// Where a scanner would report it: the key `ImageTagMutability`, that of `Properties`,
    /// or the logical ID.
    pub region: Region,
    /// What is wrong, as a clause; names the sources.
    pub message: String,
    /// Where a computed value comes from.
    pub sources: Vec<Source>,
    /// What becomes of it.
    pub decision: Decision,
    /// The lines around its place, its sources and what its fix changes, as the template
    /// has them.
    pub excerpts: Vec<Excerpt>,
}

/// A place that a computed value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Where it is.
    pub region: Region,
    /// What comes from there, as a clause.
    pub how: String,
}

/// Something worth knowing about a template beside its findings. It changes no
/// exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The place that it is about.
    pub position: Position,
    /// A short name that stays the same between releases.
    pub code: &'static str,
    /// What there is to know, as a clause.
    pub message: String,
}

/// A suppression in a template that covers no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedSuppression {
    /// Where it stands.
    pub position: Position,
    /// The tool whose suppression it is; see [`crate::suppress`].
    pub by: &'static str,
    /// Why it covers nothing.
    pub why: Useless,
}

/// What there is to say about one template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The findings, in the order of the template.
    pub findings: Vec<Finding>,
    /// The notes, in the order of the template.
    pub notes: Vec<Note>,
    /// How many ECR repositories the template declares (with
    /// [`Policy::creation_templates`], creation templates, too).
    pub ecr_repositories: usize,
    /// The suppressions that cover nothing, in the order of the template.
    pub unused_suppressions: Vec<UnusedSuppression>,
    /// The numbers of those entries of lists that cover a finding; see
    /// [`Listed`](crate::suppress::Listed).
    pub listed: BTreeSet<usize>,
}

impl Facts {
    /// Whether a fix is planned for any of the findings.
    #[must_use]
    pub fn has_fix(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| matches!(finding.decision, Decision::Fix(_)))
    }
}

/// A template that was read: what there is to say about it, and what is planned for it.
///
/// Its text with the fixes made is only to be had from [`Assessment::prove`].
#[derive(Debug, Default)]
pub struct Assessment {
    /// What there is to say.
    pub facts: Facts,
    /// What is planned; None where nothing is.
    pub(crate) plan: Option<Box<Plan>>,
}

/// Why a template could not be assessed. Nothing can be fixed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct TemplateError {
    /// Where it fails.
    pub position: Position,
    /// A short name that stays the same between releases: `syntax`, `depth`, `size`,
    /// `encoding` or `line-endings`.
    pub code: &'static str,
    /// What is wrong, as a clause.
    pub message: String,
}

impl TemplateError {
    /// The error of a file that is too large to be read as a template, both in bytes.
    #[must_use]
    pub fn too_large(size: u64, limit: u64) -> Self {
        not_text(&[], SourceError::TooLarge { size, limit })
    }
}

/// Reads a template, finds what breaks the rule, and plans the fixes that the rules allow.
///
/// `template` holds the bytes of a file, be it a template or not: a file that cannot declare
/// an ECR repository gives an assessment without findings, be it valid or not.
///
/// # Errors
/// Where the file may declare an ECR repository but cannot be read.
///
/// ```
/// use immutag_engine::{Decision, Rules, assess};
///
/// let template = b"Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";
/// let assessment = assess(template, &Rules::default())?;
/// let [finding] = &assessment.facts.findings[..] else { panic!("one finding") };
/// assert_eq!(finding.logical_id, "Web");
/// assert_eq!(finding.region.start.line, 2);
/// assert_eq!(finding.message, "ImageTagMutability is missing, so tags are mutable");
/// assert!(matches!(finding.decision, Decision::Fix(_)));
/// # Ok::<(), immutag_engine::TemplateError>(())
/// ```
pub fn assess(template: &[u8], rules: &Rules) -> Result<Assessment, TemplateError> {
    if !source::concerns_us(template) {
        return Ok(Assessment::default());
    }
    let text = source::text(template, rules.max_size).map_err(|error| not_text(template, error))?;
    let lines = LineIndex::new(text);
    let not_syntax = |error| not_syntax(&lines, &error);
    let tree = syntax::read(text).map_err(not_syntax)?;
    let masked = (tree.text() != text).then(|| LineIndex::new(tree.text()));
    let own_lines = masked.as_ref().unwrap_or(&lines);
    let template = Template::of(&tree);
    let read = Reading::of(&tree, &template, own_lines, rules).map_err(not_syntax)?;
    let told = told(&lines, own_lines, &tree, &template, read, rules);
    drop((template, masked));
    Ok(told.assessment(text, tree, rules.clone()))
}

impl Assessment {
    /// Returns the assessment of the same template, but with some fixes declined by the user,
    /// by the indexes of their findings in [`Facts::findings`].
    ///
    /// A declined finding and what it shares with others stay as they are, so that other
    /// findings may be [refused](Decision::Refused) by it.
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use immutag_engine::{Decision, Rules, assess};
    ///
    /// let template = b"Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";
    /// let assessment = assess(template, &Rules::default())?.declining(&BTreeSet::from([0]));
    /// assert_eq!(assessment.facts.findings[0].decision, Decision::Declined);
    /// assert!(assessment.prove().unwrap().is_none());
    /// # Ok::<(), immutag_engine::TemplateError>(())
    /// ```
    #[must_use]
    pub fn declining(self, findings: &BTreeSet<usize>) -> Self {
        let Some(plan) = self.plan else {
            return self;
        };
        let Plan {
            text,
            tree,
            read,
            rules,
            ..
        } = *plan;
        let text = text.unwrap_or_else(|| tree.text().to_owned());
        let (lines, own_lines) = (LineIndex::new(&text), LineIndex::new(tree.text()));
        let template = Template::of(&tree);
        let read = read.without(findings);
        let told = told(&lines, &own_lines, &tree, &template, read, &rules);
        drop((template, own_lines));
        told.assessment(&text, tree, rules)
    }
}

/// What is said and planned about a reading.
struct Told {
    read: Reading,
    fixes: Vec<Result<Fix, Refusal>>,
    facts: Facts,
}

/// Plans what is to be done about a reading, and says it. `lines` are those of the template
/// itself, `own_lines` those of the tree's text, in which markup may be masked.
fn told(
    lines: &LineIndex<'_>,
    own_lines: &LineIndex<'_>,
    tree: &Tree<'_>,
    template: &Template<'_>,
    read: Reading,
    rules: &Rules,
) -> Told {
    let fixes = read.fixes(tree, template, own_lines, rules);
    let facts = facts(lines, tree, template, &read, &fixes, rules);
    Told { read, fixes, facts }
}

impl Told {
    /// The assessment of the template with this text, which keeps the tree if a fix is planned.
    fn assessment(self, text: &str, tree: Tree<'_>, rules: Rules) -> Assessment {
        let Self { read, fixes, facts } = self;
        let plan = facts.has_fix().then(|| {
            Box::new(Plan {
                text: (tree.text() != text).then(|| text.to_owned()),
                tree: tree.into_owned(),
                read,
                fixes,
                rules,
            })
        });
        Assessment { facts, plan }
    }
}

fn facts(
    lines: &LineIndex<'_>,
    tree: &Tree<'_>,
    template: &Template<'_>,
    read: &Reading,
    fixes: &[Result<Fix, Refusal>],
    rules: &Rules,
) -> Facts {
    let mut fixes = fixes.iter();
    let findings = read.found.iter().map(|found| {
        let breach = &found.breach;
        let fix = found.is_open().then(|| fixes.next()).flatten();
        let edits = fix.and_then(|fix| rules.made(fix));
        let edits = edits.map_or(&[][..], |fix| &fix.edits);
        let region = lines.region(reported_span(tree, lines, breach.at));
        let sources: Vec<Source> = breach
            .sources
            .iter()
            .map(|source| Source {
                region: lines.region(reported_span(tree, lines, source.at)),
                how: source.how.clone(),
            })
            .collect();
        let places = sources.iter().map(|source| source.region.span);
        let places = places.chain(edits.iter().map(|edit| edit.span));
        Some(Finding {
            verdict: breach.verdict,
            counts: found.suppressed.is_none() && breach.verdict.counts(rules.policy.profile),
            logical_id: logical_id(lines.text(), tree, breach),
            message: message(&breach.message, &sources),
            excerpts: excerpt::around(lines, iter::once(region.span).chain(places)),
            region,
            sources,
            decision: found.decision(fix, lines, rules)?,
        })
    });
    Facts {
        findings: findings.flatten().collect(),
        notes: notes(tree, lines, template, read),
        ecr_repositories: read.ecr_repositories,
        unused_suppressions: read.unused(lines),
        listed: read.listed.clone(),
    }
}

/// The logical ID of a finding's resource, as the template has it.
fn logical_id(text: &str, tree: &Tree<'_>, breach: &Breach) -> String {
    let logical_id = breach.resource.logical_id;
    if tree.is_masked(logical_id) {
        let written = tree.span(logical_id).of(text);
        return written.trim_matches(['"', '\'']).to_owned();
    }
    breach.logical_id.clone()
}

/// The notes on a template.
fn notes(
    tree: &Tree<'_>,
    lines: &LineIndex<'_>,
    template: &Template<'_>,
    read: &Reading,
) -> Vec<Note> {
    let mut notes: Vec<Note> = find::embedded(tree)
        .iter()
        .map(|embedded| Note {
            position: lines.position(tree.start(embedded.at)),
            code: "embedded",
            message: "a template inside a string is not checked".to_owned(),
        })
        .collect();
    if !read.found.is_empty() {
        let at = template::synthesized(tree, &template.resources);
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
fn message(what: &str, sources: &[Source]) -> String {
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
#[derive(Debug)]
pub(crate) struct Reading {
    /// What reads parameters and mappings; see [`Verdicts::reads`].
    reads: Vec<(NodeId, NodeId)>,
    /// See [`Verdicts::settled`].
    settled: BTreeSet<NodeId>,
    pub(crate) found: Vec<Found>,
    ecr_repositories: usize,
    /// Where each suppression that covers nothing stands, in bytes; whose it is; and why.
    unused: Vec<(usize, &'static str, Useless)>,
    listed: BTreeSet<usize>,
}

/// A finding, and whether somebody asked to leave it alone.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) breach: Breach,
    pub(crate) suppressed: Option<Suppressed>,
    /// Whether the user declined its fix.
    pub(crate) is_declined: bool,
}

/// A person's word that a finding is to be left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppressed {
    by: &'static str,
    reason: Option<String>,
    is_listed: bool,
}

impl Found {
    /// Whether it is to be fixed if it can be.
    pub(crate) fn is_open(&self) -> bool {
        self.suppressed.is_none() && !self.is_declined
    }

    /// What becomes of it, by the fix that there is for it if it is open.
    fn decision(
        &self,
        fix: Option<&Result<Fix, Refusal>>,
        lines: &LineIndex<'_>,
        rules: &Rules,
    ) -> Option<Decision> {
        Some(match (&self.suppressed, fix) {
            (Some(suppressed), _) => {
                let Suppressed {
                    by,
                    reason,
                    is_listed,
                } = suppressed.clone();
                Decision::Suppressed {
                    by,
                    reason,
                    is_listed,
                }
            }
            (None, _) if self.is_declined => Decision::Declined,
            (None, fix) => match fix? {
                Err(refusal) => Decision::Refused {
                    code: refusal.code(),
                    reason: refusal.explain(lines),
                },
                Ok(_) if rules.report_only => Decision::ReportOnly,
                Ok(fix) if fix.applicability <= rules.allow => Decision::Fix(fix.applicability),
                Ok(fix) => Decision::Withheld(fix.applicability),
            },
        })
    }
}

impl Reading {
    /// Finds what is wrong in a tree, and what of it is suppressed. `lines` are those of the
    /// tree's text.
    ///
    /// # Errors
    /// Where the comments of the tree's text cannot be read.
    pub(crate) fn of(
        tree: &Tree<'_>,
        template: &Template<'_>,
        lines: &LineIndex<'_>,
        rules: &Rules,
    ) -> Result<Self, SyntaxError> {
        let Verdicts {
            findings,
            reads,
            settled,
            repositories,
        } = find::verdicts(tree, template, &rules.policy);
        let resources = &template.resources;
        let suppressions = suppress::read(tree, lines, resources, &rules.suppressions)?;
        let (mut used, mut listed) = (Vec::new(), BTreeSet::new());
        let found = findings
            .into_iter()
            .map(|breach| {
                let mut suppressed = None;
                for number in suppressions.covering(tree, lines, &breach) {
                    used.push(number);
                    if let Some(found) = suppressions.get(number) {
                        listed.extend(found.listed);
                        suppressed.get_or_insert_with(|| Suppressed {
                            by: found.by,
                            reason: found.reason.clone(),
                            is_listed: found.listed.is_some(),
                        });
                    }
                }
                Found {
                    breach,
                    suppressed,
                    is_declined: false,
                }
            })
            .collect();
        let unused = suppressions
            .useless(tree, lines, resources, &rules.policy, &used)
            .into_iter()
            .map(|(found, why)| (found.at.unwrap_or_default(), found.by, why))
            .collect();
        Ok(Self {
            reads,
            settled,
            found,
            ecr_repositories: repositories,
            unused,
            listed,
        })
    }

    /// The same, but that the user declined the fixes of some findings, by their
    /// indexes.
    pub(crate) fn without(mut self, declined: &BTreeSet<usize>) -> Self {
        for (index, found) in self.found.iter_mut().enumerate() {
            found.is_declined = declined.contains(&index);
        }
        self
    }

    /// The findings that are to be fixed if they can be.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Breach> {
        let open = self.found.iter();
        open.filter(|found| found.is_open())
            .map(|found| &found.breach)
    }

    fn unused(&self, lines: &LineIndex<'_>) -> Vec<UnusedSuppression> {
        let unused = self.unused.iter();
        unused
            .map(|&(at, by, why)| UnusedSuppression {
                position: lines.position(at),
                by,
                why,
            })
            .collect()
    }

    /// Plans a fix for each open finding; a refusal says why a finding has no fix. `lines` index the
    /// tree's text.
    pub(crate) fn fixes(
        &self,
        tree: &Tree<'_>,
        template: &Template<'_>,
        lines: &LineIndex<'_>,
        rules: &Rules,
    ) -> Vec<Result<Fix, Refusal>> {
        let closed = self.found.iter().filter(|found| !found.is_open());
        let mut left_alone = self.settled.clone();
        left_alone.extend(closed.map(|found| found.breach.resource.logical_id));
        let mut fixes: Vec<Result<Fix, Refusal>> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let policy = &rules.policy;
            let planner = Planner::new(tree, lines, template, &self.reads, &left_alone, policy);
            let again = planner.plans(self.open());
            // One that was refused before stays so, for the first reason.
            let mut before = std::mem::take(&mut fixes).into_iter();
            let kept = again.into_iter().map(|fix| match before.next() {
                Some(Err(refusal)) => Err(refusal),
                _ => fix,
            });
            fixes = kept.collect();
            let refused = self.open().zip(&fixes).filter(|(_, fix)| fix.is_err());
            let refused = refused.map(|(breach, _)| breach.resource.logical_id);
            let known = left_alone.len();
            left_alone.extend(refused);
            if left_alone.len() == known {
                break;
            }
        }
        fixes
    }
}

/// How often plans are made anew since one was refused, whose resource keeps
/// what it shares from being changed for others. Once is enough for all but
/// long chains of anchors, which the proof is left to judge.
const MAX_ROUNDS: usize = 8;

fn not_text(bytes: &[u8], error: SourceError) -> TemplateError {
    let read = bytes.get(..error.offset()).unwrap_or_default();
    let read = std::str::from_utf8(read).unwrap_or_default();
    TemplateError {
        position: LineIndex::new(read).position(read.len()),
        code: error.code(),
        message: error.to_string(),
    }
}

fn not_syntax(lines: &LineIndex<'_>, error: &SyntaxError) -> TemplateError {
    TemplateError {
        position: lines.position(error.offset),
        code: error.code(),
        message: error.to_string(),
    }
}

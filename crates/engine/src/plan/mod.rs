//! From a finding to a fix or a refusal.
//!
//! This module owns the order in which a fix is planned and what may keep it from being made. It
//! does no I/O and makes no edit; what it plans is proven by [`crate::verify`], which does not
//! know how the plan was made.
//!
//! What a fix makes a resource declare stands in `declaration`; which entries that adds or takes
//! away, in `draft`; what else uses the text that would change, in `users`; why there is no fix,
//! in `reason`. A place to write to is a `site` on a `page`. What a block mapping of YAML needs
//! there stands in `block`, what a mapping in braces needs, be it JSON or YAML, in `flow`; how
//! new entries are written in either, in `entries` and `quotes`; what markup asks for, in
//! `markup`.

mod block;
mod declaration;
mod draft;
mod entries;
mod flow;
mod layout;
mod markup;
mod page;
mod quotes;
mod reason;
mod site;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use self::declaration::Declaration;
use self::draft::Draft;
pub use self::layout::Layout;
use self::page::Page;
pub use self::reason::Refusal;
use self::users::{Anchored, Literals};
use crate::find::{Breach, Obstacle, Policy, Repair};
use crate::rule::MAX_FILTERS;
use crate::syntax::change::Changes;
use crate::syntax::{CollectionStyle, NodeId, Tree};
use crate::template::Template;
use crate::text::edit::Edit;
use crate::text::span::LineIndex;

/// How sure a fix is to be wanted. Ordered: a user who allows the less sure
/// allows the surer too, so a filter is `<=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The fix is what anybody would write.
    Safe,
    /// The fix takes a decision that is the user's: made with
    /// `--unsafe-fixes` only.
    Unsafe,
}

impl Applicability {
    /// Its name, which stays the same between releases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// What is done about one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// How sure it is to be wanted.
    pub applicability: Applicability,
    /// The bytes to change.
    pub edits: Vec<Edit>,
    /// What that means for the document.
    pub changes: Changes,
}

impl fmt::Display for Applicability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        })
    }
}

/// Plans the fixes of one tree.
pub struct Planner<'t> {
    page: Page<'t>,
    policy: &'t Policy,
    /// Whether the same tags stay mutable in all ECR repositories, so that they can
    /// share what they say of it.
    keeps_alike: bool,
    anchored: Anchored,
    literals: Literals<'t>,
    has_unsure_line_end: bool,
    /// The logical IDs of resources that a template engine may give more than
    /// stands with them.
    with_tails: BTreeSet<NodeId>,
}

impl<'t> Planner<'t> {
    /// Prepares for a template, in time linear in its size.
    ///
    /// The resources whose logical ID is among `left_alone` are nothing that
    /// a change could be wanted for, so that what they share with others, or
    /// read, is not changed for the others' sake either. `reads` are those
    /// that [`find::verdicts`](crate::find::verdicts) gives.
    #[must_use]
    pub fn new(
        tree: &'t Tree<'t>,
        lines: &'t LineIndex<'t>,
        template: &'t Template<'t>,
        reads: &[(NodeId, NodeId)],
        left_alone: &BTreeSet<NodeId>,
        policy: &'t Policy,
    ) -> Self {
        let page = Page::new(tree, lines, template, |resource| {
            !left_alone.contains(&resource.logical_id) && policy.covers(tree, resource.body)
        });
        let reads = reads
            .iter()
            .filter(|(logical_id, _)| !left_alone.contains(logical_id))
            .map(|&(_, read)| read)
            .collect();
        Self {
            policy,
            keeps_alike: keeps_alike(tree, template, policy),
            anchored: Anchored::of(tree, template, left_alone, policy),
            literals: Literals::new(tree, template, reads),
            has_unsure_line_end: page.has_unsure_line_end(),
            with_tails: if tree.markup().is_empty() {
                BTreeSet::new()
            } else {
                markup::with_tails(tree, lines, &template.resources)
            },
            page,
        }
    }

    /// The fix of each finding, or the [`Refusal`] that says why there is
    /// none. What resources share is planned once.
    #[must_use]
    pub fn plans<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Breach>,
    ) -> Vec<Result<Fix, Refusal>> {
        let for_all = Declaration::keeping(&self.policy.keep_mutable);
        let mut known: BTreeMap<(&Repair, bool), Result<Fix, Refusal>> = BTreeMap::new();
        findings
            .into_iter()
            .map(|finding| match &finding.repair {
                Err(Obstacle::NotAllowed { parameter, at }) => Err(Refusal::NotAllowed {
                    parameter: parameter.clone(),
                    at: self.page.tree.start(*at),
                }),
                Err(obstacle) => Err(Refusal::Obstacle(obstacle.clone())),
                Ok(_) if !self.policy.knows(&finding.logical_id) => {
                    let why = self.policy.unknown_pushes.clone();
                    Err(Refusal::UnknownPushes { why })
                }
                Ok(repair) if self.policy.keeps_own() => self.plan_own(finding, repair),
                Ok(repair) => known
                    .entry((repair, finding.is_safe))
                    .or_insert_with(|| self.plan(repair, &for_all, finding.is_safe))
                    .clone(),
            })
            .collect()
    }

    /// Plans the fix of an ECR repository that may have mutable tags of its own.
    fn plan_own(&self, finding: &Breach, repair: &Repair) -> Result<Fix, Refusal> {
        let kept = self.policy.kept(&finding.logical_id);
        let count = kept.len();
        if count > MAX_FILTERS {
            return Err(Refusal::TooManyTags { count });
        }
        let keep_moving = self.policy.keep_moving.as_ref();
        let own = keep_moving.and_then(|own| own.get(&finding.logical_id));
        let is_own = own.is_some_and(|tags| !tags.is_empty());
        // No look at files finds all that pushes: it is for the
        // user to say that these tags are enough.
        let is_safe = finding.is_safe && !is_own;
        self.plan(repair, &Declaration::keeping(kept), is_safe)
    }

    fn plan(
        &self,
        repair: &Repair,
        declaration: &Declaration,
        is_safe: bool,
    ) -> Result<Fix, Refusal> {
        let (page, tree) = (&self.page, self.page.tree);
        if self.has_unsure_line_end {
            return Err(Refusal::Layout(Layout::LineSeparator));
        }
        let changed = self.changed(repair, declaration)?;
        let mut is_shared = false;
        for &node in &changed {
            is_shared |= self.anchored.is_shared(tree, node)?;
        }
        let writes_filters = !matches!(repair, Repair::RewriteSources { .. });
        if let Some(&node) = changed.first().filter(|_| is_shared && writes_filters)
            && !self.keeps_alike
        {
            let at = tree.start(node);
            return Err(Refusal::Shared { at });
        }
        let Draft { edits, changes, .. } = Draft::of(repair, declaration, page, &self.anchored)?;
        for edit in &edits {
            page.keeps_suppressions(edit.span)?;
        }
        let mut fix = Fix {
            applicability: if is_safe && !is_shared {
                Applicability::Safe
            } else {
                Applicability::Unsafe
            },
            edits,
            changes,
        };
        if !tree.markup().is_empty() {
            markup::heed(self, repair, declaration, &changed, &mut fix)?;
        }
        let new_lines_in = match repair {
            Repair::AddProperties { body: node }
            | Repair::FillProperties { value: node }
            | Repair::AddMutability { mapping: node, .. } => Some(*node),
            Repair::RewriteMutability { mapping, .. } => {
                declaration.has_filters().then_some(*mapping)
            }
            Repair::RewriteSources { .. } => None,
        };
        if let Some(node) = new_lines_in {
            let body = page.owner(node)?.resource.body;
            let is_block = tree.collection_style(body) == Some(CollectionStyle::Block);
            if is_block && fix.edits.iter().any(|edit| page.tab_follows(edit)) {
                return Err(Refusal::Layout(Layout::TabBelow));
            }
        }
        Ok(fix)
    }

    /// The nodes whose text a repair changes, which nobody reads for anything
    /// but the mutability of an ECR repository.
    fn changed(&self, repair: &Repair, declaration: &Declaration) -> Result<Vec<NodeId>, Refusal> {
        Ok(match repair {
            Repair::AddProperties { body: node }
            | Repair::FillProperties { value: node }
            | Repair::AddMutability { mapping: node, .. } => vec![*node],
            Repair::RewriteMutability {
                mapping,
                value,
                filters,
            } => {
                if filters.is_some() || declaration.has_filters() {
                    vec![*value, *mapping]
                } else {
                    vec![*value]
                }
            }
            Repair::RewriteSources { literals } => {
                for &(_, home) in literals {
                    self.literals.allow_change(home, &self.anchored)?;
                }
                literals.iter().map(|&(at, _)| at).collect()
            }
        })
    }
}

/// Whether the same tags stay mutable in all ECR repositories.
fn keeps_alike(tree: &Tree<'_>, template: &Template<'_>, policy: &Policy) -> bool {
    if !policy.keeps_own() {
        return true;
    }
    let ecr_repositories = template.resources.iter();
    let mut kept = ecr_repositories
        .filter(|resource| policy.covers(tree, resource.body))
        .map(|resource| policy.kept(tree.literal(resource.logical_id).unwrap_or_default()));
    let first = kept.next();
    kept.all(|kept| Some(kept) == first)
}

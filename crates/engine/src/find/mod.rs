//! The rule: what is wrong with a resource.
//!
//! This module owns the order in which the resources of a template are judged, and what is
//! known of all of them together. How the rule is taken stands in `policy`, what is said in
//! `breach`, how a resource is judged in `judge`. It works on the tree alone, the same for YAML
//! and JSON, and knows nothing of edits.

mod breach;
mod judge;
mod policy;

use std::collections::BTreeSet;

pub use self::breach::{Breach, Obstacle, Repair, Source, Verdict};
use self::judge::Judge;
pub use self::policy::{MOST_TAGS, Policy, Profile, TagPattern};
use crate::rule::REPOSITORY;
use crate::syntax::{NodeId, Tree, Value};
use crate::template::Template;
use crate::template::value::Budget;

/// What the rule says of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The findings, in the order of the text.
    pub findings: Vec<Breach>,
    /// The nodes that read a parameter or a mapping for the mode of a
    /// repository that is to be repaired, with its logical ID.
    pub reads: Vec<(NodeId, NodeId)>,
    /// The logical IDs of the repositories that are to stay as they are, in
    /// what they share with others, too: those that cannot be repaired, and
    /// those that comply but would not with another mode or without filters.
    pub settled: BTreeSet<NodeId>,
    /// How many of the resources are of a type that the rule covers, by
    /// their literal `Type`.
    pub repositories: usize,
}

/// A text within the template that holds a template of its own. It is not
/// looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The scalar.
    pub at: NodeId,
}

/// Judges every resource of a template.
#[must_use]
pub fn verdicts(tree: &Tree<'_>, template: &Template<'_>, policy: &Policy) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let mut budget = Budget::of(tree.text().len());
    let unsure = tree.with_unsure_keys();
    for &resource in &template.resources {
        verdicts.repositories += usize::from(policy.covers(tree, resource.body));
        let mut judge = Judge {
            tree,
            scopes: &template.scopes,
            resource,
            policy,
            budget: &mut budget,
            unsure: &unsure,
            reads: Vec::new(),
            has_filters: false,
        };
        let finding = judge.verdict();
        let is_settled = match &finding {
            Some(finding) => finding.repair.is_err(),
            None => judge.has_filters || policy.keeps_any(),
        };
        if is_settled {
            verdicts.settled.insert(resource.logical_id);
        } else if finding.is_some() {
            let reads = judge.reads.into_iter();
            let reads = reads.map(|read| (resource.logical_id, read));
            verdicts.reads.extend(reads);
        }
        verdicts.findings.extend(finding);
    }
    verdicts
}

/// The scalars that hold a template with a repository (a stack set's
/// `TemplateBody`, say).
#[must_use]
pub fn embedded(tree: &Tree<'_>) -> Vec<Embedded> {
    let finder = memchr::memmem::Finder::new(REPOSITORY);
    tree.nodes()
        .filter(|&at| match tree.value(at) {
            Value::Scalar { text, .. } => {
                text.len() > REPOSITORY.len()
                    && finder.find(text.as_bytes()).is_some()
                    && text.contains("Type")
            }
            _ => false,
        })
        .map(|at| Embedded { at })
        .collect()
}

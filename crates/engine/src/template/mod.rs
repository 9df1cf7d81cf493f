//! Where resources stand in a document: what CloudFormation, SAM, the
//! Serverless Framework and fragments make of a tree.
//!
//! This module owns where resources are. What values are computed from stands in `scope`, how
//! functions are written in `function`, what reads what in `readers`, merge keys in `merge`, and
//! what a function evaluates to in [`value`]. Nothing here judges a resource, or knows bytes or
//! edits.
//!
//! Resources are looked for in these places and in no other, so that
//! examples in `Metadata`, `Outputs`, `Mappings` or a list stay data:
//!
//! - the entries of a top-level `Resources`;
//! - the body of an `Fn::ForEach::…` there, nested ones too;
//! - the same under a Serverless file's `resources`, be that a mapping or a
//!   list of mappings, each with its `Resources`;
//! - in a *fragment*, a document with neither of the two keys, the top-level
//!   entries themselves, if all of them are mappings (no loops: those are a
//!   section's).
//!
//! Sources: AWS CloudFormation User Guide, "Template anatomy" and
//! "`Fn::ForEach`"; Serverless Framework documentation, "AWS - Resources".

mod function;
mod merge;
mod readers;
mod scope;
pub mod value;

use std::collections::BTreeSet;

pub use self::function::{Call, Piece, Substitution, holds_function, is_intrinsic};
pub(crate) use self::merge::values;
pub use self::merge::{Merged, merged};
pub use self::readers::Readers;
pub use self::scope::{Leaf, Loop, Reached, Scopes, Sections, loops};
use crate::syntax::{Entry, NodeId, Tree};

/// A resource of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The key that names it.
    pub logical_id: NodeId,
    /// What stands at the key: the body itself or an alias of it.
    pub value: NodeId,
    /// The mapping that describes it.
    pub body: NodeId,
}

/// What a tree is as a template.
#[derive(Debug)]
pub struct Template<'t> {
    /// Every resource, in the order of the text.
    pub resources: Vec<Resource>,
    /// What values are computed from.
    pub scopes: Scopes<'t>,
}

impl<'t> Template<'t> {
    /// Reads a tree as a template.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>) -> Self {
        Self {
            resources: resources(tree),
            scopes: Scopes::of(tree),
        }
    }
}

fn resources(tree: &Tree<'_>) -> Vec<Resource> {
    let mut walk = Walk {
        tree,
        found: Vec::new(),
        seen: BTreeSet::new(),
    };
    for &root in tree.documents() {
        let sections = values(tree, root, "Resources");
        let serverless = values(tree, root, "resources");
        if sections.is_empty() && serverless.is_empty() {
            walk.fragment(root);
        }
        for section in sections {
            walk.section(section);
        }
        for value in serverless {
            walk.serverless(value);
        }
    }
    walk.found
}

struct Walk<'t, 'a> {
    tree: &'t Tree<'a>,
    found: Vec<Resource>,
    /// Sections already read: aliases may name one twice, or itself.
    seen: BTreeSet<NodeId>,
}

impl Walk<'_, '_> {
    fn serverless(&mut self, value: NodeId) {
        let value = self.tree.resolve(value);
        if !self.seen.insert(value) {
            return;
        }
        for section in values(self.tree, value, "Resources") {
            self.section(section);
        }
        for &item in self.tree.items(value) {
            self.serverless(item);
        }
    }

    fn section(&mut self, value: NodeId) {
        let section = self.tree.resolve(value);
        if !self.seen.insert(section) {
            return;
        }
        for &entry in self.tree.entries(section) {
            match self.tree.literal(entry.key) {
                Some(key) if key.starts_with("Fn::ForEach::") => {
                    // Identifier, collection, and the body with its resources.
                    let parts = self.tree.items(self.tree.resolve(entry.value));
                    if let Some(&body) = parts.get(2) {
                        self.section(body);
                    }
                }
                Some("<<") => {
                    let merged = self.tree.resolve(entry.value);
                    self.section(merged);
                    for &item in self.tree.items(merged) {
                        self.section(item);
                    }
                }
                _ => self.resource(entry),
            }
        }
    }

    /// A document of resources alone: nothing but mappings, and functions.
    fn fragment(&mut self, root: NodeId) {
        let entries = self.tree.entries(root);
        let is_apt = |entry: &Entry| {
            let key = self.tree.literal(entry.key);
            key.is_some_and(|key| key.starts_with("Fn::"))
                || self.tree.is_mapping(self.tree.resolve(entry.value))
        };
        if entries.iter().all(is_apt) {
            for &entry in entries {
                self.resource(entry);
            }
        }
    }

    fn resource(&mut self, entry: Entry) {
        let body = self.tree.resolve(entry.value);
        if self.tree.is_mapping(body) {
            self.found.push(Resource {
                logical_id: entry.key,
                value: entry.value,
                body,
            });
        }
    }
}

/// Where a template shows that the AWS CDK has synthesized it: the metadata
/// that it gives a resource, or the resource that it reports itself with.
///
/// Source: AWS CDK Developer Guide, "Version reporting"; `aws:cdk:path` in
/// the metadata of every resource that it synthesizes.
#[must_use]
pub fn synthesized(tree: &Tree<'_>, resources: &[Resource]) -> Option<NodeId> {
    resources.iter().find_map(|resource| {
        if tree.literal(resource.logical_id) == Some("CDKMetadata") {
            return Some(resource.logical_id);
        }
        let metadata = tree.entry(resource.body, "Metadata")?;
        let path = tree.entry(tree.resolve(metadata.value), "aws:cdk:path")?;
        Some(path.key)
    })
}

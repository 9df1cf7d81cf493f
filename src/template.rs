//! Where resources stand in a document: what CloudFormation, SAM, the
//! Serverless Framework and fragments make of a tree.
//!
//! This module owns the structure of templates. It does not judge a
//! resource, and it knows neither bytes nor edits.
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

use std::collections::BTreeSet;

use crate::syntax::{Entry, NodeId, Tree, Value};

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

/// Every resource of the tree, in the order of the text.
#[must_use]
pub fn resources(tree: &Tree<'_>) -> Vec<Resource> {
    let mut walk = Walk {
        tree,
        found: Vec::new(),
        seen: BTreeSet::new(),
    };
    for &root in tree.documents() {
        let mut sections = walk.all(root, "Resources");
        let mut serverless = walk.all(root, "resources");
        if sections.is_empty() && serverless.is_empty() {
            walk.fragment(root);
        }
        sections.drain(..).for_each(|section| walk.section(section));
        serverless
            .drain(..)
            .for_each(|value| walk.serverless(value));
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
    /// What a mapping has under a key: its own entries, else a merged one.
    fn all(&self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        let own = self
            .tree
            .entries_named(mapping, key)
            .map(|entry| entry.value);
        let mut all: Vec<NodeId> = own.collect();
        if all.is_empty() {
            if let Merged::Found(value) = merged(self.tree, mapping, key) {
                all.push(value);
            }
        }
        all
    }

    fn serverless(&mut self, value: NodeId) {
        let value = self.tree.resolve(value);
        if !self.seen.insert(value) {
            return;
        }
        for section in self.all(value, "Resources") {
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

/// What a mapping holds under a key, its merge keys considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Neither the mapping nor what it merges has the key.
    Absent,
    /// A merged mapping has it, with this value.
    Found(NodeId),
    /// What is merged cannot be followed.
    Unknown,
}

/// How many mappings a merge is followed through. Real ones take two or
/// three; the bound keeps hostile ones linear.
const MAX_MERGED: usize = 64;

/// What `mapping` gets for `key` through its merge keys (`<<`). An explicit
/// key would win; whether there is one is for the caller to see. Earlier
/// mappings of a list win over later ones.
///
/// Source: the YAML merge key language-independent type (yaml.org/type/merge).
#[must_use]
pub fn merged(tree: &Tree<'_>, mapping: NodeId, key: &str) -> Merged {
    merged_by(tree, mapping, |node| tree.entry(node, key))
}

/// The first entry that `find` gives for what is merged into a mapping.
fn merged_by(tree: &Tree<'_>, mapping: NodeId, find: impl Fn(NodeId) -> Option<Entry>) -> Merged {
    let mut todo: Vec<NodeId> = Vec::new();
    let mut looked_at = 0;
    push_merges(tree, mapping, &mut todo);
    while let Some(next) = todo.pop() {
        let node = tree.resolve(next);
        looked_at += 1;
        if looked_at > MAX_MERGED || tree.has_custom_tag(node) {
            return Merged::Unknown;
        }
        match tree.value(node) {
            Value::Mapping { .. } => match find(node) {
                Some(entry) => return Merged::Found(entry.value),
                None => push_merges(tree, node, &mut todo),
            },
            Value::Sequence { items, .. } if items.len() <= MAX_MERGED => {
                todo.extend(items.iter().rev());
            }
            _ => return Merged::Unknown,
        }
    }
    Merged::Absent
}

fn push_merges(tree: &Tree<'_>, mapping: NodeId, todo: &mut Vec<NodeId>) {
    let merges: Vec<NodeId> = tree.entries_named(mapping, "<<").map(|e| e.value).collect();
    todo.extend(merges.iter().rev());
}

/// Whether a mapping is, or holds, a function of CloudFormation's in its
/// long form (`Fn::If`, `Ref`, `Condition`), so that what it says is not
/// decided by its text.
#[must_use]
pub fn is_intrinsic(tree: &Tree<'_>, mapping: NodeId) -> bool {
    let entries = tree.entries(mapping);
    holds_function(tree, mapping)
        || (entries.len() == 1
            && entries
                .iter()
                .any(|entry| matches!(tree.literal(entry.key), Some("Ref" | "Condition"))))
}

/// Whether a mapping has a key that is a function (`Fn::…`), its own or a
/// merged one: what the function yields is merged into it or takes its place.
#[must_use]
pub fn holds_function(tree: &Tree<'_>, mapping: NodeId) -> bool {
    let function = |node: NodeId| tree.entries_prefixed(node, "Fn::").next();
    function(mapping).is_some() || matches!(merged_by(tree, mapping, function), Merged::Found(_))
}

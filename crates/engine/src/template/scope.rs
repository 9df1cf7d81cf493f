//! What values are computed from: parameters, mappings and loops.
//!
//! This module owns where these are declared and which of them a name means at a node. It computes
//! nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use crate::syntax::{Entry, NodeId, Tree};

/// The sections of a template that values are computed from.
#[derive(Debug, Default)]
pub struct Sections<'t> {
    /// The parameters by their names; None where a name stands twice.
    parameters: HashMap<&'t str, Option<Entry>>,
    /// The mappings, likewise.
    mappings: HashMap<&'t str, Option<Entry>>,
    /// The top levels of the mappings by their names, likewise.
    tops: HashMap<[&'t str; 2], Option<Entry>>,
    /// The entries of the mappings by the names of all three levels.
    leaves: HashMap<[&'t str; 3], Option<Leaf>>,
    /// The mappings that hold more than is written there: a merge key or a
    /// function brings entries.
    open: HashSet<&'t str>,
}

/// An entry of a mapping, with the keys that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The key of the mapping, of its top level and of its second level.
    pub keys: [NodeId; 3],
    /// What stands there.
    pub value: NodeId,
}

/// What the keys of a mapping lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// No entry.
    Nothing,
    /// Just one.
    One(Leaf),
    /// Several with the same keys.
    Several,
}

impl<'t> Sections<'t> {
    /// A parameter's declaration, if there is just one.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Entry> {
        self.parameters.get(name).copied().flatten()
    }

    /// A mapping, if there is just one of that name.
    #[must_use]
    pub fn mapping(&self, name: &str) -> Option<Entry> {
        self.mappings.get(name).copied().flatten()
    }

    /// The top level of a mapping with this key, if there is just one.
    #[must_use]
    pub fn top(&self, mapping: &str, key: &str) -> Option<Entry> {
        self.tops.get(&[mapping, key]).copied().flatten()
    }

    /// What a mapping has for these keys.
    #[must_use]
    pub fn leaf(&self, keys: [&str; 3]) -> Reached {
        match self.leaves.get(&keys) {
            None => Reached::Nothing,
            Some(None) => Reached::Several,
            Some(&Some(leaf)) => Reached::One(leaf),
        }
    }

    /// Whether a mapping may hold more than is written there.
    #[must_use]
    pub fn is_open(&self, mapping: &str) -> bool {
        self.open.contains(mapping)
    }

    /// Reads the sections of one template, which may stand in several parts.
    fn of(tree: &'t Tree<'_>, parts: &[NodeId]) -> Self {
        let mut sections = Self::default();
        let named = |section: &str, into: &mut HashMap<&'t str, Option<Entry>>| {
            let declared = parts
                .iter()
                .flat_map(|&part| tree.entries_named(part, section));
            for entry in declared {
                for &entry in tree.entries(tree.resolve(entry.value)) {
                    if let Some(name) = tree.literal(entry.key) {
                        add(into, name, entry);
                    }
                }
            }
        };
        named("Parameters", &mut sections.parameters);
        named("Mappings", &mut sections.mappings);
        let Self {
            mappings,
            tops,
            leaves,
            open,
            ..
        } = &mut sections;
        for mapping in mappings.values().flatten() {
            let Some(map) = tree.literal(mapping.key) else {
                continue;
            };
            let levels = tree.resolve(mapping.value);
            if brings_more(tree, levels) {
                open.insert(map);
            }
            for &top in tree.entries(levels) {
                let Some(name) = tree.literal(top.key) else {
                    open.insert(map);
                    continue;
                };
                add(tops, [map, name], top);
                if brings_more(tree, tree.resolve(top.value)) {
                    open.insert(map);
                }
                for second in tree.entries(tree.resolve(top.value)) {
                    let leaf = Leaf {
                        keys: [mapping.key, top.key, second.key],
                        value: second.value,
                    };
                    match tree.literal(second.key) {
                        Some(key) => add(leaves, [map, name, key], leaf),
                        None => _ = open.insert(map),
                    }
                }
            }
        }
        sections
    }
}

/// Whether something brings entries to a mapping: a merge key, or a function.
fn brings_more(tree: &Tree<'_>, mapping: NodeId) -> bool {
    tree.has_custom_tag(mapping)
        || tree.entry(mapping, "<<").is_some()
        || tree.entries_prefixed(mapping, "Fn::").next().is_some()
}

/// Adds a value by its name, or None where the name is a duplicate.
fn add<K: Eq + Hash, V>(into: &mut HashMap<K, Option<V>>, name: K, value: V) {
    into.entry(name)
        .and_modify(|there| *there = None)
        .or_insert(Some(value));
}

/// The sections of every document of a tree.
#[derive(Debug)]
pub struct Scopes<'t> {
    /// By the documents' roots, in the order of the text.
    by_root: BTreeMap<NodeId, Sections<'t>>,
}

impl<'t> Scopes<'t> {
    /// Reads the sections: those at the top, and those of the template that
    /// stands under `resources` of a Serverless file.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>) -> Self {
        let mut by_root = BTreeMap::new();
        for &root in tree.documents() {
            let mut parts = vec![root];
            for serverless in tree.entries_named(root, "resources") {
                let value = tree.resolve(serverless.value);
                parts.push(value);
                parts.extend(tree.items(value).iter().map(|&item| tree.resolve(item)));
            }
            let sections = Sections::of(tree, &parts);
            by_root.insert(root, sections);
        }
        Self { by_root }
    }

    /// The sections of the document that a node stands in. (Nodes are named
    /// in the order of the text, so that a document's follow its root.)
    #[must_use]
    pub fn around(&self, node: NodeId) -> Option<(NodeId, &Sections<'t>)> {
        let (&root, sections) = self.by_root.range(..=node).next_back()?;
        Some((root, sections))
    }
}

/// A loop that makes copies of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop<'t> {
    /// The key, `Fn::ForEach::Name`.
    pub key: &'t str,
    /// The name that stands for the item of the copy.
    pub variable: &'t str,
    /// The node that lists the items.
    pub collection: NodeId,
}

/// The loops that a node stands in, the innermost first.
///
/// Source: AWS CloudFormation User Guide, "`Fn::ForEach`".
#[must_use]
pub fn loops<'t>(tree: &'t Tree<'_>, node: NodeId) -> Vec<Loop<'t>> {
    let mut found = Vec::new();
    let mut at = node;
    while let Some(parent) = tree.parent(at) {
        if let &[variable, collection, _] = tree.items(parent) {
            let key = tree.parent(parent).and_then(|mapping| {
                let entry = tree.entries(mapping).get(tree.index(parent) / 2)?;
                tree.literal(entry.key)
            });
            let key = key.filter(|key| key.starts_with("Fn::ForEach::"));
            if let (Some(key), Some(variable)) = (key, tree.literal(variable)) {
                found.push(Loop {
                    key,
                    variable,
                    collection: tree.resolve(collection),
                });
            }
        }
        at = parent;
    }
    found
}

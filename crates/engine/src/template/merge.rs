//! What merge keys (`<<`) bring to a mapping.
//!
//! This module owns the order in which merged mappings are followed, and how far. It does not know
//! what the keys mean.

use crate::syntax::{Entry, NodeId, Tree, Value};

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
pub(super) fn merged_by(
    tree: &Tree<'_>,
    mapping: NodeId,
    find: impl Fn(NodeId) -> Option<Entry>,
) -> Merged {
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

/// Returns the values that a mapping has under a key: its own, else the one that is merged
/// into it.
pub(crate) fn values(tree: &Tree<'_>, mapping: NodeId, key: &str) -> Vec<NodeId> {
    let own = tree.entries_named(mapping, key);
    let mut values: Vec<NodeId> = own.map(|entry| entry.value).collect();
    if values.is_empty()
        && let Merged::Found(value) = merged(tree, mapping, key)
    {
        values.push(value);
    }
    values
}

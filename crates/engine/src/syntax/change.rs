//! What a tree is meant to become, and whether another tree is just that.
//!
//! A change is said in terms of what a document *means* (this mapping gains
//! that entry), never of bytes. It is held against the tree of the edited
//! text by [`difference`], for the reader's trees and for the judge's alike.

use std::collections::BTreeMap;

use super::{Entry, NodeId, ScalarStyle, Tree, Value};
use crate::text::span::Span;

/// A value that did not stand in the text before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// A string.
    Text(String),
    /// A mapping with these entries, in this order.
    Mapping(Vec<(String, New)>),
    /// A sequence of these items.
    Sequence(Vec<New>),
}

impl New {
    /// Every word of the value, keys included.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::Mapping(entries) => entries
                .iter()
                .flat_map(|(key, value)| std::iter::once(key.as_str()).chain(value.words()))
                .collect(),
            Self::Sequence(items) => items.iter().flat_map(New::words).collect(),
        }
    }
}

/// One intended change to the node that it is filed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The mapping gains an entry before the one that had this index (or at
    /// its end).
    Insert {
        /// Which of the old entries comes next.
        before: usize,
        /// The new key.
        key: String,
        /// The new value.
        value: New,
    },
    /// The mapping loses the entry with this index.
    Remove {
        /// Which of the old entries goes.
        entry: usize,
    },
    /// The node says this instead; its tag and anchor stay.
    Replace(New),
    /// The node, and the tag that it has, give way to this.
    Become(New),
}

/// The changes meant for a tree, by the node of the old tree that each is
/// about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    by_node: BTreeMap<NodeId, Vec<Change>>,
}

impl Changes {
    /// Adds a change to the node `at`. The same change twice is one change:
    /// two resources that share a node through an alias ask for it each.
    pub fn add(&mut self, at: NodeId, change: Change) {
        let there = self.by_node.entry(at).or_default();
        if !there.contains(&change) {
            there.push(change);
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Changes) {
        for (at, change) in other.iter() {
            self.add(at, change.clone());
        }
    }

    /// The same changes for another tree of the same text, in which nodes
    /// have other names: `name` translates. None where it cannot.
    #[must_use]
    pub fn renamed(&self, mut name: impl FnMut(NodeId) -> Option<NodeId>) -> Option<Self> {
        let by_node = self
            .by_node
            .iter()
            .map(|(&at, changes)| Some((name(at)?, changes.clone())))
            .collect::<Option<_>>()?;
        Some(Self { by_node })
    }

    /// Every change with the node that it is about, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Change)> {
        self.by_node
            .iter()
            .flat_map(|(&at, changes)| changes.iter().map(move |change| (at, change)))
    }

    fn at(&self, id: NodeId) -> &[Change] {
        self.by_node.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// Where `new` is something else than `old` with `changes` made: the node of
/// `new` at which it shows first. None where the two agree: in every key,
/// value, tag, anchor and alias, in their order, and in whether a scalar is
/// plain, quoted or a block.
///
/// Work is linear in the size of the trees; aliases are compared by their
/// names and not followed.
#[must_use]
pub fn difference(old: &Tree<'_>, new: &Tree<'_>, changes: &Changes) -> Option<NodeId> {
    let roots = (old.documents().iter().copied()).zip(new.documents().iter().copied());
    if old.documents().len() != new.documents().len() {
        return Some(new.documents().first().copied().unwrap_or(NodeId::FIRST));
    }
    let mut todo: Vec<(NodeId, NodeId)> = roots.rev().collect();
    while let Some((was, is)) = todo.pop() {
        if !agrees(old, new, changes, was, is, &mut todo) {
            return Some(is);
        }
    }
    None
}

/// Compares two nodes but not their children, which go to `todo`.
fn agrees(
    old: &Tree<'_>,
    new: &Tree<'_>,
    changes: &Changes,
    was: NodeId,
    is: NodeId,
    todo: &mut Vec<(NodeId, NodeId)>,
) -> bool {
    let meant = changes.at(was);
    if let [Change::Become(value)] = meant {
        return new.tag(is).is_none() && new.anchor(is).is_none() && says(new, is, value);
    }
    let same = |a: Option<Span>, b: Option<Span>| {
        a.map(|span| span.of(old.text())) == b.map(|span| span.of(new.text()))
    };
    let tag = |tree: &Tree<'_>, id| tree.tag(id).map(|tag| tag.span);
    if !same(tag(old, was), tag(new, is)) || !same(old.anchor(was), new.anchor(is)) {
        return false;
    }
    if let Some(value) = meant.iter().find_map(|change| match change {
        Change::Replace(value) => Some(value),
        _ => None,
    }) {
        let was_block = old.scalar_style(was) == Some(ScalarStyle::Block);
        let is_block = new.scalar_style(is) == Some(ScalarStyle::Block);
        // The tag is the old one, whatever it makes of the word.
        let is_said = match (value, new.value(is)) {
            (New::Text(word), Value::Scalar { text, .. }) => word == text,
            _ => says(new, is, value),
        };
        return meant.len() == 1 && was_block == is_block && is_said;
    }
    match (old.value(was), new.value(is)) {
        (
            Value::Mapping { style, entries },
            Value::Mapping {
                style: new_style,
                entries: new_entries,
            },
        ) => {
            let mut rest = new_entries.iter();
            for (index, entry) in entries.iter().enumerate() {
                if !inserted(new, meant, index, &mut rest) {
                    return false;
                }
                if meant.contains(&Change::Remove { entry: index }) {
                    continue;
                }
                let Some(now) = rest.next() else {
                    return false;
                };
                todo.push((entry.value, now.value));
                todo.push((entry.key, now.key));
            }
            style == new_style
                && inserted(new, meant, entries.len(), &mut rest)
                && rest.next().is_none()
        }
        (
            Value::Sequence { style, items },
            Value::Sequence {
                style: new_style,
                items: new_items,
            },
        ) => {
            todo.extend(items.iter().copied().zip(new_items.iter().copied()));
            meant.is_empty() && style == new_style && items.len() == new_items.len()
        }
        (
            Value::Scalar { text, style },
            Value::Scalar {
                text: new_text,
                style: new_style,
            },
        ) => meant.is_empty() && style == new_style && text == new_text,
        (Value::Alias { .. }, Value::Alias { .. }) => {
            meant.is_empty() && same(Some(old.span(was)), Some(new.span(is)))
        }
        _ => false,
    }
}

/// Whether the entries meant to stand before the old entry `index` come next.
fn inserted<'e>(
    new: &Tree<'_>,
    meant: &[Change],
    index: usize,
    rest: &mut impl Iterator<Item = &'e Entry>,
) -> bool {
    meant.iter().all(|change| match change {
        Change::Insert { before, key, value } if *before == index => {
            rest.next().is_some_and(|entry| {
                new.literal(entry.key) == Some(key) && says(new, entry.value, value)
            })
        }
        _ => true,
    })
}

/// Whether a node is exactly this value, be it new or there already.
#[must_use]
pub fn says(tree: &Tree<'_>, id: NodeId, value: &New) -> bool {
    match value {
        New::Text(text) => tree.literal(id) == Some(text),
        New::Mapping(entries) => {
            let there = tree.entries(id);
            tree.is_mapping(id)
                && there.len() == entries.len()
                && there.iter().zip(entries).all(|(entry, (key, value))| {
                    tree.literal(entry.key) == Some(key) && says(tree, entry.value, value)
                })
        }
        New::Sequence(items) => {
            let there = tree.items(id);
            matches!(tree.value(id), Value::Sequence { .. })
                && there.len() == items.len()
                && there
                    .iter()
                    .zip(items)
                    .all(|(&item, value)| says(tree, item, value))
        }
    }
}

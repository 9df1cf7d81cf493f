//! The way to build a tree.
//!
//! This module owns the order in which nodes are told: a reader or a judge says what it meets in
//! a text, and the [`Builder`] puts it in its place. It parses nothing.

use std::borrow::Cow;
use std::num::NonZeroU32;

use super::tree::{CollectionStyle, Entry, Head, Kind, Node, NodeId, Range, ScalarStyle, Tree};
use super::{Format, MAX_DEPTH, SyntaxError, SyntaxErrorKind};
use crate::text::span::Span;

/// A collection that is not closed yet.
struct Open {
    id: NodeId,
    /// A mapping's key that still waits for its value.
    key: Option<NodeId>,
    /// How many of the waiting entries belong to collections further out.
    entries: usize,
    /// How many of the waiting items do.
    items: usize,
}

/// Builds a [`Tree`] from what a parser meets, in the order of the text.
pub(crate) struct Builder<'a> {
    tree: Tree<'a>,
    /// The open collections, the innermost last.
    open: Vec<Open>,
    /// The entries of the open mappings. They go to the tree when their
    /// mapping is closed, so that they lie next to each other there.
    entries: Vec<Entry>,
    /// The items of the open sequences, likewise.
    items: Vec<NodeId>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, format: Format) -> Self {
        Self {
            tree: Tree::empty(text, format),
            open: Vec::new(),
            entries: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Adds a scalar to the innermost open collection, or as a document's
    /// root.
    pub(crate) fn scalar(&mut self, span: Span, text: Cow<'a, str>, style: ScalarStyle) -> NodeId {
        let borrowed = match &text {
            Cow::Borrowed(word) => self.place_of(word),
            Cow::Owned(_) => None,
        };
        let kind = if let Some(at) = borrowed {
            Kind::Word { style, at }
        } else {
            let number = u32::try_from(self.tree.decoded.len()).unwrap_or(u32::MAX);
            self.tree.decoded.push(text.into());
            Kind::Decoded { style, number }
        };
        self.add(span, kind)
    }

    /// Where a word that a parser borrowed from the text stands there.
    fn place_of(&self, word: &str) -> Option<Range> {
        if word.is_empty() {
            return Some(Range::new(0, 0));
        }
        let start = (word.as_ptr() as usize).checked_sub(self.tree.text().as_ptr() as usize)?;
        let end = start + word.len();
        (end <= self.tree.text().len()).then(|| Range::new(start, end))
    }

    /// Adds an alias.
    pub(crate) fn alias(&mut self, span: Span, target: Option<NodeId>) -> NodeId {
        let id = self.add(span, Kind::Alias { target });
        self.tree.aliases.push(id);
        id
    }

    /// Adds a mapping and opens it: what follows goes into it, keys and
    /// values in turn.
    ///
    /// # Errors
    /// Where that would be deeper than [`MAX_DEPTH`].
    pub(crate) fn open_mapping(
        &mut self,
        span: Span,
        style: CollectionStyle,
    ) -> Result<NodeId, SyntaxError> {
        let entries = Range::new(0, 0);
        self.open(span, Kind::Mapping { style, entries })
    }

    /// Adds a sequence and opens it: what follows goes into it.
    ///
    /// # Errors
    /// Where that would be deeper than [`MAX_DEPTH`].
    pub(crate) fn open_sequence(
        &mut self,
        span: Span,
        style: CollectionStyle,
    ) -> Result<NodeId, SyntaxError> {
        let items = Range::new(0, 0);
        self.open(span, Kind::Sequence { style, items })
    }

    fn open(&mut self, span: Span, kind: Kind) -> Result<NodeId, SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError {
                offset: span.start,
                kind: SyntaxErrorKind::TooDeep,
            });
        }
        // It is an entry or an item itself, and waits before its own.
        let id = self.add(span, kind);
        let (entries, items) = (self.entries.len(), self.items.len());
        self.open.push(Open {
            id,
            key: None,
            entries,
            items,
        });
        Ok(id)
    }

    fn add(&mut self, span: Span, kind: Kind) -> NodeId {
        let id = NodeId::nth(self.tree.nodes.len());
        let (parent, index) = self.attach(id);
        self.tree.nodes.push(Node {
            place: Range::new(span.start, span.end),
            parent,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            head: None,
            kind,
        });
        id
    }

    fn attach(&mut self, id: NodeId) -> (Option<NodeId>, usize) {
        let Some(open) = self.open.last_mut() else {
            self.tree.documents.push(id);
            return (None, self.tree.documents.len() - 1);
        };
        let index = if self.tree.is_mapping(open.id) {
            let index = 2 * (self.entries.len() - open.entries);
            if let Some(key) = open.key.take() {
                self.entries.push(Entry { key, value: id });
                index + 1
            } else {
                open.key = Some(id);
                index
            }
        } else {
            self.items.push(id);
            self.items.len() - open.items - 1
        };
        (Some(open.id), index)
    }

    /// Closes the innermost collection.
    pub(crate) fn close(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let tree = &mut self.tree;
        match tree
            .nodes
            .get_mut(open.id.index())
            .map(|node| &mut node.kind)
        {
            Some(Kind::Mapping { entries, .. }) => {
                *entries = moved(&mut self.entries, open.entries, &mut tree.entries);
            }
            Some(Kind::Sequence { items, .. }) => {
                *items = moved(&mut self.items, open.items, &mut tree.items);
            }
            _ => {}
        }
    }

    /// Closes the innermost collection, which ends at `end` if it is in
    /// braces or brackets.
    pub(crate) fn close_at(&mut self, end: usize) {
        if let Some(id) = self.open.last().map(|open| open.id) {
            let is_flow = self.tree.collection_style(id) == Some(CollectionStyle::Flow);
            if let Some(node) = self.tree.nodes.get_mut(id.index()).filter(|_| is_flow) {
                node.place = Range::new(node.place.start as usize, end);
            }
        }
        self.close();
    }

    /// Whether the innermost collection is a mapping whose last key has no
    /// value yet.
    pub(crate) fn awaits_value(&self) -> bool {
        self.open.last().is_some_and(|open| open.key.is_some())
    }

    /// How many documents there are so far.
    pub(crate) fn documents(&self) -> usize {
        self.tree.documents.len()
    }

    /// What stands before the content of a node, to be completed.
    pub(crate) fn head_mut(&mut self, id: NodeId) -> Option<&mut Head> {
        let Tree { nodes, heads, .. } = &mut self.tree;
        let node = nodes.get_mut(id.index())?;
        if node.head.is_none() {
            heads.push(Head::default());
            node.head = u32::try_from(heads.len()).ok().and_then(NonZeroU32::new);
        }
        heads.get_mut(node.head?.get() as usize - 1)
    }

    pub(crate) fn finish(mut self) -> Tree<'a> {
        self.tree.sort_large();
        self.tree
    }
}

/// Moves what waits from `start` on to the end of `to`; gives its place
/// there.
fn moved<T>(waiting: &mut Vec<T>, start: usize, to: &mut Vec<T>) -> Range {
    let first = to.len();
    to.extend(waiting.drain(start.min(waiting.len())..));
    Range::new(first, to.len())
}

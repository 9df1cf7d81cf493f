//! The tree: nodes with their places.
//!
//! This module owns how a document is held in memory, and what can be asked of it. It parses
//! nothing, and only [`Builder`](super::Builder) makes a tree.
//!
//! Nodes lie in one vector in the order in which they begin, and name each
//! other by index; nothing here recurses on the depth of a document.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::Format;
use crate::markup::{Markup, Token, TokenKind};
use crate::text::span::Span;

/// The name of a node within its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(NonZeroU32);

impl NodeId {
    /// The name of a tree's first node.
    pub(super) const FIRST: Self = Self(NonZeroU32::MIN);

    /// The name of the node that is number `index`, from 0.
    pub(super) fn nth(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.unwrap_or(NonZeroU32::MAX))
    }

    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes; in JSON a number, a boolean or null.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// As a block, after `|` or `>`.
    Block,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionStyle {
    /// By indentation.
    Block,
    /// In braces or brackets; in JSON always.
    Flow,
}

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The key's node.
    pub key: NodeId,
    /// The value's node.
    pub value: NodeId,
}

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'t> {
    /// A word.
    Scalar {
        /// The decoded text, its quotes, escapes and folding resolved; empty
        /// where nothing is written.
        text: &'t str,
        /// How it is written.
        style: ScalarStyle,
    },
    /// Keys and values, in the order of the text, duplicates included.
    Mapping {
        /// How it is written.
        style: CollectionStyle,
        /// The entries.
        entries: &'t [Entry],
    },
    /// Items, in the order of the text.
    Sequence {
        /// How it is written.
        style: CollectionStyle,
        /// The items.
        items: &'t [NodeId],
    },
    /// A reference to an anchored node.
    Alias {
        /// The node it stands for. None where the judge of YAML, which
        /// resolves nothing, has made the tree.
        target: Option<NodeId>,
    },
}

impl<'t> Value<'t> {
    /// The text of a scalar, whatever a tag makes of it.
    #[must_use]
    pub fn word(&self) -> Option<&'t str> {
        match *self {
            Self::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// What a tag makes of its node.
///
/// Source: YAML 1.2.2 sections 6.9.1 (the non-specific `!`) and 10.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// What it would be without: `!!str` on a scalar, `!!map` on a mapping,
    /// `!!seq` on a sequence, `!` on any.
    Own,
    /// That it is a merge key, which `<<` is without, too: `!!merge`.
    ///
    /// Source: yaml.org/type/merge.
    Merge,
    /// Something else: the short form of one of CloudFormation's functions
    /// (`!If`), or another type (`!!null`, `!!set`).
    Other,
}

/// A tag in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Where it stands.
    pub span: Span,
    /// What it means.
    pub kind: TagKind,
}

/// What stands before a node's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) tag: Option<Tag>,
    pub(crate) anchor: Option<Span>,
}

/// A stretch of the text, or of one of a tree's lists. A text has less than
/// 4 GiB ([`source::text`](crate::text::source::text) sees to that), and places of
/// 32 bits halve what a tree weighs: where there are a million nodes, time is
/// what their memory takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) start: u32,
    end: u32,
}

impl Range {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: place(start),
            end: place(end),
        }
    }

    fn usize(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One node of a tree. It owns nothing: what has no fixed size lies in the
/// lists of the tree.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands, as [`Tree::span`] gives it.
    pub(super) place: Range,
    /// The collection that holds it; None for a document's root.
    pub(super) parent: Option<NodeId>,
    /// Which child of its parent it is: keys and values count alike.
    pub(super) index: u32,
    /// The number of its head, from 1; few nodes have a tag or an anchor.
    pub(super) head: Option<NonZeroU32>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A word that stands in the text as it is.
    Word {
        style: ScalarStyle,
        at: Range,
    },
    /// A word that had to be decoded, by its number.
    Decoded {
        style: ScalarStyle,
        number: u32,
    },
    /// By its entries.
    Mapping {
        style: CollectionStyle,
        entries: Range,
    },
    /// By its items.
    Sequence {
        style: CollectionStyle,
        items: Range,
    },
    Alias {
        target: Option<NodeId>,
    },
}

/// What stands at an id that a tree never gave.
const NOTHING: &Node = &Node {
    place: Range { start: 0, end: 0 },
    parent: None,
    index: 0,
    head: None,
    kind: Kind::Word {
        style: ScalarStyle::Plain,
        at: Range { start: 0, end: 0 },
    },
};

/// A parsed text: one or more documents (JSON has one).
#[derive(Debug)]
pub struct Tree<'a> {
    text: Cow<'a, str>,
    format: Format,
    pub(super) nodes: Vec<Node>,
    pub(super) heads: Vec<Head>,
    /// The words that do not stand in the text as they are.
    pub(super) decoded: Vec<Box<str>>,
    /// The entries of all mappings, those of one next to each other.
    pub(super) entries: Vec<Entry>,
    /// The items of all sequences, likewise.
    pub(super) items: Vec<NodeId>,
    pub(super) documents: Vec<NodeId>,
    pub(super) aliases: Vec<NodeId>,
    /// The entries of each large mapping that aliases can name, by their
    /// keys, so that asking for one at each alias does not cost the mapping
    /// each time.
    sorted: BTreeMap<NodeId, Vec<Entry>>,
    /// Where the text is not that of the file, or stands in a block that a
    /// template engine may leave out.
    markup: Markup,
}

/// How many bytes of text a node takes at the least, as a rule.
const BYTES_PER_NODE: usize = 12;

/// From how many entries on a mapping is large.
const LARGE: usize = 64;

impl<'a> Tree<'a> {
    /// A tree of `text` without nodes.
    pub(super) fn empty(text: &'a str, format: Format) -> Self {
        Self {
            text: Cow::Borrowed(text),
            format,
            // Room for the nodes of a dense text: what is not used is
            // never touched, and growing would copy all of it.
            nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
            heads: Vec::new(),
            decoded: Vec::new(),
            entries: Vec::with_capacity(text.len() / BYTES_PER_NODE / 2),
            items: Vec::new(),
            documents: Vec::new(),
            aliases: Vec::new(),
            sorted: BTreeMap::new(),
            markup: Markup::default(),
        }
    }

    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the same tree with a text of its own, so that it can outlive the one that was
    /// parsed.
    #[must_use]
    pub fn into_owned(self) -> Tree<'static> {
        Tree {
            text: Cow::Owned(self.text.into_owned()),
            format: self.format,
            nodes: self.nodes,
            heads: self.heads,
            decoded: self.decoded,
            entries: self.entries,
            items: self.items,
            documents: self.documents,
            aliases: self.aliases,
            sorted: self.sorted,
            markup: self.markup,
        }
    }

    /// What it is written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The root of each document.
    #[must_use]
    pub fn documents(&self) -> &[NodeId] {
        &self.documents
    }

    /// Every alias of the text, in order.
    #[must_use]
    pub fn aliases(&self) -> &[NodeId] {
        &self.aliases
    }

    /// Every node, in the order in which they begin.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len()).map(NodeId::nth)
    }

    fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(NOTHING)
    }

    /// What a node holds.
    #[must_use]
    pub fn value(&self, id: NodeId) -> Value<'_> {
        match self.node(id).kind {
            Kind::Word { style, at } => Value::Scalar {
                text: self.text.get(at.usize()).unwrap_or_default(),
                style,
            },
            Kind::Decoded { style, number } => Value::Scalar {
                text: self.decoded.get(number as usize).map_or("", |word| word),
                style,
            },
            Kind::Mapping { style, entries } => Value::Mapping {
                style,
                entries: self.entries.get(entries.usize()).unwrap_or_default(),
            },
            Kind::Sequence { style, items } => Value::Sequence {
                style,
                items: self.items.get(items.usize()).unwrap_or_default(),
            },
            Kind::Alias { target } => Value::Alias { target },
        }
    }

    /// Where a node stands: quotes and braces included, tag and anchor not. A
    /// block collection is known by its start only, and its span is empty;
    /// so is that of a scalar for which nothing is written. A block scalar's
    /// span begins after its header and may reach too far.
    #[must_use]
    pub fn span(&self, id: NodeId) -> Span {
        let place = self.node(id).place.usize();
        Span::new(place.start, place.end)
    }

    /// The collection that holds a node; None for a document's root.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).parent
    }

    /// Which child of its parent a node is, from 0: keys and values count
    /// alike.
    #[must_use]
    pub fn index(&self, id: NodeId) -> usize {
        self.node(id).index as usize
    }

    fn head(&self, id: NodeId) -> Option<&Head> {
        let number = self.node(id).head?;
        self.heads.get(number.get() as usize - 1)
    }

    /// The tag of a node, if it has one.
    #[must_use]
    pub fn tag(&self, id: NodeId) -> Option<Tag> {
        self.head(id).and_then(|head| head.tag)
    }

    /// Where the anchor of a node stands, if it has one.
    #[must_use]
    pub fn anchor(&self, id: NodeId) -> Option<Span> {
        self.head(id).and_then(|head| head.anchor)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self, id: NodeId) -> &[Entry] {
        match self.value(id) {
            Value::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    #[must_use]
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match self.value(id) {
            Value::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// How a collection is written; None for anything else.
    #[must_use]
    pub fn collection_style(&self, id: NodeId) -> Option<CollectionStyle> {
        match self.value(id) {
            Value::Mapping { style, .. } | Value::Sequence { style, .. } => Some(style),
            _ => None,
        }
    }

    /// Whether the node is a mapping.
    #[must_use]
    pub fn is_mapping(&self, id: NodeId) -> bool {
        matches!(self.value(id), Value::Mapping { .. })
    }

    /// The entries of a mapping whose key is `key`, be it written there or
    /// an alias of it, in the order of the text.
    pub fn entries_named<'t>(
        &'t self,
        id: NodeId,
        key: &'t str,
    ) -> impl Iterator<Item = Entry> + 't {
        self.entries_by(id, key, move |name| name == key)
    }

    /// The entries of a mapping whose key begins with `prefix`.
    pub fn entries_prefixed<'t>(
        &'t self,
        id: NodeId,
        prefix: &'t str,
    ) -> impl Iterator<Item = Entry> + 't {
        self.entries_by(id, prefix, move |name| name.starts_with(prefix))
    }

    /// The entries whose keys are accepted. All that can be accepted sort at
    /// `from` or after it, and next to each other.
    fn entries_by<'t>(
        &'t self,
        id: NodeId,
        from: &'t str,
        accepted: impl Fn(&str) -> bool + 't,
    ) -> impl Iterator<Item = Entry> + 't {
        let is_accepted = move |entry: &Entry| self.key(*entry).is_some_and(&accepted);
        let mut found = self.entries(id);
        if let Some(sorted) = self.sorted.get(&id) {
            let start = sorted.partition_point(|&entry| self.key(entry) < Some(from));
            found = sorted.get(start..).unwrap_or_default();
            let end = found.partition_point(&is_accepted);
            found = found.get(..end).unwrap_or_default();
        }
        found.iter().copied().filter(is_accepted)
    }

    /// What a key says, aliases resolved.
    fn key(&self, entry: Entry) -> Option<&str> {
        self.literal(self.resolve(entry.key))
    }

    /// The first of [`Tree::entries_named`].
    #[must_use]
    pub fn entry(&self, id: NodeId, key: &str) -> Option<Entry> {
        self.entries_named(id, key).next()
    }

    /// The text of a scalar that stands for itself: without a tag, or with
    /// one that says that it is a string. (`!Ref x` does not, nor an alias,
    /// nor what a template engine fills in.)
    #[must_use]
    pub fn literal(&self, id: NodeId) -> Option<&str> {
        match self.value(id) {
            Value::Scalar { text, .. } if !self.has_custom_tag(id) && !self.is_masked(id) => {
                Some(text)
            }
            _ => None,
        }
    }

    /// The tree of a text that had this markup.
    #[must_use]
    pub fn with_markup(mut self, markup: Markup) -> Self {
        self.markup = markup;
        self.sort_large();
        self
    }

    /// The markup that the text had; none as a rule.
    #[must_use]
    pub fn markup(&self) -> &Markup {
        &self.markup
    }

    /// Whether a template engine fills a scalar in, or a part of it, or
    /// decides whether it is there beside its key: a token stands inside it, or
    /// one that gives text right beside it.
    #[must_use]
    pub fn is_masked(&self, id: NodeId) -> bool {
        if self.markup.is_empty() || self.scalar_style(id).is_none() {
            return false;
        }
        let span = self.span(id);
        let is_output =
            |token: &Token| matches!(token.kind, TokenKind::Placeholder | TokenKind::Lines);
        // Where nothing is written, the colon comes behind.
        let is_gap = |start, end| {
            let gap = Span::new(start, end).of(&self.text);
            let is_blank = |byte| matches!(byte, b' ' | b'\t');
            gap.bytes()
                .all(|byte| is_blank(byte) || (byte == b':' && span.is_empty()))
        };
        let before = self.markup.before(span.start).copied().filter(is_output);
        let behind = self
            .markup
            .from(span.end)
            .first()
            .copied()
            .filter(is_output);
        self.markup.within(span).next().is_some()
            || before.is_some_and(|token| is_gap(token.span.end, span.start))
            || behind.is_some_and(|token| is_gap(span.end, token.span.start))
            || self.key_of(id).is_some_and(|key| {
                self.markup.branch(self.span(key).start) != self.markup.branch(span.start)
            })
    }

    /// The key beside which a node is the value.
    fn key_of(&self, id: NodeId) -> Option<NodeId> {
        let entries = self.entries(self.parent(id)?);
        let entry = entries.get(self.index(id) / 2)?;
        (entry.value == id).then_some(entry.key)
    }

    /// The mappings with a key that readers take in different ways: one with a tag that is not
    /// its own, be it the tag of a merge key, or a merge key (`<<`) in quotes or with the tag of
    /// a string. Linear in the tree, and not more than a look where there are no such tags.
    #[must_use]
    pub fn with_unsure_keys(&self) -> BTreeSet<NodeId> {
        let has_quoted_merge = ["\"<<\"", "'<<'"]
            .iter()
            .any(|quoted| memchr::memmem::find(self.text.as_bytes(), quoted.as_bytes()).is_some());
        let is_merge = |id| self.value(id).word() == Some("<<");
        let is_unsure = |id| match self.tag(id).map(|tag| tag.kind) {
            Some(TagKind::Own) => is_merge(id),
            Some(TagKind::Merge | TagKind::Other) => true,
            None if has_quoted_merge => {
                is_merge(id) && self.scalar_style(id) != Some(ScalarStyle::Plain)
            }
            None => false,
        };
        let of_key = |id: NodeId| {
            let parent = self.parent(id)?;
            (self.index(id).is_multiple_of(2) && self.is_mapping(parent)).then_some(parent)
        };
        let written = self.nodes().filter(|&id| is_unsure(id));
        let aliases = self.aliases.iter().copied();
        let aliases = aliases.filter(|&id| is_unsure(self.resolve(id)));
        written.chain(aliases).filter_map(of_key).collect()
    }

    /// Whether the node carries a tag that gives it another meaning.
    #[must_use]
    pub fn has_custom_tag(&self, id: NodeId) -> bool {
        self.tag(id).is_some_and(|tag| tag.kind == TagKind::Other)
    }

    /// Whether the node is null: nothing, `~` or `null`, written plain.
    ///
    /// Source: YAML 1.2.2 section 10.3.2 (core schema); RFC 8259 section 3.
    #[must_use]
    pub fn is_null(&self, id: NodeId) -> bool {
        match self.value(id) {
            Value::Scalar { text, style } => {
                style == ScalarStyle::Plain
                    && matches!(text, "" | "~" | "null" | "Null" | "NULL")
                    && self.tag(id).is_none()
            }
            _ => false,
        }
    }

    /// How a scalar is written; None for anything else.
    #[must_use]
    pub fn scalar_style(&self, id: NodeId) -> Option<ScalarStyle> {
        match self.value(id) {
            Value::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// The node that an alias stands for; the node itself where it is none.
    #[must_use]
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.value(id) {
            // The target of an alias is never an alias itself.
            Value::Alias {
                target: Some(target),
            } => target,
            _ => id,
        }
    }

    /// Where a node begins, its tag and anchor included.
    #[must_use]
    pub fn start(&self, id: NodeId) -> usize {
        [self.tag(id).map(|tag| tag.span), self.anchor(id)]
            .into_iter()
            .flatten()
            .map(|span| span.start)
            .fold(self.span(id).start, usize::min)
    }

    /// Where the last word of a node ends, in bytes: its own, or that of its
    /// last descendant.
    #[must_use]
    pub fn end(&self, id: NodeId) -> usize {
        let last = self.span(self.last_within(id)).end;
        self.span(id).end.max(last)
    }

    /// The node that begins last in what a node holds; the node itself where
    /// it holds none.
    #[must_use]
    pub fn last_within(&self, id: NodeId) -> NodeId {
        let mut last = id;
        loop {
            last = match self.value(last) {
                Value::Mapping {
                    entries: [.., entry],
                    ..
                } => entry.value,
                Value::Sequence {
                    items: [.., item], ..
                } => *item,
                _ => return last,
            };
        }
    }

    /// Where the last that is written of an entry ends, closing brackets included.
    #[must_use]
    pub fn end_of(&self, entry: Entry) -> usize {
        self.within(entry.key)
            .chain(self.within(entry.value))
            .map(|id| {
                let span = self.span(id);
                // A block scalar's span may reach over the blank lines behind it.
                span.start + span.of(self.text()).trim_end().len()
            })
            .fold(0, usize::max)
    }

    /// A node and all that it holds, in the order of the text.
    pub fn within(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        // Nodes lie in the order in which they begin.
        (id.index()..=self.last_within(id).index()).map(NodeId::nth)
    }

    /// The first node that begins behind a node and all that it holds.
    #[must_use]
    pub fn after(&self, id: NodeId) -> Option<NodeId> {
        // Nodes lie in the order in which they begin.
        let next = self.last_within(id).index() + 1;
        (next < self.nodes.len()).then(|| NodeId::nth(next))
    }

    /// Sorts the entries of the large mappings that aliases can name.
    pub(super) fn sort_large(&mut self) {
        if self.aliases.is_empty() {
            return;
        }
        let sorted = self.nodes().filter_map(|id| {
            let entries = self.entries(id);
            if entries.len() < LARGE || self.anchor(id).is_none() {
                return None;
            }
            let mut sorted = entries.to_vec();
            // Stable: entries of one key stay in the order of the text.
            sorted.sort_by_key(|&entry| self.key(entry));
            Some((id, sorted))
        });
        self.sorted = sorted.collect();
    }

    /// The way from a document's root to a node: the number of the document,
    /// then of the child at each level.
    #[must_use]
    pub fn path(&self, id: NodeId) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = id;
        while let Some(parent) = self.node(at).parent {
            path.push(self.node(at).index);
            at = parent;
        }
        path.push(self.node(at).index);
        path.reverse();
        path
    }

    /// The node at the end of a way that [`Tree::path`] gave, in this tree or
    /// in another of the same shape.
    #[must_use]
    pub fn at(&self, path: &[u32]) -> Option<NodeId> {
        let (&document, way) = path.split_first()?;
        let root = *self.documents.get(document as usize)?;
        way.iter()
            .try_fold(root, |at, &index| self.child(at, index))
    }

    fn child(&self, id: NodeId, index: u32) -> Option<NodeId> {
        let index = index as usize;
        match self.value(id) {
            Value::Mapping { entries, .. } => {
                let entry = entries.get(index / 2)?;
                Some(if index.is_multiple_of(2) {
                    entry.key
                } else {
                    entry.value
                })
            }
            Value::Sequence { items, .. } => items.get(index).copied(),
            _ => None,
        }
    }
}

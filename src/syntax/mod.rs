//! Text to one read-only tree, the same for YAML and JSON, with byte spans.
//!
//! This module owns what a document *says* and where each of its nodes
//! stands. It does not know CloudFormation, and it cannot change anything:
//! the tree has no setters, and what a tree is meant to become is described
//! beside it, in [`change`].
//!
//! The format is decided by content, never by the file's name: a text that
//! begins with a brace or a bracket and is valid JSON is JSON, everything
//! else is YAML. (So JSON with a trailing comma is read as the YAML flow
//! mapping that it also is.)
//!
//! Nodes lie in one vector in the order in which they begin, and name each
//! other by index; nothing here recurses on the depth of a document.

pub mod change;
mod json;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use crate::span::Span;

/// How deep collections may be nested. Templates of CloudFormation stay
/// below 40; the limit keeps hostile ones from costing more than their size.
pub const MAX_DEPTH: usize = 100;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, read as liberally as AWS does.
    Yaml,
    /// JSON as RFC 8259 has it.
    Json,
}

/// The name of a node within its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(NonZeroU32);

impl NodeId {
    /// The name of the node that is number `index`, from 0.
    fn nth(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.unwrap_or(NonZeroU32::MAX))
    }

    fn index(self) -> usize {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A word, decoded: quotes, escapes and folding are resolved.
    Scalar {
        /// The decoded text; empty where nothing is written.
        text: Cow<'a, str>,
        /// How it is written.
        style: ScalarStyle,
    },
    /// Keys and values, in the order of the text, duplicates included.
    Mapping {
        /// How it is written.
        style: CollectionStyle,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Items, in the order of the text.
    Sequence {
        /// How it is written.
        style: CollectionStyle,
        /// The items.
        items: Vec<NodeId>,
    },
    /// A reference to an anchored node.
    Alias {
        /// The node it stands for. None where the judge of YAML, which
        /// resolves nothing, has made the tree.
        target: Option<NodeId>,
    },
}

/// What a tag makes of its node.
///
/// Source: YAML 1.2.2 sections 6.9.1 (the non-specific `!`) and 10.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// What it would be without: `!!str` on a scalar, `!!map` on a mapping,
    /// `!!seq` on a sequence, `!` on any.
    Own,
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

/// One node of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Where it stands, as [`Node::span`] gives it. A text has less than
    /// 4 GiB ([`source::text`](crate::source::text) sees to that).
    place: (u32, u32),
    /// Its tag and anchor. Few nodes have any, and each byte of a node counts
    /// where there are a million.
    head: Option<Box<Head>>,
    /// The collection that holds it; None for a document's root.
    pub parent: Option<NodeId>,
    /// Which child of its parent it is: keys and values count alike.
    pub index: u32,
    /// What it holds.
    pub value: Value<'a>,
}

impl Node<'_> {
    /// Where it stands: quotes and braces included, tag and anchor not. A
    /// block collection is known by its start only, and its span is empty;
    /// so is that of a scalar for which nothing is written. A block scalar's
    /// span begins after its header and may reach too far.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::new(self.place.0 as usize, self.place.1 as usize)
    }

    pub(crate) fn end_at(&mut self, end: usize) {
        self.place.1 = u32::try_from(end).unwrap_or(u32::MAX);
    }

    /// Its tag, if it has one.
    #[must_use]
    pub fn tag(&self) -> Option<Tag> {
        self.head.as_ref().and_then(|head| head.tag)
    }

    /// Where its anchor stands, if it has one.
    #[must_use]
    pub fn anchor(&self) -> Option<Span> {
        self.head.as_ref().and_then(|head| head.anchor)
    }

    pub(crate) fn head_mut(&mut self) -> &mut Head {
        self.head.get_or_insert_default()
    }
}

/// What stands at an id that a tree never gave.
const NOTHING: &Node<'static> = &Node {
    place: (0, 0),
    head: None,
    parent: None,
    index: 0,
    value: Value::Scalar {
        text: Cow::Borrowed(""),
        style: ScalarStyle::Plain,
    },
};

/// A parsed text: one or more documents (JSON has one).
#[derive(Debug)]
pub struct Tree<'a> {
    text: &'a str,
    format: Format,
    nodes: Vec<Node<'a>>,
    documents: Vec<NodeId>,
    aliases: Vec<NodeId>,
    /// The entries of each large mapping that aliases can name, by their
    /// keys, so that asking for one at each alias does not cost the mapping
    /// each time.
    sorted: BTreeMap<NodeId, Vec<Entry>>,
}

/// How many bytes of text a node takes at the least, as a rule.
const BYTES_PER_NODE: usize = 12;

/// From how many entries on a mapping is large.
const LARGE: usize = 64;

impl<'a> Tree<'a> {
    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
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
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node<'a>)> {
        (0..).map(NodeId::nth).zip(&self.nodes)
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        self.nodes.get(id.index()).unwrap_or(NOTHING)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self, id: NodeId) -> &[Entry] {
        match &self.node(id).value {
            Value::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    #[must_use]
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match &self.node(id).value {
            Value::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// How a collection is written; None for anything else.
    #[must_use]
    pub fn collection_style(&self, id: NodeId) -> Option<CollectionStyle> {
        match &self.node(id).value {
            Value::Mapping { style, .. } | Value::Sequence { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// Whether the node is a mapping.
    #[must_use]
    pub fn is_mapping(&self, id: NodeId) -> bool {
        matches!(self.node(id).value, Value::Mapping { .. })
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
    /// one that says that it is a string. (`!Ref x` does not, nor an alias.)
    #[must_use]
    pub fn literal(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).value {
            Value::Scalar { text, .. } if !self.has_custom_tag(id) => Some(text),
            _ => None,
        }
    }

    /// Whether the node carries a tag that gives it another meaning.
    #[must_use]
    pub fn has_custom_tag(&self, id: NodeId) -> bool {
        let tag = self.node(id).tag();
        tag.is_some_and(|tag| tag.kind == TagKind::Other)
    }

    /// Whether the node is null: nothing, `~` or `null`, written plain.
    ///
    /// Source: YAML 1.2.2 section 10.3.2 (core schema); RFC 8259 section 3.
    #[must_use]
    pub fn is_null(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match &node.value {
            Value::Scalar { text, style } => {
                *style == ScalarStyle::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
                    && node.tag().is_none()
            }
            _ => false,
        }
    }

    /// How a scalar is written; None for anything else.
    #[must_use]
    pub fn scalar_style(&self, id: NodeId) -> Option<ScalarStyle> {
        match self.node(id).value {
            Value::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// The node that an alias stands for; the node itself where it is none.
    #[must_use]
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).value {
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
        let node = self.node(id);
        [node.tag().map(|tag| tag.span), node.anchor()]
            .into_iter()
            .flatten()
            .map(|span| span.start)
            .fold(node.span().start, usize::min)
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
        match &self.node(id).value {
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

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it fails, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: SyntaxErrorKind,
}

/// The kinds of [`SyntaxError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Neither valid YAML nor valid JSON.
    Invalid {
        /// What it was read as when it failed.
        format: Format,
        /// The parser's words.
        reason: String,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl SyntaxError {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::Invalid { .. } => "syntax",
            SyntaxErrorKind::TooDeep => "depth",
        }
    }

    fn invalid(format: Format, offset: usize, reason: impl Into<String>) -> Self {
        Self {
            offset,
            kind: SyntaxErrorKind::Invalid {
                format,
                reason: reason.into(),
            },
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SyntaxErrorKind::Invalid { format, reason } => {
                let format = match format {
                    Format::Yaml => "YAML",
                    Format::Json => "JSON",
                };
                write!(
                    f,
                    "not valid {format}: {reason}; correct the file, or leave it out with --exclude"
                )
            }
            SyntaxErrorKind::TooDeep => write!(
                f,
                "nested more than {MAX_DEPTH} levels deep; leave the file out with --exclude"
            ),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Reads a text, in the format that its content says. An empty one, or one
/// of comments only, has documents without content or none.
///
/// # Errors
/// Where the text is neither JSON nor YAML, or nested too deep.
pub fn parse(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    if bare.starts_with('\u{feff}') {
        let offset = text.len() - bare.len();
        let reason = "a second byte order mark";
        return Err(SyntaxError::invalid(Format::Yaml, offset, reason));
    }
    let bare = bare.trim_start();
    if !bare.starts_with(['{', '[']) {
        return parse_as(text, Format::Yaml);
    }
    let json_error = match parse_as(text, Format::Json) {
        Ok(tree) => return Ok(tree),
        Err(error) if error.kind == SyntaxErrorKind::TooDeep => return Err(error),
        Err(error) => error,
    };
    // Whoever opens with a quoted key meant JSON and wants its error, unless
    // all that is against it is what YAML allows more: trailing commas, words
    // without quotes.
    let is_json_like = looks_like_json(bare);
    match parse_as(text, Format::Yaml) {
        Ok(tree) if is_json_like && tree.documents.len() == 1 && holds_broken_json(&tree) => {
            Err(json_error)
        }
        Ok(tree) => Ok(tree),
        Err(_) if is_json_like => Err(json_error),
        Err(error) => Err(error),
    }
}

/// Reads a text in a format.
///
/// # Errors
/// Where the text is not of that format, or nested too deep.
pub fn parse_as(text: &str, format: Format) -> Result<Tree<'_>, SyntaxError> {
    match format {
        Format::Yaml => yaml::read(text),
        Format::Json => json::read(text),
    }
}

fn looks_like_json(text: &str) -> bool {
    text.get(1..).is_some_and(|inner| {
        inner
            .trim_start()
            .starts_with(['"', '{', '[', '}', ']', '/'])
    })
}

/// Whether a plain scalar is in truth a slip in JSON: to YAML, a comment of
/// JavaScript's (`// note`) and all up to the next comma are words, too.
fn holds_broken_json(tree: &Tree<'_>) -> bool {
    tree.nodes().any(|(_, node)| match &node.value {
        Value::Scalar {
            text,
            style: ScalarStyle::Plain,
        } => {
            text.starts_with("//")
                || text.starts_with("/*")
                || text.contains(" //")
                || text.contains('"')
                || node.span().of(tree.text()).contains('\n')
        }
        _ => false,
    })
}

/// Builds a [`Tree`] from what a parser meets, in the order of the text.
pub(crate) struct Builder<'a> {
    tree: Tree<'a>,
    /// The open collections, the innermost last; a mapping with its key that
    /// still waits for a value.
    open: Vec<(NodeId, Option<NodeId>)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, format: Format) -> Self {
        Self {
            tree: Tree {
                text,
                format,
                // Room for the nodes of a dense text: what is not used is
                // never touched, and growing would copy all of it.
                nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
                documents: Vec::new(),
                aliases: Vec::new(),
                sorted: BTreeMap::new(),
            },
            open: Vec::new(),
        }
    }

    /// Adds a node to the innermost open collection, or as a document's root.
    pub(crate) fn add(&mut self, span: Span, value: Value<'a>) -> NodeId {
        let id = NodeId::nth(self.tree.nodes.len());
        if matches!(value, Value::Alias { .. }) {
            self.tree.aliases.push(id);
        }
        let (parent, index) = self.attach(id);
        let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        self.tree.nodes.push(Node {
            place: (place(span.start), place(span.end)),
            head: None,
            parent,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            value,
        });
        id
    }

    fn attach(&mut self, id: NodeId) -> (Option<NodeId>, usize) {
        let Some((parent, waiting)) = self.open.last_mut() else {
            self.tree.documents.push(id);
            return (None, self.tree.documents.len() - 1);
        };
        let parent = *parent;
        let index = match self
            .tree
            .nodes
            .get_mut(parent.index())
            .map(|n| &mut n.value)
        {
            Some(Value::Mapping { entries, .. }) => {
                if let Some(key) = waiting.take() {
                    entries.push(Entry { key, value: id });
                    2 * entries.len() - 1
                } else {
                    *waiting = Some(id);
                    2 * entries.len()
                }
            }
            Some(Value::Sequence { items, .. }) => {
                items.push(id);
                items.len() - 1
            }
            _ => 0,
        };
        (Some(parent), index)
    }

    /// Adds a collection and opens it: what follows goes into it.
    ///
    /// # Errors
    /// Where that would be deeper than [`MAX_DEPTH`].
    pub(crate) fn open(&mut self, span: Span, value: Value<'a>) -> Result<NodeId, SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError {
                offset: span.start,
                kind: SyntaxErrorKind::TooDeep,
            });
        }
        let id = self.add(span, value);
        self.open.push((id, None));
        Ok(id)
    }

    /// Closes the innermost collection.
    pub(crate) fn close(&mut self) -> Option<NodeId> {
        self.open.pop().map(|(id, _)| id)
    }

    /// Whether the innermost collection is a mapping whose last key has no
    /// value yet.
    pub(crate) fn awaits_value(&self) -> bool {
        self.open.last().is_some_and(|(_, key)| key.is_some())
    }

    /// How many documents there are so far.
    pub(crate) fn documents(&self) -> usize {
        self.tree.documents.len()
    }

    /// The node of that name, to be completed.
    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node<'a>> {
        self.tree.nodes.get_mut(id.index())
    }

    pub(crate) fn finish(mut self) -> Tree<'a> {
        let sorted = (0..)
            .map(NodeId::nth)
            .zip(&self.tree.nodes)
            .filter_map(|(id, node)| match &node.value {
                Value::Mapping { entries, .. }
                    if entries.len() >= LARGE && node.anchor().is_some() =>
                {
                    let mut sorted = entries.clone();
                    // Stable: entries of one key stay in the order of the text.
                    sorted.sort_by_key(|&entry| self.tree.key(entry));
                    Some((id, sorted))
                }
                _ => None,
            })
            .collect();
        self.tree.sorted = sorted;
        self.tree
    }
}

//! A template as it is written: where its resources stand, and what stands around a key.
//!
//! This module owns the places that both layouts (lines and braces) ask for: where a colon ends,
//! where a value that is not written yet goes, which comments belong to a key. It knows nothing
//! of what is written there.

use super::layout::Layout;
use std::collections::BTreeMap;

use super::Refusal;
use crate::syntax::{CollectionStyle, Entry, Format, NodeId, ScalarStyle, Tree};
use crate::template::{Resource, Template};
use crate::text::edit::Edit;
use crate::text::span::{Line, LineIndex, Span};

/// What an edit is planned on.
pub(super) struct Page<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) lines: &'t LineIndex<'t>,
    /// The resource whose own text a body is.
    owners: BTreeMap<NodeId, Resource>,
    /// How many columns the children of `Properties` are indented by most often in this template.
    pub(super) usual_step: Option<usize>,
}

/// The resource that has a node as its own text.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) resource: Resource,
    /// Its `Type`.
    pub(super) type_entry: Entry,
}

impl<'t> Page<'t> {
    /// Prepares a template, some of whose resources `may_change`.
    pub(super) fn new(
        tree: &'t Tree<'t>,
        lines: &'t LineIndex<'t>,
        template: &Template<'_>,
        may_change: impl Fn(&Resource) -> bool,
    ) -> Self {
        let own = |resource: &&Resource| resource.value == resource.body && may_change(resource);
        let owners = template.resources.iter().filter(own);
        Self {
            tree,
            lines,
            owners: owners.map(|&own| (own.body, own)).collect(),
            usual_step: super::block::usual_step(tree, lines, &template.resources),
        }
    }

    /// The text of the template.
    pub(super) fn text(&self) -> &'t str {
        self.tree.text()
    }

    /// The resource that has `node` as its own text.
    pub(super) fn owner(&self, mut node: NodeId) -> Result<Owner, Refusal> {
        loop {
            if let Some(&resource) = self.owners.get(&node) {
                let type_entry = self.tree.entry(resource.body, "Type");
                return Ok(Owner {
                    resource,
                    type_entry: type_entry.ok_or(Refusal::Layout(Layout::NoType))?,
                });
            }
            node = self
                .tree
                .parent(node)
                .ok_or(Refusal::Layout(Layout::OutsideRepository))?;
        }
    }

    /// The entry that has `value` as its own text, whoever else has an alias
    /// of it. Every edit is planned from there, so that all who share a node
    /// plan the same edit.
    pub(super) fn home(&self, value: NodeId) -> Result<Entry, Refusal> {
        let parent = self.tree.parent(value);
        let entries = parent.map_or(&[][..], |parent| self.tree.entries(parent));
        entries
            .get(self.tree.index(value) / 2)
            .copied()
            .ok_or(Refusal::Layout(Layout::ValueWithoutKey))
    }

    /// Whether a collection is written in braces or brackets.
    pub(super) fn is_flow(&self, collection: NodeId) -> bool {
        self.tree.collection_style(collection) == Some(CollectionStyle::Flow)
    }

    /// Writes `word` as the value of an entry for which nothing is written.
    pub(super) fn fill_blank(&self, entry: Entry, word: &str) -> Result<Edit, Refusal> {
        let Some(colon) = self.after_colon(entry.key) else {
            let in_braces = self
                .tree
                .parent(entry.key)
                .is_some_and(|id| self.is_flow(id));
            let (tag, anchor) = (self.tree.tag(entry.value), self.tree.anchor(entry.value));
            if !in_braces || tag.is_some() || anchor.is_some() {
                return Err(Refusal::Layout(Layout::NoColon));
            }
            let end = self.tree.span(entry.key).end;
            return Ok(Edit::insert(end, format!(": {word}")));
        };
        let head = self.head_end(entry.value, colon);
        let place = self.behind_blank(head);
        if place > head {
            return Ok(Edit::insert(place, word));
        }
        Ok(Edit::insert(head, format!(" {word}")))
    }

    /// Where a value that is not written yet goes, whose colon, tag or anchor
    /// ends at `head`: behind a blank that is there already, unless what
    /// follows needs that.
    pub(super) fn behind_blank(&self, head: usize) -> usize {
        let line = self.lines.line(head);
        let rest = Span::new(head, line.text_end).of(self.text());
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let ends_line = blank == rest.len();
        if blank >= 2 || (blank == 1 && ends_line) {
            head + 1
        } else {
            head
        }
    }

    /// Where the colon between a key and its value ends; None where there is
    /// none (`? key` alone, or `{key}`).
    ///
    /// Source: YAML 1.2.2, 7.3.3 and 8.2.2: in a block, a colon with a word
    /// right behind it begins a word (`? key` and below it `:other: value`).
    pub(super) fn after_colon(&self, key: NodeId) -> Option<usize> {
        let text = self.text();
        let mapping = self.tree.parent(key);
        let style = mapping.and_then(|mapping| self.tree.collection_style(mapping));
        let is_block = style == Some(CollectionStyle::Block);
        let mut at = self.tree.span(key).end;
        loop {
            let rest = text.get(at..)?;
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let mut bytes = trimmed.bytes();
            match bytes.next()? {
                b':' if is_block
                    && bytes.next().is_some_and(|next| !next.is_ascii_whitespace()) =>
                {
                    return None;
                }
                b':' => return Some(at + 1),
                b'#' => at = self.lines.line(at).end,
                _ => return None,
            }
        }
    }

    /// Where what stands before a value's content ends: the colon, or the
    /// tag and anchor behind it.
    pub(super) fn head_end(&self, value: NodeId, colon: usize) -> usize {
        let tag = self.tree.tag(value).map(|tag| tag.span);
        [tag, self.tree.anchor(value)]
            .into_iter()
            .flatten()
            .map(|span| span.end)
            .fold(colon, usize::max)
    }

    /// The first line of the comment block that stands directly above a key,
    /// at its depth; the key's own line where there is none.
    pub(super) fn comments_above(&self, key: usize) -> Line {
        let lines = self.lines;
        let mut first = lines.line(key);
        while let Some(above) = first.start.checked_sub(1).map(|at| lines.line(at)) {
            let text = Span::new(above.start, above.text_end).of(self.text());
            let is_comment = text.trim_start().starts_with('#');
            if !is_comment || lines.indent(above.start) != lines.indent(key) {
                break;
            }
            first = above;
        }
        first
    }

    /// Refuses to take away what a scanner reads in a comment: it may be for
    /// the whole resource, wherever it stands.
    pub(super) fn keeps_suppressions(&self, gone: Span) -> Result<(), Refusal> {
        const WORDS: [&str; 6] = [
            "skip=",
            "ignore",
            "disable",
            "kics-scan",
            "dd-iac-scan",
            "nosec",
        ];
        let may_suppress = |line: &str| {
            line.split_once('#').is_some_and(|(_, comment)| {
                let comment = comment.to_ascii_lowercase();
                WORDS.iter().any(|word| comment.contains(word))
            })
        };
        if gone.of(self.text()).lines().any(may_suppress) {
            return Err(Refusal::Layout(Layout::ScannerComment));
        }
        Ok(())
    }

    /// Whether a blank or comment line right below an edit is indented with
    /// a tab. That is valid YAML wherever it stands, but `PyYAML`, and so
    /// AWS's own tools, takes it in the middle of a scalar only: new text
    /// above it could make a template unreadable for them.
    pub(super) fn tab_follows(&self, edit: &Edit) -> bool {
        let text = self.text();
        let mut at = edit.span.end;
        if at > self.lines.line(at).start {
            at = self.lines.line(at).end;
        }
        while at < text.len() {
            let line = self.lines.line(at);
            let bare = Span::new(line.start, line.text_end).of(text).trim_start();
            if !(bare.is_empty() || bare.starts_with('#')) {
                return false;
            }
            if self.lines.indent(at).contains('\t') {
                return true;
            }
            at = line.end;
        }
        false
    }

    /// Whether a YAML text holds a character that ends a line for some readers and
    /// not for others, outside of quotes: a carriage return alone, which does for
    /// YAML but for few editors; NEL, LS and PS, which did in YAML 1.1 and do not
    /// in YAML 1.2.
    ///
    /// Source: YAML 1.2.2 section 5.4; YAML 1.1 section 5.1.4.
    pub(super) fn has_unsure_line_end(&self) -> bool {
        let (tree, text) = (self.tree, self.text());
        if tree.format() == Format::Json {
            return false;
        }
        let mut returns = memchr::memchr_iter(b'\r', text.as_bytes());
        if returns.any(|at| text.as_bytes().get(at + 1) != Some(&b'\n')) {
            return true;
        }
        if text.is_ascii() {
            return false;
        }
        let mut separators = text
            .match_indices(['\u{85}', '\u{2028}', '\u{2029}'])
            .map(|(at, _)| at)
            .peekable();
        if separators.peek().is_none() {
            return false;
        }
        let quoted: Vec<Span> = tree
            .nodes()
            .filter(|&id| {
                let style = tree.scalar_style(id);
                matches!(style, Some(ScalarStyle::Single | ScalarStyle::Double))
            })
            .map(|id| tree.span(id))
            .collect();
        separators.any(|at| {
            let next = quoted.partition_point(|span| span.start <= at);
            let before = next.checked_sub(1).and_then(|last| quoted.get(last));
            before.is_none_or(|span| span.end <= at)
        })
    }
}

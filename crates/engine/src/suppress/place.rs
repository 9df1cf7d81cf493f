//! What comments cover, by where they stand.
//!
//! This module owns the places that a comment can have: above a key, on its
//! line, within a resource, at the head of a file. Its wording is for
//! [`comment`](super::comment).
//!
//! All of this costs no more than the text is long, however many comments and
//! resources there are.

use std::collections::BTreeMap;

use super::comment::{self, Request, Scope};
use super::{Date, Suppression, Suppressions, own_keys};
use crate::syntax::{CollectionStyle, NodeId, Tree};
use crate::template::Resource;
use crate::text::span::{LineIndex, Span};

/// Adds the suppressions in the comments of a template, each with what it covers.
pub(super) fn place(
    tree: &Tree<'_>,
    lines: &LineIndex<'_>,
    resources: &[Resource],
    comments: &[Span],
    today: Date,
    to: &mut Suppressions,
) {
    Comments::read(tree, lines, comments).place(resources, today, to);
}

/// A comment and its surroundings.
struct Comment {
    span: Span,
    requests: Vec<Request>,
    /// Where its line begins.
    line: usize,
    /// Whether nothing stands before it on its line.
    is_alone: bool,
    /// Whether nothing but comments and document markers stands before it in
    /// the text.
    is_at_head: bool,
    /// Where the line begins that it stands above, be there further comments
    /// between; None where it does not stand alone.
    below: Option<usize>,
    /// The same, but only further suppressions of Trivy's may stand between.
    below_trivy: Option<usize>,
}

impl Comment {
    /// How far it is indented, in bytes, if it stands on a line of its own.
    fn column(&self) -> usize {
        self.span.start - self.line
    }
}

/// All comments of a text that has any.
struct Comments<'t, 'a> {
    tree: &'t Tree<'a>,
    lines: &'t LineIndex<'a>,
    placed: Vec<Comment>,
    /// See [`document_markers`].
    document_markers: Vec<usize>,
}

/// A key at which comments are looked for.
#[derive(Clone, Copy)]
struct ResourceKey {
    resource: Resource,
    key: NodeId,
}

impl<'t, 'a> Comments<'t, 'a> {
    fn read(tree: &'t Tree<'a>, lines: &'t LineIndex<'a>, spans: &[Span]) -> Self {
        let text = tree.text();
        // Where the comments at the head of the text end.
        let mut head = Some(lines.line(0).start);
        let mut placed: Vec<Comment> = Vec::with_capacity(spans.len());
        for &span in spans {
            let is_alone = lines.begins_line(span.start);
            let is_at_head = is_alone
                && head.is_some_and(|head| {
                    let between = Span::new(head, span.start).of(text);
                    between.lines().all(is_nothing)
                });
            head = is_at_head.then_some(span.end);
            let mut requests = Vec::new();
            comment::requests(span.of(text), &mut requests);
            placed.push(Comment {
                span,
                requests,
                line: lines.line(span.start).start,
                is_alone,
                is_at_head,
                below: None,
                below_trivy: None,
            });
        }
        // From the last to the first, so that a row of comments costs no more
        // than its length.
        let mut next: Option<(usize, Option<usize>, Option<usize>)> = None;
        for comment in placed.iter_mut().rev() {
            if !comment.is_alone {
                next = None;
                continue;
            }
            let end = lines.line(comment.span.start).end;
            (comment.below, comment.below_trivy) = match next {
                Some((line, below, below_trivy)) if line == end => (below, below_trivy),
                _ => (Some(end), Some(end)),
            };
            // Suppressions of Trivy's in a row are for what stands below the last,
            // whatever their rules.
            let is_trivy = comment::is_of_trivy(comment.span.of(text));
            let through = comment.below_trivy.filter(|_| is_trivy);
            next = Some((comment.line, comment.below, through));
        }
        Self {
            tree,
            lines,
            placed,
            document_markers: document_markers(text),
        }
    }

    fn place(&self, resources: &[Resource], today: Date, to: &mut Suppressions) {
        let mut stands: BTreeMap<usize, Vec<ResourceKey>> = BTreeMap::new();
        // Those that begin their line, one for each line.
        let mut leading: BTreeMap<usize, ResourceKey> = BTreeMap::new();
        let mut by_start: Vec<(usize, Resource)> = Vec::with_capacity(resources.len());
        for &resource in resources {
            by_start.push((self.tree.start(resource.logical_id), resource));
            for key in own_keys(self.tree, resource) {
                let line = self.line_of(key);
                let stand = ResourceKey { resource, key };
                stands.entry(line).or_default().push(stand);
                if self.leads(key) {
                    leading.insert(line, stand);
                }
            }
        }
        by_start.sort_by_key(|&(start, _)| start);
        let mut keys: Option<BTreeMap<usize, (NodeId, NodeId)>> = None;
        let heads = self.heads();

        for comment in &self.placed {
            for request in &comment.requests {
                let number = to.add(Suppression {
                    at: Some(comment.span.start),
                    listed: None,
                    by: request.by,
                    reason: request.reason.clone(),
                    is_blanket: request.is_blanket && !is_misplaced(request.scope, comment),
                    has_expired: !request.until.counts_on(today),
                });
                let mut covered: Vec<NodeId> = Vec::new();
                match request.scope {
                    Scope::File => to.cover_file(number),
                    Scope::Head | Scope::HeadOnly { .. } => {
                        if comment.is_at_head && heads.counts(request) {
                            to.cover_file(number);
                        }
                    }
                    Scope::Line => {
                        if let Some(line) = self.above_line(comment) {
                            to.cover_line(line, number);
                        }
                    }
                    Scope::Block => {
                        let keys = keys.get_or_insert_with(|| self.first_keys());
                        let entry = comment.below.and_then(|line| keys.get(&line));
                        if let Some(&(key, value)) = entry
                            && self.is_above(comment, key)
                        {
                            to.cover_block(key, value, number);
                        }
                    }
                    Scope::AtKey | Scope::AtId => {
                        let ids_only = request.scope == Scope::AtId;
                        let below = if ids_only {
                            comment.below_trivy
                        } else {
                            comment.below
                        };
                        let on = stands.get(&comment.line).into_iter().flatten();
                        let above = below
                            .and_then(|line| leading.get(&line))
                            .filter(|stand| self.is_above(comment, stand.key));
                        let at = on
                            .chain(above)
                            .filter(|stand| !ids_only || stand.key == stand.resource.logical_id);
                        covered.extend(at.map(|stand| stand.resource.logical_id));
                    }
                    Scope::Within => {
                        let here = stands.get(&comment.line).into_iter().flatten();
                        let ids = here.filter(|stand| stand.key == stand.resource.logical_id);
                        covered.extend(ids.map(|stand| stand.key));
                        let before = by_start.partition_point(|&(at, _)| at <= comment.span.start);
                        let last = before.checked_sub(1).and_then(|last| by_start.get(last));
                        if let Some(&(start, resource)) = last
                            && self.is_within(comment, start, resource)
                        {
                            covered.push(resource.logical_id);
                        }
                    }
                }
                covered.sort_unstable();
                covered.dedup();
                for logical_id in covered {
                    to.cover_resource(logical_id, number);
                }
            }
        }
    }

    fn line_of(&self, node: NodeId) -> usize {
        self.lines.line(self.tree.start(node)).start
    }

    /// Whether a key begins its line.
    fn leads(&self, key: NodeId) -> bool {
        let start = self.tree.start(key);
        let before = Span::new(self.lines.line(start).start, start).of(self.tree.text());
        before
            .chars()
            .all(|c| matches!(c, ' ' | '\t' | '-' | '?' | '\u{feff}'))
    }

    /// Whether a comment that has the line of a key below it stands above the
    /// key: the key begins the line, and the comment is not indented deeper.
    fn is_above(&self, comment: &Comment, key: NodeId) -> bool {
        let start = self.tree.start(key);
        self.leads(key) && comment.column() <= start - self.lines.line(start).start
    }

    /// The line that a comment stands above, if it is not indented deeper.
    fn above_line(&self, comment: &Comment) -> Option<usize> {
        let line = comment.below?;
        (comment.column() <= self.lines.indent(line).len()).then_some(line)
    }

    /// Whether a comment stands in a resource's own text, which begins before
    /// it.
    fn is_within(&self, comment: &Comment, start: usize, resource: Resource) -> bool {
        if resource.value != resource.body {
            return false;
        }
        let at = comment.span.start;
        if self.tree.collection_style(resource.body) == Some(CollectionStyle::Flow) {
            return at < self.tree.span(resource.body).end;
        }
        let after = self.tree.after(resource.body);
        if after.is_some_and(|after| self.tree.start(after) < at) {
            return false;
        }
        let last = self.tree.start(self.tree.last_within(resource.body));
        if at < last {
            return true;
        }
        let markers = &self.document_markers;
        let next = markers.partition_point(|&marker| marker < last);
        let is_in_document = markers.get(next).is_none_or(|&marker| marker > at);
        let indent = start - self.lines.line(start).start;
        is_in_document && (!comment.is_alone || comment.column() > indent)
    }

    /// The key that begins each line, if one does, and its value.
    fn first_keys(&self) -> BTreeMap<usize, (NodeId, NodeId)> {
        let mut keys = BTreeMap::new();
        for mapping in self.tree.nodes() {
            for entry in self.tree.entries(mapping) {
                let line = self.line_of(entry.key);
                keys.entry(line).or_insert((entry.key, entry.value));
            }
        }
        keys
    }

    /// Which commands for a file stand at its head.
    fn heads(&self) -> Heads {
        let mut heads = Heads::default();
        for comment in self.placed.iter().filter(|comment| comment.is_at_head) {
            for request in &comment.requests {
                if let Scope::HeadOnly { ours } = request.scope {
                    heads.enabled.insert(request.by, ours);
                }
            }
        }
        heads
    }
}

/// What `enable` says at the head of a text, by tool.
#[derive(Default)]
struct Heads {
    enabled: BTreeMap<&'static str, bool>,
}

impl Heads {
    /// Whether a command for the file takes effect: `enable` outranks
    /// `disable`, and `ignore` outranks both.
    fn counts(&self, request: &Request) -> bool {
        match (request.scope, request.is_blanket) {
            (Scope::HeadOnly { ours }, _) => !ours && self.enabled.get(request.by) == Some(&false),
            (_, true) => true,
            (_, false) => !self.enabled.contains_key(request.by),
        }
    }
}

/// Whether a command for a file stands where it has no effect.
fn is_misplaced(scope: Scope, comment: &Comment) -> bool {
    matches!(scope, Scope::Head | Scope::HeadOnly { ours: false }) && !comment.is_at_head
}

/// Whether a line before the comments at the head of a text says nothing.
fn is_nothing(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line == "---"
}

/// Where lines begin that begin or end a document (`---`, `...`). Nothing
/// within a document can look like them.
///
/// Source: YAML 1.2.2 section 9.1.2.
fn document_markers(text: &str) -> Vec<usize> {
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
    let is_marker = |&at: &usize| {
        let line = text.get(at..).unwrap_or_default();
        line.starts_with("---") || line.starts_with("...")
    };
    lines.filter(is_marker).collect()
}

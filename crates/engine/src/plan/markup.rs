//! What markup means for a fix.
//!
//! This module owns how sure a fix still is where markup stands in the
//! resource, and where one would land that a template engine may leave out. It plans
//! no edits.

use super::layout::Layout;
use std::collections::{BTreeMap, BTreeSet};

use super::declaration::Declaration;
use super::page::Page;
use super::{Applicability, Fix, Planner, Refusal};
use crate::find::Repair;
use crate::markup::{Markup, Token, TokenKind};
use crate::syntax::{Entry, NodeId, Tree};
use crate::template::Resource;
use crate::text::edit::Edit;
use crate::text::span::{LineIndex, Span};

/// Makes a fix unsafe where a block begins, ends or stands inside the
/// resource, or a key of it is filled in.
///
/// # Errors
/// Where the result would depend on what the engine makes of the markup.
pub(super) fn heed(
    planner: &Planner<'_>,
    repair: &Repair,
    declaration: &Declaration,
    changed: &[NodeId],
    fix: &mut Fix,
) -> Result<(), Refusal> {
    let Page { tree, lines, .. } = planner.page;
    let (text, markup) = (tree.text(), tree.markup());
    if matches!(repair, Repair::RewriteSources { .. }) {
        return heed_sources(&planner.page, changed, fix);
    }
    let &last = changed
        .last()
        .ok_or(Refusal::Layout(Layout::OutsideRepository))?;
    let resource = planner.page.owner(last)?.resource;
    let start = tree.start(resource.logical_id);
    let extent = Span::new(start, end_of_resource(tree, &resource));
    let is_flow = planner.page.is_flow(resource.body);
    // Lines that come right behind the resource may be part of it.
    let lines_follow = !is_flow && markup.lines_behind(text, extent.end).is_some();
    let is_block = lines_follow || markup.within(extent).any(Token::is_block);
    let (mapping, type_entry) = match *repair {
        Repair::AddProperties { body } => (body, tree.entry(resource.body, "Type")),
        Repair::AddMutability { mapping, .. } | Repair::RewriteMutability { mapping, .. } => {
            (mapping, None)
        }
        Repair::FillProperties { .. } | Repair::RewriteSources { .. } => (last, None),
    };
    // A key that is filled in may turn out to be the one that is missing.
    let mut entries = tree
        .entries(resource.body)
        .iter()
        .chain(tree.entries(mapping));
    if is_block || entries.any(|entry| tree.is_masked(entry.key)) {
        fix.applicability = Applicability::Unsafe;
    }
    let may_bring_more = lines_follow
        || markup
            .within(extent)
            .any(|token| token.kind == TokenKind::Lines);
    if may_bring_more && matches!(repair, Repair::AddProperties { .. }) {
        return Err(Refusal::Layout(Layout::MarkupProperties));
    }
    for edit in &fix.edits {
        let from = edit.span.start;
        if markup.within(edit.span).next().is_some() {
            return Err(Refusal::Layout(Layout::MarkupInPlace));
        }
        if markup.branch(from) != markup.branch(start) {
            return Err(Refusal::Layout(Layout::MarkupDecides));
        }
        let before = markup.before(from).filter(|token| token.trims_behind);
        if before.is_some_and(|token| Span::new(token.span.end, from).of(text).trim().is_empty()) {
            return Err(Refusal::Layout(Layout::MarkupTrims));
        }
    }
    if matches!(repair, Repair::RewriteMutability { .. }) && !declaration.has_filters() {
        return Ok(());
    }
    if planner.with_tails.contains(&resource.logical_id) {
        return Err(Refusal::Layout(Layout::MarkupBelow));
    }
    let is_torn = |entry: &Entry| {
        let extent = Span::new(tree.start(entry.key), tree.end_of(*entry));
        torn(markup, extent).next().is_some()
    };
    if tree.entries(mapping).iter().any(is_torn) {
        return Err(Refusal::Layout(Layout::MarkupEndsInside));
    }
    // The columns to go by are those of the result, in which a token at the
    // start of a line has another width.
    let first = |mapping: NodeId| tree.entries(mapping).first().map(|entry| entry.key);
    let guides = [
        Some(resource.logical_id),
        first(resource.body),
        first(mapping),
        type_entry.map(|entry| entry.key),
    ];
    for guide in guides.into_iter().flatten() {
        let at = tree.start(guide);
        let head = Span::new(lines.line(at).start, at);
        if head.of(text).trim().is_empty() && markup.within(head).next().is_some() {
            return Err(Refusal::Layout(Layout::MarkupBeforeKey));
        }
    }
    Ok(())
}

/// The same for literals that a mutability is computed from: each must be there
/// whenever what it belongs to is, an ECR repository or a whole document.
fn heed_sources(page: &Page<'_>, changed: &[NodeId], fix: &Fix) -> Result<(), Refusal> {
    let (tree, markup) = (page.tree, page.tree.markup());
    for &node in changed {
        let branch = page.owner(node).map_or(0, |owner| {
            markup.branch(tree.start(owner.resource.logical_id))
        });
        let at = tree.start(node);
        if markup.branch(at) != branch {
            return Err(Refusal::Layout(Layout::MarkupDecides));
        }
    }
    let touches_markup = |edit: &Edit| markup.within(edit.span).next().is_some();
    if fix.edits.iter().any(touches_markup) {
        return Err(Refusal::Layout(Layout::MarkupInPlace));
    }
    Ok(())
}

/// The resources, by their logical IDs, that may be given what stands below
/// another one: where a block begins above a logical ID and ends below it, and
/// more comes then, that belongs to whichever resource is the last in the
/// result.
///
/// ```text
/// {% if a %}
///   Web:
///     Type: …
/// {% else %}
///   Api:
///     Type: …
/// {% endif %}
///     Properties: …
/// ```
pub(super) fn with_tails(
    tree: &Tree<'_>,
    lines: &LineIndex<'_>,
    resources: &[Resource],
) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    // The last resource of each branch so far, and for each resource the first
    // one that may be given its rest.
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    let mut first_with = vec![usize::MAX; resources.len()];
    for (nth, resource) in resources.iter().enumerate() {
        let start = tree.start(resource.logical_id);
        // A block may begin in the key itself: `{% if a %}Web:`.
        let behind = tree.span(resource.logical_id).end;
        let mut extent = Span::new(behind, end_of_resource(tree, resource));
        // Lines that a token brings may be such a rest, too, if they are deeper.
        let column = |offset| lines.position(offset).column;
        let behind = tree.markup().lines_behind(tree.text(), extent.end);
        if let Some(token) = behind.filter(|token| column(token.span.start) > column(start)) {
            extent.end = token.span.end;
        }
        for token in torn(tree.markup(), extent) {
            // The last resource that is there whenever the rest is.
            let branch = tree.markup().branch(token.span.end);
            let first = last.get(&branch).copied().unwrap_or_default();
            if let Some(known) = first_with.get_mut(nth) {
                *known = first.min(*known);
            }
        }
        last.insert(tree.markup().branch(start), nth);
    }
    let mut first = usize::MAX;
    for (nth, resource) in resources.iter().enumerate().rev() {
        if nth >= first {
            found.insert(resource.logical_id);
        }
        first = first_with.get(nth).copied().unwrap_or(first).min(first);
    }
    found
}

/// The tokens inside `extent` that end a block, or a branch of one, which has
/// begun before it.
fn torn(markup: &Markup, extent: Span) -> impl Iterator<Item = &Token> {
    let mut depth = 0_usize;
    markup.within(extent).filter(move |token| match token.kind {
        TokenKind::Open => {
            depth += 1;
            false
        }
        TokenKind::End if depth > 0 => {
            depth -= 1;
            false
        }
        TokenKind::End => true,
        TokenKind::Else => depth == 0,
        TokenKind::Placeholder | TokenKind::Lines | TokenKind::Silent => false,
    })
}

/// Where the last that is written of a resource ends.
fn end_of_resource(tree: &Tree<'_>, resource: &Resource) -> usize {
    tree.end_of(Entry {
        key: resource.logical_id,
        value: resource.value,
    })
}

//! What the marks of a template engine mean for a fix.
//!
//! This module owns how sure a fix still is where marks stand in the
//! resource, and where one would land that the engine may leave out. It plans
//! no edits.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Layout;
use super::{Applicability, Fix, Planner, Refusal};
use crate::find::Repair;
use crate::markup::{Mark, MarkKind, Marks};
use crate::syntax::{CollectionStyle, Entry, NodeId, Tree, Value};
use crate::template::Resource;
use crate::text::edit::Edit;
use crate::text::span::{LineIndex, Span};

/// Makes a fix unsafe where a block begins, ends or stands inside the
/// resource, or a key of it is filled in.
///
/// # Errors
/// Where the result would depend on what the engine makes of a mark.
pub(super) fn heed(
    planner: &Planner<'_, '_>,
    repair: &Repair,
    sites: &[NodeId],
    fix: &mut Fix,
) -> Result<(), Refusal> {
    let Planner { tree, lines, .. } = planner;
    let (text, marks) = (tree.text(), tree.marks());
    if matches!(repair, Repair::RewriteSources { .. }) {
        return heed_sources(planner, sites, fix);
    }
    let site = sites.last().copied();
    let site = site.ok_or(Refusal::Layout(Layout::OutsideRepository))?;
    let (resource, _) = planner.owner(site)?;
    let start = tree.start(resource.logical_id);
    let extent = Span::new(start, end(tree, resource.logical_id, resource.value));
    let is_flow = tree.collection_style(resource.body) == Some(CollectionStyle::Flow);
    // Lines that come right behind the resource may be part of it.
    let lines_follow = !is_flow && marks.lines_behind(text, extent.end).is_some();
    let is_block = lines_follow || marks.within(extent).any(Mark::is_block);
    let (mapping, type_entry) = match *repair {
        Repair::AddProperties { body } => (body, tree.entry(resource.body, "Type")),
        Repair::AddMode { mapping, .. } | Repair::RewriteMode { mapping, .. } => (mapping, None),
        Repair::FillProperties { .. } | Repair::RewriteSources { .. } => (site, None),
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
        || marks
            .within(extent)
            .any(|mark| mark.kind == MarkKind::Lines);
    if may_bring_more && matches!(repair, Repair::AddProperties { .. }) {
        return Err(Refusal::Layout(Layout::MarkupProperties));
    }
    for edit in &fix.edits {
        let from = edit.span.start;
        if marks.within(edit.span).next().is_some() {
            return Err(Refusal::Layout(Layout::MarkupInPlace));
        }
        if marks.branch(from) != marks.branch(start) {
            return Err(Refusal::Layout(Layout::MarkupDecides));
        }
        let before = marks.before(from).filter(|mark| mark.trims_behind);
        if before.is_some_and(|mark| Span::new(mark.span.end, from).of(text).trim().is_empty()) {
            return Err(Refusal::Layout(Layout::MarkupTrims));
        }
    }
    if matches!(repair, Repair::RewriteMode { .. }) && planner.kept().is_none() {
        return Ok(());
    }
    if planner.with_tails.contains(&resource.logical_id) {
        return Err(Refusal::Layout(Layout::MarkupBelow));
    }
    let is_torn = |entry: &Entry| {
        let extent = Span::new(tree.start(entry.key), end(tree, entry.key, entry.value));
        torn(marks, extent).next().is_some()
    };
    if tree.entries(mapping).iter().any(is_torn) {
        return Err(Refusal::Layout(Layout::MarkupEndsInside));
    }
    // The columns to go by are those of the result, in which a mark at the
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
        if head.of(text).trim().is_empty() && marks.within(head).next().is_some() {
            return Err(Refusal::Layout(Layout::MarkupBeforeKey));
        }
    }
    Ok(())
}

/// The same for literals that a mode is computed from: each must be there
/// whenever what it belongs to is, a repository or a whole document.
fn heed_sources(planner: &Planner<'_, '_>, sites: &[NodeId], fix: &Fix) -> Result<(), Refusal> {
    let marks = planner.tree.marks();
    for &site in sites {
        let owner = planner.owner(site).ok();
        let branch = owner.map_or(0, |(resource, _)| {
            marks.branch(planner.tree.start(resource.logical_id))
        });
        let at = planner.tree.start(site);
        if marks.branch(at) != branch {
            return Err(Refusal::Layout(Layout::MarkupDecides));
        }
    }
    let is_marked = |edit: &Edit| marks.within(edit.span).next().is_some();
    if fix.edits.iter().any(is_marked) {
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
        let mut extent = Span::new(behind, end(tree, resource.logical_id, resource.value));
        // Lines that a mark brings may be such a rest, too, if they are deeper.
        let column = |offset| lines.position(offset).column;
        let behind = tree.marks().lines_behind(tree.text(), extent.end);
        if let Some(mark) = behind.filter(|mark| column(mark.span.start) > column(start)) {
            extent.end = mark.span.end;
        }
        for mark in torn(tree.marks(), extent) {
            // The last resource that is there whenever the rest is.
            let branch = tree.marks().branch(mark.span.end);
            let first = last.get(&branch).copied().unwrap_or_default();
            if let Some(known) = first_with.get_mut(nth) {
                *known = first.min(*known);
            }
        }
        last.insert(tree.marks().branch(start), nth);
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

/// The marks inside `extent` that end a block, or a branch of one, which has
/// begun before it.
fn torn(marks: &Marks, extent: Span) -> impl Iterator<Item = &Mark> {
    let mut depth = 0_usize;
    marks.within(extent).filter(move |mark| match mark.kind {
        MarkKind::Open => {
            depth += 1;
            false
        }
        MarkKind::End if depth > 0 => {
            depth -= 1;
            false
        }
        MarkKind::End => true,
        MarkKind::Else => depth == 0,
        MarkKind::Text | MarkKind::Lines | MarkKind::Silent => false,
    })
}

/// Where the last that is written of an entry ends.
fn end(tree: &Tree<'_>, key: NodeId, value: NodeId) -> usize {
    let mut end = tree.span(key).end;
    let mut todo = vec![value];
    while let Some(id) = todo.pop() {
        let span = tree.span(id);
        // A block scalar's span may reach over the blank lines behind it.
        end = end.max(span.start + span.of(tree.text()).trim_end().len());
        match tree.value(id) {
            Value::Mapping { entries, .. } => {
                todo.extend(entries.iter().flat_map(|entry| [entry.key, entry.value]));
            }
            Value::Sequence { items, .. } => todo.extend(items),
            Value::Scalar { .. } | Value::Alias { .. } => {}
        }
    }
    end
}

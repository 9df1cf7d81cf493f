//! What to write into YAML block mappings: lines and their indentation.
//!
//! This module owns whole lines. A new line goes directly below the line of
//! the key that it belongs to, above any comments there, so that no comment
//! is parted from the key that it stands above.

use super::layout::Layout;
use super::text::{self, Lines};
use super::{Dress, Planner, Refusal};
use crate::syntax::change::New;
use crate::syntax::{CollectionStyle, Entry, NodeId, ScalarStyle, Tree, Value};
use crate::template::Resource;
use crate::text::edit::Edit;
use crate::text::span::{LineIndex, Span};

/// The step of a file that gives no other evidence.
const COMMON_STEP: usize = 2;

/// By how many columns the children of `Properties` are indented most often
/// in this file; None where no resource has any on lines of their own.
pub(super) fn usual_step(
    tree: &Tree<'_>,
    lines: &LineIndex<'_>,
    resources: &[Resource],
) -> Option<usize> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    let column = |id| lines.position(tree.start(id)).column;
    for resource in resources {
        let Some(properties) = tree.entry(resource.body, "Properties") else {
            continue;
        };
        let Some(first) = tree.entries(properties.value).first() else {
            continue;
        };
        if tree.collection_style(properties.value) != Some(CollectionStyle::Block) {
            continue;
        }
        let step = column(first.key).saturating_sub(column(properties.key));
        if step == 0 {
            continue;
        }
        match counts.iter_mut().find(|(known, _)| *known == step) {
            Some((_, count)) => *count += 1,
            None => counts.push((step, 1)),
        }
    }
    // The first of the most frequent: max_by_key would take the last.
    let most = counts.iter().map(|&(_, count)| count).max()?;
    let usual = counts.iter().find(|&&(_, count)| count == most)?;
    Some(usual.0)
}

/// The mode as the first entry of a block mapping that has others, and the
/// number of entries that stand before it all the same.
pub(super) fn add_first(
    planner: &Planner<'_, '_>,
    properties: Entry,
    mapping: NodeId,
    resource: Resource,
    dress: Dress,
) -> Result<(Edit, usize), Refusal> {
    let Planner { tree, lines, .. } = planner;
    let first = tree.span(mapping).start;
    if !lines.begins_line(first) {
        return add_second(planner, mapping, resource, dress).map(|edit| (edit, 1));
    }
    let head = planner
        .after_colon(properties.key)
        .map(|colon| planner.head_end(mapping, colon));
    let head = head.ok_or(Refusal::Layout(Layout::NoColon))?;
    let indent = lines.indent(first);
    if indent.contains('\t') {
        return Err(Refusal::Layout(Layout::Tab));
    }
    let declared = planner.missing(mapping);
    let edit = new_lines(planner, head, &declared, indent, resource, dress);
    Ok((edit, 0))
}

/// The mode below the first entry, where that shares the line of the colon
/// (`? Properties` and `: First: …`), so that no line has to be parted.
fn add_second(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let first = tree.entries(mapping).first();
    let value = first
        .map(|first| first.value)
        .ok_or(Refusal::Layout(Layout::NoEntry))?;
    let start = tree.span(mapping).start;
    let end = tree.span(value).end;
    if lines.line(start) != lines.line(end) {
        return Err(Refusal::Layout(Layout::BesideParent));
    }
    let indent = indent_of(planner, mapping)?;
    let declared = planner.missing(mapping);
    Ok(new_lines(planner, end, &declared, &indent, resource, dress))
}

/// An entry below another that stands on lines of its own.
pub(super) fn add_after(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    sibling: Entry,
    new: (String, New),
    resource: Resource,
    dress: Dress,
) -> Result<Vec<Edit>, Refusal> {
    let tree = planner.tree;
    let span = tree.span(sibling.value);
    let mut end = planner.head_end(sibling.value, span.end);
    if let Value::Scalar {
        style: ScalarStyle::Block,
        text: word,
    } = tree.value(sibling.value)
    {
        // A word on one line; the scalar itself may reach over blank lines.
        let written = span.of(tree.text());
        if written.trim_end() != word {
            return Err(Refusal::Layout(Layout::BlockScalar));
        }
        end = span.start + word.len();
    }
    let indent = indent_of(planner, mapping)?;
    Ok(vec![new_lines(
        planner,
        end,
        &[new],
        &indent,
        resource,
        dress,
    )])
}

/// The mode below a `Properties:` for which nothing is written.
pub(super) fn fill_properties(
    planner: &Planner<'_, '_>,
    properties: Entry,
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let colon = planner
        .after_colon(properties.key)
        .ok_or(Refusal::Layout(Layout::NoColon))?;
    let head = planner.head_end(properties.value, colon);
    let indent = indent_of(planner, resource.body)?;
    let indent = indent + &step(planner, resource);
    let declared = planner.declaration();
    Ok(new_lines(
        planner, head, &declared, &indent, resource, dress,
    ))
}

/// The mode in the place of the only entry.
pub(super) fn replace_only(
    planner: &Planner<'_, '_>,
    properties: Entry,
    mapping: NodeId,
    only: Entry,
    resource: Resource,
    dress: Dress,
) -> Result<Vec<Edit>, Refusal> {
    let lines = planner.lines;
    let gone = extent(planner, mapping, only)?;
    if gone.end > lines.line(gone.end).start {
        // The file ends there, and without a line ending.
        let declared = planner.declaration();
        let edit = in_place(planner, mapping, gone, &declared, resource, dress)?;
        return Ok(vec![edit]);
    }
    let (first, _) = add_first(planner, properties, mapping, resource, dress)?;
    Ok(vec![first, Edit::remove(gone)])
}

/// Another entry in the place of one, of its lines and of the comment block
/// directly above it.
pub(super) fn replace_entry(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    old: Entry,
    new: (String, New),
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let gone = extent(planner, mapping, old)?;
    in_place(planner, mapping, gone, &[new], resource, dress)
}

/// Entries in the place of lines of `mapping`, the last of which keeps its
/// ending, if it has one.
fn in_place(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    gone: Span,
    entries: &[(String, New)],
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let ending = planner.lines.line_ending(gone.start);
    let lines = Lines {
        indent: &indent_of(planner, mapping)?,
        step: &step(planner, resource),
        ending,
    };
    let mut text = text::block(entries, dress, lines);
    if gone.end == planner.lines.line(gone.end).start {
        text.push_str(ending);
    }
    Ok(Edit::replace(gone, text))
}

/// Takes an entry away: its lines, and the comment block directly above it.
pub(super) fn remove(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    entry: Entry,
) -> Result<Vec<Edit>, Refusal> {
    let lines = planner.lines;
    let mut gone = extent(planner, mapping, entry)?;
    let header = header_above(planner, mapping, entry);
    let next = lines.line(gone.end);
    let below = Span::new(next.start, next.text_end).of(planner.tree.text());
    if header.is_some_and(|header| header.contains('+')) && below.trim().is_empty() {
        return Err(Refusal::Layout(Layout::BlankLine));
    }
    if gone.end > lines.line(gone.end).start && !ends_in_line_break(planner, mapping, entry) {
        // The file's last line has no ending, and shall have none: the line
        // that is last then loses its own, and blank lines between go.
        let mut above = lines.line(gone.start);
        while above.start > 0 {
            above = lines.line(above.start - 1);
            let text = Span::new(above.start, above.text_end).of(planner.tree.text());
            if !text.trim().is_empty() {
                break;
            }
        }
        gone.start = above.text_end;
    }
    Ok(vec![Edit::remove(gone)])
}

/// Whether a line break belongs to the value above an entry: that of a block
/// scalar without a `-`.
fn ends_in_line_break(planner: &Planner<'_, '_>, mapping: NodeId, entry: Entry) -> bool {
    header_above(planner, mapping, entry).is_some_and(|header| !header.contains('-'))
}

/// The header of the block scalar that ends right above an entry, without the
/// `|` or `>`: what is kept of its last line breaks.
fn header_above<'a>(planner: &Planner<'_, 'a>, mapping: NodeId, entry: Entry) -> Option<&'a str> {
    let tree = planner.tree;
    let entries = tree.entries(mapping);
    let index = entries.iter().position(|other| *other == entry)?;
    let above = entries.get(index.checked_sub(1)?)?;
    let last = tree.last_within(above.value);
    if tree.scalar_style(last) != Some(ScalarStyle::Block) {
        return None;
    }
    let before = Span::new(0, tree.span(last).start).of(tree.text());
    let header = before.trim_end();
    let start = header.rfind(['|', '>'])? + 1;
    let header = header.get(start..)?;
    header
        .split(|sign: char| !matches!(sign, '-' | '+' | '0'..='9'))
        .next()
}

/// The lines of an entry, and of the comments that belong to it.
fn extent(planner: &Planner<'_, '_>, mapping: NodeId, entry: Entry) -> Result<Span, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let text = tree.text();
    let start = tree.start(entry.key);
    if !lines.begins_line(start) {
        return Err(Refusal::Layout(Layout::FiltersBesideKey));
    }
    let column = lines.position(tree.span(mapping).start).column - 1;
    let mut last = lines.line(deep_end(tree, entry)?);
    // Comments deeper than the key, after its value's last line, are part of it.
    let mut next = last;
    while next.end < text.len() {
        next = lines.line(next.end);
        let line = Span::new(next.start, next.text_end).of(text);
        let bare = line.trim_start_matches(' ');
        if bare.starts_with('#') && line.len() - bare.len() > column {
            last = next;
        } else if !bare.trim().is_empty() {
            break;
        }
    }
    Ok(Span::new(planner.comments_above(start).start, last.end))
}

/// Where the last word of an entry ends.
fn deep_end(tree: &Tree<'_>, entry: Entry) -> Result<usize, Refusal> {
    let mut end = tree.span(entry.key).end;
    let mut todo = vec![entry.value];
    while let Some(id) = todo.pop() {
        match tree.value(id) {
            Value::Scalar {
                style: ScalarStyle::Block,
                ..
            } => return Err(Refusal::Layout(Layout::FiltersBlockScalar)),
            Value::Scalar { .. } | Value::Alias { .. } => {}
            Value::Mapping { entries, .. } => {
                todo.extend(entries.iter().flat_map(|entry| [entry.key, entry.value]));
            }
            Value::Sequence { items, .. } => todo.extend(items),
        }
        end = end.max(tree.span(id).end);
    }
    Ok(end)
}

/// The spaces before the entries of a block mapping.
fn indent_of(planner: &Planner<'_, '_>, mapping: NodeId) -> Result<String, Refusal> {
    let start = planner.tree.span(mapping).start;
    let line = planner.lines.line(start);
    let before = Span::new(line.start, start).of(planner.tree.text());
    if before.contains('\t') {
        return Err(Refusal::Layout(Layout::Tab));
    }
    // What stands before the first entry on its line may be `- ` or `: `.
    Ok(" ".repeat(before.chars().count()))
}

/// By what to indent below `Properties`: as the file does, else as the
/// resource's body is below its logical ID.
fn step(planner: &Planner<'_, '_>, resource: Resource) -> String {
    let logical_id = planner.column(resource.logical_id);
    let body = planner.tree.span(resource.body).start;
    let body = planner.lines.position(body).column - 1;
    let step = planner
        .step
        .or_else(|| body.checked_sub(logical_id).filter(|&step| step > 0))
        .unwrap_or(COMMON_STEP);
    " ".repeat(step)
}

/// Entries as lines of their own below the line of `offset`.
fn new_lines(
    planner: &Planner<'_, '_>,
    offset: usize,
    entries: &[(String, New)],
    indent: &str,
    resource: Resource,
    dress: Dress,
) -> Edit {
    let line = planner.lines.line(offset);
    let ending = planner.lines.line_ending(offset);
    let step = step(planner, resource);
    let lines = Lines {
        indent,
        step: &step,
        ending,
    };
    let text = text::block(entries, dress, lines);
    if line.text_end == line.end {
        // The file's last line, without an ending: the new one has none either.
        Edit::insert(line.end, format!("{ending}{text}"))
    } else {
        Edit::insert(line.end, format!("{text}{ending}"))
    }
}

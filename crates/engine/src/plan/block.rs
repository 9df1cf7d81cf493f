//! What to write into YAML block mappings: lines and their indentation.
//!
//! This module owns whole lines. A new line goes directly below the line of
//! the key that it belongs to, above any comments there, so that no comment
//! is parted from the key that it stands above.

use super::Refusal;
use super::entries::{self, Lines};
use super::layout::Layout;
use super::page::Page;
use super::site::{COMMON_STEP, Site};
use crate::syntax::change::New;
use crate::syntax::{CollectionStyle, Entry, NodeId, ScalarStyle, Tree, Value};
use crate::template::Resource;
use crate::text::edit::Edit;
use crate::text::span::{LineIndex, Span};

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

/// Writes entries before the others of a block mapping below `key`. Gives the number of
/// entries that stand before them all the same.
pub(super) fn add_first(
    site: Site<'_>,
    key: NodeId,
    new: &[(String, New)],
) -> Result<(Edit, usize), Refusal> {
    let Page { tree, lines, .. } = site.page;
    let first = tree.span(site.mapping).start;
    if !lines.begins_line(first) {
        return add_second(site, new).map(|edit| (edit, 1));
    }
    let head = head_of(site, key)?;
    let indent = lines.indent(first);
    if indent.contains('\t') {
        return Err(Refusal::Layout(Layout::Tab));
    }
    Ok((new_lines(site, head, new, indent), 0))
}

/// Writes entries below the first one, where that shares the line of the colon
/// (`? Properties` and `: First: …`), so that no line has to be parted.
fn add_second(site: Site<'_>, new: &[(String, New)]) -> Result<Edit, Refusal> {
    let Page { tree, lines, .. } = site.page;
    let first = tree
        .entries(site.mapping)
        .first()
        .ok_or(Refusal::Layout(Layout::NoEntry))?;
    let start = tree.span(site.mapping).start;
    let end = tree.span(first.value).end;
    if lines.line(start) != lines.line(end) {
        return Err(Refusal::Layout(Layout::BesideParent));
    }
    let indent = indent_of(site.page, site.mapping)?;
    Ok(new_lines(site, end, new, &indent))
}

/// Writes an entry below another that stands on lines of its own.
pub(super) fn add_after(
    site: Site<'_>,
    sibling: Entry,
    new: (String, New),
) -> Result<Vec<Edit>, Refusal> {
    let tree = site.page.tree;
    let span = tree.span(sibling.value);
    let mut end = site.page.head_end(sibling.value, span.end);
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
    let indent = indent_of(site.page, site.mapping)?;
    Ok(vec![new_lines(site, end, &[new], &indent)])
}

/// Writes entries below a `Properties:` for which nothing is written.
pub(super) fn fill_properties(
    site: Site<'_>,
    key: NodeId,
    new: &[(String, New)],
) -> Result<Edit, Refusal> {
    let head = head_of(site, key)?;
    let indent = indent_of(site.page, site.owner.resource.body)? + &step(site);
    Ok(new_lines(site, head, new, &indent))
}

/// Writes entries in the place of the only one of a mapping below `key`.
pub(super) fn replace_only(
    site: Site<'_>,
    key: NodeId,
    only: Entry,
    new: &[(String, New)],
) -> Result<Vec<Edit>, Refusal> {
    let gone = extent(site.page, site.mapping, only)?;
    if gone.end > site.page.lines.line(gone.end).start {
        // The file ends there, and without a line ending.
        return Ok(vec![in_place(site, gone, new)?]);
    }
    let (first, _) = add_first(site, key, new)?;
    Ok(vec![first, Edit::remove(gone)])
}

/// Writes another entry in the place of one, of its lines and of the comment block
/// directly above it.
pub(super) fn replace_entry(
    site: Site<'_>,
    old: Entry,
    new: (String, New),
) -> Result<Edit, Refusal> {
    let gone = extent(site.page, site.mapping, old)?;
    in_place(site, gone, &[new])
}

/// Writes entries in the place of lines, the last of which keeps its
/// ending, if it has one.
fn in_place(site: Site<'_>, gone: Span, new: &[(String, New)]) -> Result<Edit, Refusal> {
    let ending = site.page.lines.line_ending(gone.start);
    let lines = Lines {
        indent: &indent_of(site.page, site.mapping)?,
        step: &step(site),
        ending,
    };
    let mut text = entries::block(new, site.quotes, lines);
    if gone.end == site.page.lines.line(gone.end).start {
        text.push_str(ending);
    }
    Ok(Edit::replace(gone, text))
}

/// Takes an entry away: its lines, and the comment block directly above it.
pub(super) fn remove(page: &Page<'_>, mapping: NodeId, entry: Entry) -> Result<Vec<Edit>, Refusal> {
    let lines = page.lines;
    let mut gone = extent(page, mapping, entry)?;
    let header = header_above(page, mapping, entry);
    let next = lines.line(gone.end);
    let below = Span::new(next.start, next.text_end).of(page.text());
    if header.is_some_and(|header| header.contains('+')) && below.trim().is_empty() {
        return Err(Refusal::Layout(Layout::BlankLine));
    }
    if gone.end > lines.line(gone.end).start && !ends_in_line_break(page, mapping, entry) {
        // The file's last line has no ending, and shall have none: the line
        // that is last then loses its own, and blank lines between go.
        let mut above = lines.line(gone.start);
        while above.start > 0 {
            above = lines.line(above.start - 1);
            let text = Span::new(above.start, above.text_end).of(page.text());
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
fn ends_in_line_break(page: &Page<'_>, mapping: NodeId, entry: Entry) -> bool {
    header_above(page, mapping, entry).is_some_and(|header| !header.contains('-'))
}

/// The header of the block scalar that ends right above an entry, without the
/// `|` or `>`: what is kept of its last line breaks.
fn header_above<'t>(page: &Page<'t>, mapping: NodeId, entry: Entry) -> Option<&'t str> {
    let tree = page.tree;
    let entries = tree.entries(mapping);
    let index = entries.iter().position(|other| *other == entry)?;
    let above = entries.get(index.checked_sub(1)?)?;
    let last = tree.last_within(above.value);
    if tree.scalar_style(last) != Some(ScalarStyle::Block) {
        return None;
    }
    let before = Span::new(0, tree.span(last).start).of(tree.text());
    let start = before.rfind(['|', '>'])? + 1;
    before
        .get(start..)?
        .split(|sign: char| !matches!(sign, '-' | '+' | '0'..='9'))
        .next()
}

/// The lines of an entry, and of the comments that belong to it.
fn extent(page: &Page<'_>, mapping: NodeId, entry: Entry) -> Result<Span, Refusal> {
    let Page { tree, lines, .. } = page;
    let text = tree.text();
    let start = tree.start(entry.key);
    if !lines.begins_line(start) {
        return Err(Refusal::Layout(Layout::FiltersBesideKey));
    }
    let column = lines.position(tree.span(mapping).start).column - 1;
    let is_block = |id| tree.scalar_style(id) == Some(ScalarStyle::Block);
    if tree.within(entry.value).any(is_block) {
        return Err(Refusal::Layout(Layout::FiltersBlockScalar));
    }
    let mut last = lines.line(tree.end_of(entry));
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
    Ok(Span::new(page.comments_above(start).start, last.end))
}

/// The spaces before the entries of a block mapping.
fn indent_of(page: &Page<'_>, mapping: NodeId) -> Result<String, Refusal> {
    let start = page.tree.span(mapping).start;
    let line = page.lines.line(start);
    let before = Span::new(line.start, start).of(page.text());
    if before.contains('\t') {
        return Err(Refusal::Layout(Layout::Tab));
    }
    // What stands before the first entry on its line may be `- ` or `: `.
    Ok(" ".repeat(before.chars().count()))
}

/// Where the colon of `key` ends, or the tag and anchor behind it.
fn head_of(site: Site<'_>, key: NodeId) -> Result<usize, Refusal> {
    let colon = site
        .page
        .after_colon(key)
        .ok_or(Refusal::Layout(Layout::NoColon))?;
    Ok(site.page.head_end(site.mapping, colon))
}

/// By what to indent below `Properties`: as the template does, else as the
/// resource's body is below its logical ID.
fn step(site: Site<'_>) -> String {
    let Page { tree, lines, .. } = site.page;
    let resource = site.owner.resource;
    let column = |at| lines.position(at).column;
    let own_step = || {
        let logical_id = column(tree.start(resource.logical_id));
        column(tree.span(resource.body).start)
            .checked_sub(logical_id)
            .filter(|&step| step > 0)
    };
    let step = site.page.usual_step.or_else(own_step);
    step.map_or_else(|| COMMON_STEP.to_owned(), |step| " ".repeat(step))
}

/// Entries as lines of their own below the line of `offset`.
fn new_lines(site: Site<'_>, offset: usize, new: &[(String, New)], indent: &str) -> Edit {
    let line = site.page.lines.line(offset);
    let ending = site.page.lines.line_ending(offset);
    let lines = Lines {
        indent,
        step: &step(site),
        ending,
    };
    let text = entries::block(new, site.quotes, lines);
    if line.text_end == line.end {
        // The file's last line, without an ending: the new one has none either.
        Edit::insert(line.end, format!("{ending}{text}"))
    } else {
        Edit::insert(line.end, format!("{text}{ending}"))
    }
}

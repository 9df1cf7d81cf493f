//! What to write into mappings in braces: members and their commas.
//!
//! This module owns JSON objects and YAML flow mappings alike: both are
//! braces, members and commas, and differ only in quotes, which come with
//! [`Site`]. A new member is laid out as its neighbours are: on a line
//! of its own, or beside them.

use super::Refusal;
use super::entries::{self, Braces, Lines};
use super::layout::Layout;
use super::page::Page;
use super::site::{COMMON_STEP, Site};
use crate::syntax::change::New;
use crate::syntax::{Entry, NodeId, ScalarStyle};
use crate::text::edit::Edit;
use crate::text::span::Span;

const BLANKS: [char; 2] = [' ', '\t'];

/// Writes members before the others of a mapping.
pub(super) fn add_first(site: Site<'_>, new: &[(String, New)]) -> Result<Edit, Refusal> {
    let Page { tree, lines, .. } = site.page;
    let open = brace(site.page, site.mapping)?;
    let Some(&first) = tree.entries(site.mapping).first() else {
        return Err(Refusal::Layout(Layout::NoMembers));
    };
    let start = tree.start(first.key);
    let gap = Span::new(open + 1, start).of(tree.text());
    if !is_filler(gap) {
        return Err(Refusal::Layout(Layout::ExplicitKey));
    }
    if gap.contains('\n') {
        if !lines.begins_line(start) {
            return Err(Refusal::Layout(Layout::MemberSharesLine));
        }
        let at = Lines {
            ending: lines.line_ending(open),
            ..lines_as_at(site, start)
        };
        let members = entries::member_lines(new, site.quotes, colon(site, first), at);
        let text = format!("{members},{}", at.ending);
        return Ok(Edit::insert(lines.line(open).end, text));
    }
    let separator = separator(site.page, site.mapping);
    let members = entries::members(new, site.quotes, braces(site, site.mapping, first));
    Ok(Edit::insert(start, format!("{members}{separator}")))
}

/// Writes members into an empty mapping, be it on one line or opened over two.
pub(super) fn fill_empty(site: Site<'_>, new: &[(String, New)]) -> Result<Edit, Refusal> {
    let Page { tree, lines, .. } = site.page;
    let type_entry = site.owner.type_entry;
    let open = brace(site.page, site.mapping)?;
    let inner = Span::new(open + 1, tree.span(site.mapping).end.saturating_sub(1));
    let written = inner.of(tree.text());
    if written.contains('\n') {
        let outer = lines_as_at(site, open);
        let at = Lines {
            indent: &format!("{}{}", outer.indent, outer.step),
            ..outer
        };
        let members = entries::member_lines(new, site.quotes, colon(site, type_entry), at);
        let text = format!("{members}{}", at.ending);
        return Ok(Edit::insert(lines.line(open).end, text));
    }
    let braces = Braces {
        pad: if written.is_empty() { "" } else { " " },
        ..braces(site, site.owner.resource.body, type_entry)
    };
    let members = entries::members(new, site.quotes, braces);
    // One blank on each side of the members, if there are any.
    Ok(match written.len() {
        0 => Edit::insert(inner.start, members),
        1 => Edit::insert(inner.end, format!("{members}{written}")),
        _ => Edit::insert(inner.start + 1, members),
    })
}

/// Writes a member after another: on a line of its own, if that has one.
pub(super) fn add_after(
    site: Site<'_>,
    sibling: Entry,
    new: (String, New),
) -> Result<Vec<Edit>, Refusal> {
    let Page { tree, lines, .. } = site.page;
    let open = brace(site.page, site.mapping)?;
    let key = tree.start(sibling.key);
    let end = behind(site.page, sibling);
    let after = After::of(site.page, end);
    let own_line = lines.begins_line(key) && lines.line(open).start != lines.line(key).start;
    if !own_line || after.shares_line {
        let member = entries::members(&[new], site.quotes, braces(site, site.mapping, sibling));
        let separator = separator(site.page, site.mapping);
        let blank = separator
            .strip_prefix(',')
            .filter(|rest| !rest.contains('\n'))
            .unwrap_or(" ");
        return Ok(vec![Edit::insert(end, format!(",{blank}{member}"))]);
    }
    let at = Lines {
        ending: lines.line_ending(end),
        ..lines_as_at(site, key)
    };
    let member = entries::member_lines(&[new], site.quotes, colon(site, sibling), at);
    let comma = if after.comma.is_some() { "," } else { "" };
    let below = lines.line(after.comma.unwrap_or(end)).end;
    let mut edits = vec![Edit::insert(below, format!("{member}{comma}{}", at.ending))];
    if after.comma.is_none() {
        edits.push(Edit::insert(end, ","));
    }
    Ok(edits)
}

/// Writes members in the place of the only one.
pub(super) fn replace_only(site: Site<'_>, only: Entry, new: &[(String, New)]) -> Edit {
    let start = site.page.tree.start(only.key);
    let old = Span::new(start, end(site.page, only));
    if !site.page.lines.begins_line(start) {
        let braces = braces(site, site.mapping, only);
        return Edit::replace(old, entries::members(new, site.quotes, braces));
    }
    let at = lines_as_at(site, start);
    let members = entries::member_lines(new, site.quotes, colon(site, only), at);
    Edit::replace(old, members.strip_prefix(at.indent).unwrap_or(&members))
}

/// Writes another list in the place of the value of a member.
pub(super) fn replace_value(site: Site<'_>, member: Entry, value: &New) -> Result<Edit, Refusal> {
    let Page { tree, lines, .. } = site.page;
    let start = tree.start(member.key);
    let old = Span::new(tree.start(member.value), tree.end(member.value));
    let written = if lines.begins_line(start) {
        let at = lines_as_at(site, start);
        entries::over_lines(value, site.quotes, colon(site, member), at)
    } else {
        entries::one_line(value, site.quotes, braces(site, site.mapping, member))
    };
    if old.is_empty() {
        return site.page.fill_blank(member, &written);
    }
    Ok(Edit::replace(old, written))
}

/// Takes a member away, with one comma, and its line if it has one.
pub(super) fn remove(page: &Page<'_>, mapping: NodeId, entry: Entry) -> Result<Vec<Edit>, Refusal> {
    let Page { tree, lines, .. } = page;
    let text = tree.text();
    let entries = tree.entries(mapping);
    let index = entries
        .iter()
        .position(|other| *other == entry)
        .ok_or(Refusal::Layout(Layout::NoMember))?;
    let previous = index.checked_sub(1).and_then(|index| entries.get(index));
    let next = entries.get(index + 1);
    let start = tree.start(entry.key);
    let value_end = end(page, entry);
    let after = After::of(page, value_end);
    let own_lines = lines.begins_line(start) && !after.shares_line;
    if !own_lines {
        // The comma before it goes where it is the last of its line, so that
        // the next one keeps its own; else the one behind it.
        let is_last = next.is_none() || !after.shares_line;
        let (span, gap) = match (next, previous) {
            (_, Some(previous)) if is_last => {
                let from = behind(page, *previous);
                (Span::new(from, value_end), Span::new(from, start))
            }
            (Some(next), _) => {
                let to = tree.start(next.key);
                (Span::new(start, to), Span::new(value_end, to))
            }
            (None, _) => return Err(Refusal::Layout(Layout::MemberAlone)),
        };
        if !is_filler_with_comma(gap.of(text)) {
            return Err(Refusal::Layout(Layout::CommentBetween));
        }
        return Ok(vec![Edit::remove(span)]);
    }
    let last = lines.line(after.comma.unwrap_or(value_end));
    let first = page.comments_above(start);
    let mut edits = vec![Edit::remove(Span::new(first.start, last.end))];
    if let (None, None, Some(previous)) = (after.comma, next, previous) {
        // The member before it is the last one now.
        let value_end = end(page, *previous);
        let comma = After::of(page, value_end)
            .comma
            .ok_or(Refusal::Layout(Layout::NoComma))?;
        edits.push(Edit::remove(Span::new(comma - 1, comma)));
    }
    Ok(edits)
}

/// Returns a mapping on one line, padded as the resource's body is if that is in braces.
pub(super) fn braced(site: Site<'_>, new: &[(String, New)]) -> String {
    let Site { owner, quotes, .. } = site;
    let braces = braces(site, owner.resource.body, owner.type_entry);
    let (pad, members) = (braces.pad, entries::members(new, quotes, braces));
    format!("{{{pad}{members}{pad}}}")
}

/// How a mapping on one line is written beside `sibling`: padded as `like` is
/// if that is a mapping in braces.
fn braces(site: Site<'_>, like: NodeId, sibling: Entry) -> Braces<'static> {
    let text = site.page.text();
    let is_padded = brace(site.page, like).is_ok_and(|open| {
        let inner = Span::new(open + 1, text.len().min(open + 3)).of(text);
        inner.starts_with(' ') && !inner.ends_with(BLANKS) && !inner.contains(['\n', '\r'])
    });
    let is_tight = written_colon(site.page, sibling) == ":";
    Braces {
        colon: colon(site, sibling),
        comma: if is_tight { "," } else { ", " },
        pad: if is_padded { " " } else { "" },
    }
}

/// Where a member ends when its value is written: as [`end`] says, and behind
/// the blank that the value will use if none is written yet.
fn behind(page: &Page<'_>, member: Entry) -> usize {
    let end = end(page, member);
    let is_written = !page.tree.span(member.value).is_empty();
    if is_written || page.after_colon(member.key).is_none() {
        return end;
    }
    page.behind_blank(end)
}

/// Where a member ends: behind its value, or where none is written behind
/// its colon, if it has one.
fn end(page: &Page<'_>, member: Entry) -> usize {
    let tree = page.tree;
    let span = tree.span(member.value);
    let has_head = tree.tag(member.value).is_some() || tree.anchor(member.value).is_some();
    if span.is_empty() && !has_head {
        let key = page.tree.span(member.key).end;
        return page.after_colon(member.key).unwrap_or(key);
    }
    page.head_end(member.value, span.end)
}

/// What follows a member's value.
struct After {
    /// Where its comma ends, if one stands on the same line.
    comma: Option<usize>,
    /// Whether more than a comma and a comment stands on the rest of the
    /// line, or a comma on a later one.
    shares_line: bool,
}

impl After {
    fn of(page: &Page<'_>, end: usize) -> Self {
        let Page { tree, lines, .. } = page;
        let line = lines.line(end);
        let rest = Span::new(end, line.text_end).of(tree.text());
        let bare = rest.trim_start_matches(BLANKS);
        let (comma, tail) = match bare.strip_prefix(',') {
            Some(tail) => (Some(line.text_end - tail.len()), tail),
            None => (None, bare),
        };
        let tail = tail.trim_start_matches(BLANKS);
        let mut shares_line = !(tail.is_empty() || tail.starts_with('#'));
        if comma.is_none() && !shares_line {
            let mut at = line.end;
            // A comma at the start of a later line.
            while let Some(rest) = tree.text().get(at..) {
                let trimmed = rest.trim_start();
                at += rest.len() - trimmed.len();
                if trimmed.starts_with('#') {
                    at = lines.line(at).end;
                    continue;
                }
                shares_line = trimmed.starts_with(',') || trimmed.is_empty();
                break;
            }
        }
        Self { comma, shares_line }
    }
}

/// Where the brace of a mapping stands. (A lone pair in a YAML sequence,
/// `[a: b]`, has none.)
fn brace(page: &Page<'_>, mapping: NodeId) -> Result<usize, Refusal> {
    let span = page.tree.span(mapping);
    if span.of(page.text()).starts_with('{') {
        Ok(span.start)
    } else {
        Err(Refusal::Layout(Layout::NoBraces))
    }
}

/// What stands between two members on one line: as between the first two,
/// if that is a comma and white space; else as the colons suggest.
fn separator(page: &Page<'_>, mapping: NodeId) -> String {
    let tree = page.tree;
    if let [first, second, ..] = tree.entries(mapping) {
        let between = Span::new(end(page, *first), tree.start(second.key)).of(tree.text());
        if between.trim() == "," {
            return without_blank_lines(between);
        }
    }
    let first = tree.entries(mapping).first().copied();
    let is_tight = first.is_some_and(|first| written_colon(page, first) == ":");
    if is_tight { "," } else { ", " }.to_owned()
}

/// A separator that holds no more than one line break, the last.
fn without_blank_lines(separator: &str) -> String {
    let Some(last) = separator.rfind('\n') else {
        return separator.to_owned();
    };
    let (above, line) = separator.split_at(last);
    let ending = if above.ends_with('\r') { "\r" } else { "" };
    // A comma may begin the line, too.
    let comma = if line.contains(',') { "" } else { "," };
    format!("{comma}{ending}{line}")
}

/// The colon as `sibling` has it, unless that is aligned to others. Behind a
/// bare key it needs a blank.
fn colon(site: Site<'_>, sibling: Entry) -> &'static str {
    match written_colon(site.page, sibling) {
        " : " => " : ",
        ":" if site.quotes.key != ScalarStyle::Plain => ":",
        " :" if site.quotes.key != ScalarStyle::Plain => " :",
        _ => ": ",
    }
}

fn written_colon<'t>(page: &Page<'t>, entry: Entry) -> &'t str {
    let tree = page.tree;
    Span::new(tree.span(entry.key).end, tree.start(entry.value)).of(tree.text())
}

/// The white space of lines that are written as the one at `offset` is.
fn lines_as_at(site: Site<'_>, offset: usize) -> Lines<'_> {
    Lines {
        indent: site.page.lines.indent(offset),
        step: step(site),
        ending: site.page.lines.line_ending(offset),
    }
}

/// By what to indent below a line of the resource: as the line of `Type` is
/// below that of the logical ID.
fn step(site: Site<'_>) -> &str {
    let Page { tree, lines, .. } = site.page;
    let deeper = tree.start(site.owner.type_entry.key);
    let outer = tree.start(site.owner.resource.logical_id);
    lines
        .indent(deeper)
        .strip_prefix(lines.indent(outer))
        .filter(|_| lines.begins_line(deeper))
        .unwrap_or(COMMON_STEP)
}

/// Whether a text between members is white space and comments.
fn is_filler(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    })
}

fn is_filler_with_comma(text: &str) -> bool {
    text.trim() == ","
}

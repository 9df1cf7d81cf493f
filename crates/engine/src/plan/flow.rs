//! What to write into mappings in braces: members and their commas.
//!
//! This module owns JSON objects and YAML flow mappings alike: both are
//! braces, members and commas, and differ only in quotes, which come with
//! the [`Dress`]. A new member is laid out as its neighbours are: on a line
//! of its own, or beside them.

use super::layout::Layout;
use super::text::{self, Braces, Lines};
use super::{Dress, Planner, Refusal};
use crate::syntax::change::New;
use crate::syntax::{Entry, NodeId, ScalarStyle};
use crate::template::Resource;
use crate::text::edit::Edit;
use crate::text::span::Span;

/// The step of a file that gives no other evidence.
const COMMON_STEP: &str = "  ";

const BLANKS: [char; 2] = [' ', '\t'];

/// The mode as the first member of a mapping that has others.
pub(super) fn add_first(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    type_entry: Entry,
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let text = tree.text();
    let declared = planner.missing(mapping);
    let open = brace(planner, mapping)?;
    let entries = tree.entries(mapping);
    let Some(first) = entries.first() else {
        return Err(Refusal::Layout(Layout::NoMembers));
    };
    let start = tree.start(first.key);
    let gap = Span::new(open + 1, start).of(text);
    if !is_filler(gap) {
        return Err(Refusal::Layout(Layout::ExplicitKey));
    }
    if gap.contains('\n') {
        if !lines.begins_line(start) {
            return Err(Refusal::Layout(Layout::MemberSharesLine));
        }
        let colon = colon(planner, *first, dress);
        let ending = lines.line_ending(open);
        let at = Lines {
            indent: lines.indent(start),
            step: &step(planner, type_entry, resource),
            ending,
        };
        let members = text::member_lines(&declared, dress, colon, at);
        let line = lines.line(open);
        return Ok(Edit::insert(line.end, format!("{members},{ending}")));
    }
    let separator = separator(planner, mapping);
    let braces = braces(planner, mapping, *first, dress);
    let members = text::members(&declared, dress, braces);
    Ok(Edit::insert(start, format!("{members}{separator}")))
}

/// The mode as the only member of an empty mapping, be it on one line or
/// opened over two.
pub(super) fn fill_empty(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    type_entry: Entry,
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let open = brace(planner, mapping)?;
    let inner = Span::new(open + 1, tree.span(mapping).end.saturating_sub(1));
    let written = inner.of(tree.text());
    let declared = planner.declaration();
    if written.contains('\n') {
        let line = lines.line(open);
        let ending = lines.line_ending(open);
        let step = step(planner, type_entry, resource);
        let at = Lines {
            indent: &format!("{}{step}", lines.indent(open)),
            step: &step,
            ending,
        };
        let colon = colon(planner, type_entry, dress);
        let members = text::member_lines(&declared, dress, colon, at);
        return Ok(Edit::insert(line.end, format!("{members}{ending}")));
    }
    let braces = Braces {
        pad: if written.is_empty() { "" } else { " " },
        ..braces(planner, resource.body, type_entry, dress)
    };
    let members = text::members(&declared, dress, braces);
    // One blank on each side of the members, if there are any.
    Ok(match written.len() {
        0 => Edit::insert(inner.start, members),
        1 => Edit::insert(inner.end, format!("{members}{written}")),
        _ => Edit::insert(inner.start + 1, members),
    })
}

/// A member after another: on a line of its own, if that has one.
pub(super) fn add_after(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    sibling: Entry,
    new: (String, New),
    resource: Resource,
    dress: Dress,
) -> Result<Vec<Edit>, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let open = brace(planner, mapping)?;
    let key = tree.start(sibling.key);
    let end = behind(planner, sibling);
    let after = After::of(planner, end);
    let own_line = lines.begins_line(key) && lines.line(open).start != lines.line(key).start;
    if !own_line || after.shares_line {
        let braces = braces(planner, mapping, sibling, dress);
        let member = text::members(&[new], dress, braces);
        let separator = separator(planner, mapping);
        let blank = separator
            .strip_prefix(',')
            .filter(|rest| !rest.contains('\n'));
        let blank = blank.unwrap_or(" ");
        return Ok(vec![Edit::insert(end, format!(",{blank}{member}"))]);
    }
    let ending = lines.line_ending(end);
    let (_, type_entry) = planner.owner(mapping)?;
    let at = Lines {
        indent: lines.indent(key),
        step: &step(planner, type_entry, resource),
        ending,
    };
    let member = text::member_lines(&[new], dress, colon(planner, sibling, dress), at);
    let comma = if after.comma.is_some() { "," } else { "" };
    let below = lines.line(after.comma.unwrap_or(end)).end;
    let mut edits = vec![Edit::insert(below, format!("{member}{comma}{ending}"))];
    if after.comma.is_none() {
        edits.push(Edit::insert(end, ","));
    }
    Ok(edits)
}

/// The mode in the place of the only member.
pub(super) fn replace_only(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    only: Entry,
    type_entry: Entry,
    resource: Resource,
    dress: Dress,
) -> Edit {
    let Planner { tree, lines, .. } = planner;
    let start = tree.start(only.key);
    let old = Span::new(start, end(planner, only));
    let declared = planner.declaration();
    if !lines.begins_line(start) {
        let braces = braces(planner, mapping, only, dress);
        return Edit::replace(old, text::members(&declared, dress, braces));
    }
    let at = Lines {
        indent: lines.indent(start),
        step: &step(planner, type_entry, resource),
        ending: lines.line_ending(start),
    };
    let members = text::member_lines(&declared, dress, colon(planner, only, dress), at);
    let members = members.strip_prefix(at.indent).unwrap_or(&members);
    Edit::replace(old, members)
}

/// Another list in the place of the value of a member.
pub(super) fn replace_value(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    member: Entry,
    value: &New,
    resource: Resource,
    dress: Dress,
) -> Result<Edit, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let start = tree.start(member.key);
    let old = Span::new(tree.start(member.value), tree.end(member.value));
    let written = if lines.begins_line(start) {
        let (_, type_entry) = planner.owner(mapping)?;
        let at = Lines {
            indent: lines.indent(start),
            step: &step(planner, type_entry, resource),
            ending: lines.line_ending(start),
        };
        text::over_lines(value, dress, colon(planner, member, dress), at)
    } else {
        text::one_line(value, dress, braces(planner, mapping, member, dress))
    };
    if old.is_empty() {
        return planner.fill_blank(member, &written);
    }
    Ok(Edit::replace(old, written))
}

/// Takes a member away, with one comma, and its line if it has one.
pub(super) fn remove(
    planner: &Planner<'_, '_>,
    mapping: NodeId,
    entry: Entry,
) -> Result<Vec<Edit>, Refusal> {
    let Planner { tree, lines, .. } = planner;
    let text = tree.text();
    let entries = tree.entries(mapping);
    let index = entries.iter().position(|other| *other == entry);
    let index = index.ok_or(Refusal::Layout(Layout::NoMember))?;
    let previous = index.checked_sub(1).and_then(|index| entries.get(index));
    let next = entries.get(index + 1);
    let start = tree.start(entry.key);
    let value_end = end(planner, entry);
    let after = After::of(planner, value_end);
    let own_lines = lines.begins_line(start) && !after.shares_line;
    if !own_lines {
        // The comma before it goes where it is the last of its line, so that
        // the next one keeps its own; else the one behind it.
        let is_last = next.is_none() || !after.shares_line;
        let (span, gap) = match (next, previous) {
            (_, Some(previous)) if is_last => {
                let from = behind(planner, *previous);
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
    let first = planner.comments_above(start);
    let mut edits = vec![Edit::remove(Span::new(first.start, last.end))];
    if let (None, None, Some(previous)) = (after.comma, next, previous) {
        // The member before it is the last one now.
        let value_end = end(planner, *previous);
        let comma = After::of(planner, value_end).comma;
        let comma = comma.ok_or(Refusal::Layout(Layout::NoComma))?;
        edits.push(Edit::remove(Span::new(comma - 1, comma)));
    }
    Ok(edits)
}

/// A mapping of the mode alone, on one line, padded as `body` is if that is
/// a mapping in braces.
pub(super) fn mapping(
    planner: &Planner<'_, '_>,
    body: NodeId,
    type_entry: Entry,
    dress: Dress,
) -> String {
    let braces = braces(planner, body, type_entry, dress);
    text::one_line(&New::Mapping(planner.declaration()), dress, braces)
}

/// How a mapping on one line is written beside `sibling`: padded as `body` is
/// if that is a mapping in braces.
fn braces(
    planner: &Planner<'_, '_>,
    body: NodeId,
    sibling: Entry,
    dress: Dress,
) -> Braces<'static> {
    let text = planner.tree.text();
    let is_padded = brace(planner, body).is_ok_and(|open| {
        let inner = Span::new(open + 1, text.len().min(open + 3)).of(text);
        inner.starts_with(' ') && !inner.ends_with(BLANKS) && !inner.contains(['\n', '\r'])
    });
    let is_tight = written_colon(planner, sibling) == ":";
    Braces {
        colon: colon(planner, sibling, dress),
        comma: if is_tight { "," } else { ", " },
        pad: if is_padded { " " } else { "" },
    }
}

/// Where a member ends when its value is written: as [`end`] says, and behind
/// the blank that the value will use if none is written yet.
fn behind(planner: &Planner<'_, '_>, member: Entry) -> usize {
    let end = end(planner, member);
    let is_written = !planner.tree.span(member.value).is_empty();
    if is_written || planner.after_colon(member.key).is_none() {
        return end;
    }
    planner.behind_blank(end)
}

/// Where a member ends: behind its value, or where none is written behind
/// its colon, if it has one.
fn end(planner: &Planner<'_, '_>, member: Entry) -> usize {
    let tree = planner.tree;
    let span = tree.span(member.value);
    let has_head = tree.tag(member.value).is_some() || tree.anchor(member.value).is_some();
    if span.is_empty() && !has_head {
        let key = planner.tree.span(member.key).end;
        return planner.after_colon(member.key).unwrap_or(key);
    }
    planner.head_end(member.value, span.end)
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
    fn of(planner: &Planner<'_, '_>, end: usize) -> Self {
        let Planner { tree, lines, .. } = planner;
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
fn brace(planner: &Planner<'_, '_>, mapping: NodeId) -> Result<usize, Refusal> {
    let span = planner.tree.span(mapping);
    if span.of(planner.tree.text()).starts_with('{') {
        Ok(span.start)
    } else {
        Err(Refusal::Layout(Layout::NoBraces))
    }
}

/// What stands between two members on one line: as between the first two,
/// if that is a comma and white space; else as the colons suggest.
fn separator(planner: &Planner<'_, '_>, mapping: NodeId) -> String {
    let tree = planner.tree;
    if let [first, second, ..] = tree.entries(mapping) {
        let between = Span::new(end(planner, *first), tree.start(second.key));
        let between = between.of(tree.text());
        if between.trim() == "," {
            return without_blank_lines(between);
        }
    }
    let first = tree.entries(mapping).first().copied();
    let is_tight = first.is_some_and(|first| written_colon(planner, first) == ":");
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
fn colon(planner: &Planner<'_, '_>, sibling: Entry, dress: Dress) -> &'static str {
    match written_colon(planner, sibling) {
        " : " => " : ",
        ":" if dress.key != ScalarStyle::Plain => ":",
        " :" if dress.key != ScalarStyle::Plain => " :",
        _ => ": ",
    }
}

fn written_colon<'a>(planner: &Planner<'_, 'a>, entry: Entry) -> &'a str {
    let tree = planner.tree;
    Span::new(tree.span(entry.key).end, tree.start(entry.value)).of(tree.text())
}

/// By what to indent below a line of the resource: as the line of `Type` is
/// below that of the logical ID.
fn step(planner: &Planner<'_, '_>, type_entry: Entry, resource: Resource) -> String {
    let Planner { tree, lines, .. } = planner;
    let deeper = tree.start(type_entry.key);
    let outer = tree.start(resource.logical_id);
    if lines.begins_line(deeper)
        && let Some(step) = lines.indent(deeper).strip_prefix(lines.indent(outer))
    {
        return step.to_owned();
    }
    COMMON_STEP.to_owned()
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

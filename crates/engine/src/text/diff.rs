//! The lines that a repair changes, with some around them, in hunks as a
//! unified diff has them.
//!
//! They come from the edits and not from comparing the texts, which takes
//! quadratic time where much has changed and may show other lines than those
//! that were edited. Only `\n` ends a line here, as for git; a `\r` before it
//! is part of the line. This module does not know how a diff is written.

use std::ops::Range;

use similar::{DiffOp, DiffTag};

use crate::text::edit::EditSet;
use crate::text::span::Span;

/// Lines of context around a change, as git shows them.
const CONTEXT: usize = 3;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It stays.
    Kept,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What becomes of it.
    pub sign: Sign,
    /// The line, with its `\n` if it has one.
    pub text: String,
    /// The bytes of the line that an edit takes away or brings, in its order.
    pub changed: Vec<Range<usize>>,
}

impl DiffLine {
    /// The line in pieces, each with whether it is marked as changed. Nothing
    /// is marked where all of the line changes.
    #[must_use]
    pub fn parts(&self) -> Vec<(&str, bool)> {
        let is_whole = |range: &Range<usize>| {
            let beside = [self.text.get(..range.start), self.text.get(range.end..)];
            beside.iter().flatten().all(|text| text.trim().is_empty())
        };
        if self.changed.iter().any(is_whole) {
            return vec![(self.text.as_str(), false)];
        }
        let mut parts = Vec::new();
        let mut done = 0;
        for range in &self.changed {
            parts.push((Span::new(done, range.start).of(&self.text), false));
            parts.push((Span::new(range.start, range.end).of(&self.text), true));
            done = range.end;
        }
        parts.push((self.text.get(done..).unwrap_or_default(), false));
        parts.retain(|(text, _)| !text.is_empty());
        parts
    }
}

/// Changed lines that are near each other, and those around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The lines of the text before, by their indexes (from 0).
    pub old: Range<usize>,
    /// The lines of the text after, by their indexes (from 0).
    pub new: Range<usize>,
    /// The lines, those that go before those that come in their place.
    pub lines: Vec<DiffLine>,
}

/// The hunks that lead from `before` to `after`, which is `before` with
/// `edits` made.
#[must_use]
pub fn hunks(before: &str, after: &str, edits: &EditSet) -> Vec<Hunk> {
    let old = Side::new(before, edits.edits().iter().map(|edit| edit.span));
    let new = Side::new(after, brought(edits));
    let grouped = similar::group_diff_ops(operations(&old, &new), CONTEXT);
    let hunk = |operations: Vec<DiffOp>| {
        let (first, last) = (operations.first()?, operations.last()?);
        let mut lines = Vec::new();
        for operation in &operations {
            if operation.tag() == DiffTag::Equal {
                lines.extend(old.shown(operation.old_range(), Sign::Kept));
            } else {
                lines.extend(old.shown(operation.old_range(), Sign::Removed));
                lines.extend(new.shown(operation.new_range(), Sign::Added));
            }
        }
        Some(Hunk {
            old: first.old_range().start..last.old_range().end,
            new: first.new_range().start..last.new_range().end,
            lines,
        })
    };
    grouped.into_iter().filter_map(hunk).collect()
}

/// Where the edits' texts stand in the text with all edits made.
fn brought(edits: &EditSet) -> impl Iterator<Item = Span> + '_ {
    let (mut gained, mut lost) = (0, 0);
    edits.edits().iter().map(move |edit| {
        let start = edit.span.start + gained - lost;
        gained += edit.text.len();
        lost += edit.span.end - edit.span.start;
        Span::new(start, start + edit.text.len())
    })
}

/// One of the two texts.
struct Side<'t> {
    lines: Vec<&'t str>,
    /// Where each line begins. After a final `\n` an empty line begins, which
    /// is none of the text's: what is added there changes no line before it.
    starts: Vec<usize>,
    /// The bytes that only this text has, one span for each edit.
    own: Vec<Span>,
}

impl<'t> Side<'t> {
    fn new(text: &'t str, own: impl Iterator<Item = Span>) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut at = 0;
        let mut starts = vec![0];
        for line in &lines {
            at += line.len();
            if line.ends_with('\n') {
                starts.push(at);
            }
        }
        Self {
            lines,
            starts,
            own: own.collect(),
        }
    }

    /// The lines that a range of bytes touches: those it lies in and the one
    /// at its end, so that both texts have the same lines left over.
    fn covered(&self, bytes: Span) -> Range<usize> {
        let line_of = |offset: usize| self.starts.partition_point(|&start| start <= offset);
        let first = line_of(bytes.start).saturating_sub(1);
        let last = line_of(bytes.end);
        first.min(self.lines.len())..last.min(self.lines.len())
    }

    fn shown(&self, lines: Range<usize>, sign: Sign) -> impl Iterator<Item = DiffLine> + '_ {
        lines.filter_map(move |index| {
            let text = *self.lines.get(index)?;
            let changed = match sign {
                Sign::Kept => Vec::new(),
                Sign::Removed | Sign::Added => self.changed(index, text.len()),
            };
            Some(DiffLine {
                sign,
                text: text.to_owned(),
                changed,
            })
        })
    }

    /// Which bytes of a line only this text has.
    fn changed(&self, index: usize, len: usize) -> Vec<Range<usize>> {
        let start = self.starts.get(index).copied().unwrap_or_default();
        let first = self.own.partition_point(|span| span.end <= start);
        let own = self.own.get(first..).unwrap_or_default().iter();
        own.take_while(|span| span.start < start + len)
            .map(|span| span.start.saturating_sub(start)..(span.end - start).min(len))
            .filter(|range| !range.is_empty())
            .collect()
    }
}

/// Which lines stay and which go.
fn operations(old: &Side<'_>, new: &Side<'_>) -> Vec<DiffOp> {
    let mut changed: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (&lost, &gained) in old.own.iter().zip(&new.own) {
        let (old_lines, new_lines) = (old.covered(lost), new.covered(gained));
        match changed.last_mut() {
            Some((before, after)) if old_lines.start <= before.end => {
                before.end = before.end.max(old_lines.end);
                after.end = after.end.max(new_lines.end);
            }
            _ => changed.push((old_lines, new_lines)),
        }
    }
    let mut operations = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for (before, after) in changed {
        let (before, after) = trimmed(before, after, &old.lines, &new.lines);
        if before.is_empty() && after.is_empty() {
            continue;
        }
        push_equal(&mut operations, old_at, new_at, before.start);
        let (old_index, new_index) = (before.start, after.start);
        let (old_len, new_len) = (before.len(), after.len());
        operations.push(match (old_len, new_len) {
            (0, _) => DiffOp::Insert {
                old_index,
                new_index,
                new_len,
            },
            (_, 0) => DiffOp::Delete {
                old_index,
                old_len,
                new_index,
            },
            _ => DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            },
        });
        (old_at, new_at) = (before.end, after.end);
    }
    push_equal(&mut operations, old_at, new_at, old.lines.len());
    operations
}

fn push_equal(operations: &mut Vec<DiffOp>, old_index: usize, new_index: usize, old_end: usize) {
    let len = old_end.saturating_sub(old_index);
    if len > 0 {
        operations.push(DiffOp::Equal {
            old_index,
            new_index,
            len,
        });
    }
}

/// Without the lines that are equal at the start and the end.
fn trimmed(
    mut before: Range<usize>,
    mut after: Range<usize>,
    old: &[&str],
    new: &[&str],
) -> (Range<usize>, Range<usize>) {
    while !before.is_empty() && !after.is_empty() && old.get(before.start) == new.get(after.start) {
        before.start += 1;
        after.start += 1;
    }
    while !before.is_empty()
        && !after.is_empty()
        && old.get(before.end - 1) == new.get(after.end - 1)
    {
        before.end -= 1;
        after.end -= 1;
    }
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::edit::Edit;

    #[test]
    fn what_changes_within_a_line_is_marked_and_a_new_line_is_not() {
        let before = "a: MUTABLE # é\nb: 1\n";
        let edits = vec![
            Edit::replace(Span::new(3, 10), "IMMUTABLE"),
            Edit::insert(16, "  new: 1\n"),
        ];
        let edits = EditSet::new(edits).unwrap();
        let after = edits.apply(before).unwrap();
        let hunks = hunks(before, &after, &edits);
        let [hunk] = &hunks[..] else {
            panic!("{hunks:?}")
        };
        let parts: Vec<_> = hunk.lines.iter().map(|l| (l.sign, l.parts())).collect();
        assert_eq!(
            parts,
            [
                (
                    Sign::Removed,
                    vec![("a: ", false), ("MUTABLE", true), (" # é\n", false)]
                ),
                (
                    Sign::Added,
                    vec![("a: ", false), ("IMMUTABLE", true), (" # é\n", false)]
                ),
                (Sign::Added, vec![("  new: 1\n", false)]),
                (Sign::Kept, vec![("b: 1\n", false)]),
            ]
        );
        assert_eq!((&hunk.old, &hunk.new), (&(0..2), &(0..3)));
    }

    #[test]
    fn an_edit_that_changes_nothing_gives_no_hunk() {
        let edits = EditSet::new(vec![Edit::replace(Span::new(0, 1), "a")]).unwrap();
        assert_eq!(hunks("a\nb\n", "a\nb\n", &edits), []);
    }
}

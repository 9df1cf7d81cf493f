//! A remediation as a unified diff.
//!
//! The patch is what `git apply` and `patch -p1` take, and it gives the very
//! bytes that `fix` writes. It is made from the edits, in one pass, and not
//! by comparing the texts: comparing takes quadratic time where much has
//! changed, and may pair other lines than those that were edited. Only `\n`
//! ends a line here, as for git; a `\r` before it is part of the line.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Component, Path};

use similar::{DiffOp, DiffTag};

use crate::remediate::Remediation;

/// Lines of context around a change, as git prints them.
const CONTEXT: usize = 3;

/// Writes the patch for one file.
///
/// # Errors
/// Those of `out`.
pub fn write(path: &Path, remediation: &Remediation, out: &mut dyn Write) -> io::Result<()> {
    let old = lines(&remediation.before);
    let new = lines(&remediation.after);
    writeln!(out, "--- {}", name("a", path))?;
    writeln!(out, "+++ {}", name("b", path))?;
    for hunk in similar::group_diff_ops(operations(remediation, &old, &new), CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
            continue;
        };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        writeln!(out, "@@ -{} +{} @@", place(&old_range), place(&new_range))?;
        for operation in hunk {
            if operation.tag() == DiffTag::Equal {
                write_lines(out, b' ', &old, operation.old_range())?;
            } else {
                write_lines(out, b'-', &old, operation.old_range())?;
                write_lines(out, b'+', &new, operation.new_range())?;
            }
        }
    }
    Ok(())
}

/// The lines of a text, each with its `\n`.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn write_lines(
    out: &mut dyn Write,
    sign: u8,
    lines: &[&str],
    range: Range<usize>,
) -> io::Result<()> {
    for line in lines.get(range).unwrap_or_default() {
        out.write_all(&[sign])?;
        out.write_all(line.as_bytes())?;
        if !line.ends_with('\n') {
            out.write_all(b"\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

/// Which lines stay and which go, from the edits.
fn operations(remediation: &Remediation, old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let (old_starts, new_starts) = (starts(old), starts(new));
    let mut changed: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut gained, mut lost) = (0, 0);
    for edit in remediation.edits.edits() {
        let new_start = edit.span.start + gained - lost;
        gained += edit.text.len();
        lost += edit.span.end - edit.span.start;
        let new_end = edit.span.end + gained - lost;
        let old_lines = covered(&old_starts, old.len(), edit.span.range());
        let new_lines = covered(&new_starts, new.len(), new_start..new_end);
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
        let (before, after) = trimmed(before, after, old, new);
        push_equal(&mut operations, old_at, new_at, before.start);
        let (old_index, new_index) = (before.start, after.start);
        let (old_len, new_len) = (before.len(), after.len());
        operations.push(match (old_len, new_len) {
            (0, 0) => continue,
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
    push_equal(&mut operations, old_at, new_at, old.len());
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

/// Where each line begins. After a final `\n` an empty line begins, which is
/// none of the text's: what is added there changes no line before it.
fn starts(lines: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = vec![0];
    for line in lines {
        at += line.len();
        if line.ends_with('\n') {
            starts.push(at);
        }
    }
    starts
}

/// The lines that a range of bytes touches: those it lies in and the one at
/// its end, so that both texts have the same lines left over.
fn covered(starts: &[usize], lines: usize, bytes: Range<usize>) -> Range<usize> {
    let line_of = |offset: usize| starts.partition_point(|&start| start <= offset);
    let first = line_of(bytes.start).saturating_sub(1);
    let last = line_of(bytes.end);
    first.min(lines)..last.min(lines)
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

/// A range of lines as a hunk's header has it: from 1, with a length unless
/// that is 1; an empty range names the line before it.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        len => format!("{},{len}", range.start + 1),
    }
}

/// A file's name in a header: `a/` or `b/` and the path from the root of the
/// tree, quoted as git does where it must be.
///
/// Source: git-diff documentation, "Generating patch text with -p" and
/// `core.quotePath`; a tab ends a name with blanks for `patch`.
fn name(side: &str, path: &Path) -> String {
    let mut plain = side.as_bytes().to_vec();
    for component in path.components() {
        let part = match component {
            Component::Normal(part) => part.as_encoded_bytes(),
            Component::ParentDir => b"..",
            Component::CurDir | Component::RootDir | Component::Prefix(_) => continue,
        };
        plain.push(b'/');
        plain.extend_from_slice(part);
    }
    let is_special = |c: char| c.is_control() || matches!(c, '"' | '\\');
    match String::from_utf8(plain) {
        Ok(plain) if plain.contains(is_special) => quoted(plain.as_bytes()),
        Ok(plain) if plain.contains(' ') => plain + "\t",
        Ok(plain) => plain,
        Err(error) => quoted(error.as_bytes()),
    }
}

fn quoted(name: &[u8]) -> String {
    let escape = |&byte: &u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        0x20..=0x7e => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    let escaped: String = name.iter().map(escape).collect();
    format!("\"{escaped}\"")
}

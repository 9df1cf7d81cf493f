//! A patch for `git apply` and `patch -p1`.
//!
//! This module owns the format of a unified diff: headers, line numbers, the
//! quoting of names. Which lines change has been said before it gets here.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Component, Path};

use super::Report;
use immutag_engine::{Hunk, Sign};

/// Writes the patches of all files, one after the other.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in report.outcomes {
        write_file(outcome.patched(), &outcome.hunks, out)?;
    }
    Ok(())
}

/// Writes the patch for one file; nothing where no line changes.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_file(path: &Path, hunks: &[Hunk], out: &mut dyn Write) -> io::Result<()> {
    if hunks.is_empty() {
        return Ok(());
    }
    for name in names(path) {
        writeln!(out, "{name}")?;
    }
    for hunk in hunks {
        writeln!(out, "{}", header(hunk))?;
        for line in &hunk.lines {
            out.write_all(&[sign(line.sign)])?;
            out.write_all(line.text.as_bytes())?;
            if !line.text.ends_with('\n') {
                writeln!(out, "\n{NO_LINE_END}")?;
            }
        }
    }
    Ok(())
}

/// The lines above the hunks of a file.
#[must_use]
pub(crate) fn names(path: &Path) -> [String; 2] {
    [
        format!("--- {}", name("a", path)),
        format!("+++ {}", name("b", path)),
    ]
}

/// What follows a line without an end, as git has it.
pub(crate) const NO_LINE_END: &str = "\\ No newline at end of file";

/// The line above a hunk.
#[must_use]
pub(crate) fn header(hunk: &Hunk) -> String {
    format!("@@ -{} +{} @@", place(&hunk.old), place(&hunk.new))
}

/// What stands before a line.
#[must_use]
pub(crate) fn sign(sign: Sign) -> u8 {
    match sign {
        Sign::Kept => b' ',
        Sign::Removed => b'-',
        Sign::Added => b'+',
    }
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

//! Outcomes to output.
//!
//! This module owns words and formats. It decides nothing: whether a finding
//! counts, is fixed or is refused has been said before it gets here.

pub mod patch;
pub mod settings;
pub mod text;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anstream::AutoStream;

use crate::cli::{Color, Mode, Options, Verbosity};
use crate::outcome::{Outcome, Summary};

/// Prints everything, in the order of the outcomes. Standard output takes
/// what was asked for: findings, a patch, or the repaired text of standard
/// input. Errors and the summary go to standard error, and there go the
/// findings, too, where they were not what was asked for.
///
/// # Errors
/// Those of standard output. It is written first and whole; a standard error
/// that fails takes nothing away from it, nor the other way round.
pub fn write(
    options: &Options,
    outcomes: &[Outcome],
    summary: &Summary,
    stdin: Option<&[u8]>,
) -> io::Result<()> {
    let color = match options.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let repaired = stdin.filter(|_| options.mode == Mode::Fix);
    let gives_findings = options.mode != Mode::Diff && repaired.is_none();
    let result = if gives_findings {
        write_findings(options, outcomes, AutoStream::new(io::stdout(), color))
    } else if options.mode == Mode::Fix {
        write_bytes(repaired.into_iter())
    } else if io::stdout().is_terminal() || options.color == Color::Always {
        write_patches(outcomes, AutoStream::new(io::stdout(), color))
    } else {
        write_bytes(outcomes.iter().map(|outcome| outcome.patch.as_slice()))
    };
    let mut errors = BufWriter::new(AutoStream::new(io::stderr(), color));
    // Where standard error is gone there is nobody left to tell.
    if !gives_findings {
        let _ = write_findings(options, outcomes, &mut errors);
    }
    let _ = write_errors(options, outcomes, summary, &mut errors);
    result
}

fn write_findings(options: &Options, outcomes: &[Outcome], out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for outcome in outcomes {
        text::write_findings(outcome, options, &mut out)?;
    }
    out.flush()
}

fn write_patches(outcomes: &[Outcome], out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for outcome in outcomes {
        text::write_patch(outcome, &mut out)?;
    }
    out.flush()
}

/// Writes bytes as they are: what strips colour would strip theirs, too.
fn write_bytes<'b>(parts: impl Iterator<Item = &'b [u8]>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for part in parts {
        out.write_all(part)?;
    }
    out.flush()
}

fn write_errors(
    options: &Options,
    outcomes: &[Outcome],
    summary: &Summary,
    out: &mut dyn Write,
) -> io::Result<()> {
    for outcome in outcomes {
        text::write_error(outcome, out)?;
    }
    if options.verbosity > Verbosity::Quiet {
        text::write_summary(summary, options.mode, out)?;
    }
    out.flush()
}

/// A path as it is shown: control characters escaped, so that a file's name
/// cannot act on a terminal or forge a line.
#[must_use]
pub fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A text with its control characters escaped.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

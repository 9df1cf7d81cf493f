//! Outcomes to output.
//!
//! This module owns words and formats. It decides nothing: whether a finding
//! counts, is fixed or is refused has been said before it gets here.

pub mod patch;
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
/// Those of the streams.
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
    let mut errors = BufWriter::new(AutoStream::new(io::stderr(), color));
    let repaired = stdin.filter(|_| options.mode == Mode::Fix);
    if options.mode == Mode::Diff || repaired.is_some() {
        for outcome in outcomes {
            text::write_findings(outcome, options, &mut errors)?;
        }
        let is_read_by_people = io::stdout().is_terminal() || options.color == Color::Always;
        if options.mode == Mode::Diff && is_read_by_people {
            let mut out = BufWriter::new(AutoStream::new(io::stdout(), color));
            for outcome in outcomes {
                text::write_patch(outcome, &mut out)?;
            }
            out.flush()?;
        } else {
            // Bytes as they are: what strips colour would strip them, too.
            let mut out = BufWriter::new(io::stdout().lock());
            if options.mode == Mode::Diff {
                for outcome in outcomes {
                    out.write_all(&outcome.patch)?;
                }
            }
            out.write_all(repaired.unwrap_or_default())?;
            out.flush()?;
        }
    } else {
        let mut out = BufWriter::new(AutoStream::new(io::stdout(), color));
        for outcome in outcomes {
            text::write_findings(outcome, options, &mut out)?;
        }
        out.flush()?;
    }
    for outcome in outcomes {
        text::write_error(outcome, &mut errors)?;
    }
    if options.verbosity > Verbosity::Quiet {
        text::write_summary(summary, options.mode, &mut errors)?;
    }
    errors.flush()
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

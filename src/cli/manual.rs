//! Completions and manual pages: what can be generated from the definition of
//! the command line.
//!
//! This module owns their form, and no words: those are the help's.

use std::io::{self, Write};

use clap_complete::Shell as Generator;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Shell, command};

/// Writes a script that makes a shell complete the command line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
        Shell::PowerShell => Generator::PowerShell,
    };
    // The generator takes an output that fails for a mistake of the program.
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut command(), "immutag", &mut script);
    out.write_all(&script)
}

/// Writes the manual page of a subcommand, as roff; that of the program where
/// none is named.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::NotFound`] where there is no such
/// subcommand.
pub(crate) fn write_page(name: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    // `immutag help` is the help, and has no page.
    let mut all = command().disable_help_subcommand(true);
    all.build();
    let about = match name {
        Some(name) => all.find_subcommand(name).ok_or(io::ErrorKind::NotFound)?,
        None => &all,
    };
    let has_subcommands = about.has_subcommands();
    let notes = about.get_after_long_help().or(about.get_after_help());
    let notes = notes.map(ToString::to_string).unwrap_or_default();

    let version = concat!("immutag ", env!("CARGO_PKG_VERSION"));
    let page = Man::new(about.clone()).source(version).manual("immutag");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    if has_subcommands {
        page.render_subcommands_section(out)?;
    }
    let mut roff = Roff::new();
    for part in notes.split("\n\n") {
        write_notes(part, &mut roff);
    }
    roff.to_writer(out)
}

/// A paragraph of the text below the help. One with a title gets a section of
/// that name, in which the lines stay as they are.
fn write_notes(paragraph: &str, roff: &mut Roff) {
    let Some((title, lines)) = paragraph.split_once(":\n") else {
        roff.control("PP", []).text([roman(paragraph)]);
        return;
    };
    let title = title.to_uppercase();
    roff.control("SH", [title.as_str()]).control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

//! The settings as an `immutag.toml` that says the same, each with a comment
//! that tells where it comes from.

use std::io::{self, Write};
use std::path::Path;

use super::shown;
use crate::settings::Settings;
use crate::settings::layer::{Entry, Origin};

/// Writes all settings.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    // What is to be known where the output is kept elsewhere than the file.
    if let Some(file) = settings.file()
        && let Some(folder) = file.parent()
        && !folder.as_os_str().is_empty()
    {
        let file = shown(file);
        writeln!(out, "# Globs of {file} are relative to its folder.")?;
    }
    for entry in settings.entries() {
        line(settings, &entry, out)?;
    }
    for (from, entries) in settings.overrides() {
        writeln!(out, "\n[[override]]  # {}", origin(settings, from))?;
        for entry in entries {
            line(settings, &entry, out)?;
        }
    }
    Ok(())
}

fn line(settings: &Settings, entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let Entry { key, value, .. } = entry;
    let origin = origin(settings, entry.origin);
    writeln!(out, "{key} = {value}  # {origin}")
}

/// Where a setting comes from, in words. A line break in the name of the
/// file must not end the comment.
fn origin(settings: &Settings, origin: Origin) -> String {
    match origin {
        Origin::File { offset } => {
            let file = settings.file().map(Path::to_path_buf).unwrap_or_default();
            let line = settings.line(offset).unwrap_or_default();
            format!("{}:{line}", shown(&file))
        }
        Origin::Flag(name) => name.to_owned(),
        Origin::Default => "default".to_owned(),
    }
}

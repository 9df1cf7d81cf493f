//! The settings as an `immutag.toml` that says the same, each with a comment
//! that tells where it comes from.

use std::io::{self, Write};
use std::path::Path;

use toml::Value;

use super::shown;
use crate::settings::{Origin, Override, Setting, Settings};
use immutag_engine::find::TagPattern;

/// Writes all settings.
///
/// # Errors
/// Those of `out`.
pub fn write(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines {
        file: settings.file.as_deref(),
        out,
    };
    lines.head()?;
    lines.line(
        "include",
        &globs(&settings.include.value.globs),
        settings.include.origin,
    )?;
    lines.line(
        "exclude",
        &globs(&settings.exclude.value.globs),
        settings.exclude.origin,
    )?;
    lines.switch("strict", Some(&settings.strict))?;
    lines.switch("unsafe-fixes", Some(&settings.unsafe_fixes))?;
    lines.tags(Some(&settings.keep_mutable))?;
    lines.switch("creation-templates", Some(&settings.creation_templates))?;
    for one in &settings.overrides {
        lines.override_(one)?;
    }
    Ok(())
}

fn globs(globs: &[String]) -> Value {
    Value::from(globs.to_vec())
}

struct Lines<'o> {
    /// The file that lines are named of.
    file: Option<&'o Path>,
    out: &'o mut dyn Write,
}

impl Lines<'_> {
    /// What is to be known where the output is kept elsewhere than the file.
    fn head(&mut self) -> io::Result<()> {
        let folder = self.file.and_then(Path::parent);
        match self.file {
            Some(file) if folder.is_some_and(|folder| !folder.as_os_str().is_empty()) => {
                let file = shown(file);
                writeln!(self.out, "# Globs of {file} are relative to its folder.")
            }
            _ => Ok(()),
        }
    }

    fn line(&mut self, key: &str, value: &Value, origin: Origin) -> io::Result<()> {
        let origin = self.origin(origin);
        writeln!(self.out, "{key} = {value}  # {origin}")
    }

    fn switch(&mut self, key: &str, setting: Option<&Setting<bool>>) -> io::Result<()> {
        match setting {
            Some(setting) => self.line(key, &Value::from(setting.value), setting.origin),
            None => Ok(()),
        }
    }

    fn tags(&mut self, setting: Option<&Setting<Vec<TagPattern>>>) -> io::Result<()> {
        let Some(Setting { value, origin }) = setting else {
            return Ok(());
        };
        let tags: Vec<&str> = value.iter().map(TagPattern::as_str).collect();
        self.line("keep-mutable", &Value::from(tags), *origin)
    }

    fn override_(&mut self, one: &Override) -> io::Result<()> {
        let origin = self.origin(one.origin);
        writeln!(self.out, "\n[[override]]  # {origin}")?;
        self.line("paths", &globs(&one.paths.value.globs), one.paths.origin)?;
        self.switch("strict", one.strict.as_ref())?;
        self.switch("unsafe-fixes", one.unsafe_fixes.as_ref())?;
        self.tags(one.keep_mutable.as_ref())?;
        self.switch("creation-templates", one.creation_templates.as_ref())?;
        self.switch("report-only", one.report_only.as_ref())
    }

    /// Where a setting comes from, in words. A line break in the name of the
    /// file must not end the comment.
    fn origin(&self, origin: Origin) -> String {
        match (origin, self.file) {
            (Origin::File { line }, Some(file)) => format!("{}:{line}", shown(file)),
            (Origin::File { line }, None) => format!("line {line}"),
            (Origin::Flag(name), _) => name.to_owned(),
            (Origin::Default, _) => "default".to_owned(),
        }
    }
}

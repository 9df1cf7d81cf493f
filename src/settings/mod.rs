//! The settings: what holds where the command line, `immutag.toml` and the
//! defaults each say something.
//!
//! This module owns which of them wins, and what is set otherwise for some of the files. Each
//! says its part as a [`Layer`]. It reads neither arguments nor files.
//!
//! Flags win, then the overrides of the file from the last to the first, then
//! what the file says for all files, then the defaults. That is so for each
//! setting on its own: a flag for one of them leaves the others of an
//! override as they are. A list that is given takes the place of another one
//! and is not added to it, so that what holds can be seen in one place.

pub(crate) mod file;
pub(crate) mod layer;
pub(crate) mod lists;

use std::path::Path;

use self::file::Config;
use self::layer::{Entry, Glob, Layer, OF_FIXES, Origin};
use crate::files::discover::{Cover, GlobError, Patterns};
use crate::files::paths::WorkingDirectory;
use immutag_engine::Rules;

/// All settings, as they hold.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    config: Option<Config>,
    defaults: Layer,
    flags: Layer,
    /// What is set otherwise for some of the files, by the file and then by flags; the last
    /// one wins.
    overrides: Vec<Override>,
}

/// What is set otherwise for some of the files.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    layer: Layer,
    /// Who said so.
    pub(crate) origin: Origin,
    cover: Cover,
}

impl Settings {
    /// Returns what holds by the flags and by a file, if there is one.
    ///
    /// # Errors
    /// An invalid glob of `--report-only`. Those of `--include` and
    /// `--exclude` are checked where they are used.
    pub(crate) fn new(flags: &Layer, config: Option<Config>) -> Result<Self, GlobError> {
        let of = |layer: &Layer, base: Option<&Path>| {
            let overrides = layer.overrides.iter().map(|one| {
                let paths = one.value.paths.as_ref();
                let globs = paths.map_or(&[][..], |paths| paths.value.as_slice());
                Ok(Override {
                    layer: one.value.clone(),
                    origin: one.origin,
                    cover: Cover::new(&patterns(globs, base))?,
                })
            });
            overrides.collect::<Result<Vec<Override>, GlobError>>()
        };
        let mut overrides = match &config {
            Some(config) => of(&config.layer, Some(&config.folder))?,
            None => Vec::new(),
        };
        overrides.extend(of(flags, None)?);
        Ok(Self {
            config,
            defaults: Layer::defaults(),
            flags: flags.clone(),
            overrides,
        })
    }

    /// The layers that hold for all files, the one that wins first; the file's with the
    /// folder that its globs are relative to.
    fn layers(&self) -> impl Iterator<Item = (&Layer, Option<&Path>)> {
        let file = self.config.iter();
        let file = file.map(|config| (&config.layer, Some(config.folder.as_path())));
        [(&self.flags, None)]
            .into_iter()
            .chain(file)
            .chain([(&self.defaults, None)])
    }

    /// Returns the globs of the files that are scanned, in folders.
    #[must_use]
    pub(crate) fn include(&self) -> Patterns {
        let mut layers = self.layers();
        let include = layers.find_map(|(layer, base)| {
            let include = layer.include.as_ref()?;
            Some(patterns(include.value.as_slice(), base))
        });
        include.unwrap_or_default()
    }

    /// Returns the globs of the files and folders that are left out.
    #[must_use]
    pub(crate) fn exclude(&self) -> Patterns {
        let mut layers = self.layers();
        let exclude = layers.find_map(|(layer, base)| {
            let exclude = layer.exclude.as_ref()?;
            Some(patterns(&exclude.value, base))
        });
        exclude.unwrap_or_default()
    }

    /// Returns the settings that hold for all files, in the order in which they are shown.
    #[must_use]
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let all = self.defaults.entries().into_iter().map(|default| {
            let mut layers = self.layers();
            let said = layers.find_map(|(layer, _)| {
                let mut entries = layer.entries().into_iter();
                entries.find(|entry| entry.key == default.key)
            });
            said.unwrap_or(default)
        });
        all.collect()
    }

    /// Returns what is set otherwise for some of the files, the last one to win. What a flag
    /// sets for all files is no longer in it.
    pub(crate) fn overrides(&self) -> impl Iterator<Item = (Origin, Vec<Entry>)> {
        let of_flags = self.flags.entries();
        self.overrides.iter().map(move |one| {
            let mut entries = one.layer.entries();
            entries.retain(|entry| of_flags.iter().all(|flag| flag.key != entry.key));
            (one.origin, entries)
        })
    }

    /// The file that was read, as it is shown.
    #[must_use]
    pub(crate) fn file(&self) -> Option<&Path> {
        Some(&self.config.as_ref()?.path)
    }

    /// The line of the file that an offset is in, counted from 1.
    #[must_use]
    pub(crate) fn line(&self, offset: usize) -> Option<usize> {
        Some(self.config.as_ref()?.line(offset))
    }

    /// Sets in `rules` what holds for all files.
    pub(crate) fn apply(&self, rules: &mut Rules) {
        self.defaults.apply(rules);
        if let Some(config) = &self.config {
            config.layer.apply(rules);
        }
        self.flags.apply(rules);
    }

    /// Sets in `rules` what holds for one file: by its path as it is named, or by its own,
    /// behind all links.
    pub(crate) fn apply_for(
        &self,
        path: &Path,
        real: &Path,
        here: &WorkingDirectory,
        rules: &mut Rules,
    ) {
        self.apply(rules);
        for one in &self.overrides {
            if one.cover.has(path, real, here) {
                one.layer.apply(rules);
            }
        }
        self.flags.apply(rules);
    }

    /// Whether other settings come to the same for every file, wherever it lies. That is
    /// unknown where they depend on the folder of the file of settings: overrides, and globs
    /// with a `/`. Where nothing is to be fixed (`is_report_only`), the settings that decide on
    /// fixes alone make no difference.
    #[must_use]
    pub(crate) fn is_equivalent_to(&self, other: &Self, is_report_only: bool) -> bool {
        let decides = |key: &str| !is_report_only || !OF_FIXES.contains(&key);
        // What an override says may hold for a file here and not there, even where a flag says
        // it, too, now.
        let has_overrides = |settings: &Self| {
            settings.overrides().any(|(origin, entries)| {
                let mut of_files = entries.iter().filter(|entry| entry.key != "paths");
                let counts = !is_report_only || of_files.any(|entry| decides(entry.key));
                !matches!(origin, Origin::Flag(_)) && counts
            })
        };
        let globs = |one: &Patterns, other: &Patterns| {
            let is_at_any_depth = |glob: &String| !glob.contains('/');
            one == other || one.globs == other.globs && one.globs.iter().all(is_at_any_depth)
        };
        let values = |settings: &Self| {
            let values = settings.entries().into_iter();
            let values = values.filter(|entry| !matches!(entry.key, "include" | "exclude"));
            let values = values.filter(|entry| decides(entry.key));
            values.map(|entry| entry.value).collect::<Vec<_>>()
        };
        globs(&self.include(), &other.include())
            && globs(&self.exclude(), &other.exclude())
            && values(self) == values(other)
            && !has_overrides(self)
            && !has_overrides(other)
    }
}

/// Globs, with the folder that they are relative to; None for the working directory.
fn patterns(globs: &[Glob], base: Option<&Path>) -> Patterns {
    Patterns {
        globs: globs.iter().map(|glob| glob.as_str().to_owned()).collect(),
        base: base.map(Path::to_path_buf),
    }
}

//! The settings: what holds where the command line, `immutag.toml` and the
//! defaults each say something.
//!
//! This module owns which of them wins, where a setting comes from, and what
//! is set otherwise for some of the files. It reads neither arguments nor
//! files.
//!
//! Flags win, then the overrides of the file from the last to the first, then
//! what the file says for all files, then the defaults. That is so for each
//! setting on its own: a flag for one of them leaves the others of an
//! override as they are. A list that is given takes the place of another one
//! and is not added to it, so that what holds can be seen in one place.

pub mod file;
pub mod lists;

use std::path::{Path, PathBuf};

use crate::files::discover::{Cover, DEFAULT_INCLUDE, GlobError, Patterns};
use crate::files::paths::WorkingDirectory;
use crate::settings::file::{At, Choice, Config, Glob};
use immutag_engine::assess::Rules;
use immutag_engine::find::{Profile, TagPattern};
use immutag_engine::plan::Applicability;

/// What the command line says about the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Which file is read.
    pub config: Choice,
    /// `--include`; none if it is not given.
    pub include: Vec<String>,
    /// `--exclude`, likewise.
    pub exclude: Vec<String>,
    /// `--strict` or `--no-strict`.
    pub strict: Option<bool>,
    /// `--unsafe-fixes` or `--no-unsafe-fixes`.
    pub unsafe_fixes: Option<bool>,
    /// `--keep-mutable`; none if it is not given.
    pub keep_mutable: Vec<TagPattern>,
    /// `--creation-templates` or `--no-creation-templates`.
    pub creation_templates: Option<bool>,
    /// `--report-only`; none if it is not given.
    pub report_only: Vec<String>,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// This flag.
    Flag(&'static str),
    /// The file, on this line, counted from 1.
    File {
        /// The line.
        line: usize,
    },
}

/// What holds, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn flag(name: &'static str, value: T) -> Self {
        let origin = Origin::Flag(name);
        Self { value, origin }
    }
}

/// All settings, as they hold.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that was read, as it is shown.
    pub file: Option<PathBuf>,
    /// In folders, only files that match are looked at.
    pub include: Setting<Patterns>,
    /// Files and folders that match are left out.
    pub exclude: Setting<Patterns>,
    /// Only what is proven to be a literal `IMMUTABLE` passes.
    pub strict: Setting<bool>,
    /// Repairs that take a decision are made.
    pub unsafe_fixes: Setting<bool>,
    /// The tags that are to stay mutable.
    pub keep_mutable: Setting<Vec<TagPattern>>,
    /// Creation templates are covered, too.
    pub creation_templates: Setting<bool>,
    /// What is set otherwise for some of the files; the last one wins.
    pub overrides: Vec<Override>,
}

/// What is set otherwise for some of the files. What a flag sets for all files
/// is no longer in it.
#[derive(Clone, Debug)]
pub struct Override {
    /// Who said so.
    pub origin: Origin,
    /// Which files, and all below which folders.
    pub paths: Setting<Patterns>,
    /// See [`Settings::strict`].
    pub strict: Option<Setting<bool>>,
    /// See [`Settings::unsafe_fixes`].
    pub unsafe_fixes: Option<Setting<bool>>,
    /// See [`Settings::keep_mutable`].
    pub keep_mutable: Option<Setting<Vec<TagPattern>>>,
    /// See [`Settings::creation_templates`].
    pub creation_templates: Option<Setting<bool>>,
    /// See [`Rules::report_only`].
    pub report_only: Option<Setting<bool>>,
    cover: Cover,
}

impl Settings {
    /// What holds, by the command line and a file, if there is one.
    ///
    /// # Errors
    /// A glob of `--report-only` that is none. Those of `--include` and
    /// `--exclude` are checked where they are used.
    pub fn new(flags: &Flags, config: Option<&Config>) -> Result<Self, GlobError> {
        let file = config.map(|config| &config.file);
        let sources = Sources { flags, config };
        let include = file.and_then(|file| file.include.as_ref());
        let include = include.map(|at| sources.patterns(at, at.value.as_slice()));
        let exclude = file.and_then(|file| file.exclude.as_ref());
        let exclude = exclude.map(|at| sources.patterns(at, &at.value));
        let given = |name, globs: &Vec<String>| {
            (!globs.is_empty()).then(|| Setting::flag(name, Patterns::from(globs.clone())))
        };
        let strict = sources.strict(file.and_then(|file| file.strict.as_ref()));
        let unsafe_fixes = sources.unsafe_fixes(file.and_then(|file| file.unsafe_fixes.as_ref()));
        let tags = sources.keep_mutable(file.and_then(|file| file.keep_mutable.as_ref()));
        let creation_templates =
            sources.creation_templates(file.and_then(|file| file.creation_templates.as_ref()));
        Ok(Self {
            file: config.map(|config| config.path.clone()),
            include: given("--include", &flags.include)
                .or(include)
                .unwrap_or_else(|| default(all())),
            exclude: given("--exclude", &flags.exclude)
                .or(exclude)
                .unwrap_or_else(|| default(Patterns::default())),
            strict: strict.unwrap_or(default(false)),
            unsafe_fixes: unsafe_fixes.unwrap_or(default(false)),
            keep_mutable: tags.unwrap_or(default(Vec::new())),
            creation_templates: creation_templates.unwrap_or(default(false)),
            overrides: sources.overrides()?,
        })
    }

    /// Whether other settings come to the same for every file, wherever it lies. That is not
    /// told of what depends on the folder of the file of settings: overrides and globs with a
    /// `/`. Where nothing is to be repaired (`is_report_only`), what decides on repairs alone
    /// makes no difference.
    #[must_use]
    pub fn come_to_the_same(&self, other: &Self, is_report_only: bool) -> bool {
        let globs = |one: &Setting<Patterns>, other: &Setting<Patterns>| {
            let is_at_any_depth = |glob: &String| !glob.contains('/');
            let is_same = one.value.globs == other.value.globs;
            one.value == other.value || is_same && one.value.globs.iter().all(is_at_any_depth)
        };
        let overrides = |settings: &Self| {
            let of_files = settings.overrides.iter();
            let mut of_files = of_files.filter(|one| one.origin != Origin::Flag("--report-only"));
            of_files.any(|one| !is_report_only || one.has_a_verdict())
        };
        globs(&self.include, &other.include)
            && globs(&self.exclude, &other.exclude)
            && self.strict.value == other.strict.value
            && (is_report_only || self.unsafe_fixes.value == other.unsafe_fixes.value)
            && self.keep_mutable.value == other.keep_mutable.value
            && self.creation_templates.value == other.creation_templates.value
            && !overrides(self)
            && !overrides(other)
    }

    /// Sets in `rules` what holds for all files.
    pub fn apply(&self, rules: &mut Rules) {
        set_strict(rules, self.strict.value);
        set_unsafe_fixes(rules, self.unsafe_fixes.value);
        rules
            .policy
            .keep_mutable
            .clone_from(&self.keep_mutable.value);
        rules.policy.creation_templates = self.creation_templates.value;
    }
}

impl Override {
    /// Whether it has a say in what is found.
    fn has_a_verdict(&self) -> bool {
        self.strict.is_some() || self.keep_mutable.is_some() || self.creation_templates.is_some()
    }

    /// Sets in `rules` what holds for one file, if it is among those meant:
    /// by its path as it is named, or by its own, behind all links.
    pub fn apply(&self, rules: &mut Rules, path: &Path, real: &Path, here: &WorkingDirectory) {
        if !self.cover.has(path, real, here) {
            return;
        }
        if let Some(strict) = &self.strict {
            set_strict(rules, strict.value);
        }
        if let Some(unsafe_fixes) = &self.unsafe_fixes {
            set_unsafe_fixes(rules, unsafe_fixes.value);
        }
        if let Some(keep_mutable) = &self.keep_mutable {
            rules.policy.keep_mutable.clone_from(&keep_mutable.value);
        }
        if let Some(creation_templates) = &self.creation_templates {
            rules.policy.creation_templates = creation_templates.value;
        }
        if let Some(report_only) = &self.report_only {
            rules.report_only = report_only.value;
        }
    }
}

fn set_strict(rules: &mut Rules, strict: bool) {
    rules.policy.profile = if strict {
        Profile::Strict
    } else {
        Profile::Default
    };
}

fn set_unsafe_fixes(rules: &mut Rules, unsafe_fixes: bool) {
    rules.allow = if unsafe_fixes {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
}

fn default<T>(value: T) -> Setting<T> {
    let origin = Origin::Default;
    Setting { value, origin }
}

/// The globs that hold where none are given.
fn all() -> Patterns {
    let globs = DEFAULT_INCLUDE.iter().map(|&glob| glob.to_owned());
    Patterns::from(globs.collect::<Vec<String>>())
}

/// Who can say something about a setting.
#[derive(Clone, Copy)]
struct Sources<'s> {
    flags: &'s Flags,
    config: Option<&'s Config>,
}

impl Sources<'_> {
    fn origin<T>(self, at: &At<T>) -> Origin {
        self.config.map_or(Origin::Default, |config| Origin::File {
            line: config.line(at.offset),
        })
    }

    fn setting<T, V>(self, at: &At<T>, value: V) -> Setting<V> {
        let origin = self.origin(at);
        Setting { value, origin }
    }

    fn patterns<T>(self, at: &At<T>, globs: &[Glob]) -> Setting<Patterns> {
        let globs = globs.iter().map(|glob| glob.as_str().to_owned()).collect();
        let base = self.config.map(|config| config.folder.clone());
        self.setting(at, Patterns { globs, base })
    }

    /// A switch that two flags can set, or else the file.
    fn switch(
        self,
        flag: Option<bool>,
        names: (&'static str, &'static str),
        file: Option<&At<bool>>,
    ) -> Option<Setting<bool>> {
        let flag = flag.map(|on| Setting::flag(if on { names.0 } else { names.1 }, on));
        flag.or_else(|| file.map(|at| self.setting(at, at.value)))
    }

    fn strict(self, file: Option<&At<bool>>) -> Option<Setting<bool>> {
        self.switch(self.flags.strict, ("--strict", "--no-strict"), file)
    }

    fn unsafe_fixes(self, file: Option<&At<bool>>) -> Option<Setting<bool>> {
        let names = ("--unsafe-fixes", "--no-unsafe-fixes");
        self.switch(self.flags.unsafe_fixes, names, file)
    }

    fn creation_templates(self, file: Option<&At<bool>>) -> Option<Setting<bool>> {
        let names = ("--creation-templates", "--no-creation-templates");
        self.switch(self.flags.creation_templates, names, file)
    }

    fn keep_mutable(self, file: Option<&At<file::Tags>>) -> Option<Setting<Vec<TagPattern>>> {
        let given = &self.flags.keep_mutable;
        if given.is_empty() {
            return file.map(|at| self.setting(at, at.value.as_slice().to_vec()));
        }
        Some(Setting::flag("--keep-mutable", given.clone()))
    }

    /// The overrides of the file, and then the one of the flag.
    fn overrides(self) -> Result<Vec<Override>, GlobError> {
        let in_file = |setting: &Setting<bool>| matches!(setting.origin, Origin::File { .. });
        let file = self.config.map(|config| config.file.overrides.as_slice());
        let mut overrides = Vec::new();
        for at in file.unwrap_or_default() {
            let one = &at.value;
            let paths = self.patterns(&one.paths, one.paths.value.as_slice());
            let keep_mutable = self.keep_mutable(one.keep_mutable.as_ref());
            overrides.push(Override {
                origin: self.origin(at),
                cover: Cover::new(&paths.value)?,
                paths,
                strict: self.strict(one.strict.as_ref()).filter(in_file),
                unsafe_fixes: self.unsafe_fixes(one.unsafe_fixes.as_ref()).filter(in_file),
                keep_mutable: keep_mutable
                    .filter(|tags| matches!(tags.origin, Origin::File { .. })),
                creation_templates: self
                    .creation_templates(one.creation_templates.as_ref())
                    .filter(in_file),
                report_only: one
                    .report_only
                    .as_ref()
                    .map(|at| self.setting(at, at.value)),
            });
        }
        if !self.flags.report_only.is_empty() {
            let patterns = Patterns::from(self.flags.report_only.clone());
            overrides.push(Override {
                origin: Origin::Flag("--report-only"),
                cover: Cover::new(&patterns)?,
                paths: Setting::flag("--report-only", patterns),
                strict: None,
                unsafe_fixes: None,
                keep_mutable: None,
                creation_templates: None,
                report_only: Some(Setting::flag("--report-only", true)),
            });
        }
        Ok(overrides)
    }
}

//! What one place says about the settings: the command line, `immutag.toml`, or one of its
//! overrides.
//!
//! This module owns the settings themselves: the key of each, its type, what it does to the
//! rules of a run, and where a value comes from. A new setting is a field of [`Layer`], with
//! its lines in [`Layer::entries`] and [`Layer::apply`]. Which layer wins is for
//! [`crate::settings`].

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Spanned, Value};

use crate::files::discover;
use immutag_engine::rule::MAX_FILTERS;
use immutag_engine::{Applicability, Profile, Rules, TagPattern};

/// The keys of `immutag.toml` itself. A test holds them against [`Layer`].
pub(super) const KEYS: [&str; 7] = [
    "include",
    "exclude",
    "strict",
    "unsafe-fixes",
    "keep-mutable",
    "creation-templates",
    "override",
];

/// The keys of an `[[override]]`. A test holds them against [`Layer`].
pub(super) const OVERRIDE_KEYS: [&str; 6] = [
    "paths",
    "strict",
    "unsafe-fixes",
    "keep-mutable",
    "creation-templates",
    "report-only",
];

/// The settings that decide on fixes alone, and not on what is found.
pub(super) const OF_FIXES: [&str; 2] = ["unsafe-fixes", "report-only"];

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// This flag.
    Flag(&'static str),
    /// The file.
    File {
        /// Where the value begins, in bytes from the start of the file.
        offset: usize,
    },
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    /// The value.
    pub(crate) value: T,
    /// Who said so.
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    /// Returns what a flag says.
    pub(crate) fn flag(name: &'static str, value: T) -> Self {
        let origin = Origin::Flag(name);
        Self { value, origin }
    }

    /// Returns what holds where nobody says anything.
    pub(super) fn default(value: T) -> Self {
        let origin = Origin::Default;
        Self { value, origin }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let offset = spanned.span().start;
        Ok(Self {
            value: spanned.into_inner(),
            origin: Origin::File { offset },
        })
    }
}

/// What one place says about each setting; None where it says nothing.
///
/// `include` and `exclude` hold for all files; `paths` says for which files the other settings
/// of an override hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    expecting = "struct Override",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub(crate) struct Layer {
    /// In folders, look only at the files that match one of these globs. They
    /// are relative to the folder of this file.
    pub(crate) include: Option<Setting<Globs>>,
    /// Leave out the files and folders that match one of these globs. They are
    /// relative to the folder of this file.
    pub(crate) exclude: Option<Setting<Vec<Glob>>>,
    /// The files and folders that match one of these globs. They are relative
    /// to the folder of this file.
    pub(crate) paths: Option<Setting<Globs>>,
    /// Pass only what is proven to be a literal IMMUTABLE.
    pub(crate) strict: Option<Setting<bool>>,
    /// Allow repairs that take a decision.
    pub(crate) unsafe_fixes: Option<Setting<bool>>,
    /// The tags that are to stay mutable; `*` stands for any characters.
    pub(crate) keep_mutable: Option<Setting<Tags>>,
    /// Cover `AWS::ECR::RepositoryCreationTemplate`, too.
    pub(crate) creation_templates: Option<Setting<bool>>,
    /// Report what is found in these files, and never write them.
    pub(crate) report_only: Option<Setting<bool>>,
    /// Other settings for some of the files. What stands further down wins.
    #[serde(default, rename = "override")]
    pub(crate) overrides: Vec<Setting<Layer>>,
}

/// A setting as it is shown: its key, its value, and where that comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key in `immutag.toml`.
    pub(crate) key: &'static str,
    /// The value, as TOML has it.
    pub(crate) value: Value,
    /// Who said so.
    pub(crate) origin: Origin,
}

impl Layer {
    /// Returns what holds where nobody says anything.
    #[must_use]
    pub(crate) fn defaults() -> Self {
        let include = discover::DEFAULT_INCLUDE.iter();
        let include = include.map(|&glob| Glob(glob.to_owned())).collect();
        Self {
            include: Some(Setting::default(Globs(include))),
            exclude: Some(Setting::default(Vec::new())),
            strict: Some(Setting::default(false)),
            unsafe_fixes: Some(Setting::default(false)),
            keep_mutable: Some(Setting::default(Tags(Vec::new()))),
            creation_templates: Some(Setting::default(false)),
            ..Self::default()
        }
    }

    /// Returns what is said, in the order in which it is shown, without the overrides.
    #[must_use]
    pub(crate) fn entries(&self) -> Vec<Entry> {
        fn entry<T>(
            key: &'static str,
            setting: Option<&Setting<T>>,
            value: impl Fn(&T) -> Value,
        ) -> Option<Entry> {
            let setting = setting?;
            Some(Entry {
                key,
                value: value(&setting.value),
                origin: setting.origin,
            })
        }
        let globs =
            |globs: &[Glob]| Value::from(globs.iter().map(Glob::as_str).collect::<Vec<_>>());
        let tags =
            |tags: &Tags| Value::from(tags.0.iter().map(TagPattern::as_str).collect::<Vec<_>>());
        let switch = |on: &bool| Value::from(*on);
        let entries = [
            entry("include", self.include.as_ref(), |of| globs(&of.0)),
            entry("exclude", self.exclude.as_ref(), |of| globs(of)),
            entry("paths", self.paths.as_ref(), |of| globs(&of.0)),
            entry("strict", self.strict.as_ref(), switch),
            entry("unsafe-fixes", self.unsafe_fixes.as_ref(), switch),
            entry("keep-mutable", self.keep_mutable.as_ref(), tags),
            entry(
                "creation-templates",
                self.creation_templates.as_ref(),
                switch,
            ),
            entry("report-only", self.report_only.as_ref(), switch),
        ];
        entries.into_iter().flatten().collect()
    }

    /// Sets in `rules` what is said.
    pub(crate) fn apply(&self, rules: &mut Rules) {
        if let Some(strict) = &self.strict {
            rules.policy.profile = if strict.value {
                Profile::Strict
            } else {
                Profile::Default
            };
        }
        if let Some(unsafe_fixes) = &self.unsafe_fixes {
            rules.allow = if unsafe_fixes.value {
                Applicability::Unsafe
            } else {
                Applicability::Safe
            };
        }
        if let Some(keep_mutable) = &self.keep_mutable {
            rules.policy.keep_mutable.clone_from(&keep_mutable.value.0);
        }
        if let Some(creation_templates) = &self.creation_templates {
            rules.policy.creation_templates = creation_templates.value;
        }
        if let Some(report_only) = &self.report_only {
            rules.report_only = report_only.value;
        }
    }
}

/// Text that is to be something. What it is not is told by the one who reads
/// the text and not by one who takes it later, so that the error names the
/// line of the text and not that of the list around it.
struct Text<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}

/// A glob, as `*.yaml` or `legacy/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("minLength" = 1, "pattern" = "^[^!]")))]
pub(crate) struct Glob(String);

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|glob| {
            let checked = discover::check_glob(glob).map_err(|error| error.to_string());
            checked.map(|()| Self(glob.to_owned()))
        }))
    }
}

impl Glob {
    /// Takes a glob of the command line, which is checked where it is used.
    #[must_use]
    pub(crate) fn unchecked(glob: String) -> Self {
        Self(glob)
    }

    /// Returns the glob as it is written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Globs, at least one.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("minItems" = 1)))]
#[serde(try_from = "Vec<Glob>")]
pub(crate) struct Globs(Vec<Glob>);

impl TryFrom<Vec<Glob>> for Globs {
    type Error = &'static str;

    fn try_from(globs: Vec<Glob>) -> Result<Self, Self::Error> {
        if globs.is_empty() {
            return Err("it takes at least one glob, or no file would match");
        }
        Ok(Self(globs))
    }
}

impl Globs {
    /// Returns the globs.
    #[must_use]
    pub(crate) fn as_slice(&self) -> &[Glob] {
        &self.0
    }
}

/// A tag, as `latest`, or a pattern of tags, as `dev-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(
    test,
    schemars(extend(
        "minLength" = 1,
        "maxLength" = 128,
        "pattern" = r"^[A-Za-z0-9._-]*(\*[A-Za-z0-9._-]*){0,2}$"
    ))
)]
struct Tag(#[cfg_attr(test, schemars(with = "String"))] TagPattern);

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|tag| {
            let pattern = TagPattern::new(tag).map_err(|reason| format!("`{tag}`: {reason}"));
            pattern.map(Self)
        }))
    }
}

/// Tags, as many as ECR takes for one repository.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("maxItems" = MAX_FILTERS)))]
#[serde(try_from = "Vec<Tag>")]
pub(crate) struct Tags(#[cfg_attr(test, schemars(with = "Vec<Tag>"))] Vec<TagPattern>);

impl TryFrom<Vec<Tag>> for Tags {
    type Error = String;

    fn try_from(tags: Vec<Tag>) -> Result<Self, Self::Error> {
        if tags.len() > MAX_FILTERS {
            return Err(format!(
                "it takes at most {MAX_FILTERS} tags, as ECR does; use `*` for several"
            ));
        }
        Ok(tags.into_iter().map(|Tag(pattern)| pattern).collect())
    }
}

impl FromIterator<TagPattern> for Tags {
    /// Takes each tag once.
    fn from_iter<I: IntoIterator<Item = TagPattern>>(tags: I) -> Self {
        let mut once: Vec<TagPattern> = Vec::new();
        for tag in tags {
            if !once.contains(&tag) {
                once.push(tag);
            }
        }
        Self(once)
    }
}

impl Tags {
    /// Returns the tags, each once.
    #[must_use]
    pub(crate) fn as_slice(&self) -> &[TagPattern] {
        &self.0
    }
}

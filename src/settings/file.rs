//! The file `immutag.toml`: what a repository says about how it is to be
//! looked at.
//!
//! This module owns where the file is found, its form, and what is wrong with
//! one. It does not know the command line, nor what wins where several say
//! something about one setting: that is for [`crate::settings`].
//!
//! The file is looked for from the working directory upward, to the folder
//! that holds `.git` (a directory, or the file of a worktree) and no further.
//! Outside of any repository only the working directory itself is looked at:
//! a stray file far above must not decide what is edited.
//!
//! A key that is not known is an error and not passed over, since one that is
//! misspelt would otherwise let edits happen that somebody meant to forbid.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::files::bounded;
use crate::files::discover;
use crate::files::paths::{WorkingDirectory, folder_of};
use crate::git::repository::dot_git;
use immutag_engine::find::{MAX_FILTERS, TagPattern};
use immutag_engine::text::span::LineIndex;

/// The name of the file.
pub const NAME: &str = "immutag.toml";

/// The keys of the file. A test holds them against [`File`].
const KEYS: [&str; 7] = [
    "include",
    "exclude",
    "strict",
    "unsafe-fixes",
    "keep-mutable",
    "creation-templates",
    "override",
];

/// The keys of an `[[override]]`. A test holds them against [`Override`].
const OVERRIDE_KEYS: [&str; 6] = [
    "paths",
    "strict",
    "unsafe-fixes",
    "keep-mutable",
    "creation-templates",
    "report-only",
];

/// The settings of immutag for a repository.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// In folders, look only at the files that match one of these globs. They
    /// are relative to the folder of this file.
    pub include: Option<At<Globs>>,
    /// Leave out the files and folders that match one of these globs. They are
    /// relative to the folder of this file.
    pub exclude: Option<At<Vec<Glob>>>,
    /// Pass only what is proven to be a literal IMMUTABLE.
    pub strict: Option<At<bool>>,
    /// Allow repairs that take a decision.
    pub unsafe_fixes: Option<At<bool>>,
    /// The tags that are to stay mutable; `*` stands for any characters.
    pub keep_mutable: Option<At<Tags>>,
    /// Cover `AWS::ECR::RepositoryCreationTemplate`, too.
    pub creation_templates: Option<At<bool>>,
    /// Other settings for some of the files. What stands further down wins.
    #[serde(default, rename = "override")]
    pub overrides: Vec<At<Override>>,
}

/// Other settings for some of the files.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Override {
    /// The files and folders that match one of these globs. They are relative
    /// to the folder of this file.
    pub paths: At<Globs>,
    /// Pass only what is proven to be a literal IMMUTABLE.
    pub strict: Option<At<bool>>,
    /// Allow repairs that take a decision.
    pub unsafe_fixes: Option<At<bool>>,
    /// The tags that are to stay mutable; `*` stands for any characters.
    pub keep_mutable: Option<At<Tags>>,
    /// Cover `AWS::ECR::RepositoryCreationTemplate`, too.
    pub creation_templates: Option<At<bool>>,
    /// Report what is found in these files, and never write them.
    pub report_only: Option<At<bool>>,
}

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it begins, in bytes from the start of the file; [`Config::line`]
    /// makes a line of it.
    pub offset: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let offset = spanned.span().start;
        let value = spanned.into_inner();
        Ok(Self { value, offset })
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
pub struct Glob(String);

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|glob| {
            let checked = discover::check_glob(glob).map_err(|error| error.to_string());
            checked.map(|()| Self(glob.to_owned()))
        }))
    }
}

impl Glob {
    /// The glob as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Globs, at least one.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("minItems" = 1)))]
#[serde(try_from = "Vec<Glob>")]
pub struct Globs(Vec<Glob>);

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
    /// The globs.
    #[must_use]
    pub fn as_slice(&self) -> &[Glob] {
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
pub struct Tags(#[cfg_attr(test, schemars(with = "Vec<Tag>"))] Vec<TagPattern>);

impl TryFrom<Vec<Tag>> for Tags {
    type Error = String;

    fn try_from(tags: Vec<Tag>) -> Result<Self, Self::Error> {
        if tags.len() > MAX_FILTERS {
            return Err(format!(
                "it takes at most {MAX_FILTERS} tags, as ECR does; use `*` for several"
            ));
        }
        let mut patterns: Vec<TagPattern> = Vec::new();
        for Tag(pattern) in tags {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Ok(Self(patterns))
    }
}

impl Tags {
    /// The tags, each once.
    #[must_use]
    pub fn as_slice(&self) -> &[TagPattern] {
        &self.0
    }
}

/// Which file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The one that is found, if there is one.
    #[default]
    Found,
    /// This one, which must be there.
    Named(PathBuf),
    /// None.
    Not,
}

/// A file that has been read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as it is shown: relative to the working directory, or as it
    /// was named.
    pub path: PathBuf,
    /// The folder that holds it, as an absolute path without links.
    pub folder: PathBuf,
    /// What it says.
    pub file: File,
    text: String,
}

impl Config {
    /// Reads the file that is chosen; None where there is none.
    ///
    /// # Errors
    /// Where it is there, or is named, and cannot be read or is not of its
    /// form.
    pub fn read(choice: &Choice, here: &WorkingDirectory) -> Result<Option<Self>, ConfigError> {
        let path = match choice {
            Choice::Not => return Ok(None),
            Choice::Named(path) => path.clone(),
            Choice::Found => {
                let here = here.path().map_err(|error| ConfigError {
                    path: PathBuf::from("."),
                    line: None,
                    message: format!("the working directory cannot be told: {error}"),
                })?;
                match find(here)? {
                    Some(path) => path,
                    None => return Ok(None),
                }
            }
        };
        let failed = |error: io::Error| unreadable(&path, &error.to_string());
        let bytes = bounded::read(&path).map_err(failed)?;
        let folder = fs::canonicalize(folder_of(&path)).map_err(failed)?;
        Self::of(path.clone(), folder, bytes).map(Some)
    }

    /// Takes what was read.
    fn of(path: PathBuf, folder: PathBuf, bytes: Vec<u8>) -> Result<Self, ConfigError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let lines = good.into_iter().flatten().filter(|&&byte| byte == b'\n');
            ConfigError {
                path: path.clone(),
                line: Some(lines.count() + 1),
                message: "it is not UTF-8".to_owned(),
            }
        })?;
        let file = parse(&text).map_err(|error| ConfigError {
            path: path.clone(),
            line: error.offset.map(|offset| line(&text, offset)),
            message: error.message,
        })?;
        Ok(Self {
            path,
            folder,
            file,
            text,
        })
    }

    /// The line of an offset, counted from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        line(&self.text, offset)
    }
}

fn line(text: &str, offset: usize) -> usize {
    LineIndex::new(text).position(offset).line
}

/// Why a file cannot be used. Nothing may be looked at then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as it is shown.
    pub path: PathBuf,
    /// The line, counted from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong, and the remedy where there is one to tell.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

fn unreadable(path: &Path, reason: &str) -> ConfigError {
    ConfigError {
        path: path.to_path_buf(),
        line: None,
        message: format!("cannot be read: {reason}; leave it out with --no-config"),
    }
}

/// The file that holds for a working directory, as it is seen from there.
fn find(here: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let is_root = |folder: &&Path| dot_git(folder).is_some();
    let root = here.ancestors().find(is_root).unwrap_or(here);
    let mut up = PathBuf::new();
    for folder in here.ancestors() {
        let shown = up.join(NAME);
        match fs::symlink_metadata(folder.join(NAME)) {
            Ok(_) => return Ok(Some(shown)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&shown, &error.to_string())),
        }
        if folder == root {
            break;
        }
        up.push("..");
    }
    Ok(None)
}

/// The file that would hold if a folder of a git repository with this root were the working
/// directory, be it readable or not. Both are given without links.
#[must_use]
pub fn beside(folder: &Path, root: &Path) -> Option<PathBuf> {
    let is_none = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
    let is_there =
        |file: &PathBuf| fs::symlink_metadata(file).map_or_else(|error| !is_none(error), |_| true);
    let within = folder.ancestors().take_while(|one| one.starts_with(root));
    within.map(|one| one.join(NAME)).find(is_there)
}

/// Why a text is no such file.
#[derive(Debug)]
struct FormError {
    /// Where, in bytes from its start.
    offset: Option<usize>,
    message: String,
}

impl From<toml::de::Error> for FormError {
    fn from(error: toml::de::Error) -> Self {
        Self {
            offset: error.span().map(|span| span.start),
            message: error.message().to_owned(),
        }
    }
}

fn parse(text: &str) -> Result<File, FormError> {
    let table = DeTable::parse(text)?;
    known(table.get_ref())?;
    Ok(toml::from_str(text)?)
}

/// Checks that all keys are known, for an error with a suggestion in it.
fn known(table: &DeTable<'_>) -> Result<(), FormError> {
    only(table, &KEYS, |key| {
        OVERRIDE_KEYS
            .contains(&key)
            .then_some("it belongs in an [[override]]")
    })?;
    let overrides = table.iter().find(|(key, _)| key.get_ref() == "override");
    let Some((_, overrides)) = overrides else {
        return Ok(());
    };
    let DeValue::Array(overrides) = overrides.get_ref() else {
        return Ok(());
    };
    for one in overrides {
        if let DeValue::Table(table) = one.get_ref() {
            only(table, &OVERRIDE_KEYS, |key| {
                KEYS.contains(&key)
                    .then_some("it belongs above the first [[override]]")
            })?;
        }
    }
    Ok(())
}

/// Checks the keys of one table; `place` tells where another belongs.
fn only(
    table: &DeTable<'_>,
    keys: &[&str],
    place: impl Fn(&str) -> Option<&'static str>,
) -> Result<(), FormError> {
    let name = |key: &Spanned<Cow<'_, str>>| key.get_ref().clone().into_owned();
    let unknown = table.keys().filter(|key| !keys.contains(&&*name(key)));
    let Some(key) = unknown.min_by_key(|key| key.span().start) else {
        return Ok(());
    };
    let name = name(key);
    let remedy = match (place(&name), nearest(&name, keys)) {
        (Some(place), _) => place.to_owned(),
        (_, Some(nearest)) => format!("did you mean `{nearest}`?"),
        _ => format!("the keys are `{}`", keys.join("`, `")),
    };
    Err(FormError {
        offset: Some(key.span().start),
        message: format!("unknown key `{name}`; {remedy}"),
    })
}

/// The key that a misspelt one may stand for.
fn nearest<'k>(name: &str, keys: &[&'k str]) -> Option<&'k str> {
    /// From where on two words are alike, as clap has it for its flags.
    const ALIKE: f64 = 0.7;
    let likeness = |key: &&str| strsim::jaro(name, key);
    let alike = keys.iter().copied().filter(|key| likeness(key) > ALIKE);
    alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test sets up its files itself")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde_json::Value;

    impl<T: JsonSchema> JsonSchema for At<T> {
        fn schema_name() -> Cow<'static, str> {
            T::schema_name()
        }

        fn inline_schema() -> bool {
            T::inline_schema()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            T::json_schema(generator)
        }
    }

    /// Files that are valid.
    const GOOD: &[&str] = &[
        "",
        "# nothing\n",
        "\u{feff}strict = true\n",
        "strict = true\r\nunsafe-fixes = false\r\n",
        "include = [\"*.yaml\", 'a/b/']\nexclude = []\n",
        "keep-mutable = []",
        "keep-mutable = ['latest', 'dev-*', '*.*', 'a', 'latest']",
        "creation-templates = true\n",
        "override = []",
        "override = [{paths = ['a'], strict = true}]",
        "[[override]]\npaths = ['legacy/**']\nreport-only = true\n",
        "[[override]]\npaths = ['a']\n[[override]]\npaths = ['b', 'c']\nkeep-mutable = ['x']\n\
         strict = false\nunsafe-fixes = true\ncreation-templates = true\nreport-only = false\n",
    ];

    /// Files that are not: the text, the line, words of the message.
    const BAD: &[(&str, usize, &str)] = &[
        (
            "exlude = ['a']",
            1,
            "unknown key `exlude`; did you mean `exclude`?",
        ),
        (
            "\n\n unsafe_fixes = true",
            3,
            "did you mean `unsafe-fixes`?",
        ),
        ("'keep mutable' = []", 1, "did you mean `keep-mutable`?"),
        (
            "strict = true\nzzz = 1\nyyy = 1",
            2,
            "unknown key `zzz`; the keys are `include`, `exclude`",
        ),
        (
            "report-only = true",
            1,
            "unknown key `report-only`; it belongs in an [[override]]",
        ),
        ("[overrides]\npaths = ['a']", 1, "did you mean `override`?"),
        (
            "[[override]]\npaths = ['a']\nstrikt = true",
            3,
            "unknown key `strikt`; did you mean `strict`?",
        ),
        (
            "[[override]]\npaths = ['a']\n[[override]]\npath = ['a']",
            4,
            "did you mean `paths`?",
        ),
        (
            "[[override]]\npaths = ['a']\nexclude = ['a']",
            3,
            "it belongs above the first [[override]]",
        ),
        ("[[override]]\nstrict = true", 1, "missing field `paths`"),
        ("[[override]]\n\npaths = []", 3, "at least one glob"),
        ("include = []", 1, "at least one glob"),
        ("[override]\npaths = ['a']", 1, "expected a sequence"),
        ("\nstrict = 'yes'", 2, "expected a boolean"),
        ("strict = 1", 1, "expected a boolean"),
        ("exclude = 'a'", 1, "expected a sequence"),
        ("exclude = [\n'a',\n1]", 3, "expected a string"),
        (
            "keep-mutable = [\n  'a',\n  'b c',\n]",
            3,
            "`b c`: a tag is made of letters",
        ),
        ("keep-mutable = ['***']", 1, "at most two `*`"),
        ("keep-mutable = ['']", 1, "1 to 128 characters"),
        (
            "keep-mutable = ['a', 'b', 'c', 'd', 'e', 'f']",
            1,
            "at most 5 tags",
        ),
        (
            "[[override]]\npaths = ['a']\nkeep-mutable = ['é']",
            3,
            "a tag is made of letters",
        ),
        (
            "exclude = ['!a']",
            1,
            "invalid glob `!a`: a glob cannot be negated",
        ),
        ("exclude = ['']", 1, "invalid glob ``: it can match no path"),
    ];

    /// Files that are not, in a way that the schema cannot tell.
    const BAD_BEYOND_SCHEMA: &[(&str, usize, &str)] = &[
        (
            "\nexclude = ['a[']",
            2,
            "invalid glob `a[`: unclosed character class",
        ),
        (
            "[[override]]\npaths = [\n'ok',\n'{a',\n]",
            4,
            "invalid glob `{a`",
        ),
        ("exclude = ['/']", 1, "it can match no path"),
        ("strict = true\nstrict = false", 2, "duplicate key"),
        ("strict = true\n]", 2, ""),
        ("exclude = ['a", 1, ""),
    ];

    fn read(text: &str) -> Result<File, ConfigError> {
        let (path, folder) = (PathBuf::from(NAME), PathBuf::from("/srv"));
        let config = Config::of(path, folder, text.as_bytes().to_vec())?;
        Ok(config.file)
    }

    #[test]
    fn a_file_says_what_it_says() {
        for text in GOOD {
            let file = read(text);
            assert!(file.is_ok(), "{text}: {file:?}");
        }
        assert_eq!(read(""), Ok(File::default()));
        let text = "\u{feff}# head\r\nkeep-mutable = [\r\n  'a', 'b',\r\n  'a']\r\n\r\n\
                    [[override]]\r\npaths = ['x']\r\n[[override]]\r\n\r\nstrict = false\r\npaths = ['y']\r\n";
        let config = Config::of(PathBuf::new(), PathBuf::new(), text.as_bytes().to_vec());
        let config = config.unwrap();
        let tags = config.file.keep_mutable.as_ref().unwrap();
        let names: Vec<&str> = tags
            .value
            .as_slice()
            .iter()
            .map(TagPattern::as_str)
            .collect();
        assert_eq!((names, config.line(tags.offset)), (vec!["a", "b"], 2));
        let lines: Vec<usize> = config
            .file
            .overrides
            .iter()
            .map(|one| config.line(one.offset))
            .collect();
        assert_eq!(lines, [6, 8]);
        let strict = config.file.overrides[1].value.strict.as_ref().unwrap();
        assert_eq!((strict.value, config.line(strict.offset)), (false, 10));
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        for (text, line, message) in BAD.iter().chain(BAD_BEYOND_SCHEMA) {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, Some(*line), "{text}: {error}");
            assert!(error.message.contains(message), "{text}: {error}");
            let shown = error.to_string();
            assert!(
                shown.starts_with(&format!("immutag.toml:{line}: ")),
                "{shown}"
            );
        }
        let error = Config::of(PathBuf::from(NAME), PathBuf::new(), b"# a\n# \xe9".to_vec());
        assert_eq!(
            error.unwrap_err().to_string(),
            "immutag.toml:2: it is not UTF-8"
        );
    }

    #[test]
    fn the_file_is_found_up_to_the_root_of_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("repo/a/b")).unwrap();
        fs::create_dir_all(at("alone/c")).unwrap();
        for name in [NAME, "alone/immutag.toml"] {
            fs::write(at(name), "").unwrap();
        }
        // No repository around: only the folder itself counts.
        assert_eq!(find(&at("alone")), Ok(Some(PathBuf::from(NAME))));
        assert_eq!(find(&at("alone/c")), Ok(None));
        assert_eq!(find(&at("repo")), Ok(None));
        // The file of a worktree marks a root as a directory does.
        for is_file in [true, false] {
            if is_file {
                fs::write(at("repo/.git"), "gitdir: elsewhere\n").unwrap();
            } else {
                fs::remove_file(at("repo/.git")).unwrap();
                fs::create_dir(at("repo/.git")).unwrap();
            }
            assert_eq!(find(&at("repo/a/b")), Ok(None));
            fs::write(at("repo/immutag.toml"), "").unwrap();
            assert_eq!(
                find(&at("repo/a/b")),
                Ok(Some(PathBuf::from("../../immutag.toml")))
            );
            assert_eq!(find(&at("repo")), Ok(Some(PathBuf::from(NAME))));
            // The nearest counts, and alone.
            fs::write(at("repo/a/immutag.toml"), "").unwrap();
            assert_eq!(
                find(&at("repo/a/b")),
                Ok(Some(PathBuf::from("../immutag.toml")))
            );
            fs::remove_file(at("repo/a/immutag.toml")).unwrap();
            fs::remove_file(at("repo/immutag.toml")).unwrap();
        }
    }

    /// The schema of the type, without null, which TOML does not have.
    fn schema() -> Value {
        let mut schema = schemars::schema_for!(File).to_value();
        schema["title"] = NAME.into();
        without_null(&mut schema);
        schema
    }

    fn without_null(value: &mut Value) {
        let Value::Object(map) = value else {
            return;
        };
        map.values_mut().for_each(without_null);
        if let Some(Value::Array(types)) = map.get("type") {
            assert_eq!(types[1], "null");
            map["type"] = types[0].clone();
        }
        if let Some(Value::Array(choices)) = map.remove("anyOf") {
            assert_eq!(choices[1]["type"], "null");
            map.extend(choices[0].as_object().unwrap().clone());
        }
    }

    /// The schema that people point their editors to.
    #[test]
    fn the_schema_is_that_of_the_type() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/immutag.schema.json");
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let committed: Option<Value> = serde_json::from_str(&committed).ok();
        let generated = schema();
        assert!(
            committed.as_ref() == Some(&generated),
            "{} is to be:\n{}",
            path.display(),
            serde_json::to_string_pretty(&generated).unwrap()
        );
    }

    #[test]
    fn the_schema_takes_what_the_reader_takes() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let value = |text: &str| -> Value {
            let value: toml::Value = toml::from_str(text).unwrap();
            serde_json::to_value(value).unwrap()
        };
        for text in GOOD {
            let value = value(text);
            let error = validator.validate(&value).err();
            assert!(error.is_none(), "{text}: {error:?}");
        }
        for (text, ..) in BAD {
            assert!(!validator.is_valid(&value(text)), "{text}");
        }
    }

    #[test]
    fn the_keys_are_those_of_the_type() {
        let keys = |schema: &Value| -> BTreeSet<String> {
            let properties = schema["properties"].as_object().unwrap();
            properties.keys().cloned().collect()
        };
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
        let schema = schema();
        assert_eq!(keys(&schema), owned(&KEYS));
        assert_eq!(keys(&schema["$defs"]["Override"]), owned(&OVERRIDE_KEYS));
    }
}

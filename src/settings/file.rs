//! The file `immutag.toml`: what a repository says about how it is to be
//! looked at.
//!
//! This module owns where the file is found, its form, and what is wrong with
//! one. It does not know the command line, nor the settings themselves: they are a
//! [`Layer`]; nor which layer wins: that is for [`crate::settings`].
//!
//! The file is looked for from the working directory upward, to the folder
//! that holds `.git` (a directory, or the file of a worktree) and no further.
//! Outside of any repository only the working directory itself is looked at:
//! a stray file far above must not decide what is edited.
//!
//! A key that is not known is an error and not passed over, since one that is
//! misspelt would otherwise let edits happen that somebody meant to forbid.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::{KEYS, Layer, OVERRIDE_KEYS};
use crate::files::bounded;
use crate::files::paths::{WorkingDirectory, folder_of};
use crate::git::repository::dot_git;

/// The name of the file.
pub(crate) const NAME: &str = "immutag.toml";

/// Which file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
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
pub(crate) struct Config {
    /// The file, as it is shown: relative to the working directory, or as it
    /// was named.
    pub(crate) path: PathBuf,
    /// The folder that holds it, as an absolute path without links.
    pub(crate) folder: PathBuf,
    /// What it says.
    pub(crate) layer: Layer,
    text: String,
}

impl Config {
    /// Reads the file that is chosen; None where there is none.
    ///
    /// # Errors
    /// Where it is there, or is named, and cannot be read or is not of its
    /// form.
    pub(crate) fn read(
        choice: &Choice,
        here: &WorkingDirectory,
    ) -> Result<Option<Self>, ConfigError> {
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
        let layer = parse(&text).map_err(|error| ConfigError {
            path: path.clone(),
            line: error.offset.map(|offset| line(&text, offset)),
            message: error.message,
        })?;
        Ok(Self {
            path,
            folder,
            layer,
            text,
        })
    }

    /// The line of an offset, counted from 1.
    #[must_use]
    pub(crate) fn line(&self, offset: usize) -> usize {
        line(&self.text, offset)
    }
}

/// The line of an offset in bytes, counted from 1.
fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// Why a file cannot be used. Nothing may be scanned then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub(crate) struct ConfigError {
    /// The file, as it is shown.
    pub(crate) path: PathBuf,
    /// The line, counted from 1, if it is about one.
    pub(crate) line: Option<usize>,
    /// What is wrong, and the remedy where there is one to tell.
    pub(crate) message: String,
}

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
pub(crate) fn beside(folder: &Path, root: &Path) -> Option<PathBuf> {
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

fn parse(text: &str) -> Result<Layer, FormError> {
    let table = DeTable::parse(text)?;
    known(table.get_ref())?;
    let layer = toml::from_str::<Layer>(text).map_err(FormError::from);
    let Some((start, end)) = without_paths(table.get_ref()) else {
        return layer;
    };
    // The first error of the file is the one to tell.
    match layer {
        Err(error) if error.offset.is_none_or(|offset| offset < end) => Err(error),
        _ => Err(FormError {
            offset: Some(start),
            message: "missing field `paths`".to_owned(),
        }),
    }
}

/// Where the first override without paths begins, and where the next one does.
fn without_paths(table: &DeTable<'_>) -> Option<(usize, usize)> {
    let (_, overrides) = table.iter().find(|(key, _)| key.get_ref() == "override")?;
    let DeValue::Array(overrides) = overrides.get_ref() else {
        return None;
    };
    let mut overrides = overrides.iter();
    let one = overrides.find(|one| match one.get_ref() {
        DeValue::Table(table) => table.keys().all(|key| key.get_ref() != "paths"),
        _ => false,
    })?;
    let next = overrides.next().map(|next| next.span().start);
    Some((one.span().start, next.unwrap_or(usize::MAX)))
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
    use super::super::layer::{Origin, Setting, Tags};
    use super::*;
    use std::collections::BTreeSet;

    use immutag_engine::TagPattern;

    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde_json::Value;

    impl<T: JsonSchema> JsonSchema for Setting<T> {
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
        (
            "[[override]]\nstrict = true\n[[override]]\npaths = 'x'",
            1,
            "missing field `paths`",
        ),
        ("[[override]]\nstrict = 3", 2, "expected a boolean"),
        ("override = [1]", 1, "expected struct Override"),
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

    fn read(text: &str) -> Result<Layer, ConfigError> {
        let (path, folder) = (PathBuf::from(NAME), PathBuf::from("/srv"));
        let config = Config::of(path, folder, text.as_bytes().to_vec())?;
        Ok(config.layer)
    }

    #[test]
    fn a_file_says_what_it_says() {
        for text in GOOD {
            let file = read(text);
            assert!(file.is_ok(), "{text}: {file:?}");
        }
        assert_eq!(read(""), Ok(Layer::default()));
        let text = "\u{feff}# head\r\nkeep-mutable = [\r\n  'a', 'b',\r\n  'a']\r\n\r\n\
                    [[override]]\r\npaths = ['x']\r\n[[override]]\r\n\r\nstrict = false\r\npaths = ['y']\r\n";
        let config = Config::of(PathBuf::new(), PathBuf::new(), text.as_bytes().to_vec());
        let config = config.unwrap();
        let line_of = |origin| match origin {
            Origin::File { offset } => config.line(offset),
            other => panic!("{other:?}"),
        };
        let tags: &Setting<Tags> = config.layer.keep_mutable.as_ref().unwrap();
        let names: Vec<&str> = tags
            .value
            .as_slice()
            .iter()
            .map(TagPattern::as_str)
            .collect();
        assert_eq!((names, line_of(tags.origin)), (vec!["a", "b"], 2));
        let lines: Vec<usize> = config
            .layer
            .overrides
            .iter()
            .map(|one| line_of(one.origin))
            .collect();
        assert_eq!(lines, [6, 8]);
        let strict = config.layer.overrides[1].value.strict.as_ref().unwrap();
        assert_eq!((strict.value, line_of(strict.origin)), (false, 10));
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
        let mut schema = schemars::schema_for!(Layer).to_value();
        schema["title"] = NAME.into();
        schema["description"] = "The settings of immutag for a repository.".into();
        without_null(&mut schema);
        // The type is the same for both; each takes its own keys.
        let only = |schema: &mut Value, keys: &[&str]| {
            let properties = schema["properties"].as_object_mut().unwrap();
            for key in keys {
                assert!(properties.contains_key(*key), "{key}");
            }
            properties.retain(|key, _| keys.contains(&key.as_str()));
        };
        let mut one = schema.clone();
        only(&mut schema, &KEYS);
        only(&mut one, &OVERRIDE_KEYS);
        one["description"] = "Other settings for some of the files.".into();
        one["required"] = vec!["paths"].into();
        let one = one.as_object_mut().unwrap();
        one.retain(|key, _| !matches!(key.as_str(), "$defs" | "$schema" | "title"));
        let defs = schema["$defs"].as_object_mut().unwrap();
        defs.remove("Layer");
        defs.insert("Override".to_owned(), Value::Object(one.clone()));
        let overrides = &mut schema["properties"]["override"];
        overrides.as_object_mut().unwrap().remove("default");
        overrides["items"] = serde_json::json!({"$ref": "#/$defs/Override"});
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

    /// Each key of the type is one of the file's, or of an override's.
    #[test]
    fn keys_are_those_of_the_type() {
        let schema = schemars::schema_for!(Layer).to_value();
        let properties = schema["properties"].as_object().unwrap();
        let of_type: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let listed: BTreeSet<&str> = KEYS.into_iter().chain(OVERRIDE_KEYS).collect();
        assert_eq!(of_type, listed);
    }
}

//! What `.trivyignore` and `.trivyignore.yaml` ask for.
//!
//! This module owns the syntax of the two lists. It opens no file, and it
//! does not know which templates the paths in a list name.
//!
//! Source: trivy.dev, "Filtering", "By Breach IDs". Both name a
//! misconfiguration by its ID alone: neither `*` nor the long name of a check
//! counts there.

use std::borrow::Cow;
use std::fmt;

use super::{Date, Until, is_trivy_id};
use crate::syntax::{self, NodeId, Tree};
use crate::text::excerpt::brief;
use crate::text::span::{LineIndex, Position};

/// An entry of a list that names our rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number among all entries that were read. Whoever reads the lists
    /// gives it, and is told by it which entries were of use.
    pub number: usize,
    /// Where it stands in its list.
    pub position: Position,
    /// The globs of the files that it is for; none where it is for all.
    pub paths: Vec<String>,
    /// The reason given.
    pub reason: Option<String>,
    /// Until when it counts.
    pub until: Until,
}

/// Why a list could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    /// Where it fails.
    pub position: Position,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "line {line}, column {column}: {}", self.message)
    }
}

impl std::error::Error for ListError {}

/// Reads a `.trivyignore`: an ID on each line, and `exp:YYYY-MM-DD` behind it
/// where it is to expire. Lines that begin with `#` are comments.
#[must_use]
pub fn trivyignore(text: &str) -> Vec<Listed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let listed = |(number, line): (usize, &str)| {
        let mut fields = line.split_whitespace();
        fields.next().filter(|id| is_trivy_id(id))?;
        let day = fields.find_map(|field| field.strip_prefix("exp:"));
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        Some(Listed {
            number: 0,
            position: Position {
                line: number + 1,
                column: indent + 1,
            },
            paths: Vec::new(),
            reason: None,
            until: day.map_or(Until::Ever, |day| Until::day(Date::parse(day))),
        })
    };
    text.lines().enumerate().filter_map(listed).collect()
}

/// Reads a `.trivyignore.yaml`: under `misconfigurations` a list of mappings,
/// each with an `id`, and with `paths`, `expired_at` and a `statement` where
/// they are wanted.
///
/// # Errors
/// Where the text is not YAML, or not of this shape.
pub fn trivyignore_yaml(text: &str) -> Result<Vec<Listed>, ListError> {
    let lines = LineIndex::new(text);
    let tree = syntax::parse(text).map_err(|error| ListError {
        position: lines.position(error.offset),
        message: error.to_string(),
    })?;
    let list = List {
        tree: &tree,
        lines: &lines,
    };
    let Some(&root) = tree.documents().first() else {
        return Ok(Vec::new());
    };
    let mut listed = Vec::new();
    for &item in list.items(root, "misconfigurations")? {
        if list.text(item, "id")?.is_some_and(is_trivy_id) {
            listed.push(list.entry(item)?);
        }
    }
    Ok(listed)
}

struct List<'t, 'a> {
    tree: &'t Tree<'a>,
    lines: &'t LineIndex<'a>,
}

impl<'t> List<'t, '_> {
    fn entry(&self, item: NodeId) -> Result<Listed, ListError> {
        let mut paths = Vec::new();
        for &path in self.items(item, "paths")? {
            let path = self.tree.resolve(path);
            let text = self
                .tree
                .literal(path)
                .ok_or_else(|| self.wrong(path, "a path is no word"))?;
            paths.push(text.to_owned());
        }
        let until = match self.text(item, "expired_at")? {
            None => Until::Ever,
            // YAML has times of the day, too; a list is of days.
            Some(text) => match Date::parse(text.get(..10).unwrap_or(text)) {
                Some(day) => Until::Day(day),
                None => return Err(self.wrong(item, "expired_at is no day, as 2030-12-31")),
            },
        };
        let reason = self.text(item, "statement")?;
        let reason = reason.map(|text| brief(text.trim()));
        Ok(Listed {
            number: 0,
            position: self.lines.position(self.tree.start(item)),
            paths,
            reason: reason.filter(|text| !text.is_empty()).map(Cow::into_owned),
            until,
        })
    }

    /// The items of the list at a key; none where there is no list.
    fn items(&self, mapping: NodeId, key: &str) -> Result<&'t [NodeId], ListError> {
        let Some(value) = self.value(mapping, key)? else {
            return Ok(&[]);
        };
        match self.tree.value(value) {
            syntax::Value::Sequence { items, .. } => Ok(items),
            _ => Err(self.wrong(value, &format!("{key} is no list"))),
        }
    }

    /// The word at a key.
    fn text(&self, mapping: NodeId, key: &str) -> Result<Option<&'t str>, ListError> {
        let Some(value) = self.value(mapping, key)? else {
            return Ok(None);
        };
        match self.tree.literal(value) {
            Some(text) => Ok(Some(text)),
            None => Err(self.wrong(value, &format!("{key} is no word"))),
        }
    }

    /// What stands at a key, unless it is null.
    fn value(&self, mapping: NodeId, key: &str) -> Result<Option<NodeId>, ListError> {
        let mapping = self.tree.resolve(mapping);
        if self.tree.is_null(mapping) {
            return Ok(None);
        }
        if !self.tree.is_mapping(mapping) {
            return Err(self.wrong(mapping, &format!("a mapping with {key} was expected")));
        }
        let entry = self.tree.entry(mapping, key);
        let value = entry.map(|entry| self.tree.resolve(entry.value));
        Ok(value.filter(|&value| !self.tree.is_null(value)))
    }

    fn wrong(&self, at: NodeId, message: &str) -> ListError {
        ListError {
            position: self.lines.position(self.tree.start(at)),
            message: message.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_list_names_ids_and_days() {
        let text = "\u{feff}# AVD-AWS-0031\r\n\r\nAVD-AWS-0030\r\n  AVD-AWS-0031 exp:2030-01-02\r\nAWS-0031\r\n*\r\navd-aws-0031 exp:soon # why\r\naws-ecr-enforce-immutable-repository\r\n";
        let listed = trivyignore(text);
        let day = Date::parse("2030-01-02").unwrap();
        let found: Vec<_> = listed
            .iter()
            .map(|entry| (entry.position.line, entry.until))
            .collect();
        assert_eq!(
            found,
            [
                (4, Until::Day(day)),
                (5, Until::Ever),
                (7, Until::Unreadable)
            ]
        );
        assert_eq!(listed[0].position.column, 3);
    }

    #[test]
    fn a_yaml_list_has_paths_reasons_and_days() {
        let text = "\
vulnerabilities:
  - id: AVD-AWS-0031
misconfigurations:
  - id: AVD-AWS-0030
    paths: wrong, but not ours
  - id: AVD-AWS-0031
    paths:
      - a/*.yaml
      - \"b\"
    statement: old
    expired_at: 2030-01-02T00:00:00Z
  - {id: AWS-0031}
";
        let listed = trivyignore_yaml(text).unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].position, Position { line: 6, column: 5 });
        assert_eq!(listed[0].paths, ["a/*.yaml", "b"]);
        assert_eq!(listed[0].reason.as_deref(), Some("old"));
        assert_eq!(listed[0].until, Until::day(Date::parse("2030-01-02")));
        assert_eq!(
            (&listed[1].paths, listed[1].until),
            (&Vec::new(), Until::Ever)
        );
    }

    #[test]
    fn what_is_no_list_is_an_error_and_what_is_empty_is_none() {
        for text in [
            "",
            "# nothing\n",
            "misconfigurations:\n",
            "secrets: [{id: a}]\n",
        ] {
            assert_eq!(trivyignore_yaml(text), Ok(Vec::new()), "{text}");
        }
        for text in [
            "[a]",
            "a",
            "misconfigurations: {id: AWS-0031}",
            "misconfigurations: [AWS-0031]",
            "misconfigurations: [{id: [AWS-0031]}]",
            "misconfigurations: [",
            "misconfigurations: [{id: AWS-0031, paths: a}]",
            "misconfigurations: [{id: AWS-0031, expired_at: soon}]",
        ] {
            assert!(trivyignore_yaml(text).is_err(), "{text}");
        }
        let error = trivyignore_yaml("a: 1\nmisconfigurations: x\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column 20: misconfigurations is no list"
        );
    }
}

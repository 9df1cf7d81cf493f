//! Quotes, as those around have them.
//!
//! This module owns how a new key and a new value are quoted. It does not know where they go.

use super::page::Page;
use crate::rule::{FILTERS, MUTABILITY};
use crate::syntax::{Entry, Format, NodeId, ScalarStyle, Value};

/// How the keys and values that a fix writes are quoted.
#[derive(Clone, Copy)]
pub(super) struct Quotes {
    pub(super) key: ScalarStyle,
    pub(super) value: ScalarStyle,
}

impl Page<'_> {
    /// How a node is quoted.
    pub(super) fn quotes_of(&self, id: NodeId) -> ScalarStyle {
        match self.tree.scalar_style(id) {
            Some(style @ (ScalarStyle::Single | ScalarStyle::Double)) => style,
            _ => ScalarStyle::Plain,
        }
    }

    /// How a key beside the first of `mapping` is quoted; as `or` is where
    /// there is none to go by.
    pub(super) fn key_quotes(&self, mapping: NodeId, or: NodeId) -> ScalarStyle {
        let mut keys = self.tree.entries(mapping).iter().map(|entry| entry.key);
        let first = keys.find(|&key| self.tree.literal(key).is_some_and(|key| key != "<<"));
        self.quotes_of(first.unwrap_or(or))
    }

    /// How a value in `mapping` is quoted: as the first string there that
    /// stands on one line, else as `Type` is.
    pub(super) fn value_quotes(&self, mapping: NodeId, type_entry: Entry) -> ScalarStyle {
        let first = self.tree.entries(mapping).iter().find(|entry| {
            let is_ours = matches!(self.tree.literal(entry.key), Some(MUTABILITY | FILTERS));
            let is_string = match self.tree.value(entry.value) {
                Value::Scalar { text, style } => match style {
                    ScalarStyle::Plain => is_string(text),
                    ScalarStyle::Single | ScalarStyle::Double => true,
                    ScalarStyle::Block => false,
                },
                _ => false,
            };
            is_string
                && !is_ours
                && self.tree.tag(entry.value).is_none()
                && !self
                    .tree
                    .span(entry.value)
                    .of(self.tree.text())
                    .contains('\n')
        });
        self.quotes_of(first.map_or(type_entry.value, |entry| entry.value))
    }

    /// How a value is to be quoted: as [`Page::value_quotes`] says where it
    /// stands in the mapping of an ECR repository's properties, else as the first
    /// string beside it.
    pub(super) fn quotes_beside(&self, value: NodeId) -> ScalarStyle {
        let Some(parent) = self.tree.parent(value) else {
            return self.quotes_of(value);
        };
        let owner = self.owner(value).ok();
        if let Some(owner) = owner.filter(|_| self.tree.is_mapping(parent)) {
            return self.value_quotes(parent, owner.type_entry);
        }
        let values = self.tree.entries(parent).iter().map(|entry| entry.value);
        let items = self.tree.items(parent).iter().copied();
        // The first item of `Fn::If` names a condition, and is no such value.
        let beside = values.chain(items.skip(1)).find(|&beside| {
            let is_word = self.tree.literal(beside).is_some_and(is_string);
            beside != value && is_word
        });
        match beside.or(owner.map(|owner| owner.type_entry.value)) {
            Some(beside) => self.quotes_of(beside),
            None if self.tree.format() == Format::Json => ScalarStyle::Double,
            None => ScalarStyle::Plain,
        }
    }
}

/// Returns a word in the quotes of a style, or in double quotes where it needs some.
pub(super) fn quoted(word: &str, style: ScalarStyle) -> String {
    match style {
        ScalarStyle::Single => format!("'{word}'"),
        ScalarStyle::Plain | ScalarStyle::Block if is_plain(word) => word.to_owned(),
        _ => format!("\"{word}\""),
    }
}

/// Whether every reader takes a word without quotes for that string: it
/// begins with a letter, and is no other value.
fn is_plain(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic()) && is_string(word)
}

/// Whether a plain word is a string, so that it could have been quoted: not
/// null, a boolean or a number.
///
/// Source: YAML 1.2.2 section 10.3.2, and the booleans of YAML 1.1.
fn is_string(plain: &str) -> bool {
    let lower = plain.to_ascii_lowercase();
    !matches!(
        lower.as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    ) && plain.parse::<f64>().is_err()
}

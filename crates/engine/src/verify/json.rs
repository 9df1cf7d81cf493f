//! The judge of JSON: `serde_json` by way of its data model.
//!
//! The reader takes the places of raw values and never what `serde_json`
//! makes of them; the judge takes what it makes of them, and knows no places.
//! It makes no tree: it walks along the reader's, node by node, and the two
//! must agree on every key, word and number of entries, duplicates included.
//! So what the reader's trees differ in is what the judge sees differ.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::syntax::{NodeId, ScalarStyle, Tree, Value};

/// Whether the judge sees in the tree's text what the tree says.
///
/// # Errors
/// Why it rejects the text, or where it sees something else.
pub(super) fn agrees(tree: &Tree<'_>) -> Result<(), String> {
    let text = tree.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut nodes = tree.nodes();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let judge = Judge {
        tree,
        nodes: &mut nodes,
    };
    judge
        .deserialize(&mut deserializer)
        .and_then(|_| deserializer.end())
        .map_err(|error| error.to_string())?;
    match nodes.next() {
        Some(_) => Err("it ends before the tree does".to_owned()),
        None => Ok(()),
    }
}

/// Visits one value, for which the next node must stand.
struct Judge<'j, 'a, I> {
    tree: &'j Tree<'a>,
    nodes: &'j mut I,
}

impl<'de, I: Iterator<Item = NodeId>> DeserializeSeed<'de> for Judge<'_, '_, I> {
    type Value = NodeId;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NodeId, D::Error> {
        let node = self.nodes.next().ok_or_else(|| other("the tree ends"))?;
        match self.tree.value(node) {
            // As it is written: not every number of JSON's fits one of ours.
            Value::Scalar {
                text,
                style: ScalarStyle::Plain,
            } => {
                let written = <&RawValue>::deserialize(deserializer)?;
                if written.get() != text {
                    return Err(other("another word stands there"));
                }
            }
            value => deserializer.deserialize_any(Inside {
                tree: self.tree,
                nodes: self.nodes,
                value,
            })?,
        }
        Ok(node)
    }
}

/// Visits a string, an object or an array, for which `value` must stand.
struct Inside<'j, 'a, I> {
    tree: &'j Tree<'a>,
    nodes: &'j mut I,
    value: Value<'j>,
}

impl<'de, I: Iterator<Item = NodeId>> Visitor<'de> for Inside<'_, '_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the tree has there")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<(), E> {
        match self.value {
            Value::Scalar { text, .. } if text == word => Ok(()),
            _ => Err(other("another string stands there")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Value::Sequence { items, .. } = self.value else {
            return Err(other("an array stands there"));
        };
        let mut expected = items.iter();
        while let Some(item) = seq.next_element_seed(Judge {
            tree: self.tree,
            nodes: self.nodes,
        })? {
            if expected.next() != Some(&item) {
                return Err(other("another item stands there"));
            }
        }
        match expected.next() {
            Some(_) => Err(other("an item is missing")),
            None => Ok(()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Value::Mapping { entries, .. } = self.value else {
            return Err(other("an object stands there"));
        };
        let mut expected = entries.iter();
        while let Some(key) = map.next_key_seed(Judge {
            tree: self.tree,
            nodes: self.nodes,
        })? {
            let value = map.next_value_seed(Judge {
                tree: self.tree,
                nodes: self.nodes,
            })?;
            let entry = expected.next();
            if entry.is_none_or(|entry| (entry.key, entry.value) != (key, value)) {
                return Err(other("another member stands there"));
            }
        }
        match expected.next() {
            Some(_) => Err(other("a member is missing")),
            None => Ok(()),
        }
    }
}

fn other<E: Error>(what: &str) -> E {
    E::custom(format_args!("{what}, says the second parser"))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::syntax::{Builder, CollectionStyle, Format, parse_as};
    use crate::text::span::Span;

    const TEXT: &str = r#"{"a": 1, "b": ["c", "d"], "e": {"f": null}}"#;

    /// A tree of [`TEXT`] that says what `other` says.
    fn misread(other: &str) -> Result<(), String> {
        let read = parse_as(other, Format::Json).unwrap();
        let mut builder = Builder::new(TEXT, Format::Json);
        copy(&read, read.documents()[0], &mut builder);
        agrees(&builder.finish())
    }

    fn copy(from: &Tree<'_>, node: NodeId, to: &mut Builder<'_>) {
        let span = Span::at(0);
        match from.value(node) {
            Value::Scalar { text, style } => {
                to.scalar(span, Cow::Owned(text.to_owned()), style);
            }
            Value::Mapping { entries, .. } => {
                to.open_mapping(span, CollectionStyle::Flow).unwrap();
                for entry in entries {
                    copy(from, entry.key, to);
                    copy(from, entry.value, to);
                }
                to.close();
            }
            Value::Sequence { items, .. } => {
                to.open_sequence(span, CollectionStyle::Flow).unwrap();
                for &item in items {
                    copy(from, item, to);
                }
                to.close();
            }
            Value::Alias { .. } => panic!("JSON has no aliases"),
        }
    }

    #[test]
    fn a_tree_that_says_what_the_text_says_is_agreed_with() {
        assert_eq!(misread(TEXT), Ok(()));
        assert_eq!(agrees(&parse_as(TEXT, Format::Json).unwrap()), Ok(()));
    }

    #[test]
    fn a_tree_that_says_anything_else_is_not() {
        for (other, why) in [
            // A word, a string, a key.
            (
                r#"{"a": 2, "b": ["c", "d"], "e": {"f": null}}"#,
                "another word",
            ),
            (
                r#"{"a": 1, "b": ["c", "x"], "e": {"f": null}}"#,
                "another string",
            ),
            (
                r#"{"a": 1, "x": ["c", "d"], "e": {"f": null}}"#,
                "another string",
            ),
            // One less, one more, in either collection.
            (r#"{"a": 1, "b": ["c"], "e": {"f": null}}"#, "another"),
            (
                r#"{"a": 1, "b": ["c", "d", "x"], "e": {"f": null}}"#,
                "an item is missing",
            ),
            (r#"{"a": 1, "b": ["c", "d"], "e": {}}"#, "the tree ends"),
            (
                r#"{"a": 1, "b": ["c", "d"], "e": {"f": null, "x": 1}}"#,
                "a member is missing",
            ),
            (
                r#"{"a": 1, "b": ["c", "d"], "e": {"f": null}, "x": {}}"#,
                "a member is missing",
            ),
            // Another kind of node.
            (
                r#"{"a": 1, "b": {"c": "d"}, "e": {"f": null}}"#,
                "an array stands there",
            ),
            (
                r#"{"a": 1, "b": ["c", "d"], "e": ["f", null]}"#,
                "an object stands there",
            ),
            (
                r#"{"a": 1, "b": ["c", "d"], "e": "f"}"#,
                "an object stands there",
            ),
            (
                r#"{"a": 1, "b": "c", "e": {"f": null}}"#,
                "an array stands there",
            ),
            (
                r#"{"a": "1", "b": ["c", "d"], "e": {"f": null}}"#,
                "what the tree has there",
            ),
            // The same words in another nesting.
            (
                r#"{"a": 1, "b": ["c", ["d"]], "e": {"f": null}}"#,
                "another",
            ),
        ] {
            let says = misread(other).unwrap_err();
            assert!(says.contains(why), "{other}: {says}");
        }
        // What stands behind the tree's document.
        let mut builder = Builder::new("1", Format::Json);
        for word in ["1", "2"] {
            builder.scalar(Span::at(0), Cow::Owned(word.to_owned()), ScalarStyle::Plain);
        }
        let says = agrees(&builder.finish()).unwrap_err();
        assert!(says.contains("it ends before"), "{says}");
    }
}

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

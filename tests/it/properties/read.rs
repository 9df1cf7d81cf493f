//! What a text says, by code that shares nothing with the crate's own: the
//! events of the YAML parser, and `serde_json`'s data model, each taken
//! without places, quotes or layout.
//!
//! The YAML parser is the one that the crate reads with, too. That it reads
//! right is seen from the model, which comes from no parser.

use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::model::{Value, long};

/// The documents of a YAML text, functions in their long form.
pub(crate) fn yaml(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    let mut open: Vec<(Option<String>, Open)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, place) = event.map_err(|error| error.to_string())?;
        let (tag, value) = match event {
            Event::Scalar(word, style, _, tag) => {
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                // Where a text breaks off there is no line break to keep: the
                // parser is alone in thinking so.
                let is_cut = !text.ends_with('\n')
                    && place
                        .byte_range()
                        .is_some_and(|range| range.end == text.len());
                let word = match word.strip_suffix('\n') {
                    Some(bare) if is_block && is_cut => bare,
                    _ => &word,
                };
                (
                    name(tag.as_deref()),
                    scalar(word, style == ScalarStyle::Plain),
                )
            }
            Event::MappingStart(.., tag) => {
                open.push((name(tag.as_deref()), Open::Map(Vec::new(), None)));
                continue;
            }
            Event::SequenceStart(.., tag) => {
                open.push((name(tag.as_deref()), Open::List(Vec::new())));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some((tag, Open::Map(entries, _))) => (tag, Value::Map(entries)),
                Some((tag, Open::List(items))) => (tag, Value::List(items)),
                None => return Err("an end without a beginning".to_owned()),
            },
            Event::Alias(_) => return Err("an alias".to_owned()),
            _ => continue,
        };
        let value = match tag {
            Some(name) => Value::Map(vec![(long(&name), value)]),
            None => value,
        };
        match open.last_mut() {
            None => documents.push(value),
            Some((_, Open::List(items))) => items.push(value),
            Some((_, Open::Map(entries, waiting))) => match (waiting.take(), value) {
                (Some(key), value) => entries.push((key, value)),
                (None, Value::Text(key) | Value::Bare(key)) => *waiting = Some(key),
                (None, key) => return Err(format!("{key:?} as a key")),
            },
        }
    }
    Ok(documents)
}

/// A collection that is not closed yet; a mapping with the key that waits
/// for its value.
enum Open {
    Map(Vec<(String, Value)>, Option<String>),
    List(Vec<Value>),
}

fn name(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| tag.suffix().to_owned())
}

fn scalar(word: &str, is_plain: bool) -> Value {
    match word {
        "" | "~" | "null" if is_plain => Value::Nothing,
        "true" | "false" if is_plain => Value::Bare(word.to_owned()),
        _ if is_plain && word.parse::<f64>().is_ok() => Value::Bare(word.to_owned()),
        _ => Value::Text(word.to_owned()),
    }
}

/// The document of a JSON text.
pub(crate) fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Nothing)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bare(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Bare(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Bare(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Bare(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Value::Map(entries))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

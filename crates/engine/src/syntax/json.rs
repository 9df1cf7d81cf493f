//! JSON to the tree, through `serde_json`.
//!
//! This module owns the way from `serde_json`'s raw values to spans. A raw
//! value borrows from the text, so that its place in the text is the
//! difference of two addresses: no unsafe code, and no tokenizer of our own.
//! Objects are read as lists of members, since a map would hide duplicates.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Builder, CollectionStyle, Format, ScalarStyle, SyntaxError, Tree};
use crate::text::span::{LineIndex, Span};

/// Reads `text` as one JSON document.
pub(super) fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: &RawValue = serde_json::from_str(body).map_err(|error| {
        invalid(
            LineIndex::new(text).offset(error.line(), error.column()),
            &error,
        )
    })?;
    let mut reader = Reader {
        text,
        builder: Builder::new(text, Format::Json),
    };
    reader.value(root.get())?;
    Ok(reader.builder.finish())
}

fn invalid(offset: usize, error: &serde_json::Error) -> SyntaxError {
    let message = error.to_string();
    // serde_json ends its message with the place, which we give ourselves.
    let reason = message.split(" at line ").next().unwrap_or(&message);
    SyntaxError::invalid(Format::Json, offset, reason)
}

struct Reader<'a> {
    text: &'a str,
    builder: Builder<'a>,
}

impl<'a> Reader<'a> {
    /// Recurses no deeper than the builder's limit.
    fn value(&mut self, raw: &'a str) -> Result<(), SyntaxError> {
        let span = self.span(raw);
        match raw.as_bytes().first() {
            Some(b'{') => {
                self.builder.open_mapping(span, CollectionStyle::Flow)?;
                let Members(members) = self.parts(raw)?;
                for (key, value) in members {
                    self.value(key.get())?;
                    self.value(value.get())?;
                }
                self.builder.close();
            }
            Some(b'[') => {
                self.builder.open_sequence(span, CollectionStyle::Flow)?;
                let Items(items) = self.parts(raw)?;
                for item in items {
                    self.value(item.get())?;
                }
                self.builder.close();
            }
            Some(b'"') => {
                let text = match raw.get(1..raw.len().saturating_sub(1)) {
                    Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
                    _ => Cow::Owned(self.parts(raw)?),
                };
                self.builder.scalar(span, text, ScalarStyle::Double);
            }
            _ => {
                self.builder
                    .scalar(span, Cow::Borrowed(raw), ScalarStyle::Plain);
            }
        }
        Ok(())
    }

    fn parts<T: Deserialize<'a>>(&self, raw: &'a str) -> Result<T, SyntaxError> {
        serde_json::from_str(raw).map_err(|error| invalid(self.span(raw).start, &error))
    }

    /// Where `raw`, a part of the text, stands in it.
    fn span(&self, raw: &str) -> Span {
        let start = (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Span::new(start, start + raw.len())
    }
}

/// The members of an object, duplicates and all.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// The items of an array.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

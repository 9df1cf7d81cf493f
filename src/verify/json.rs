//! The judge of JSON: `serde_json` by way of its data model.
//!
//! The reader takes the places of raw values and never what `serde_json`
//! makes of them; the judge takes what it makes of them and knows no places.
//! Duplicate members are kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::span::Span;
use crate::syntax::{Builder, CollectionStyle, Format, ScalarStyle, Tree, Value};

/// The tree of `text` without spans, or why it is not JSON.
pub(super) fn read(text: &str) -> Result<Tree<'_>, String> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::new(text, Format::Json);
    let mut deserializer = serde_json::Deserializer::from_str(body);
    Judge(&mut builder)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| error.to_string())?;
    Ok(builder.finish())
}

/// Visits one value and adds it to the builder.
struct Judge<'b, 'a>(&'b mut Builder<'a>);

impl<'a> Judge<'_, 'a> {
    fn scalar(self, text: impl Into<Cow<'a, str>>, style: ScalarStyle) {
        let text = text.into();
        self.0.add(Span::default(), Value::Scalar { text, style });
    }
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Judge<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Judge<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar("null", ScalarStyle::Plain);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(value.to_string(), ScalarStyle::Plain);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(value.to_string(), ScalarStyle::Plain);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(value.to_string(), ScalarStyle::Plain);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(value.to_string(), ScalarStyle::Plain);
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.scalar(value, ScalarStyle::Double);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(value.to_owned(), ScalarStyle::Double);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let value = Value::Sequence {
            style: CollectionStyle::Flow,
            items: Vec::new(),
        };
        self.0
            .open(Span::default(), value)
            .map_err(A::Error::custom)?;
        while seq.next_element_seed(Judge(self.0))?.is_some() {}
        self.0.close();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let value = Value::Mapping {
            style: CollectionStyle::Flow,
            entries: Vec::new(),
        };
        self.0
            .open(Span::default(), value)
            .map_err(A::Error::custom)?;
        while map.next_key_seed(Judge(self.0))?.is_some() {
            map.next_value_seed(Judge(self.0))?;
        }
        self.0.close();
        Ok(())
    }
}

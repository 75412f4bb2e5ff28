//! A YAML (or JSON) file as a tree in which every key and value knows its place in the text.
//!
//! Maps keep the order and the spelling of the file. Which value is legal where is not decided
//! here but in `shape`.

use super::finding::Span;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;
use std::fmt;

/// A value and the bytes it was written with. Of a list or map only the first token is marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What YAML's core schema makes of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

impl Node {
    /// The entries of a map; nothing for any other value.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                &[]
            }
        }
    }

    /// The items of a list; nothing for any other value.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => &[],
        }
    }

    /// The text of a text value.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                None
            }
        }
    }

    /// The entry that a chain of keys leads to.
    pub(super) fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (first, rest) = path.split_first()?;
        let entry = self.entries().iter().find(|entry| entry.key == *first)?;
        if rest.is_empty() { Some(entry) } else { entry.node.entry(rest) }
    }

    /// Where the value at `path` stands; a list or map is marked by its key. If there is none, the
    /// nearest key above it.
    pub(super) fn span_of(&self, path: &[&str]) -> Span {
        match self.entry(path) {
            Some(entry) if entry.node.is_scalar() => entry.node.span,
            Some(entry) => entry.key_span,
            None => path.split_last().map_or(START, |(_, above)| self.key_span(above)),
        }
    }

    /// Where the key at the end of `path` stands; if there is none, the nearest one above it.
    pub(super) fn key_span(&self, path: &[&str]) -> Span {
        match (self.entry(path), path.split_last()) {
            (Some(entry), _) => entry.key_span,
            (None, Some((_, above))) => self.key_span(above),
            (None, None) => START,
        }
    }

    /// Where `text` stands in the list at `path`, at its `nth` occurrence from zero.
    pub(super) fn item_span(&self, path: &[&str], text: &str, nth: usize) -> Span {
        let items = self.entry(path).map_or(&[][..], |entry| entry.node.items());
        let same = items.iter().filter(|item| item.text() == Some(text));
        same.clone().nth(nth).map_or_else(|| self.span_of(path), |item| item.span)
    }

    fn is_scalar(&self) -> bool {
        match self.value {
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => self.span.length > 0,
            Value::Null | Value::List(_) | Value::Map(_) => false,
        }
    }
}

/// The beginning of the file, for findings about the file as a whole.
pub(super) const START: Span = Span { offset: 0, length: 0 };

fn span(location: serde_saphyr::Location) -> Span {
    let bytes = location.span();
    let index = |number: Option<u64>| number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    Span { offset: index(bytes.byte_offset()), length: index(bytes.byte_len()) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { span: span(spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number, truth value, list or map")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = map.next_value()?;
            entries.push(Entry { key: key.value, key_span: span(key.referenced), node });
        }
        Ok(Value::Map(entries))
    }
}

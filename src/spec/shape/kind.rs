//! Kinds of values, and how schemas and people speak of them.

use super::super::node::Value;
use serde_json::Value as Json;

/// The kind of a value, as JSON Schema's `type` tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Map,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::Text(_) => Self::Text,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
        }
    }

    /// The kind as a person would say it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    fn schema_types(self) -> &'static [&'static str] {
        match self {
            Self::Null => &["null"],
            Self::Bool => &["boolean"],
            Self::Number => &["number", "integer"],
            Self::Text => &["string"],
            Self::List => &["array"],
            Self::Map => &["object"],
        }
    }
}

/// Parts of the names of keys that take a duration.
const TIMES: [&str; 4] = ["timeout", "backoff", "cooldown", "window"];

/// What usually turns a value into the wanted kind.
pub(super) fn cure(value: &Value, wanted: &str, name: &str) -> Option<String> {
    let text = match value {
        Value::Number(_) if TIMES.iter().any(|time| name.contains(time)) => {
            "add its unit, as in 30s, 15m or 2h"
        }
        Value::Number(number) if wanted.contains("text") => {
            return Some(format!("put it in quotes: \"{number}\""));
        }
        Value::Bool(_) if wanted.contains("text") => "put it in quotes",
        Value::Text(_) if wanted.contains("list") => "put it in brackets: [ … ]",
        Value::Text(_) if wanted == "true or false" => {
            "write true or false, without quotes; yes, no, on and off are texts in YAML 1.2"
        }
        Value::Text(_) if wanted.contains("number") => "write it without quotes or unit",
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => return None,
    };
    Some(text.to_owned())
}

/// Does a schema take values of this kind?
pub(super) fn accepts(schema: &Json, kind: Kind) -> bool {
    match schema["type"].as_str() {
        Some(name) => kind.schema_types().contains(&name),
        None => schema["type"].is_null(),
    }
}

/// What a schema takes, as a noun phrase.
pub(super) fn describe(schema: &Json) -> String {
    let noun = match schema["type"].as_str() {
        Some("boolean") => "true or false",
        Some("number") => "a number",
        Some("integer") => "a whole number",
        Some("array") => "a list",
        Some("object") => "a map",
        Some(_) | None => "a text",
    };
    noun.to_owned()
}

/// The words a schema allows, if it allows only certain words.
pub(super) fn choices(schema: &Json) -> Vec<&str> {
    if let Some(word) = schema["const"].as_str() {
        return vec![word];
    }
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    words.chain(alternatives.flat_map(choices)).collect()
}

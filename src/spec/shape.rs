//! Compares a file's tree with the JSON Schema of its raw types: keys, kinds, choices, ranges.
//!
//! The same schema completes the file in an editor, so editor and agent cannot disagree. Whatever
//! does not fit is noted and left out; what remains always deserializes into the raw type, so that
//! the checks of meaning still run and all findings appear together.

mod kind;

use super::{
    finding::Span,
    node::{Entry, Node, Value},
    notes::{Notes, listed, quoted},
};
use kind::{Kind, accepts, choices, cure, describe};
use schemars::{JsonSchema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Map, Value as Json};

/// The JSON Schema of a raw type. A key is either left out or has a value: `null` is no value.
pub(super) fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with_transform(forbid_null);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn forbid_null(schema: &mut schemars::Schema) {
    transform_subschemas(&mut forbid_null, schema);
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("default");
    if let Some(Json::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let Some(Json::Array(alternatives)) = object.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| alternative["type"] != "null");
    if let [Json::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        object.extend(only);
    }
}

/// The part of `root` that fits `schema`, as JSON; the rest goes to `notes`.
pub(super) fn fit(root: &Node, schema: &Json, notes: &mut Notes) -> Option<Json> {
    let place = Place { node: root, name: "the file".to_owned(), span: root.span };
    Fitting { root: schema, notes }.value(&place, schema)
}

/// Deserializes what [`fit`] left. `T` must be a type whose schema was used there.
pub(super) fn raw<T: serde::de::DeserializeOwned>(
    fitted: Json,
    span: Span,
    notes: &mut Notes,
) -> Option<T> {
    serde_json::from_value(fitted)
        .map_err(|error| notes.error(span, "wrong-type", error.to_string()).help(SEE_SCHEMA))
        .ok()
}

const SEE_SCHEMA: &str = "'agent schema' prints what the file may hold";

/// The keys of a map that a schema wants.
fn keys_of(schema: &Json) -> Option<String> {
    let keys: Vec<&str> = schema["properties"].as_object()?.keys().map(String::as_str).collect();
    Some(format!("its keys are {}", keys.join(", ")))
}

/// A value with the name people know it by.
struct Place<'n> {
    node: &'n Node,
    name: String,
    span: Span,
}

impl<'n> Place<'n> {
    fn of(entry: &'n Entry) -> Self {
        let marked = match entry.node.value {
            Value::Null | Value::List(_) | Value::Map(_) => entry.key_span,
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => entry.node.span,
        };
        let span = if marked.length == 0 { entry.key_span } else { marked };
        Self { node: &entry.node, name: quoted(&entry.key), span }
    }
}

struct Fitting<'s, 'w> {
    root: &'s Json,
    notes: &'w mut Notes,
}

impl<'s> Fitting<'s, '_> {
    fn value(&mut self, place: &Place<'_>, schema: &'s Json) -> Option<Json> {
        let schema = self.resolve(schema);
        let allowed = choices(schema);
        if !allowed.is_empty() {
            return self.choice(place, &allowed);
        }
        let Some(schema) = self.alternative(schema, &place.node.value) else {
            self.wrong_kind(place, schema);
            return None;
        };
        match &place.node.value {
            Value::Map(entries) => Some(Json::Object(self.map(place, entries, schema))),
            Value::List(items) => self.list(place, items, schema),
            Value::Number(number) => self.number(place, number, schema),
            Value::Text(text) => Some(Json::from(text.as_str())),
            Value::Bool(value) => Some(Json::from(*value)),
            Value::Null => Some(Json::Null),
        }
    }

    fn resolve(&self, schema: &'s Json) -> &'s Json {
        let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    /// The schema itself or that of its alternatives that takes values of this kind.
    fn alternative(&self, schema: &'s Json, value: &Value) -> Option<&'s Json> {
        let kind = Kind::of(value);
        match schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            Some(alternatives) => alternatives
                .iter()
                .map(|alternative| self.resolve(alternative))
                .find(|alternative| accepts(alternative, kind)),
            None => accepts(schema, kind).then_some(schema),
        }
    }

    fn wrong_kind(&mut self, place: &Place<'_>, schema: &'s Json) {
        let wanted = match schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            Some(alternatives) => alternatives
                .iter()
                .map(|alternative| describe(self.resolve(alternative)))
                .collect::<Vec<_>>()
                .join(" or "),
            None => describe(schema),
        };
        let kind = Kind::of(&place.node.value);
        let name = &place.name;
        if kind == Kind::Null {
            self.notes
                .error(place.span, "empty-value", format!("{name} is empty; it takes {wanted}"))
                .help(
                    keys_of(schema).unwrap_or_else(|| "give it a value, or remove the key".into()),
                );
            return;
        }
        let message = format!("{name} must be {wanted}, not {}", kind.noun());
        let note = self.notes.error(place.span, "wrong-type", message);
        if let Some(help) = cure(&place.node.value, &wanted, name).or_else(|| keys_of(schema)) {
            note.help(help);
        }
    }

    fn choice(&mut self, place: &Place<'_>, allowed: &[&'s str]) -> Option<Json> {
        let name = &place.name;
        let Some(text) = place.node.text() else {
            let noun = Kind::of(&place.node.value).noun();
            self.notes
                .error(place.span, "wrong-type", format!("{name} must be a word, not {noun}"))
                .help(format!("one of {}", listed(allowed)));
            return None;
        };
        if allowed.contains(&text) {
            return Some(Json::from(text));
        }
        let message = format!("{name} cannot be {}", quoted(text));
        let help = self.notes.suggestion(text, allowed.iter().copied());
        let note = self.notes.error(place.node.span, "unknown-word", message);
        if let Some(help) = help {
            note.help(help);
        }
        None
    }

    fn map(&mut self, place: &Place<'_>, entries: &[Entry], schema: &'s Json) -> Map<String, Json> {
        let properties = schema["properties"].as_object();
        let mut fitted = Map::new();
        for entry in entries {
            let known = properties.and_then(|properties| properties.get(&entry.key));
            let free =
                schema.get("additionalProperties").filter(|free| **free != Json::Bool(false));
            let Some(schema) = known.or(free) else {
                let keys = properties.into_iter().flat_map(Map::keys).map(String::as_str);
                let help = self.notes.suggestion(&entry.key, keys);
                self.unknown_key(place, entry, help);
                continue;
            };
            if let Some(value) = self.value(&Place::of(entry), schema) {
                fitted.insert(entry.key.clone(), value);
            }
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !entries.iter().any(|entry| entry.key == key) {
                self.missing_key(place, key, &schema["properties"][key]);
            }
        }
        fitted
    }

    fn unknown_key(&mut self, place: &Place<'_>, entry: &Entry, help: Option<String>) {
        let message = format!("{} has no key {}", place.name, quoted(&entry.key));
        let note = self.notes.error(entry.key_span, "unknown-key", message);
        if let Some(help) = help {
            note.help(help);
        }
    }

    fn missing_key(&mut self, place: &Place<'_>, key: &str, schema: &Json) {
        let message = format!("{} lacks the key '{key}'", place.name);
        let note = self.notes.error(place.span, "missing-key", message);
        if let Some(meaning) = schema["description"].as_str() {
            let first = meaning.lines().next().unwrap_or_default();
            note.help(format!("{key}: {}", first.trim_end_matches('.')));
        }
    }

    fn list(&mut self, place: &Place<'_>, items: &[Node], schema: &'s Json) -> Option<Json> {
        let limit = |key: &str| schema[key].as_u64().and_then(|limit| usize::try_from(limit).ok());
        let least = limit("minItems").unwrap_or(0);
        let most = limit("maxItems").unwrap_or(usize::MAX);
        if !(least..=most).contains(&items.len()) {
            let wanted = match (least == most, most) {
                (true, _) => format!("exactly {least}"),
                (false, usize::MAX) => format!("at least {least}"),
                (false, _) => format!("{least} to {most}"),
            };
            let message = format!("{} takes {wanted} items, not {}", place.name, items.len());
            self.notes.error(place.span, "wrong-length", message);
            return None;
        }
        let name = format!("an item of {}", place.name);
        let fitted = items.iter().map(|node| {
            let span = if node.span.length == 0 { place.span } else { node.span };
            self.value(&Place { node, name: name.clone(), span }, &schema["items"])
        });
        // Every item is looked at, even after one that does not fit.
        let fitted: Vec<Option<Json>> = fitted.collect();
        Some(Json::Array(fitted.into_iter().flatten().collect()))
    }

    fn number(
        &mut self,
        place: &Place<'_>,
        number: &serde_json::Number,
        schema: &'s Json,
    ) -> Option<Json> {
        let value = number.as_f64()?;
        let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
        let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
        if schema["type"] == "integer" && !(number.is_u64() || number.is_i64()) {
            let message = format!("{} must be a whole number, not {number}", place.name);
            self.notes.error(place.span, "wrong-type", message);
            return None;
        }
        if !(least..=most).contains(&value) {
            let message = format!("{} must be from {least} to {most}, not {number}", place.name);
            self.notes.error(place.span, "out-of-range", message);
            return None;
        }
        Some(Json::Number(number.clone()))
    }
}

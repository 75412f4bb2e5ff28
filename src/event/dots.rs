//! Names with dots. EventBridge writes the path of a field with dots, so to it `{"a.b": 1}` and `{"a": {"b": 1}}`
//! are the same, in patterns and in events.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// The event with each dotted name taken apart. Where that makes two values of one field, both count.
pub(super) fn resolved(event: &Value) -> Cow<'_, Value> {
    if has_dots(event) { Cow::Owned(rebuilt(event)) } else { Cow::Borrowed(event) }
}

fn has_dots(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('.') || has_dots(value))
        }
        Value::Array(elements) => elements.iter().any(has_dots),
        _ => false,
    }
}

fn rebuilt(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut all = Map::new();
            for (name, value) in fields {
                let mut value = rebuilt(value);
                let mut steps = name.split('.').rev();
                let last = steps.next_back().unwrap_or_default();
                for step in steps {
                    value = Value::Object(Map::from_iter([(step.to_owned(), value)]));
                }
                add(&mut all, last.to_owned(), value);
            }
            Value::Object(all)
        }
        Value::Array(elements) => elements.iter().map(rebuilt).collect(),
        scalar => scalar.clone(),
    }
}

/// Objects of one name become one; whatever else meets becomes an array, of which any element may match.
fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match (fields.get_mut(&name), value) {
        (None, value) => {
            fields.insert(name, value);
        }
        (Some(Value::Object(there)), Value::Object(more)) => {
            more.into_iter().for_each(|(name, value)| add(there, name, value));
        }
        (Some(Value::Array(there)), value) => there.push(value),
        (Some(there), value) => *there = Value::Array(vec![there.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::resolved;
    use serde_json::json;

    #[test]
    fn dotted_names_become_paths_and_meet_what_is_there() {
        for (event, expected) in [
            (json!({ "a.b.c": 1 }), json!({ "a": { "b": { "c": 1 } } })),
            (json!({ "a": { "x": 1 }, "a.b": 2 }), json!({ "a": { "x": 1, "b": 2 } })),
            (json!({ "a": { "b": 1 }, "a.b": 2 }), json!({ "a": { "b": [1, 2] } })),
            (json!({ "a": 1, "a.b": 2 }), json!({ "a": [1, { "b": 2 }] })),
            (json!([{ "a.": 1 }]), json!([{ "a": { "": 1 } }])),
            (json!({ "a": ["b.c"] }), json!({ "a": ["b.c"] })),
        ] {
            assert_eq!(*resolved(&event), expected);
        }
    }
}

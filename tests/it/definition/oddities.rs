//! Documents that nobody would write.

use super::world::{environment, rendered};
use relevo::definition::{Definition, Kind, compare, lint};
use serde_json::{Value, json};

/// Where every value of a document stands.
fn pointers(value: &Value, pointer: &str, all: &mut Vec<String>) {
    all.push(pointer.to_owned());
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), inner)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, inner)| (index.to_string(), inner)).collect()
        }
        _ => vec![],
    };
    for (key, inner) in entries {
        let key = key.replace('~', "~0").replace('/', "~1");
        pointers(inner, &format!("{pointer}/{key}"), all);
    }
}

#[test]
fn whatever_stands_wherever_lint_and_compare_cope() {
    let odd = [
        json!(null),
        json!(""),
        json!({}),
        json!([[]]),
        json!({"Get": "é.é"}),
        json!({"Std:Join": 1}),
    ];
    for kind in Kind::ALL {
        let whole = rendered(kind);
        let mut all = Vec::new();
        pointers(whole.value(), "", &mut all);
        for (pointer, odd) in all.iter().zip(odd.iter().cycle()) {
            let mut document = whole.value().clone();
            *document.pointer_mut(pointer).unwrap() = odd.clone();
            if let Ok(definition) = Definition::try_from(document) {
                let _ = lint(&definition, &environment());
                let told = compare(&whole, &definition);
                assert_eq!(told.is_empty(), whole == definition, "{pointer}");
            }
        }
    }
}

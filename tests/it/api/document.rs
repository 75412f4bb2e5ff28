//! The document says exactly what is served.

use super::served::Served;
use crate::servers::Emulator;
use relevo::web::{
    auth::{NEEDS, Role},
    openapi,
};
use serde_json::Value;
use std::collections::BTreeSet;

fn routes(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn the_document_lists_the_routes_that_are_served_and_no_other() {
    let served = Served::new().await;
    let document = served.get(Role::Viewer, "/api/v1/openapi.json").await.with(200).json();
    let needs = NEEDS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(routes(&document), needs.collect());
    assert_eq!(document, openapi::document());
    let unanswered: Vec<_> = references(&document)
        .into_iter()
        .filter(|name| document.pointer(name.trim_start_matches('#')).is_none())
        .collect();
    assert_eq!(unanswered, [""; 0]);
}

#[test]
fn a_change_of_the_document_is_seen() {
    let mut document = openapi::document();
    document["info"]["version"] = "the program's".into();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("it__api_document", document);
    });
}

#[test]
fn the_document_is_one_of_openapi_3_1() {
    let Some(python) = Emulator::python() else { return };
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), openapi::document().to_string()).unwrap();
    let checked = std::process::Command::new(python)
        .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, field)| match (key.as_str(), field) {
                ("$ref", Value::String(name)) => vec![name.clone()],
                _ => references(field),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Why `answer` is not what the document says about a 2xx answer of this route.
pub fn differs(method: &str, route: &str, status: u16, answer: &Value) -> Option<String> {
    let document = openapi::document();
    let content = &document["paths"][route][method.to_lowercase()]["responses"][status.to_string()]
        ["content"]["application/json"]["schema"];
    if content.is_null() {
        return Some(format!("the document knows no {status} of {method} {route}"));
    }
    mismatch(&document, content, answer, "answer")
}

fn mismatch(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let named = document.pointer(name.trim_start_matches('#'))?;
        return mismatch(document, named, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &Value| mismatch(document, choice, value, at).is_none();
        return (!choices.iter().any(fits)).then(|| format!("{at} is none of its choices"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match &schema["type"] {
        Value::String(wanted) => wanted == kind,
        Value::Array(wanted) => wanted.iter().any(|wanted| wanted == kind),
        _ => true,
    };
    if !fits {
        return Some(format!("{at} is {value}, not {}", schema["type"]));
    }
    if let Some(items) = value.as_array() {
        let item =
            |(number, item)| mismatch(document, &schema["items"], item, &format!("{at}[{number}]"));
        return items.iter().enumerate().find_map(item);
    }
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return None;
    };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required
        .filter(|name| !fields.contains_key(*name))
        .map(|name| format!("{at} has no {name}"));
    let field = |(name, field): (&String, &Value)| match known.get(name) {
        None => Some(format!("{at}.{name} is not in the document")),
        Some(schema) => mismatch(document, schema, field, &format!("{at}.{name}")),
    };
    missing.chain(fields.iter().filter_map(field)).next()
}

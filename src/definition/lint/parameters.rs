//! Parameters: of a type, with a default of that type, and used.

use super::{Flaw, Outline};
use crate::definition::Reference;
use serde_json::Value;
use std::collections::BTreeSet;

const TYPES: [&str; 4] = ["String", "Integer", "Float", "Boolean"];

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let used: BTreeSet<String> = outline
        .spots()
        .filter(|spot| spot.key == "Get")
        .filter_map(|spot| spot.value.as_str()?.parse().ok())
        .filter_map(|reference| match reference {
            Reference::Parameter(name) => Some(name),
            Reference::Execution(_) | Reference::Step { .. } => None,
        })
        .collect();
    let mut flaws = Vec::new();
    for (index, parameter) in outline.definition.parameters().iter().enumerate() {
        let path = format!("Parameters[{index}]");
        let name = parameter.get("Name").and_then(Value::as_str).unwrap_or_default();
        flaws.extend(type_flaws(&path, name, parameter));
        if !used.contains(name) {
            let message = format!("nothing uses parameter '{name}'");
            flaws.push(Flaw::new(path, "unused-parameter", message).help("remove it"));
        }
    }
    flaws
}

fn type_flaws(path: &str, name: &str, parameter: &Value) -> Vec<Flaw> {
    let kind = parameter.get("Type").and_then(Value::as_str).unwrap_or_default();
    if !TYPES.contains(&kind) {
        let message = format!("parameter '{name}' has the unknown type '{kind}'");
        let flaw = Flaw::new(format!("{path}.Type"), "parameter-type", message);
        return vec![flaw.suggest(kind, TYPES)];
    }
    let default =
        parameter.get("DefaultValue").map(|value| (format!("{path}.DefaultValue"), value));
    let choices = parameter.get("EnumValues").and_then(Value::as_array).into_iter().flatten();
    let choices = choices.enumerate().map(|(i, value)| (format!("{path}.EnumValues[{i}]"), value));
    let wrong = default.into_iter().chain(choices).filter(|(_, value)| !is_of(kind, value));
    wrong
        .map(|(path, value)| {
            let message = format!("parameter '{name}' is of type {kind}, {value} is not");
            Flaw::new(path, "parameter-type", message)
        })
        .collect()
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "String" => value.is_string(),
        "Integer" => value.is_i64() || value.is_u64(),
        "Float" => value.is_number(),
        _ => value.is_boolean(),
    }
}

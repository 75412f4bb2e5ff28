//! Conditions: known comparisons, of values that can be compared.

use super::{Flaw, Outline};
use crate::definition::Reference;
use crate::definition::evaluate::function;
use serde_json::Value;

/// What can be known of an operand's value before it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Boolean,
    /// Only the execution will tell.
    Open,
}

const TYPES: [&str; 8] = [
    "Equals",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "In",
    "LessThan",
    "LessThanOrEqualTo",
    "Not",
    "Or",
];

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let conditions = outline.steps.iter().filter(|(step, _)| step.kind == "Condition");
    conditions
        .flat_map(|(step, _)| {
            let list = step.value.pointer("/Arguments/Conditions").and_then(Value::as_array);
            let path = format!("{}.Arguments.Conditions", step.path);
            match list {
                Some(list) if !list.is_empty() => each(outline, &path, list),
                _ => {
                    let message = format!("condition '{}' has nothing to check", step.name);
                    vec![Flaw::new(path, "condition", message)]
                }
            }
        })
        .collect()
}

fn each(outline: &Outline<'_>, path: &str, list: &[Value]) -> Vec<Flaw> {
    let numbered = list.iter().enumerate();
    numbered.flat_map(|(index, one)| check(outline, &format!("{path}[{index}]"), one)).collect()
}

fn check(outline: &Outline<'_>, path: &str, condition: &Value) -> Vec<Flaw> {
    let kind = condition.get("Type").and_then(Value::as_str).unwrap_or_default();
    let class = |key: &str| condition.get(key).map(|value| class_of(outline, value));
    let compared = [class("LeftValue"), class("RightValue")];
    let flaw = |message: String| vec![Flaw::new(path, "condition", message)];
    match (kind, compared) {
        ("Not", _) => match condition.get("Expression") {
            Some(inner) => check(outline, &format!("{path}.Expression"), inner),
            None => flaw("Not needs an 'Expression'".into()),
        },
        ("Or", _) => match condition.get("Conditions").and_then(Value::as_array) {
            Some(list) => each(outline, &format!("{path}.Conditions"), list),
            None => flaw("Or needs a list 'Conditions'".into()),
        },
        ("In", _) => match condition.get("Values").and_then(Value::as_array) {
            Some(_) if condition.get("QueryValue").is_some() => Vec::new(),
            _ => flaw("In needs a 'QueryValue' and a list 'Values'".into()),
        },
        ("Equals", [Some(left), Some(right)]) => {
            let differ = left != right && left != Class::Open && right != Class::Open;
            let message = || flaw(format!("{left:?} and {right:?} are never equal").to_lowercase());
            if differ { message() } else { Vec::new() }
        }
        (known, [Some(left), Some(right)]) if TYPES.contains(&known) => {
            let fits = |class| matches!(class, Class::Number | Class::Open);
            let message = || flaw(format!("{known} compares numbers only"));
            if fits(left) && fits(right) { Vec::new() } else { message() }
        }
        (known, _) if TYPES.contains(&known) => {
            flaw(format!("{known} needs a 'LeftValue' and a 'RightValue'"))
        }
        (other, _) => {
            let message = format!("there is no condition '{other}'");
            vec![Flaw::new(format!("{path}.Type"), "condition", message).suggest(other, TYPES)]
        }
    }
}

fn class_of(outline: &Outline<'_>, value: &Value) -> Class {
    match value {
        Value::Number(_) => Class::Number,
        Value::String(_) => Class::Text,
        Value::Bool(_) => Class::Boolean,
        Value::Object(map) => match function(map) {
            Some(("Std:Join", _)) => Class::Text,
            Some(("Get", Value::String(reference))) => {
                reference.parse().map_or(Class::Open, |reference| class_of_get(outline, &reference))
            }
            _ => Class::Open,
        },
        Value::Null | Value::Array(_) => Class::Open,
    }
}

fn class_of_get(outline: &Outline<'_>, reference: &Reference) -> Class {
    let Reference::Parameter(name) = reference else { return Class::Open };
    let mut parameters = outline.definition.parameters().iter();
    let declared = parameters.find(|one| one.get("Name").is_some_and(|own| own == name.as_str()));
    match declared.and_then(|one| one.get("Type")).and_then(Value::as_str) {
        Some("Integer" | "Float") => Class::Number,
        Some("String") => Class::Text,
        Some("Boolean") => Class::Boolean,
        _ => Class::Open,
    }
}

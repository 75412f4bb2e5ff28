//! Every value of a document with its place.

use crate::definition::document::{BRANCHES, Step};
use serde_json::Value;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    /// Where, such as `Steps[0].Arguments.RoleArn`.
    pub(super) path: String,
    /// The key it stands under; for a list's entry, the key of the list.
    pub(super) key: &'a str,
    /// The value.
    pub(super) value: &'a Value,
}

/// Every value a step holds, without those of the steps in its branches.
pub(super) fn within<'a>(step: &Step<'a>) -> Vec<Spot<'a>> {
    let besides: &[&str] = if step.kind == "Condition" { &BRANCHES } else { &[] };
    let mut spots = Vec::new();
    collect(Spot { path: step.path.clone(), key: "Steps", value: step.value }, besides, &mut spots);
    spots
}

/// Every value of a definition outside of its steps.
pub(super) fn outside(definition: &Value) -> Vec<Spot<'_>> {
    let mut spots = Vec::new();
    collect(Spot { path: String::new(), key: "", value: definition }, &["Steps"], &mut spots);
    spots
}

fn collect<'a>(spot: Spot<'a>, besides: &[&str], spots: &mut Vec<Spot<'a>>) {
    spots.push(spot.clone());
    match spot.value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !besides.contains(&key.as_str())) {
                let path = match spot.path.as_str() {
                    "" => key.clone(),
                    outer => format!("{outer}.{key}"),
                };
                collect(Spot { path, key, value }, besides, spots);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let path = format!("{}[{index}]", spot.path);
                collect(Spot { path, key: spot.key, value }, besides, spots);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

//! What differs between two definitions, told step by step.
//!
//! Steps and parameters are matched by name and list entries by their own name, so that an inserted
//! output is one difference and not a shift of all that follow.

use super::difference::{Change, Difference, Subject};
use super::document::{BRANCHES, Definition, Step};
use super::evaluate::is_function;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every difference: of the definition itself, then of its parameters, then of its steps, removed
/// ones first. Equal definitions have none; the order of keys, parameters and steps is no difference.
#[must_use]
pub fn compare(old: &Definition, new: &Definition) -> Vec<Difference> {
    let rest = changes("", old.value(), new.value(), &["Parameters", "Steps"]);
    let mut differences = told(&Subject::Definition, rest);
    differences.extend(parameters(old.parameters(), new.parameters()));
    differences.extend(steps(&old.steps(), &new.steps()));
    differences
}

fn told(subject: &Subject, changes: Vec<Change>) -> Vec<Difference> {
    let tell = |change| Difference { subject: subject.clone(), change };
    changes.into_iter().map(tell).collect()
}

fn parameters(old: &[Value], new: &[Value]) -> Vec<Difference> {
    let name = |value: &Value| Some(value.get("Name")?.as_str()?.to_owned());
    let subject = |value: &Value| Subject::Parameter(name(value).unwrap_or_default());
    let gone = old.iter().filter(|value| !new.iter().any(|other| name(other) == name(value)));
    let mut differences: Vec<_> =
        gone.flat_map(|value| told(&subject(value), vec![Change::Removed])).collect();
    for value in new {
        let before = old.iter().find(|before| name(before) == name(value));
        let how = match before {
            None => vec![Change::Added],
            Some(before) => changes("", before, value, &[]),
        };
        differences.extend(told(&subject(value), how));
    }
    differences
}

fn steps(old: &[Step<'_>], new: &[Step<'_>]) -> Vec<Difference> {
    let subject = |step: &Step<'_>| Subject::Step(step.name.to_owned());
    let gone = old.iter().filter(|step| !new.iter().any(|other| other.name == step.name));
    let mut differences: Vec<_> =
        gone.flat_map(|step| told(&subject(step), vec![Change::Removed])).collect();
    for step in new {
        let how = match old.iter().find(|before| before.name == step.name) {
            None => vec![Change::Added],
            Some(before) => step_changes(before, step),
        };
        differences.extend(told(&subject(step), how));
    }
    differences
}

/// The changes of a step, without the steps of its branches: those are compared on their own.
fn step_changes(old: &Step<'_>, new: &Step<'_>) -> Vec<Change> {
    let (from, to) = (branch(old), branch(new));
    let mut all: Vec<_> = (from != to).then_some(Change::Moved { from, to }).into_iter().collect();
    if old.kind != "Condition" || new.kind != "Condition" {
        all.extend(changes("", old.value, new.value, &[]));
        return all;
    }
    all.extend(changes("", old.value, new.value, &["Arguments"]));
    if let (Some(old), Some(new)) = (old.value.get("Arguments"), new.value.get("Arguments")) {
        all.extend(changes("Arguments", old, new, &BRANCHES));
    }
    all
}

fn branch(step: &Step<'_>) -> String {
    let branches = step.branches.iter().map(|(condition, list)| format!("{condition}.{list}"));
    branches.collect::<Vec<_>>().join(" / ")
}

/// The changes between two values, except under the keys `besides`.
fn changes(path: &str, old: &Value, new: &Value, besides: &[&str]) -> Vec<Change> {
    match (old, new) {
        (old, new) if old == new => Vec::new(),
        (Value::Object(before), Value::Object(after)) if !is_function(old) && !is_function(new) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            let keys = before.keys().chain(added).filter(|key| !besides.contains(&key.as_str()));
            let place =
                |key: &str| if path.is_empty() { key.into() } else { format!("{path}.{key}") };
            keys.flat_map(|key| change(place(key), before.get(key), after.get(key))).collect()
        }
        (Value::Array(before), Value::Array(after)) => match (named(before), named(after)) {
            (Some(before), Some(after)) => {
                let names: BTreeSet<_> =
                    before.iter().chain(&after).map(|(name, _)| *name).collect();
                let place = |name: &str| format!("{path}['{name}']");
                let of =
                    |name: &str| change(place(name), entry(&before, name), entry(&after, name));
                names.into_iter().flat_map(of).collect()
            }
            _ => {
                let place = |index: usize| format!("{path}[{index}]");
                let of = |index| change(place(index), before.get(index), after.get(index));
                (0..before.len().max(after.len())).flat_map(of).collect()
            }
        },
        _ => vec![Change::Changed {
            path: path.to_owned(),
            old: Some(old.clone()),
            new: Some(new.clone()),
        }],
    }
}

fn change(path: String, old: Option<&Value>, new: Option<&Value>) -> Vec<Change> {
    match (old, new) {
        (Some(old), Some(new)) => changes(&path, old, new, &[]),
        _ => vec![Change::Changed { path, old: old.cloned(), new: new.cloned() }],
    }
}

/// The fields that name the entries of SageMaker's lists.
const NAME_FIELDS: [&str; 5] =
    ["Name", "OutputName", "InputName", "ChannelName", "PropertyFileName"];

/// The entries with their names, if each has one of its own.
fn named(list: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let first = list.first()?;
    let field = NAME_FIELDS.into_iter().find(|field| first.get(*field).is_some())?;
    let mut seen = BTreeSet::new();
    list.iter()
        .map(|entry| {
            let name = entry.get(field).and_then(Value::as_str)?;
            seen.insert(name).then_some((name, entry))
        })
        .collect()
}

fn entry<'a>(list: &[(&str, &'a Value)], name: &str) -> Option<&'a Value> {
    list.iter().find(|(one, _)| *one == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn definition(parameters: &Value, steps: &Value) -> Definition {
        Definition::try_from(json!({"Version": "1", "Parameters": parameters, "Steps": steps}))
            .unwrap()
    }

    fn told(old: &Definition, new: &Definition) -> Vec<String> {
        compare(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn differences_read_like_sentences_about_steps() {
        let join = json!({"Std:Join": {"On": "/", "Values": ["s3:/", "b", {"Get": "Execution.PipelineExecutionId"}]}});
        let auc = json!({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.R"}, "Path": "auc.value"}});
        let outputs = |list: Value| json!({"Name": "Prepare", "Arguments": {"Outputs": list}});
        let old = definition(
            &json!([{"Name": "Rows", "DefaultValue": 1}, {"Name": "Gone"}]),
            &json!([
                outputs(json!([{"OutputName": "train", "Uri": "s3://b/1"}])),
                {"Name": "Old"},
                {"Name": "Stop", "Message": "bad"},
                {"Name": "Check", "Type": "Condition", "Arguments": {
                    "Conditions": [{"Type": "GreaterThan"}], "IfSteps": [{"Name": "Register"}]}},
            ]),
        );
        let new = definition(
            &json!([{"Name": "Rows", "DefaultValue": 2}]),
            &json!([
                outputs(json!([{"OutputName": "imputer"}, {"OutputName": "train", "Uri": join}])),
                {"Name": "Check", "Type": "Condition", "Arguments": {
                    "Conditions": [{"Type": "Equals"}],
                    "ElseSteps": [{"Name": "Register", "Retry": 3}]}},
                {"Name": "New"},
                {"Name": "Stop", "Message": {"Std:Join": {"On": " ", "Values": ["AUC", auc]}}},
            ]),
        );
        let expected = [
            "- parameter Gone",
            "~ parameter Rows: DefaultValue: 1 -> 2",
            "- step Old",
            r#"~ step Prepare: + Arguments.Outputs['imputer']: {"OutputName":"imputer"}"#,
            r#"~ step Prepare: Arguments.Outputs['train'].Uri: "s3://b/1" -> "s3://b/${Execution.PipelineExecutionId}""#,
            r#"~ step Check: Arguments.Conditions[0].Type: "GreaterThan" -> "Equals""#,
            "~ step Register: moved from Check.IfSteps to Check.ElseSteps",
            "~ step Register: + Retry: 3",
            "+ step New",
            r#"~ step Stop: Message: "bad" -> "AUC ${Steps.E.PropertyFiles.R: auc.value}""#,
        ];
        assert_eq!(told(&old, &new), expected);
    }

    #[test]
    fn the_order_of_steps_and_parameters_is_no_difference() {
        let old = definition(
            &json!([{"Name": "A"}, {"Name": "B"}]),
            &json!([{"Name": "S"}, {"Name": "T"}]),
        );
        let new = definition(
            &json!([{"Name": "B"}, {"Name": "A"}]),
            &json!([{"Name": "T"}, {"Name": "S"}]),
        );
        assert_eq!(told(&old, &new), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn a_changed_leaf_is_exactly_one_difference(values in prop::collection::vec(0..9_i32, 1..6), at in any::<prop::sample::Index>()) {
            let steps = |values: &[i32]| json!([{"Name": "S", "Arguments": {"list": values, "same": 1}}]);
            let mut other = values.clone();
            other[at.index(values.len())] += 10;
            let (old, new) = (definition(&json!([]), &steps(&values)), definition(&json!([]), &steps(&other)));
            prop_assert_eq!(compare(&old, &old).len(), 0);
            prop_assert_eq!(compare(&old, &new).len(), 1);
        }
    }
}

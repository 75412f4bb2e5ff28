//! Names: legal for SageMaker and EventBridge, and each used once.

use super::{Flaw, Outline};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest step name, in characters (pipeline definition schema, `StepName`).
const LONGEST_STEP_NAME: usize = 64;

/// The longest parameter name, in characters (StartPipelineExecution and PutTargets APIs).
const LONGEST_PARAMETER_NAME: usize = 256;

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let steps = outline.steps.iter().map(|(step, _)| (step.path.clone(), step.name));
    let parameters =
        outline.definition.parameters().iter().enumerate().map(|(index, parameter)| {
            let name = parameter.get("Name").and_then(Value::as_str).unwrap_or_default();
            (format!("Parameters[{index}]"), name)
        });
    let mut flaws = Vec::new();
    flaws.extend(steps.clone().filter(|(_, name)| !is_step_name(name)).map(|(path, name)| {
        Flaw::new(path, "step-name", format!("'{name}' is not a step name"))
            .help("1 to 64 letters, digits, '-' and '_'")
    }));
    flaws.extend(twice("step", steps));
    let illegal = parameters.clone().filter(|(_, name)| !is_parameter_name(name));
    flaws.extend(illegal.map(|(path, name)| {
        let message = format!("EventBridge cannot pass a parameter called '{name}'");
        let flaw = Flaw::new(path, "parameter-name", message);
        match pascal_case(name) {
            legal if is_parameter_name(&legal) => flaw.help(format!("call it '{legal}'")),
            _ => flaw.help("letters, digits and hyphens between them"),
        }
    }));
    flaws.extend(twice("parameter", parameters));
    flaws
}

fn twice<'a>(what: &str, named: impl Iterator<Item = (String, &'a str)>) -> Vec<Flaw> {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut flaws = Vec::new();
    for (path, name) in named {
        if let Some(other) = first.get(name) {
            let message = format!("{what} '{name}' is already at {other}");
            flaws.push(Flaw::new(path, "name-twice", message));
        } else {
            first.insert(name, path);
        }
    }
    flaws
}

fn is_step_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=LONGEST_STEP_NAME).contains(&name.len()) && name.chars().all(legal)
}

/// `^[a-zA-Z0-9](-*[a-zA-Z0-9])*$`, which is stricter than what StartPipelineExecution takes.
fn is_parameter_name(name: &str) -> bool {
    (1..=LONGEST_PARAMETER_NAME).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn pascal_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])).collect()
}

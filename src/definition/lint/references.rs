//! References: each `Get` names something there is, that has run before.

use super::walk::Spot;
use super::{Flaw, Outline, properties};
use crate::definition::evaluate::function;
use crate::definition::{Reference, Segment, Step};
use serde_json::Value;

/// What an execution knows about itself (pipeline definition schema, execution variables).
const EXECUTION: [&str; 8] = [
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "ProcessingJobName",
    "StartDateTime",
    "TrainingJobName",
];

/// Where in the document a property file may be named.
const PROPERTY_FILE_PLACE: &str = "Std:JsonGet.PropertyFile";

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let rest = outline.rest.iter().map(|spot| (None, spot));
    let held = outline
        .steps
        .iter()
        .flat_map(|(step, spots)| spots.iter().map(move |spot| (Some(step), spot)));
    rest.chain(held).filter_map(|(user, spot)| flaw(outline, user, spot)).collect()
}

fn flaw(outline: &Outline<'_>, user: Option<&Step<'_>>, spot: &Spot<'_>) -> Option<Flaw> {
    let (name, argument) = function(spot.value.as_object()?)?;
    let malformed = |expected: &str| {
        Some(Flaw::new(&spot.path, "function", format!("{name} needs {expected}")))
    };
    match name {
        "Get" => {
            let Some(text) = argument.as_str() else { return malformed("a reference as text") };
            match text.parse() {
                Ok(reference) => unresolved(outline, user, spot, &reference),
                Err(invalid) => {
                    let flaw = Flaw::new(&spot.path, "reference", format!("{invalid}"));
                    Some(
                        flaw.help(
                            "write 'Parameters.NAME', 'Execution.NAME' or 'Steps.NAME.PROPERTY'",
                        ),
                    )
                }
            }
        }
        "Std:Join" if !argument.get("Values").is_some_and(Value::is_array) => {
            malformed("a list 'Values'")
        }
        "Std:Join" if !argument.get("On").is_none_or(Value::is_string) => malformed("'On' as text"),
        "Std:JsonGet" if argument.pointer("/PropertyFile/Get").is_none() => {
            malformed("a 'PropertyFile' that gets 'Steps.NAME.PropertyFiles.NAME'")
        }
        "Std:JsonGet" if argument.get("Path").is_none() => malformed("a 'Path'"),
        "Std:Join" | "Std:JsonGet" => None,
        other if other.starts_with("Std:") => {
            let flaw = Flaw::new(&spot.path, "function", format!("there is no function '{other}'"));
            Some(flaw.suggest(other, ["Std:Join", "Std:JsonGet"]))
        }
        _ => None,
    }
}

fn unresolved(
    outline: &Outline<'_>,
    user: Option<&Step<'_>>,
    spot: &Spot<'_>,
    reference: &Reference,
) -> Option<Flaw> {
    let unknown = |code, what: &str, name: &str, known: &[&str]| {
        let flaw = Flaw::new(&spot.path, code, format!("there is no {what} '{name}'"));
        Some(flaw.suggest(name, known.iter().copied()))
    };
    match reference {
        Reference::Parameter(name) => {
            let parameters = outline.definition.parameters().iter();
            let known: Vec<&str> = parameters.filter_map(|one| one.get("Name")?.as_str()).collect();
            if known.contains(&name.as_str()) {
                return None;
            }
            unknown("unknown-parameter", "parameter", name, &known)
        }
        Reference::Execution(name) if EXECUTION.contains(&name.as_str()) => None,
        Reference::Execution(name) => {
            unknown("unknown-execution-property", "execution property", name, &EXECUTION)
        }
        Reference::Step { step, path } => match outline.step(step) {
            None => unknown("unknown-step", "step", step, &outline.step_names()),
            Some(used) => property(spot, used, path, reference)
                .or_else(|| user.and_then(|user| elsewhere(&spot.path, user, used))),
        },
    }
}

fn property(
    spot: &Spot<'_>,
    used: &Step<'_>,
    path: &[Segment],
    reference: &Reference,
) -> Option<Flaw> {
    let file = reference.property_file().map(|(_, file)| file);
    match (file, spot.path.ends_with(PROPERTY_FILE_PLACE)) {
        (None, true) => {
            let message = format!("'{reference}' is not a property file");
            let flaw = Flaw::new(&spot.path, "property-file", message);
            return Some(flaw.help("write 'Steps.NAME.PropertyFiles.NAME'"));
        }
        (Some(_), false) => {
            let message = "a property file can be read by Std:JsonGet only";
            return Some(Flaw::new(&spot.path, "property-file", message));
        }
        (Some(file), true) if properties::property_files(used).contains(&file) => return None,
        (Some(_), true) | (None, false) => {}
    }
    if properties::has(used, path) {
        return None;
    }
    let text: String = path.iter().map(ToString::to_string).collect();
    let text = text.trim_start_matches('.');
    let message = format!("step '{}' of type {} has no '{text}'", used.name, used.kind);
    let flaw = Flaw::new(&spot.path, "unknown-property", message);
    let known = properties::of(used).unwrap_or_default();
    Some(flaw.suggest(text, known.iter().map(String::as_str)))
}

/// A step that runs in a branch can be used within that branch only.
pub(super) fn elsewhere(path: &str, user: &Step<'_>, used: &Step<'_>) -> Option<Flaw> {
    if user.branches.starts_with(&used.branches) {
        return None;
    }
    let (condition, list) = used.branches.last()?;
    let message = format!(
        "step '{}' runs only in {list} of '{condition}', '{}' runs without it too",
        used.name, user.name
    );
    let flaw = Flaw::new(path, "other-branch", message);
    Some(flaw.help("use a step that runs before the condition, or move one of the two"))
}

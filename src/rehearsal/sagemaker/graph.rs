//! A definition as a graph of steps: checked once, before anything is stored or started.

use super::kind::StepKind;
use crate::definition::{Definition, Reference, Step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest step name (definition document, `Name`).
const MAX_STEP_NAME: usize = 64;
/// What `Execution.` may be followed by.
const EXECUTION_FACTS: [&str; 8] = [
    "PipelineExecutionId",
    "PipelineName",
    "StartDateTime",
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
];

/// The steps of a definition and what each waits for. Acyclic; every name in it stands for something.
#[derive(Debug)]
pub(super) struct Graph<'d> {
    nodes: Vec<Node<'d>>,
}

/// One step.
#[derive(Debug)]
pub(super) struct Node<'d> {
    /// The step as written.
    pub step: Step<'d>,
    /// What it does.
    pub kind: StepKind,
    /// Steps that must have succeeded before, the condition around it among them.
    pub needs: BTreeSet<String>,
}

/// Why a definition cannot be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GraphError {
    #[error("step name '{0}' is not 1 to {MAX_STEP_NAME} letters, digits, '-' and '_'")]
    StepName(String),
    #[error("step names must be unique, '{0}' is not")]
    DuplicateStep(String),
    #[error("step '{step}' has the unknown type '{kind}'")]
    UnknownKind { step: String, kind: String },
    #[error("step '{0}' has no Arguments")]
    NoArguments(String),
    #[error("step '{step}' depends on '{needed}', which is not a step of the pipeline")]
    UnknownStep { step: String, needed: String },
    #[error("step '{step}' refers to '{reference}', which is not defined in the pipeline")]
    UnknownReference { step: String, reference: String },
    #[error("step '{step}': {flaw}")]
    InvalidReference { step: String, flaw: String },
    #[error("the steps {} depend on each other in a circle", .0.join(", "))]
    Cycle(Vec<String>),
}

impl<'d> Graph<'d> {
    /// The graph of `definition`.
    pub(super) fn of(definition: &'d Definition) -> Result<Self, GraphError> {
        let steps = definition.steps();
        let mut named = BTreeMap::new();
        for step in &steps {
            check_name(step.name)?;
            if named.insert(step.name, step.value).is_some() {
                return Err(GraphError::DuplicateStep(step.name.to_owned()));
            }
        }
        let known = Known {
            steps: named,
            parameters: definition
                .parameters()
                .iter()
                .filter_map(|parameter| parameter.get("Name").and_then(Value::as_str))
                .collect(),
        };
        let nodes = steps.into_iter().map(|step| known.node(step)).collect::<Result<_, _>>()?;
        let graph = Self { nodes };
        graph.check_acyclic()?;
        Ok(graph)
    }

    /// The steps in document order, a condition before the steps of its branches.
    pub(super) fn nodes(&self) -> &[Node<'d>] {
        &self.nodes
    }

    fn check_acyclic(&self) -> Result<(), GraphError> {
        let mut left: Vec<&Node<'_>> = self.nodes.iter().collect();
        let mut done = BTreeSet::new();
        loop {
            let before = left.len();
            left.retain(|node| {
                let ready = node.needs.iter().all(|need| done.contains(need.as_str()));
                if ready {
                    done.insert(node.step.name);
                }
                !ready
            });
            if left.is_empty() {
                return Ok(());
            }
            if left.len() == before {
                let names = left.iter().map(|node| node.step.name.to_owned()).collect();
                return Err(GraphError::Cycle(names));
            }
        }
    }
}

fn check_name(name: &str) -> Result<(), GraphError> {
    let legal = (1..=MAX_STEP_NAME).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if legal { Ok(()) } else { Err(GraphError::StepName(name.to_owned())) }
}

/// The names a definition defines.
struct Known<'d> {
    steps: BTreeMap<&'d str, &'d Value>,
    parameters: BTreeSet<&'d str>,
}

impl<'d> Known<'d> {
    fn node(&self, step: Step<'d>) -> Result<Node<'d>, GraphError> {
        let name = || step.name.to_owned();
        let kind = step
            .kind
            .parse()
            .map_err(|()| GraphError::UnknownKind { step: name(), kind: step.kind.to_owned() })?;
        if step.value.get("Arguments").is_none_or(|arguments| !arguments.is_object()) {
            return Err(GraphError::NoArguments(name()));
        }
        let mut needs = BTreeSet::new();
        for reference in references(&step)? {
            self.check(&step, &reference)?;
            if let Reference::Step { step, .. } = reference {
                needs.insert(step);
            }
        }
        for needed in step.value.get("DependsOn").and_then(Value::as_array).into_iter().flatten() {
            let needed = needed.as_str().unwrap_or_default().to_owned();
            if !self.steps.contains_key(needed.as_str()) {
                return Err(GraphError::UnknownStep { step: name(), needed });
            }
            needs.insert(needed);
        }
        if let Some((condition, _)) = step.branches.last() {
            needs.insert((*condition).to_owned());
        }
        Ok(Node { step, kind, needs })
    }

    fn check(&self, step: &Step<'_>, reference: &Reference) -> Result<(), GraphError> {
        let known = match reference {
            Reference::Parameter(name) => self.parameters.contains(name.as_str()),
            Reference::Execution(fact) => EXECUTION_FACTS.contains(&fact.as_str()),
            Reference::Step { step, .. } => {
                match (self.steps.get(step.as_str()), reference.property_file()) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(value), Some((_, file))) => declares_file(value, file),
                }
            }
        };
        if known {
            return Ok(());
        }
        Err(GraphError::UnknownReference {
            step: step.name.to_owned(),
            reference: reference.to_string(),
        })
    }
}

fn declares_file(step: &Value, file: &str) -> bool {
    step.get("PropertyFiles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|declared| declared.get("PropertyFileName").and_then(Value::as_str) == Some(file))
}

/// What the step itself refers to; the steps in the branches of a condition answer for themselves.
fn references(step: &Step<'_>) -> Result<Vec<Reference>, GraphError> {
    let mut texts = Vec::new();
    match (step.kind, step.value.pointer("/Arguments/Conditions")) {
        ("Condition", conditions) => gets(conditions.unwrap_or(&Value::Null), &mut texts),
        _ => gets(step.value, &mut texts),
    }
    texts
        .into_iter()
        .map(|text| {
            text.parse().map_err(|flaw: crate::definition::InvalidReference| {
                GraphError::InvalidReference { step: step.name.to_owned(), flaw: flaw.to_string() }
            })
        })
        .collect()
}

fn gets<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => match (map.len(), map.get("Get")) {
            (1, Some(Value::String(text))) => texts.push(text),
            _ => map.values().for_each(|inner| gets(inner, texts)),
        },
        Value::Array(items) => items.iter().for_each(|inner| gets(inner, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flaw(steps: Value) -> GraphError {
        let definition = Definition::try_from(json!({
            "Version": "2020-12-01",
            "Parameters": [{"Name": "P", "Type": "String"}],
            "Steps": steps,
        }));
        Graph::of(&definition.unwrap()).unwrap_err()
    }

    fn fail(name: &str, message: Value) -> Value {
        json!({"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}})
    }

    #[test]
    fn what_a_definition_names_must_exist() {
        for (text, reference) in [
            ("Parameters.Q", "Parameters.Q"),
            ("Execution.Mood", "Execution.Mood"),
            ("Steps.Nowhere.Outcome", "Steps.Nowhere.Outcome"),
            ("Steps.A.PropertyFiles.Report", "Steps.A.PropertyFiles.Report"),
        ] {
            assert_eq!(
                flaw(json!([fail("A", json!({"Get": text}))])),
                GraphError::UnknownReference { step: "A".into(), reference: reference.into() }
            );
        }
        let mut step = fail("A", json!("x"));
        step["DependsOn"] = json!(["B"]);
        assert_eq!(
            flaw(json!([step])),
            GraphError::UnknownStep { step: "A".into(), needed: "B".into() }
        );
    }

    #[test]
    fn names_are_legal_and_unique_across_branches() {
        assert_eq!(flaw(json!([fail("a b", json!("x"))])), GraphError::StepName("a b".into()));
        let condition = json!({"Name": "A", "Type": "Condition", "Arguments": {
            "Conditions": [], "IfSteps": [fail("A", json!("x"))], "ElseSteps": []}});
        assert_eq!(flaw(json!([condition])), GraphError::DuplicateStep("A".into()));
        assert_eq!(
            flaw(json!([{"Name": "A", "Type": "Dance", "Arguments": {}}])),
            GraphError::UnknownKind { step: "A".into(), kind: "Dance".into() }
        );
    }

    #[test]
    fn steps_in_a_circle_are_refused() {
        let a = fail("A", json!({"Get": "Steps.B.X"}));
        let b = fail("B", json!({"Get": "Steps.A.X"}));
        assert_eq!(flaw(json!([a, b])), GraphError::Cycle(vec!["A".into(), "B".into()]));
    }
}

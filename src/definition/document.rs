//! The definition as a document: read once, compared by meaning.

use super::strict;
use crate::ids::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest definition SageMaker takes, in characters (CreatePipeline API, `PipelineDefinition`).
pub const MAX_CHARACTERS: usize = 1_048_576;

/// A pipeline definition: a JSON object with a list of steps. Equal whatever the order of keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Definition(Value);

/// A text that is not a pipeline definition.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The text is not JSON.
    #[error("the definition is not JSON")]
    Syntax(#[from] serde_json::Error),
    /// The JSON is not of a definition's shape.
    #[error("the definition has no {0}")]
    Shape(&'static str),
    /// The text is longer than SageMaker takes.
    #[error("the definition has {0} characters, SageMaker takes {MAX_CHARACTERS}")]
    TooLong(usize),
}

/// One step, wherever it stands: at the top or in a branch of a condition.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// Its name, empty if it has none.
    pub name: &'a str,
    /// Its `Type`, empty if it has none.
    pub kind: &'a str,
    /// The whole step.
    pub value: &'a Value,
    /// Where it stands, such as `Steps[3].Arguments.IfSteps[0]`.
    pub path: String,
    /// The branches around it, outermost first: the condition's name and `IfSteps` or `ElseSteps`.
    pub branches: Vec<(&'a str, &'static str)>,
}

/// The two lists of steps a condition holds.
pub(super) const BRANCHES: [&str; 2] = ["IfSteps", "ElseSteps"];

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// Where the text is too long, is not JSON, has a key twice, or has no `Version` or no list of `Steps`.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let characters = text.chars().count();
        if characters > MAX_CHARACTERS {
            return Err(DefinitionError::TooLong(characters));
        }
        Self::try_from(strict::read(text)?)
    }

    /// The document.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The one text of this definition: keys sorted, no spaces. This is what is sent and hashed.
    #[must_use]
    pub fn canonical(&self) -> String {
        sorted(&self.0).to_string()
    }

    /// The SHA-256 of the canonical text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.canonical())
    }

    /// The declared parameters, as written.
    #[must_use]
    pub fn parameters(&self) -> &[Value] {
        self.0.get("Parameters").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Every step, a condition before the steps of its branches.
    #[must_use]
    pub fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        collect(&self.0, "Steps", "", &[], &mut steps);
        steps
    }

    /// The step of that name, wherever it stands.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<Step<'_>> {
        self.steps().into_iter().find(|step| step.name == name)
    }
}

fn collect<'a>(
    holder: &'a Value,
    list: &'static str,
    prefix: &str,
    branches: &[(&'a str, &'static str)],
    steps: &mut Vec<Step<'a>>,
) {
    let text = |step: &'a Value, key| step.get(key).and_then(Value::as_str).unwrap_or_default();
    for (index, value) in
        holder.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        let path = format!("{prefix}{list}[{index}]");
        let name = text(value, "Name");
        let kind = text(value, "Type");
        steps.push(Step { name, kind, value, path: path.clone(), branches: branches.to_vec() });
        let Some(arguments) = value.get("Arguments").filter(|_| kind == "Condition") else {
            continue;
        };
        for branch in BRANCHES {
            let mut inner = branches.to_vec();
            inner.push((name, branch));
            collect(arguments, branch, &format!("{path}.Arguments."), &inner, steps);
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            entries.into_iter().map(|(key, inner)| (key.clone(), sorted(inner))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

impl TryFrom<Value> for Definition {
    type Error = DefinitionError;

    fn try_from(value: Value) -> Result<Self, DefinitionError> {
        value.get("Version").and_then(Value::as_str).ok_or(DefinitionError::Shape("'Version'"))?;
        value
            .get("Steps")
            .and_then(Value::as_array)
            .ok_or(DefinitionError::Shape("list 'Steps'"))?;
        Ok(Self(value))
    }
}

impl From<Definition> for Value {
    fn from(definition: Definition) -> Self {
        definition.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = r#"{"Version": "2020-12-01", "Steps": [
        {"Name": "Check", "Type": "Condition", "Arguments": {
            "IfSteps": [{"Name": "Register", "Type": "RegisterModel"}],
            "ElseSteps": [{"Name": "Stop", "Type": "Fail"}]}}]}"#;

    #[test]
    fn the_order_of_keys_means_nothing() {
        let one = Definition::parse(
            r#"{"Version": "v", "Steps": [{"b": 1, "a": [2, {"d": 3, "c": 4}]}]}"#,
        );
        let other = Definition::parse(r#"{"Steps":[{"a":[2,{"c":4,"d":3}],"b":1}],"Version":"v"}"#);
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one, other);
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.canonical(), r#"{"Steps":[{"a":[2,{"c":4,"d":3}],"b":1}],"Version":"v"}"#);
    }

    #[test]
    fn steps_in_branches_are_found_with_their_place() {
        let definition = Definition::parse(NESTED).unwrap();
        let names: Vec<_> = definition.steps().iter().map(|step| step.name).collect();
        assert_eq!(names, ["Check", "Register", "Stop"]);
        let stop = definition.step("Stop").unwrap();
        assert_eq!(stop.path, "Steps[0].Arguments.ElseSteps[0]");
        assert_eq!(stop.branches, [("Check", "ElseSteps")]);
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, message) in [
            ("{", "the definition is not JSON"),
            ("[]", "the definition has no 'Version'"),
            (r#"{"Version": "2020-12-01", "Steps": {}}"#, "the definition has no list 'Steps'"),
        ] {
            assert_eq!(Definition::parse(text).unwrap_err().to_string(), message);
        }
        let long = " ".repeat(MAX_CHARACTERS + 1);
        assert!(matches!(Definition::parse(&long), Err(DefinitionError::TooLong(_))));
    }
}

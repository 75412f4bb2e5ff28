//! The value that `Get`, `Std:Join` and `Std:JsonGet` stand for at run time.

use super::reference::{InvalidReference, Reference, Segment};
use serde_json::{Map, Value};

/// What the references of a running execution stand for.
pub trait Scope {
    /// The value a reference stands for now, or `None` if there is none (yet).
    fn lookup(&self, reference: &Reference) -> Option<Value>;

    /// The content of a step's property file, or `None` if the step wrote none.
    fn property_file(&self, step: &str, file: &str) -> Option<Value>;
}

/// Why a value cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// A `Get` is not a reference at all.
    #[error(transparent)]
    InvalidReference(#[from] InvalidReference),
    /// The scope knows no value for a reference.
    #[error("'{0}' stands for nothing in this execution")]
    Unresolved(Reference),
    /// A function's arguments are not of its shape.
    #[error("{function} needs {expected}")]
    Malformed {
        /// `Get`, `Std:Join` or `Std:JsonGet`.
        function: &'static str,
        /// What its arguments must be.
        expected: &'static str,
    },
    /// A step wrote no such property file.
    #[error("step '{step}' wrote no property file '{file}'")]
    NoPropertyFile {
        /// The step.
        step: String,
        /// The property file's declared name.
        file: String,
    },
    /// A property file has nothing under the path.
    #[error("property file '{file}' of step '{step}' has nothing at '{path}'")]
    NothingAtPath {
        /// The step.
        step: String,
        /// The property file's declared name.
        file: String,
        /// The path that leads nowhere.
        path: String,
    },
}

/// `value` with every `Get`, `Std:Join` and `Std:JsonGet` in it replaced by what it stands for.
///
/// # Errors
/// The first function that cannot be computed, in document order.
pub fn evaluate(value: &Value, scope: &dyn Scope) -> Result<Value, EvaluateError> {
    match value {
        Value::Object(map) => match function(map) {
            Some(("Get", argument)) => get(argument, scope),
            Some(("Std:Join", argument)) => join(argument, scope),
            Some(("Std:JsonGet", argument)) => json_get(argument, scope),
            _ => map
                .iter()
                .map(|(key, inner)| Ok((key.clone(), evaluate(inner, scope)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        },
        Value::Array(items) => {
            items.iter().map(|item| evaluate(item, scope)).collect::<Result<_, _>>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

/// The only entry of a map, as functions are written.
pub(super) fn function(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) => Some((name, argument)),
        _ => None,
    }
}

/// Whether a value stands for another one at run time.
pub(super) fn is_function(value: &Value) -> bool {
    let name = value.as_object().and_then(function).map(|(name, _)| name);
    name.is_some_and(|name| name == "Get" || name.starts_with("Std:"))
}

fn reference(argument: &Value) -> Result<Reference, EvaluateError> {
    const FLAW: EvaluateError =
        EvaluateError::Malformed { function: "Get", expected: "a reference as text" };
    Ok(argument.as_str().ok_or(FLAW)?.parse()?)
}

fn get(argument: &Value, scope: &dyn Scope) -> Result<Value, EvaluateError> {
    let reference = reference(argument)?;
    scope.lookup(&reference).ok_or(EvaluateError::Unresolved(reference))
}

fn join(argument: &Value, scope: &dyn Scope) -> Result<Value, EvaluateError> {
    let malformed = |expected| EvaluateError::Malformed { function: "Std:Join", expected };
    let on = argument.get("On").map_or(Some(""), Value::as_str);
    let on = on.ok_or_else(|| malformed("'On' as text"))?;
    let values = argument.get("Values").and_then(Value::as_array);
    let values = values.ok_or_else(|| malformed("a list 'Values'"))?;
    let texts = values.iter().map(|value| match evaluate(value, scope)? {
        Value::String(text) => Ok(text),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Ok(scalar.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(malformed("texts, numbers or booleans in 'Values'"))
        }
    });
    Ok(Value::String(texts.collect::<Result<Vec<_>, _>>()?.join(on)))
}

fn json_get(argument: &Value, scope: &dyn Scope) -> Result<Value, EvaluateError> {
    let malformed = |expected| EvaluateError::Malformed { function: "Std:JsonGet", expected };
    let source = argument.pointer("/PropertyFile/Get").map(reference).transpose()?;
    let (step, file) = source
        .as_ref()
        .and_then(Reference::property_file)
        .ok_or_else(|| malformed("a 'PropertyFile' that gets 'Steps.NAME.PropertyFiles.NAME'"))?;
    let path = argument.get("Path").map(|path| evaluate(path, scope)).transpose()?;
    let Some(Value::String(path)) = path else { return Err(malformed("a 'Path' as text")) };
    let content = scope.property_file(step, file).ok_or_else(|| EvaluateError::NoPropertyFile {
        step: step.to_owned(),
        file: file.to_owned(),
    })?;
    let found = Segment::follow(&Segment::parse_path(&path)?, &content).cloned();
    found.ok_or_else(|| EvaluateError::NothingAtPath {
        step: step.to_owned(),
        file: file.to_owned(),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Night;

    impl Scope for Night {
        fn lookup(&self, reference: &Reference) -> Option<Value> {
            match reference.to_string().as_str() {
                "Parameters.Rows" => Some(json!(48)),
                "Execution.PipelineExecutionId" => Some(json!("abc123")),
                "Steps.Train.ModelArtifacts.S3ModelArtifacts" => Some(json!("s3://b/model.tar.gz")),
                _ => None,
            }
        }

        fn property_file(&self, step: &str, file: &str) -> Option<Value> {
            let report = json!({"metrics": {"auc": {"value": 0.9}}, "folds": [1, 2]});
            (step == "Evaluate" && file == "Report").then_some(report)
        }
    }

    fn json_get(file: &str, path: &str) -> Value {
        let source = format!("Steps.Evaluate.PropertyFiles.{file}");
        json!({"Std:JsonGet": {"PropertyFile": {"Get": source}, "Path": path}})
    }

    #[test]
    fn functions_are_computed_wherever_they_stand() {
        let value = json!({
            "model": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
            "plain": [null, true, {"Get": "Parameters.Rows", "and": "more is no function"}],
            "auc": json_get("Report", "metrics.auc.value"),
            "fold": json_get("Report", "folds[1]"),
            "text": {"Std:Join": {"On": " ", "Values": [
                "AUC", json_get("Report", "metrics['auc'].value"), {"Get": "Parameters.Rows"},
                {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Execution.PipelineExecutionId"}]}},
            ]}},
        });
        let expected = json!({
            "model": "s3://b/model.tar.gz",
            "plain": [null, true, {"Get": "Parameters.Rows", "and": "more is no function"}],
            "auc": 0.9,
            "fold": 2,
            "text": "AUC 0.9 48 s3://abc123",
        });
        assert_eq!(evaluate(&value, &Night), Ok(expected));
    }

    #[test]
    fn what_cannot_be_computed_says_which() {
        let cases = [
            (
                json!({"Get": "Parameters.Cols"}),
                "'Parameters.Cols' stands for nothing in this execution",
            ),
            (json!({"Get": 7}), "Get needs a reference as text"),
            (json!([{"Get": "Rows"}]), "'Rows' is not a reference: it has no '.'"),
            (json!({"Std:Join": {"On": "/"}}), "Std:Join needs a list 'Values'"),
            (
                json!({"Std:Join": {"Values": [null]}}),
                "Std:Join needs texts, numbers or booleans in 'Values'",
            ),
            (json_get("Other", "a"), "step 'Evaluate' wrote no property file 'Other'"),
            (
                json_get("Report", "metrics.f1"),
                "property file 'Report' of step 'Evaluate' has nothing at 'metrics.f1'",
            ),
        ];
        for (value, message) in cases {
            assert_eq!(evaluate(&value, &Night).unwrap_err().to_string(), message);
        }
    }
}

//! The parameters a definition declares, and the values an execution gives them.

use crate::definition::Definition;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most parameters of one execution (StartPipelineExecution API, `PipelineParameters`).
pub(super) const MAX_PARAMETERS: usize = 200;

/// A declared parameter.
struct Declared<'d> {
    name: &'d str,
    kind: ParameterKind,
    default: Option<&'d Value>,
    choices: Option<&'d Vec<Value>>,
}

/// The type of a parameter (definition document, `Parameters[].Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParameterKind {
    String,
    Integer,
    Float,
    Boolean,
}

/// What is wrong with parameters, in the definition or in a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParameterFlaw {
    #[error(
        "a parameter has no name, or one with other characters than letters, digits, '-' and '_'"
    )]
    Name,
    #[error("parameter '{0}' is declared twice")]
    Twice(String),
    #[error("parameter '{0}' has none of the types String, Integer, Float, Boolean")]
    Kind(String),
    #[error("the default value of parameter '{0}' is not of its type or not one of its values")]
    Default(String),
    #[error("parameter '{0}' is not declared in the pipeline definition")]
    Undeclared(String),
    #[error("parameter '{0}' has no default value and none was given")]
    Missing(String),
    #[error(
        "the value '{value}' of parameter '{name}' is not of its type or not one of its values"
    )]
    Value { name: String, value: String },
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
}

/// Checks the declarations alone.
pub(super) fn check(definition: &Definition) -> Result<(), ParameterFlaw> {
    declared(definition).map(|_| ())
}

/// All parameters with their values: the given ones, else the defaults.
pub(super) fn values(
    definition: &Definition,
    given: &BTreeMap<String, String>,
) -> Result<Map<String, Value>, ParameterFlaw> {
    let declared = declared(definition)?;
    if let Some(name) =
        given.keys().find(|name| declared.iter().all(|declared| declared.name != name.as_str()))
    {
        return Err(ParameterFlaw::Undeclared(name.clone()));
    }
    declared
        .into_iter()
        .map(|parameter| {
            let value = match (given.get(parameter.name), parameter.default) {
                (Some(text), _) => parameter.value(text)?,
                (None, Some(default)) => default.clone(),
                (None, None) => return Err(ParameterFlaw::Missing(parameter.name.to_owned())),
            };
            Ok((parameter.name.to_owned(), value))
        })
        .collect()
}

fn declared(definition: &Definition) -> Result<Vec<Declared<'_>>, ParameterFlaw> {
    if definition.parameters().len() > MAX_PARAMETERS {
        return Err(ParameterFlaw::TooMany);
    }
    let mut names = BTreeSet::new();
    let declared = definition.parameters().iter().map(Declared::read);
    declared
        .map(|parameter| {
            let parameter = parameter?;
            if names.insert(parameter.name) {
                Ok(parameter)
            } else {
                Err(ParameterFlaw::Twice(parameter.name.to_owned()))
            }
        })
        .collect()
}

impl<'d> Declared<'d> {
    fn read(value: &'d Value) -> Result<Self, ParameterFlaw> {
        let name = value.get("Name").and_then(Value::as_str).unwrap_or_default();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            return Err(ParameterFlaw::Name);
        }
        let kind = match value.get("Type").and_then(Value::as_str) {
            Some("String") => ParameterKind::String,
            Some("Integer") => ParameterKind::Integer,
            Some("Float") => ParameterKind::Float,
            Some("Boolean") => ParameterKind::Boolean,
            _ => return Err(ParameterFlaw::Kind(name.to_owned())),
        };
        let default = value.get("DefaultValue").filter(|default| !default.is_null());
        let choices = value.get("EnumValues").and_then(Value::as_array);
        let parameter = Self { name, kind, default, choices };
        match default {
            Some(default) if !parameter.takes(default) => {
                Err(ParameterFlaw::Default(name.to_owned()))
            }
            _ => Ok(parameter),
        }
    }

    fn takes(&self, value: &Value) -> bool {
        let right_kind = match self.kind {
            ParameterKind::String => value.is_string(),
            ParameterKind::Integer => value.is_i64() || value.is_u64(),
            ParameterKind::Float => value.is_number(),
            ParameterKind::Boolean => value.is_boolean(),
        };
        right_kind && self.choices.is_none_or(|choices| choices.contains(value))
    }

    /// A request gives every value as text.
    fn read_text(&self, text: &str) -> Option<Value> {
        match self.kind {
            ParameterKind::String => Some(Value::from(text)),
            ParameterKind::Integer => text.parse::<i64>().ok().map(Value::from),
            ParameterKind::Float => {
                text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
            }
            ParameterKind::Boolean => {
                text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from)
            }
        }
    }

    fn value(&self, text: &str) -> Result<Value, ParameterFlaw> {
        self.read_text(text).filter(|value| self.takes(value)).ok_or_else(|| ParameterFlaw::Value {
            name: self.name.to_owned(),
            value: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(parameters: Value, given: &[(&str, &str)]) -> Result<Value, String> {
        let document = json!({"Version": "2020-12-01", "Parameters": parameters, "Steps": []});
        let definition = Definition::try_from(document).unwrap();
        let given =
            given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        values(&definition, &given).map(Value::Object).map_err(|flaw| flaw.to_string())
    }

    #[test]
    fn given_texts_take_the_declared_type_and_the_rest_its_default() {
        let declared = json!([
            {"Name": "Type", "Type": "String", "DefaultValue": "ml.m5.xlarge"},
            {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
            {"Name": "Floor", "Type": "Float", "DefaultValue": 0.8},
            {"Name": "Fast", "Type": "Boolean", "DefaultValue": false},
        ]);
        assert_eq!(
            of(declared, &[("Count", "2"), ("Fast", "True")]),
            Ok(json!({"Type": "ml.m5.xlarge", "Count": 2, "Floor": 0.8, "Fast": true}))
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let count = json!([{"Name": "Count", "Type": "Integer"}]);
        for (given, message) in [
            (vec![], "parameter 'Count' has no default value and none was given"),
            (
                vec![("Count", "1"), ("Cuont", "2")],
                "parameter 'Cuont' is not declared in the pipeline definition",
            ),
            (
                vec![("Count", "1.5")],
                "the value '1.5' of parameter 'Count' is not of its type or not one of its values",
            ),
        ] {
            assert_eq!(of(count.clone(), &given), Err(message.to_owned()));
        }
        let wrong = json!([{"Name": "Count", "Type": "Integer", "DefaultValue": "1"}]);
        assert!(of(wrong, &[]).unwrap_err().contains("default value of parameter 'Count'"));
        let color = json!([{"Name": "C", "Type": "String", "EnumValues": ["red"]}]);
        assert!(of(color, &[("C", "blue")]).is_err());
    }
}

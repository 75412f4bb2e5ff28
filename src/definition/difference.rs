//! A difference between two definitions, and how it is told to people.

use super::evaluate::function;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What differs.
    pub subject: Subject,
    /// How.
    pub change: Change,
}

/// The part of a definition that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The definition outside of parameters and steps.
    Definition,
    /// The parameter of that name.
    Parameter(String),
    /// The step of that name.
    Step(String),
}

/// How it differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the new definition has it.
    Added,
    /// Only the old definition has it.
    Removed,
    /// A step stands in another branch of a condition.
    Moved {
        /// The branch it stood in, empty at the top.
        from: String,
        /// The branch it stands in, empty at the top.
        to: String,
    },
    /// A value within it differs.
    Changed {
        /// Where, such as `Arguments.HyperParameters.eta`.
        path: String,
        /// The old value, if there was one.
        old: Option<Value>,
        /// The new value, if there is one.
        new: Option<Value>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match &self.subject {
            Subject::Definition => "definition".to_owned(),
            Subject::Parameter(name) => format!("parameter {name}"),
            Subject::Step(name) => format!("step {name}"),
        };
        match &self.change {
            Change::Added => write!(f, "+ {subject}"),
            Change::Removed => write!(f, "- {subject}"),
            Change::Moved { from, to } => {
                let place =
                    |branch: &str| if branch.is_empty() { "the top" } else { branch }.to_owned();
                write!(f, "~ {subject}: moved from {} to {}", place(from), place(to))
            }
            Change::Changed { path, old, new } => match (old, new) {
                (Some(old), Some(new)) => {
                    write!(f, "~ {subject}: {path}: {} -> {}", Readable(old), Readable(new))
                }
                (None, Some(new)) => write!(f, "~ {subject}: + {path}: {}", Readable(new)),
                (Some(old), None) => write!(f, "~ {subject}: - {path}: {}", Readable(old)),
                (None, None) => write!(f, "~ {subject}: {path}"),
            },
        }
    }
}

/// A value as people read it: functions as what they mean, the rest as JSON.
struct Readable<'a>(&'a Value);

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_object().and_then(function) {
            Some(("Get", Value::String(reference))) => write!(f, "${{{reference}}}"),
            Some(("Std:JsonGet", source)) => {
                let text = |pointer| source.pointer(pointer).and_then(Value::as_str);
                let file = text("/PropertyFile/Get").unwrap_or_default();
                write!(f, "${{{file}: {}}}", text("/Path").unwrap_or_default())
            }
            Some(("Std:Join", join)) => {
                let on = join.get("On").and_then(Value::as_str).unwrap_or_default();
                let values = join.get("Values").and_then(Value::as_array);
                let texts = values.into_iter().flatten().map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => Readable(other).to_string(),
                });
                write!(f, "{}", Value::String(texts.collect::<Vec<_>>().join(on)))
            }
            _ => write!(f, "{}", self.0),
        }
    }
}

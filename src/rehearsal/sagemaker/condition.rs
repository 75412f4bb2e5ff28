//! Whether the conditions of a Condition step hold.

use crate::definition::{EvaluateError, Scope, evaluate};
use serde_json::Value;

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConditionError {
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    #[error("condition type '{0}' is not known")]
    Unknown(String),
    #[error("a {0} condition needs {1}")]
    Malformed(&'static str, &'static str),
    #[error("{left} and {right} cannot be compared")]
    Incomparable { left: String, right: String },
}

/// Do all of `conditions` hold? None at all hold.
pub(super) fn all_hold(conditions: &[Value], scope: &dyn Scope) -> Result<bool, ConditionError> {
    for condition in conditions {
        if !holds(condition, scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(condition: &Value, scope: &dyn Scope) -> Result<bool, ConditionError> {
    let kind = condition.get("Type").and_then(Value::as_str).unwrap_or_default();
    let side = |name| evaluate(condition.get(name).unwrap_or(&Value::Null), scope);
    match kind {
        "Equals" => equal(&side("LeftValue")?, &side("RightValue")?),
        "GreaterThan" => Ok(order(&side("LeftValue")?, &side("RightValue")?)?.is_gt()),
        "GreaterThanOrEqualTo" => Ok(order(&side("LeftValue")?, &side("RightValue")?)?.is_ge()),
        "LessThan" => Ok(order(&side("LeftValue")?, &side("RightValue")?)?.is_lt()),
        "LessThanOrEqualTo" => Ok(order(&side("LeftValue")?, &side("RightValue")?)?.is_le()),
        "In" => {
            let query = side("QueryValue")?;
            let values = side("Values")?;
            let values = values.as_array().ok_or(ConditionError::Malformed("In", "'Values'"))?;
            for value in values {
                if equal(&query, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        "Not" => {
            let inner = condition.get("Expression");
            holds(inner.ok_or(ConditionError::Malformed("Not", "'Expression'"))?, scope)
                .map(|holds| !holds)
        }
        "Or" => {
            let inner = condition.get("Conditions").and_then(Value::as_array);
            for condition in inner.ok_or(ConditionError::Malformed("Or", "'Conditions'"))? {
                if holds(condition, scope)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(ConditionError::Unknown(other.to_owned())),
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, ConditionError> {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => Ok(order(left, right)?.is_eq()),
        (Value::String(left), Value::String(right)) => Ok(left == right),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        _ => Err(incomparable(left, right)),
    }
}

fn order(left: &Value, right: &Value) -> Result<std::cmp::Ordering, ConditionError> {
    let both = left.as_f64().zip(right.as_f64());
    both.and_then(|(left, right)| left.partial_cmp(&right)).ok_or_else(|| incomparable(left, right))
}

fn incomparable(left: &Value, right: &Value) -> ConditionError {
    ConditionError::Incomparable { left: left.to_string(), right: right.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Reference;
    use serde_json::json;

    struct Scores;

    impl Scope for Scores {
        fn lookup(&self, reference: &Reference) -> Option<Value> {
            (reference.to_string() == "Parameters.Floor").then(|| json!(0.8))
        }

        fn property_file(&self, _: &str, _: &str) -> Option<Value> {
            None
        }
    }

    fn verdict(condition: Value) -> Result<bool, String> {
        all_hold(&[condition], &Scores).map_err(|error| error.to_string())
    }

    fn compare(kind: &str, left: Value, right: Value) -> Result<bool, String> {
        verdict(json!({"Type": kind, "LeftValue": left, "RightValue": right}))
    }

    #[test]
    fn numbers_compare_whatever_their_type() {
        let floor = json!({"Get": "Parameters.Floor"});
        assert_eq!(compare("GreaterThan", json!(0.9), floor.clone()), Ok(true));
        assert_eq!(compare("GreaterThan", json!(0.8), floor.clone()), Ok(false));
        assert_eq!(compare("GreaterThanOrEqualTo", json!(0.8), floor.clone()), Ok(true));
        assert_eq!(compare("LessThanOrEqualTo", json!(1), floor.clone()), Ok(false));
        assert_eq!(compare("LessThan", json!(0), floor), Ok(true));
        assert_eq!(compare("Equals", json!(1), json!(1.0)), Ok(true));
    }

    #[test]
    fn in_not_and_or() {
        let region = |values: Value| json!({"Type": "In", "QueryValue": "eu", "Values": values});
        let not = json!({"Type": "Not", "Expression": region(json!(["us"]))});
        assert_eq!(verdict(region(json!(["us", "eu"]))), Ok(true));
        assert_eq!(verdict(not.clone()), Ok(true));
        let or = json!({"Type": "Or", "Conditions": [region(json!(["us"])), not]});
        assert_eq!(verdict(or), Ok(true));
    }

    #[test]
    fn what_has_no_answer_is_an_error_not_false() {
        assert_eq!(
            compare("GreaterThan", json!("0.9"), json!(0.8)),
            Err(r#""0.9" and 0.8 cannot be compared"#.to_owned())
        );
        assert_eq!(
            compare("Near", json!(1), json!(1)),
            Err("condition type 'Near' is not known".to_owned())
        );
        assert!(compare("Equals", json!({"Get": "Parameters.Nothing"}), json!(1)).is_err());
    }
}

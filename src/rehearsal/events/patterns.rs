//! Event patterns on the wire: what PutRule takes, and TestEventPattern.

use super::{INVALID, invalid};
use crate::{
    event::Pattern,
    rehearsal::{Call, ServiceError, check},
};
use serde_json::{Value, json};

/// TestEventPattern API, in characters. A rule's pattern has a quota of its own.
const LONGEST_TESTED: usize = 4096;

/// What an event must say about itself (TestEventPattern API).
const MANDATORY: [&str; 7] =
    ["id", "account", "source", "time", "region", "resources", "detail-type"];

/// The pattern, if PutRule would take it and it has at most `longest` characters.
pub(super) fn read(text: &str, longest: usize) -> Result<Pattern, ServiceError> {
    check::length(INVALID, "eventPattern", text.chars().count(), 1..=longest)?;
    Pattern::parse(text)
        .map_err(|error| ServiceError::refused("InvalidEventPatternException", error.to_string()))
}

/// Would a rule with this pattern hear this event?
pub(super) fn test(call: &Call<'_>) -> Result<Value, ServiceError> {
    let event: Value = call
        .text("Event")
        .and_then(|text| serde_json::from_str(text).ok())
        .filter(is_whole)
        .ok_or_else(|| invalid("Parameter Event is not valid."))?;
    let pattern = read(call.text("EventPattern").unwrap_or_default(), LONGEST_TESTED)?;
    Ok(json!({ "Result": pattern.matches(&event) }))
}

/// Only that the fields are there is checked, not what is in them, as in AWS.
fn is_whole(event: &Value) -> bool {
    MANDATORY.iter().all(|field| event.get(field).is_some_and(|value| !value.is_null()))
}

//! Checks of single inputs, with the words and codes SageMaker refuses them with.

pub(super) use super::super::time::epoch_seconds as epoch;
use super::super::{Call, ServiceError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Shortest and longest `ClientRequestToken` (every operation that takes one).
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 32..=128;

/// The request breaks a rule of the operation.
pub(super) fn validation(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::refused("ValidationException", message.to_string())
}

/// What the request names is not there. Pipelines and the registry agree on this code.
pub(super) fn not_found(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::refused("ResourceNotFound", format!("{what} does not exist."))
}

/// The request is legal, but not now.
pub(super) fn conflict(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::refused("ConflictException", message.to_string())
}

/// A field breaks its constraint.
pub(super) fn constraint(field: &str, value: &str, rule: &str) -> ServiceError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {rule}"
    ))
}

/// A text that must be given.
pub(super) fn required<'c>(call: &'c Call<'_>, field: &str) -> Result<&'c str, ServiceError> {
    call.text(field).filter(|text| !text.is_empty()).ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A text that may be given, with its greatest length.
pub(super) fn optional(
    call: &Call<'_>,
    field: &str,
    longest: usize,
) -> Result<Option<String>, ServiceError> {
    match call.text(field) {
        Some(text) if text.chars().count() > longest => Err(constraint(
            field,
            text,
            &format!("Member must have length less than or equal to {longest}"),
        )),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The idempotency token.
pub(super) fn token(call: &Call<'_>) -> Result<String, ServiceError> {
    let token = required(call, "ClientRequestToken")?;
    if TOKEN_LENGTH.contains(&token.len()) {
        return Ok(token.to_owned());
    }
    Err(constraint(
        "ClientRequestToken",
        token,
        "Member must have length between 32 and 128, inclusive",
    ))
}

/// Letters and digits with inner hyphens: `[a-zA-Z0-9](-*[a-zA-Z0-9])*`.
pub(super) fn entity_name(field: &str, name: &str, longest: usize) -> Result<(), ServiceError> {
    let legal = name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let last = longest.saturating_sub(1);
    let rule = format!(
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){{0,{last}}}$"
    );
    if legal { Ok(()) } else { Err(constraint(field, name, &rule)) }
}

/// One of the words an enumeration has, `default` if none is given.
pub(super) fn choice<'c>(
    call: &'c Call<'_>,
    field: &str,
    words: &'static [&'static str],
    default: &'c str,
) -> Result<&'c str, ServiceError> {
    match call.text(field) {
        None => Ok(default),
        Some(word) if words.contains(&word) => Ok(word),
        Some(word) => {
            let words = words.join(", ");
            Err(constraint(field, word, &format!("Member must satisfy enum value set: [{words}]")))
        }
    }
}

/// Is `time` in the window that the two fields of the request leave open?
pub(super) fn within(call: &Call<'_>, time: Timestamp, after: &str, before: &str) -> bool {
    let seconds = epoch(time).as_f64().unwrap_or_default();
    let bound = |field| call.body.get(field).and_then(Value::as_f64);
    bound(after).is_none_or(|bound| seconds > bound)
        && bound(before).is_none_or(|bound| seconds < bound)
}

/// Who did it, as answers show it.
pub(super) fn user_context(arn: &str) -> Value {
    json!({ "IamIdentity": { "Arn": arn } })
}

/// An object without the fields that have no value, as AWS leaves them out.
pub(super) fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

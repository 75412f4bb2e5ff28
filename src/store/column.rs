//! Values in text columns: identifiers, checked as they are read, and JSON.

use super::StoreError;
use serde::Serialize;
use sqlx::{Row as _, any::AnyRow};

/// A checked identifier out of a text column.
pub(super) fn text<T: std::str::FromStr>(
    row: &AnyRow,
    column: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    checked(row.try_get(column)?, what)
}

/// A checked identifier.
pub(super) fn checked<T: std::str::FromStr>(
    text: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::corrupt(what, text))
}

/// A value as it is stored.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::corrupt("a value to be stored", &error.to_string()))
}

/// A value as it was stored.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    text: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt(what, text))
}

//! The checks that several services make on texts and numbers.

use super::ServiceError;
use std::ops::RangeInclusive;

/// What a text must be like: AWS writes it as a length and a character class.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Legal lengths in characters.
    pub(super) length: RangeInclusive<usize>,
    /// Legal characters, besides letters and digits.
    pub(super) more: &'static str,
}

impl Shape {
    /// Has `text` this shape?
    pub(super) fn fits(&self, text: &str) -> bool {
        self.length.contains(&text.chars().count())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || self.more.contains(c))
    }

    /// Refuses a text that has not this shape, with the service's own `code`.
    pub(super) fn demand(
        &self,
        code: &'static str,
        field: &str,
        text: &str,
    ) -> Result<(), ServiceError> {
        if self.fits(text) {
            return Ok(());
        }
        Err(ServiceError::refused(
            code,
            format!(
                "value '{text}' at '{field}' failed to satisfy constraint: {} to {} characters out of letters, digits and '{}'",
                self.length.start(),
                self.length.end(),
                self.more
            ),
        ))
    }
}

/// Refuses a text or list whose length is outside `range`.
pub(super) fn length(
    code: &'static str,
    field: &str,
    length: usize,
    range: RangeInclusive<usize>,
) -> Result<(), ServiceError> {
    if range.contains(&length) {
        return Ok(());
    }
    Err(ServiceError::refused(
        code,
        format!("'{field}' has length {length}, allowed is {} to {}", range.start(), range.end()),
    ))
}

/// Refuses a number outside `range`.
pub(super) fn number(
    code: &'static str,
    field: &str,
    number: i64,
    range: RangeInclusive<i64>,
) -> Result<(), ServiceError> {
    if range.contains(&number) {
        return Ok(());
    }
    Err(ServiceError::refused(
        code,
        format!("'{field}' is {number}, allowed is {} to {}", range.start(), range.end()),
    ))
}

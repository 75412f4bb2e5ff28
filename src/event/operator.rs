//! What a pattern asks of one value: an exact value or one of EventBridge's comparison operators.
//!
//! Source: user guide, "Comparison operators for use in event patterns".

mod read;

use super::{network::Network, wildcard::Wildcard};
use serde_json::{Number, Value};
use std::ops::{Bound, RangeBounds};

pub(super) use read::read;

/// One entry of a pattern's leaf. A leaf is met if one of its entries is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// This text, number, `true`, `false` or `null`.
    Equals(Value),
    /// A text like this.
    Text(TextTest),
    /// Any value that is none of these, whatever its type.
    AnythingBut(Vec<Test>),
    /// A number in this range.
    Numeric((Bound<f64>, Bound<f64>)),
    /// A text that is an address in this range.
    Cidr(Network),
    /// Any value.
    Exists,
    /// No value at all.
    Absent,
}

/// What a text must be like. Texts that are compared without regard to case are kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextTest {
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    EqualsIgnoringCase(String),
    Wildcard(Wildcard),
}

impl Test {
    /// Is `value`, which is neither an object nor an array, as asked?
    pub(super) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Equals(Value::Number(wanted)), Value::Number(given)) => same(wanted, given),
            (Self::Equals(wanted), given) => wanted == given,
            (Self::AnythingBut(excluded), given) => !excluded.iter().any(|test| test.holds(given)),
            (Self::Text(test), Value::String(text)) => test.holds(text),
            (Self::Cidr(range), Value::String(text)) => range.holds(text),
            (Self::Numeric(range), Value::Number(given)) => {
                given.as_f64().is_some_and(|given| range.contains(&given))
            }
            (Self::Exists, _) => true,
            (Self::Text(_) | Self::Cidr(_) | Self::Numeric(_) | Self::Absent, _) => false,
        }
    }
}

impl TextTest {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixIgnoringCase(prefix) => text.to_lowercase().starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixIgnoringCase(suffix) => text.to_lowercase().ends_with(suffix),
            Self::EqualsIgnoringCase(wanted) => text.to_lowercase() == *wanted,
            Self::Wildcard(wildcard) => wildcard.fits(text),
        }
    }
}

/// Numbers are equal by value, however they are written: 300, 300.0 and 3.0e2.
fn same(one: &Number, other: &Number) -> bool {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one == other,
        _ => one.as_f64() == other.as_f64(),
    }
}

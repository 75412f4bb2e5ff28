//! `InputFilter` and `OutputFilter` of a transform job, as far as they pick cells of a CSV line.
//!
//! Of JSONPath that is `$`, `$[2]`, `$[0,-1]`, `$[1:]`, `$[:-1]` and `$[1:3]`, counted from 0 or, below zero, from
//! the end (SageMaker developer guide, "Associate Prediction Results with Input Records").

use std::{ops::Range, str::FromStr};

/// Which cells of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rehearsal) enum Columns {
    /// The line as it is.
    All,
    /// These, in this order.
    Picked(Vec<i64>),
    /// From the first to before the last.
    Slice(Option<i64>, Option<i64>),
}

/// A filter that picks no cells.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' picks no cells of a CSV line; known are $, $[2], $[0,-1], $[1:], $[:-1] and $[1:3]")]
pub(in crate::rehearsal) struct UnknownFilter(String);

impl FromStr for Columns {
    type Err = UnknownFilter;

    fn from_str(text: &str) -> Result<Self, UnknownFilter> {
        if text == "$" {
            return Ok(Self::All);
        }
        let unknown = || UnknownFilter(text.to_owned());
        let inside = text.strip_prefix("$[").and_then(|rest| rest.strip_suffix(']'));
        let inside = inside.ok_or_else(unknown)?;
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| unknown());
        let bound =
            |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(number).transpose();
        match inside.split_once(':') {
            Some((from, to)) => Ok(Self::Slice(bound(from)?, bound(to)?)),
            None => Ok(Self::Picked(inside.split(',').map(number).collect::<Result<_, _>>()?)),
        }
    }
}

impl Columns {
    /// The cells of `line` that are picked; those that it lacks are left out.
    pub(super) fn of<'l>(&self, line: &'l str) -> Vec<&'l str> {
        let cells: Vec<&str> = line.split(',').collect();
        match self {
            Self::All => cells,
            Self::Picked(numbers) => numbers
                .iter()
                .filter_map(|number| cells.get(from_start(*number, cells.len())?).copied())
                .collect(),
            Self::Slice(from, to) => {
                let Range { start, end } = slice((*from, *to), cells.len());
                cells.get(start..end).unwrap_or_default().to_vec()
            }
        }
    }
}

/// The index that `number` means among `count` cells; none before the first.
fn from_start(number: i64, count: usize) -> Option<usize> {
    match usize::try_from(number) {
        Ok(index) => Some(index),
        Err(_) => count.checked_sub(usize::try_from(number.unsigned_abs()).ok()?),
    }
}

fn slice((from, to): (Option<i64>, Option<i64>), count: usize) -> Range<usize> {
    let index = |number| from_start(number, count).unwrap_or(0).min(count);
    from.map_or(0, index)..to.map_or(count, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(filter: &str, line: &'static str) -> Vec<&'static str> {
        filter.parse::<Columns>().unwrap().of(line)
    }

    #[test]
    fn cells_are_picked_from_both_ends() {
        assert_eq!(of("$", "a,b,c"), ["a", "b", "c"]);
        assert_eq!(of("$[1]", "a,b,c"), ["b"]);
        assert_eq!(of("$[0,-1]", "a,b,c"), ["a", "c"]);
        assert_eq!(of("$[1:]", "a,b,c"), ["b", "c"]);
        assert_eq!(of("$[:-1]", "a,b,c"), ["a", "b"]);
        assert_eq!(of("$[0:2]", "a,b,c"), ["a", "b"]);
        assert!(of("$[7,-7]", "a").is_empty() && of("$[2:1]", "a,b,c").is_empty());
    }

    #[test]
    fn other_paths_are_refused_by_name() {
        for text in ["", "$.features", "$[a]", "$[1", "[1]"] {
            let refused = text.parse::<Columns>().unwrap_err();
            assert!(refused.to_string().starts_with(&format!("'{text}' picks no cells")));
        }
    }
}

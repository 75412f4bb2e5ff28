//! Filter patterns for unstructured lines: terms, quoted phrases, `?any`, `-none`.

use super::invalid;
use crate::rehearsal::ServiceError;

/// FilterLogEvents API, in characters.
const LONGEST_PATTERN: usize = 1024;

/// What a line must hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; the empty one matches every line.
    pub(super) fn parse(text: &str) -> Result<Self, ServiceError> {
        crate::rehearsal::check::length(
            super::INVALID,
            "filterPattern",
            text.chars().count(),
            0..=LONGEST_PATTERN,
        )?;
        if text.trim_start().starts_with(['{', '[', '%']) {
            return Err(invalid(
                "the rehearsal knows terms and quoted phrases only, no JSON, column or regex patterns",
            ));
        }
        let mut pattern = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (list, after) = match rest.split_at_checked(1) {
                Some(("?", after)) => (&mut pattern.any, after),
                Some(("-", after)) => (&mut pattern.none, after),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = term(after)?;
            list.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Does the line hold what it must?
    pub(super) fn matches(&self, line: &str) -> bool {
        self.all.iter().all(|term| line.contains(term))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term)))
            && !self.none.iter().any(|term| line.contains(term))
    }
}

/// One term and what follows it. Only letters, digits and `_` may stand without quotes.
fn term(text: &str) -> Result<(&str, &str), ServiceError> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted
            .split_once('"')
            .ok_or_else(|| invalid("a quote in the pattern is not closed"));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, after) = text.split_at(end);
    if term.is_empty() || !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(invalid(format!(
            "the term '{term}' must be in double quotes: it holds more than letters, digits and '_'"
        )));
    }
    Ok((term, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(line)
    }

    #[test]
    fn terms_must_all_stand_in_the_line() {
        assert!(matches("", "anything"));
        assert!(matches("ERROR stage", "stage plan: ERROR"));
        assert!(!matches("ERROR stage", "ERROR only"));
        assert!(!matches("error", "ERROR"));
    }

    #[test]
    fn phrases_options_and_exclusions() {
        assert!(matches("\"run 7: failed\"", "x run 7: failed y"));
        assert!(matches("?WARN ?ERROR", "WARN"));
        assert!(!matches("?WARN ?ERROR", "INFO"));
        assert!(!matches("ERROR -\"as expected\"", "ERROR, as expected"));
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for pattern in ["a-b", "\"open", "{ $.level = \"error\" }", "[a, b]"] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code, "InvalidParameterException");
        }
    }
}

//! Where each value of an environment file passes before it is used: empty ones and placeholders
//! stop here, so that nobody promotes to `<prod-account-id>` or alerts a stranger.

use crate::{
    ids::InvalidId,
    spec::{
        environment::{Cloud, is_here},
        notes::quoted,
        raw_environment::RawEnvironment,
        reading::Reading,
    },
};
use std::str::FromStr;

/// Accounts of AWS's own documentation.
pub(super) const EXAMPLE_ACCOUNTS: [&str; 4] =
    ["123456789012", "111122223333", "444455556666", "000000000000"];

/// Are values that only examples have acceptable?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Examples {
    /// Nothing of it reaches the outside.
    Accepted,
    /// The values reach real accounts and real people.
    Refused,
}

/// One environment file being checked.
pub(super) struct Desk<'r, 'a> {
    pub(super) reading: &'r mut Reading<'a>,
    pub(super) examples: Examples,
}

impl<'r, 'a> Desk<'r, 'a> {
    pub(super) fn new(reading: &'r mut Reading<'a>, raw: &RawEnvironment) -> Self {
        let address = raw.endpoint_url.as_deref().and_then(|text| text.parse().ok());
        let elsewhere = address.as_ref().is_some_and(is_here);
        let examples = match raw.cloud.unwrap_or_default() {
            Cloud::Aws if !elsewhere => Examples::Refused,
            // An emulator on this machine has the accounts of its examples.
            Cloud::Aws | Cloud::Rehearsal => Examples::Accepted,
        };
        Self { reading, examples }
    }

    /// The text at `path`, unless it is absent, empty or a placeholder.
    pub(super) fn text<'t>(&mut self, path: &[&str], text: Option<&'t String>) -> Option<&'t str> {
        let text = text?;
        let key = path.join(".");
        if text.trim().is_empty() {
            self.reading
                .error(path, "empty-value", format!("'{key}' is empty"))
                .help("give it a value, or remove the key");
            return None;
        }
        if let Some(placeholder) = placeholder(text) {
            self.reading
                .error(path, "placeholder", format!("'{key}' still holds {}", quoted(placeholder)))
                .help("put the real value in its place");
            return None;
        }
        Some(text)
    }

    /// The text at `path`, parsed; a refusal says what would have been legal.
    pub(super) fn parsed<T: FromStr<Err = InvalidId>>(
        &mut self,
        path: &[&str],
        text: Option<&String>,
    ) -> Option<T> {
        let text = self.text(path, text)?;
        text.parse()
            .map_err(|refusal: InvalidId| {
                let key = path.join(".");
                let message = format!("'{key}' is {}, not {}", quoted(text), refusal.expected);
                self.reading.error(path, "bad-value", message);
            })
            .ok()
    }

    /// The text at `path` if it is legal; otherwise the finding says what is.
    pub(super) fn legal<'t>(
        &mut self,
        path: &[&str],
        text: Option<&'t String>,
        rule: (fn(&str) -> bool, &str),
    ) -> Option<&'t str> {
        let text = self.text(path, text)?;
        let (is_legal, expected) = rule;
        if is_legal(text) {
            return Some(text);
        }
        let message = format!("'{}' is {}, not {expected}", path.join("."), quoted(text));
        self.reading.error(path, "bad-value", message);
        None
    }
}

/// `<something>` inside a text.
fn placeholder(text: &str) -> Option<&str> {
    let begin = text.find('<')?;
    let length = text[begin..].find('>')?;
    Some(&text[begin..=begin + length])
}

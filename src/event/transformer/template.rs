//! The text of a template, cut into what stays and what is filled in.

use super::{Kind, TransformerError, Variable};
use serde_json::Value;
use std::collections::BTreeMap;

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Stays as it is.
    Text(String),
    /// Is filled in.
    Value(Variable, Spot),
}

/// Where a placeholder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// Inside a text in quotes.
    Quoted,
    /// Anywhere else.
    Bare,
}

/// Cuts `template` at its placeholders: `<`, a name, `>`. Any other `<` is text.
pub(super) fn pieces(
    template: &str,
    variables: &BTreeMap<&str, Variable>,
) -> Result<Vec<Piece>, TransformerError> {
    let mut pieces = Vec::new();
    let mut quotes = Quotes { spot: Spot::Bare, escaped: false };
    let mut text = String::new();
    let mut rest = template;
    while let Some(character) = rest.chars().next() {
        if let Some((name, after)) = placeholder(rest) {
            let variable = variables
                .get(name)
                .ok_or_else(|| TransformerError::Placeholder(name.to_owned()))?;
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Value(variable.clone(), quotes.spot));
            rest = after;
            continue;
        }
        quotes.pass(character);
        text.push(character);
        rest = &rest[character.len_utf8()..];
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// Is what the template makes of an ordinary event JSON, or a list of texts?
pub(super) fn check(pieces: &[Piece], kind: Kind) -> Result<(), TransformerError> {
    let sample: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Value(_, Spot::Quoted) => "",
            Piece::Value(_, Spot::Bare) => "null",
        })
        .collect();
    let refused = |why: String| Err(TransformerError::Template(why));
    match kind {
        Kind::Json => {
            serde_json::from_str::<Value>(&sample).map(drop).or_else(|e| refused(e.to_string()))
        }
        Kind::Texts => {
            let mut lines = serde_json::Deserializer::from_str(&sample).into_iter::<Value>();
            lines.try_for_each(|line| match line {
                Ok(Value::String(_)) => Ok(()),
                Ok(other) => refused(format!("{other} stands outside quotes")),
                Err(error) => refused(error.to_string()),
            })
        }
    }
}

/// The name at the start of `text`, and what follows.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('<')?.split_once('>')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.chars().all(legal)).then_some((name, after))
}

/// Keeps track of quotes.
struct Quotes {
    spot: Spot,
    /// The character before was a backslash inside quotes.
    escaped: bool,
}

impl Quotes {
    fn pass(&mut self, character: char) {
        match (self.spot, character) {
            (Spot::Quoted, _) if self.escaped => self.escaped = false,
            (Spot::Quoted, '\\') => self.escaped = true,
            (Spot::Quoted, '"') => self.spot = Spot::Bare,
            (Spot::Bare, '"') => self.spot = Spot::Quoted,
            _ => {}
        }
    }
}

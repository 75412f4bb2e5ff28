//! Cuts an expression into tokens.

use super::{ConditionError, LONGEST_CONDITION};
use crate::spec::finding::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Equal,
    Unequal,
    And,
    Or,
    Not,
    Open,
    Close,
    Comma,
    End,
}

/// All tokens with their places; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, ConditionError> {
    if text.chars().count() > LONGEST_CONDITION {
        return Err(ConditionError {
            span: Span { offset: 0, length: text.len() },
            message: format!("a condition has at most {LONGEST_CONDITION} characters"),
            help: Some("decide in a script instead".to_owned()),
        });
    }
    let mut found = Vec::new();
    let mut offset = 0;
    while let Some(first) = text[offset..].chars().next() {
        if first.is_whitespace() {
            offset += first.len_utf8();
            continue;
        }
        let (token, length) = token(&text[offset..], first, offset)?;
        found.push((token, Span { offset, length }));
        offset += length;
    }
    found.push((Token::End, Span { offset: text.len(), length: 0 }));
    Ok(found)
}

fn token(rest: &str, first: char, offset: usize) -> Result<(Token, usize), ConditionError> {
    const SIGNS: [(&str, Token); 8] = [
        ("==", Token::Equal),
        ("!=", Token::Unequal),
        ("&&", Token::And),
        ("||", Token::Or),
        ("!", Token::Not),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((token.clone(), sign.len()));
    }
    if first == '"' || first == '\'' {
        return quoted_text(rest, first, offset);
    }
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    let length = length.unwrap_or(rest.len());
    if length == 0 {
        return Err(ConditionError {
            span: Span { offset, length: first.len_utf8() },
            message: format!("'{}' has no meaning here", crate::spec::notes::printable(first)),
            help: Some("operators are == != && || ! ( )".to_owned()),
        });
    }
    Ok((Token::Word(rest[..length].to_owned()), length))
}

/// A text ends at the next quote of its kind; there are no escapes, for there are two kinds of quotes.
fn quoted_text(rest: &str, quote: char, offset: usize) -> Result<(Token, usize), ConditionError> {
    match rest[1..].find(quote) {
        Some(length) => Ok((Token::Text(rest[1..=length].to_owned()), length + 2)),
        None => Err(ConditionError {
            span: Span { offset, length: rest.len() },
            message: "the text has no closing quote".to_owned(),
            help: Some(format!("add {quote} where it ends")),
        }),
    }
}

//! AWS keys, which nobody needs to have named as secrets: they are known by their shape and by what stands beside them.
//!
//! Whether a byte is hidden depends on [`BEHIND`] bytes before it and [`AHEAD`] bytes from it on, and on nothing else.

use super::finder::{Case, Finder};
use std::ops::Range;

/// Bytes before a place that decide about it: a name, what stands between, and the longest value.
pub(super) const BEHIND: usize = LONGEST_VALUE + 128;
/// Bytes from a place on that decide about it: a secret key, a gap, a key id, and one byte more.
pub(super) const AHEAD: usize = 256;

/// How access key ids begin: of users, and of sessions. They come first among [`MARKS`].
const ID_PREFIXES: usize = 2;
/// Key ids' beginnings, and names after which a secret stands, in the spellings of the SDKs, the CLI and the
/// environment.
const MARKS: [&str; 9] = [
    "AKIA",
    "ASIA",
    "aws_secret_access_key",
    "secretaccesskey",
    "aws_session_token",
    "sessiontoken",
    "aws_security_token",
    "x-amz-security-token",
    "x-amz-signature",
];
/// The shortest mark.
const MARK_HEAD: usize = 4;
/// An access key id has 20 characters.
const ID_LENGTH: usize = 20;
/// A secret access key has 40 characters.
const SECRET_LENGTH: usize = 40;
/// How far from a key id its secret stands at most.
const BESIDE: usize = 64;
/// What may stand between a name and its value …
const BETWEEN: &[u8] = b"\"'\\=: \t";
/// … and how much of it.
const LONGEST_BETWEEN: usize = 16;
/// A value that is shorter is a word.
const SHORTEST_VALUE: usize = 16;
/// Session tokens have one or two kilobytes; more of a longer run than this is not hidden.
const LONGEST_VALUE: usize = 4096;

/// Finds keys.
pub(super) struct AwsKeys(Finder);

impl AwsKeys {
    pub(super) fn new() -> Self {
        Self(Finder::of(&MARKS, MARK_HEAD, Case::Ignored))
    }

    /// Adds where in `text` keys stand.
    pub(super) fn find(&self, text: &str, hidden: &mut Vec<Range<usize>>) {
        let text = text.as_bytes();
        self.0.candidates(text, |at, mark| {
            if mark < ID_PREFIXES {
                if text[at..].starts_with(MARKS[mark].as_bytes()) {
                    find_id(text, at, hidden);
                }
            } else {
                hidden.extend(value_after(text, at, MARKS[mark].as_bytes()));
            }
        });
    }
}

/// The key id that begins `at`, if it is one, and the secrets beside it.
fn find_id(text: &[u8], at: usize, hidden: &mut Vec<Range<usize>>) {
    let end = at + length_of(&text[at..], |byte| byte.is_ascii_alphanumeric(), ID_LENGTH + 1);
    let stands_alone = at == 0 || !text[at - 1].is_ascii_alphanumeric();
    if !stands_alone || end - at != ID_LENGTH {
        return;
    }
    hidden.push(at..end);
    let mut from = at.saturating_sub(BESIDE + SECRET_LENGTH);
    let until = (end + BESIDE).min(text.len());
    // The run that reaches into what is looked at does not begin there.
    while from > 0 && from < at && is_secret_byte(text[from - 1]) {
        from += 1;
    }
    while from < until {
        let length = length_of(&text[from..], is_secret_byte, SECRET_LENGTH + 1);
        if length == SECRET_LENGTH && !is_digest(&text[from..from + length]) {
            hidden.push(from..from + length);
        }
        let run = length_of(&text[from..], is_secret_byte, until - from);
        from += run.max(1);
    }
}

/// What stands after a name, if the name stands here and it looks like a secret.
fn value_after(text: &[u8], at: usize, name: &[u8]) -> Option<Range<usize>> {
    let after = text.get(at + name.len()..)?;
    if !text[at..at + name.len()].eq_ignore_ascii_case(name) {
        return None;
    }
    let between = length_of(after, |byte| BETWEEN.contains(&byte), LONGEST_BETWEEN);
    let is_value = |byte: u8| byte.is_ascii_alphanumeric() || b"/+=%-_".contains(&byte);
    let length = length_of(&after[between..], is_value, LONGEST_VALUE);
    let start = at + name.len() + between;
    (between > 0 && length >= SHORTEST_VALUE).then_some(start..start + length)
}

/// How many bytes from the beginning on are of a kind, counted up to `most`.
fn length_of(text: &[u8], is_one: impl Fn(u8) -> bool, most: usize) -> usize {
    text.iter().take(most).take_while(|byte| is_one(**byte)).count()
}

fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+'
}

/// Commits have as many characters as secret keys, and fewer letters.
fn is_digest(run: &[u8]) -> bool {
    run.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

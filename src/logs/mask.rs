//! Secrets are masked before the first byte is stored.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

/// Shorter values are not masked: they stand in too many innocent places, and are no secrets.
pub const SHORTEST_SECRET: usize = 6;
/// What stands in place of a secret.
const MASK: &str = "***";
/// Base64 of part of a secret that is shorter than this says too little to be told from other text.
const SHORTEST_BASE64: usize = 8;

/// Knows the secrets; clones learn together.
#[derive(Debug, Clone, Default)]
pub struct Masker(Arc<RwLock<Patterns>>);

#[derive(Default)]
struct Patterns {
    forms: BTreeSet<String>,
    automaton: Option<AhoCorasick>,
    longest: usize,
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} masked forms", self.forms.len())
    }
}

impl Masker {
    /// A masker that knows these secrets.
    #[must_use]
    pub fn of<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let masker = Self::default();
        for secret in secrets {
            masker.learn(secret.as_ref());
        }
        masker
    }

    /// Masks `secret` from now on, in every form in which it is likely to be printed. A value shorter than
    /// [`SHORTEST_SECRET`] is not masked.
    pub fn learn(&self, secret: &str) {
        let mut patterns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = patterns.forms.len();
        // A key in PEM and the like is printed line by line.
        let parts = secret.lines().map(str::trim).chain([secret.trim()]);
        for part in parts.filter(|part| part.len() >= SHORTEST_SECRET) {
            patterns.forms.extend(forms(part));
        }
        if patterns.forms.len() > known {
            patterns.longest = patterns.forms.iter().map(String::len).max().unwrap_or(0);
            patterns.automaton = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&patterns.forms)
                .ok();
        }
    }

    /// `text` with every secret and AWS key replaced.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        replace(text, &self.hidden(text))
    }

    /// Masks as much of `text` as no longer depends on what follows it. Returns that and how many bytes it was.
    pub(super) fn mask_settled(&self, text: &str) -> (String, usize) {
        let hidden = self.hidden(text);
        let longest = self.0.read().unwrap_or_else(PoisonError::into_inner).longest;
        // A secret that is only partly here begins after this.
        let mut cut = text.floor_char_boundary(text.len().saturating_sub(longest));
        if let Some(across) = hidden.iter().find(|range| range.start < cut && cut < range.end) {
            cut = across.end;
        }
        let settled: Vec<_> = hidden.into_iter().filter(|range| range.end <= cut).collect();
        (replace(&text[..cut], &settled), cut)
    }

    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let patterns = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut hidden: Vec<_> = patterns
            .automaton
            .iter()
            .flat_map(|automaton| automaton.find_iter(text))
            .map(|found| found.range())
            .collect();
        hidden.extend(aws_keys(text));
        hidden.sort_by_key(|range| range.start);
        hidden
    }
}

fn replace(text: &str, hidden: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for range in hidden {
        if range.start >= done {
            masked.push_str(&text[done..range.start]);
            masked.push_str(MASK);
        }
        done = done.max(range.end);
    }
    masked.push_str(&text[done..]);
    masked
}

/// The forms in which a secret is printed: as it is, in JSON, in a URL, and within base64 at any offset.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), percent_encoded(secret)];
    if let Ok(json) = serde_json::to_string(secret) {
        forms.push(json[1..json.len() - 1].to_owned());
    }
    for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
        forms.extend((0..3).filter_map(|offset| {
            let mut bytes = vec![0; offset];
            bytes.extend_from_slice(secret.as_bytes());
            let encoded = engine.encode(&bytes);
            // Only characters all of whose six bits come from the secret.
            let (first, end) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
            let inner = encoded.get(first..end)?;
            (inner.len() >= SHORTEST_BASE64).then(|| inner.to_owned())
        }));
    }
    forms
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Names after which a secret AWS key stands, in the spellings of the SDKs, the CLI and the environment.
const KEY_LABELS: &[&str] = &[
    "aws_secret_access_key",
    "secretaccesskey",
    "aws_session_token",
    "sessiontoken",
    "aws_security_token",
    "x-amz-security-token",
    "x-amz-signature",
];
/// What may stand between such a name and its value.
const BETWEEN: &[char] = &['"', '\'', '\\', '=', ':', ' ', '\t'];
/// A secret access key has 40 characters; shorter runs are words.
const SHORTEST_KEY: usize = 16;

/// Access key ids, and what stands after the name of a secret key.
fn aws_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for prefix in ["AKIA", "ASIA"] {
        found.extend(text.match_indices(prefix).filter_map(|(start, _)| {
            let is_word = |c: char| c.is_ascii_alphanumeric();
            let length = text[start..].find(|c| !is_word(c)).unwrap_or(text.len() - start);
            let alone = !text[..start].ends_with(is_word);
            (alone && length == 20).then_some(start..start + length)
        }));
    }
    // Almost no line names a key; only those pay for the copy.
    if !text.bytes().any(|byte| byte == b'=' || byte == b':') {
        return found;
    }
    let lower = text.to_ascii_lowercase();
    for label in KEY_LABELS {
        found.extend(lower.match_indices(label).filter_map(|(at, _)| {
            let after = &text[at + label.len()..];
            let value = after.trim_start_matches(BETWEEN);
            let is_key = |c: char| c.is_ascii_alphanumeric() || "/+=%-_".contains(c);
            let length = value.find(|c| !is_key(c)).unwrap_or(value.len());
            let start = text.len() - value.len();
            (value.len() < after.len() && length >= SHORTEST_KEY).then_some(start..start + length)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "pa\"ss/w0rd+1";

    #[test]
    fn a_secret_is_masked_in_every_form_it_is_printed_in() {
        let masker = Masker::of([SECRET]);
        let basic = BASE64_STANDARD.encode(format!("user:{SECRET}"));
        let json = serde_json::json!({ "token": SECRET }).to_string();
        let url = format!("https://u:{}@host/", percent_encoded(SECRET));
        for (text, fragments) in [
            (SECRET.to_owned(), ["w0rd", "pa\""]),
            (json, ["w0rd", "pa\\"]),
            (url, ["w0rd", "pa%22"]),
            (basic, ["L3cwcmQ", "GEic3Mvd"]),
        ] {
            let masked = masker.mask(&text);
            assert!(masked.contains(MASK), "{masked}");
            assert!(!fragments.iter().any(|fragment| masked.contains(fragment)), "{masked}");
        }
    }

    #[test]
    fn lines_of_a_secret_are_masked_one_by_one_but_short_ones_are_not() {
        let masker = Masker::of(["-----BEGIN-----\nMIIEowIBAAK\nabc\n", "dev"]);
        assert_eq!(masker.mask("MIIEowIBAAK dev abc"), "*** dev abc");
    }

    #[test]
    fn aws_keys_are_masked_without_being_known() {
        let masker = Masker::default();
        for (text, expected) in [
            ("id AKIAIOSFODNN7EXAMPLE.", "id ***."),
            ("ASIAIOSFODNN7EXAMPLE", "***"),
            ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", "AWS_SECRET_ACCESS_KEY=***"),
            ("\"SessionToken\": \"IQoJb3JpZ2luX2VjEJr//x==\",", "\"SessionToken\": \"***\","),
            ("commit 0123456789012345678901234567890123456789", ""),
            ("the AKIA prefix, XAKIAIOSFODNN7EXAMPLE", ""),
            ("sessiontoken: none", ""),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(masker.mask(text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_secret_is_found_wherever_a_line_is_cut(
            before in "[a-z€]{0,40}", after in "[a-z€]{0,40}", cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let masker = Masker::of(["SECRET-VALUE"]);
            let text = format!("{before}SECRET-VALUE{after}");
            let mut places: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len()))).collect();
            places.sort_unstable();
            let (mut carry, mut masked, mut done) = (String::new(), String::new(), 0);
            for place in places {
                carry.push_str(&text[done..place]);
                done = place;
                let (settled, length) = masker.mask_settled(&carry);
                masked.push_str(&settled);
                carry.drain(..length);
            }
            carry.push_str(&text[done..]);
            masked.push_str(&masker.mask(&carry));
            prop_assert_eq!(masked, format!("{before}***{after}"));
        }
    }
}

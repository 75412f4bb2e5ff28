//! Secrets are masked before the first byte is stored.
//!
//! Whatever part of a text belongs to a known secret, in any of its printed forms, or to an AWS key, becomes
//! [`MASK`]; overlapping parts become one. A text that comes in pieces is masked as if it had come whole
//! ([`MaskStream`]): a piece is held back as far as what follows may still make it part of a secret.

mod aws_keys;
mod finder;
mod forms;
#[cfg(test)]
mod tests;

use aws_keys::AwsKeys;
use finder::Finder;
use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

/// Values with fewer characters are not masked: they stand in too many innocent places, and are no secrets.
pub const SHORTEST_SECRET: usize = 6;
/// What stands in place of a secret.
const MASK: &str = "***";

/// Knows the secrets; clones learn together.
#[derive(Debug, Clone, Default)]
pub struct Masker(Arc<RwLock<Patterns>>);

struct Patterns {
    known: BTreeSet<String>,
    forms: Vec<String>,
    finder: Finder,
    aws: AwsKeys,
    longest: usize,
}

impl Default for Patterns {
    fn default() -> Self {
        let (known, forms) = Default::default();
        let finder = Finder::of::<String>(&[], SHORTEST_SECRET, finder::Case::Told);
        Self { known, forms, finder, aws: AwsKeys::new(), longest: 0 }
    }
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
        let secrets: Vec<S> = secrets.into_iter().collect();
        masker.learn_all(secrets.iter().map(AsRef::as_ref));
        masker
    }

    /// Masks `secret` from now on, as a whole and each of its lines, in every form in which it is likely to be
    /// printed. What is shorter than [`SHORTEST_SECRET`] is not masked.
    pub fn learn(&self, secret: &str) {
        self.learn_all([secret]);
    }

    fn learn_all<'s>(&self, secrets: impl IntoIterator<Item = &'s str>) {
        let mut patterns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = patterns.known.len();
        for secret in secrets {
            // A key in PEM and the like is printed line by line.
            let parts = secret.lines().map(str::trim).chain([secret.trim()]);
            let parts = parts.filter(|part| part.chars().count() >= SHORTEST_SECRET);
            patterns.known.extend(parts.flat_map(forms::forms));
        }
        if patterns.known.len() > before {
            patterns.forms = patterns.known.iter().cloned().collect();
            patterns.finder = Finder::of(&patterns.forms, SHORTEST_SECRET, finder::Case::Told);
            patterns.longest = patterns.forms.iter().map(String::len).max().unwrap_or(0);
        }
    }

    /// `text` with every secret and AWS key replaced; no copy is made where there is none.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let hidden = self.read(|patterns| patterns.hidden(text));
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        show(text, 0..text.len(), &hidden, &mut masked);
        Cow::Owned(masked)
    }

    fn read<T>(&self, look: impl FnOnce(&Patterns) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Patterns {
    /// What must not be seen: ranges in order, none of which overlaps another.
    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        self.finder.candidates(text.as_bytes(), |at, pattern| {
            let form = &self.forms[pattern];
            if text.as_bytes()[at..].starts_with(form.as_bytes()) {
                hidden.push(at..at + form.len());
            }
        });
        self.aws.find(text, &mut hidden);
        merge(hidden)
    }

    /// Bytes behind a place that decide whether it is hidden …
    fn ahead(&self) -> usize {
        self.longest.max(aws_keys::AHEAD)
    }

    /// … and those before it.
    fn behind(&self) -> usize {
        self.longest.max(aws_keys::BEHIND)
    }
}

fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// Appends the part of `text` that is asked for. A hidden range that began before it has had its mask.
fn show(text: &str, part: Range<usize>, hidden: &[Range<usize>], masked: &mut String) {
    let mut done = part.start;
    for range in hidden.iter().filter(|range| range.end > part.start && range.start < part.end) {
        if range.start >= part.start {
            masked.push_str(&text[done..range.start]);
            masked.push_str(MASK);
        }
        done = range.end.min(part.end);
    }
    masked.push_str(&text[done..part.end]);
}

/// Masks one text that comes in pieces. What all calls gave, joined, is what [`Masker::mask`] gives for the whole
/// text, as long as nothing is learned meanwhile. Holds the last pieces and a few kilobytes (more if there is a
/// longer secret), however long the text is.
#[derive(Debug, Default)]
pub struct MaskStream {
    /// What was given out last, for its bearing on what follows, and what was not given out yet.
    text: String,
    given: usize,
}

impl MaskStream {
    /// Takes the next piece and gives what no longer depends on what follows.
    pub fn push(&mut self, masker: &Masker, piece: &str) -> String {
        self.text.push_str(piece);
        masker.read(|patterns| {
            let end = self.text.len().saturating_sub(patterns.ahead());
            let settled = self.give(patterns, self.text.floor_char_boundary(end).max(self.given));
            let forget = self.given.saturating_sub(patterns.behind());
            let forget = self.text.floor_char_boundary(forget);
            self.text.drain(..forget);
            self.given -= forget;
            settled
        })
    }

    /// Takes the last piece and gives the rest; a new text begins.
    pub fn finish<'t>(&mut self, masker: &Masker, piece: &'t str) -> Cow<'t, str> {
        if self.text.is_empty() {
            return masker.mask(piece);
        }
        self.text.push_str(piece);
        let rest = masker.read(|patterns| self.give(patterns, self.text.len()));
        self.text.clear();
        self.given = 0;
        Cow::Owned(rest)
    }

    fn give(&mut self, patterns: &Patterns, end: usize) -> String {
        let mut masked = String::with_capacity(end - self.given);
        show(&self.text, self.given..end, &patterns.hidden(&self.text), &mut masked);
        self.given = end;
        masked
    }
}

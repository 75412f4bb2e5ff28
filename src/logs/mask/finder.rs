//! Finding many patterns in one pass.
//!
//! Only the heads of the patterns are searched for, so that the automaton stays small whatever the secrets are.

use aho_corasick::AhoCorasick;

/// Longest head: enough to tell secrets apart from ordinary text.
const LONGEST_HEAD: usize = 8;

/// Whether `A` and `a` are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// They are two letters.
    Told,
    /// They are one.
    Ignored,
}

/// Finds where patterns may begin.
pub(super) struct Finder(AhoCorasick);

impl Finder {
    /// A finder of `patterns`, each of at least `head` bytes.
    pub(super) fn of<P: AsRef<[u8]>>(patterns: &[P], head: usize, case: Case) -> Self {
        let head = head.min(LONGEST_HEAD);
        let whole = patterns.iter().map(AsRef::as_ref);
        let heads = whole.map(|pattern: &[u8]| pattern.get(..head).unwrap_or(pattern));
        let built =
            AhoCorasick::builder().ascii_case_insensitive(case == Case::Ignored).build(heads);
        #[expect(
            clippy::expect_used,
            reason = "fails above 2^31 states, and secrets must not go unmasked"
        )]
        Self(built.expect("some bytes of each secret"))
    }

    /// Tells every place of `text` at which a pattern's head stands, and the pattern's number. The rest of the
    /// pattern, and the case where that matters, are for the caller to compare.
    pub(super) fn candidates(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        for head in self.0.find_overlapping_iter(text) {
            found(head.start(), head.pattern().as_usize());
        }
    }
}

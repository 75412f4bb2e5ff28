//! Finding many patterns in one pass.
//!
//! Only the heads of the patterns are searched for, so that the automaton stays small whatever the secrets are.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use std::collections::BTreeMap;

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
pub(super) struct Finder {
    heads: AhoCorasick,
    /// The patterns of each head, by number.
    patterns: Vec<Vec<usize>>,
}

impl Finder {
    /// A finder of `patterns`, each of at least `head` bytes.
    pub(super) fn of<P: AsRef<[u8]>>(patterns: &[P], head: usize, case: Case) -> Self {
        let head = head.min(LONGEST_HEAD);
        let mut by_head: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let Some(bytes) = pattern.as_ref().get(..head) else { continue };
            let key = match case {
                Case::Told => bytes.to_vec(),
                Case::Ignored => bytes.to_ascii_lowercase(),
            };
            by_head.entry(key).or_default().push(number);
        }
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(case == Case::Ignored)
            .kind(Some(AhoCorasickKind::DFA))
            .build(by_head.keys());
        #[expect(
            clippy::expect_used,
            reason = "fails above 2^31 states, and secrets must not go unmasked"
        )]
        let heads = built.expect("a few bytes of each secret");
        Self { heads, patterns: by_head.into_values().collect() }
    }

    /// Tells every place of `text` at which a pattern's head stands, and the pattern's number. The rest of the
    /// pattern, and the case where that matters, are for the caller to compare.
    pub(super) fn candidates(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut from = 0;
        // Heads are of one length and each stands there once, so one search from behind the last start misses none.
        while let Some(head) = self.heads.find(Input::new(text).range(from..)) {
            for pattern in self.patterns.get(head.pattern().as_usize()).into_iter().flatten() {
                found(head.start(), *pattern);
            }
            from = head.start() + 1;
        }
    }
}

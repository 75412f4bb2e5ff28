//! Finding many patterns in one pass.
//!
//! Only the heads of the patterns are searched for, all of one length, by the way of Wu and Manber: where a window of that
//! length ends with two bytes that no head has, or has further ahead, the window moves on by as much. So most bytes of
//! ordinary text are never looked at, and how long the secrets are does not matter.

/// Longest head: enough to tell secrets apart from ordinary text, and as many bytes as a [`Key`] has.
const LONGEST_HEAD: usize = 8;
/// Pairs of bytes that there are.
const PAIRS: usize = 1 << 16;

/// A head, its bytes side by side.
type Key = u64;

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
    /// Bytes in a head, two at least.
    head: usize,
    case: Case,
    /// For the two bytes that a window ends with: how far the next window that may be a head is away.
    shifts: Vec<u8>,
    /// Each head with the patterns that have it, by number; sorted.
    heads: Vec<(Key, Vec<usize>)>,
}

impl Finder {
    /// A finder of `patterns`, each of at least `head` bytes, which are two or more.
    pub(super) fn of<P: AsRef<[u8]>>(patterns: &[P], head: usize, case: Case) -> Self {
        let head = head.clamp(2, LONGEST_HEAD);
        // No head has the pair: the next window begins with its second byte.
        let furthest = u8::try_from(head - 1).unwrap_or(1);
        let mut finder = Self { head, case, shifts: vec![furthest; PAIRS], heads: Vec::new() };
        for (number, pattern) in patterns.iter().enumerate() {
            let Some(bytes) = pattern.as_ref().get(..head) else { continue };
            let key = finder.key(bytes);
            match finder.heads.binary_search_by_key(&key, |(key, _)| *key) {
                Ok(at) => finder.heads[at].1.push(number),
                Err(at) => {
                    finder.heads.insert(at, (key, vec![number]));
                    finder.note(bytes);
                }
            }
        }
        finder
    }

    /// Notes how far each pair of a head is from the head's end.
    fn note(&mut self, head: &[u8]) {
        for (from_end, pair) in (0_u8..).zip(head.windows(2).rev()) {
            for first in self.spellings(pair[0]) {
                for second in self.spellings(pair[1]) {
                    let shift = &mut self.shifts[index(first, second)];
                    *shift = from_end.min(*shift);
                }
            }
        }
    }

    fn spellings(&self, byte: u8) -> [u8; 2] {
        match self.case {
            Case::Told => [byte; 2],
            Case::Ignored => [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()],
        }
    }

    fn key(&self, head: &[u8]) -> Key {
        head.iter().fold(0, |key, byte| {
            let byte = match self.case {
                Case::Told => *byte,
                Case::Ignored => byte.to_ascii_lowercase(),
            };
            key << 8 | Key::from(byte)
        })
    }

    /// Tells every place of `text` at which a pattern's head stands, and the pattern's number. The rest of the
    /// pattern, and the case where that matters, are for the caller to compare.
    pub(super) fn candidates(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut start = 0;
        while let Some([.., first, second]) = text.get(start..start + self.head) {
            let shift = usize::from(self.shifts[index(*first, *second)]);
            if shift > 0 {
                start += shift;
                continue;
            }
            let key = self.key(&text[start..start + self.head]);
            if let Ok(at) = self.heads.binary_search_by_key(&key, |(key, _)| *key) {
                self.heads[at].1.iter().for_each(|pattern| found(start, *pattern));
            }
            start += 1;
        }
    }
}

fn index(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_head_is_found_and_nothing_else(
            patterns in proptest::collection::vec("[abB]{2,9}", 0..12),
            text in "[abB]{0,60}", head in 2_usize..9,
        ) {
            let patterns: Vec<String> = patterns.into_iter().filter(|p| p.len() >= head).collect();
            for case in [Case::Told, Case::Ignored] {
                let mut found = Vec::new();
                Finder::of(&patterns, head, case).candidates(text.as_bytes(), |at, pattern| found.push((at, pattern)));
                let stands = |at: usize, pattern: &str| {
                    let there = &text.as_bytes()[at..(at + head).min(text.len())];
                    match case {
                        Case::Told => there == &pattern.as_bytes()[..head],
                        Case::Ignored => there.eq_ignore_ascii_case(&pattern.as_bytes()[..head]),
                    }
                };
                let everywhere = (0..text.len()).flat_map(|at| {
                    let here = patterns.iter().enumerate().filter(move |(_, p)| stands(at, p));
                    here.map(move |(number, _)| (at, number))
                });
                prop_assert_eq!(&found, &everywhere.collect::<Vec<_>>());
            }
        }
    }
}

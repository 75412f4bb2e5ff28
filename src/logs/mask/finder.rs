//! Finding many patterns in one pass that looks at a part of the bytes only (Wu and Manber, 1994).
//!
//! Secrets are rare, so almost all of a text is skipped: a table tells for each three bytes how far away the next
//! place is where a pattern's head could end.

use std::collections::HashMap;

/// Bytes looked at together.
const BLOCK: usize = 3;
/// Places in the table of skips: small enough for a processor's nearest cache.
const PLACES: usize = 1 << 15;
/// Bytes of a head that tell patterns apart at most: those of a `u64`.
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
    head: usize,
    fold: u8,
    skips: Vec<u8>,
    /// Patterns by their heads, each list by number.
    heads: HashMap<u64, Vec<usize>>,
}

impl Finder {
    /// A finder of `patterns`, each of at least `head` bytes (4 to 8).
    pub(super) fn of<P: AsRef<[u8]>>(patterns: &[P], head: usize, case: Case) -> Self {
        let head = head.clamp(BLOCK, LONGEST_HEAD);
        let fold = if case == Case::Ignored { 0x20 } else { 0 };
        let farthest = u8::try_from(head - BLOCK + 1).unwrap_or(1);
        let mut finder = Self { head, fold, skips: vec![farthest; PLACES], heads: HashMap::new() };
        for (number, pattern) in patterns.iter().enumerate() {
            let Some(bytes) = pattern.as_ref().get(..head) else { continue };
            finder.heads.entry(finder.key(bytes)).or_default().push(number);
            for (at, block) in bytes.windows(BLOCK).enumerate() {
                let skip = u8::try_from(head - BLOCK - at).unwrap_or(0);
                let place = finder.place(block);
                finder.skips[place] = finder.skips[place].min(skip);
            }
        }
        finder
    }

    /// Tells every place of `text` at which a pattern's head stands, and the pattern's number. The rest of the
    /// pattern, and the case where that matters, are for the caller to compare.
    pub(super) fn candidates(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        if self.heads.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(window) = text.get(at..at + self.head) {
            let skip = self.skips[self.place(&window[self.head - BLOCK..])];
            if skip > 0 {
                at += usize::from(skip);
                continue;
            }
            for pattern in self.heads.get(&self.key(window)).into_iter().flatten() {
                found(at, *pattern);
            }
            at += 1;
        }
    }

    fn key(&self, head: &[u8]) -> u64 {
        head.iter().fold(0, |key, byte| key << 8 | u64::from(byte | self.fold))
    }

    fn place(&self, block: &[u8]) -> usize {
        let byte = |at: usize| u32::from(block[at] | self.fold);
        let mixed = (byte(0) | byte(1) << 8 | byte(2) << 16).wrapping_mul(0x9E37_79B1);
        (mixed >> 17) as usize % PLACES
    }
}

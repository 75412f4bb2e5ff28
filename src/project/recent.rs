//! What was made of late, kept to be used again.
//!
//! It is bounded: what was used longest ago goes first. What is kept must be good for as long as its key is, since
//! nobody looks at it again.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// At most so many values by their keys.
#[derive(Debug)]
pub struct Recent<K, V> {
    most: usize,
    /// The one that was used last is the first.
    kept: Mutex<VecDeque<(K, V)>>,
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    /// Room for `most` of them.
    #[must_use]
    pub fn of(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// What is kept under a key.
    pub fn get(&self, key: &K) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(place)?;
        let value = found.1.clone();
        kept.push_front(found);
        Some(value)
    }

    /// Keeps a value, in place of one under the same key or else of the one that was used longest ago.
    pub fn keep(&self, key: K, value: V) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.push_front((key, value));
        kept.truncate(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let recent = Recent::of(2);
        recent.keep("a", 1);
        recent.keep("b", 2);
        assert_eq!(recent.get(&"a"), Some(1));
        recent.keep("c", 3);
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key)), [Some(1), None, Some(3)]);
        recent.keep("a", 4);
        assert_eq!(["a", "c"].map(|key| recent.get(&key)), [Some(4), Some(3)]);
    }
}

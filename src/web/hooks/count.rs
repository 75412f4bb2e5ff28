//! How many deliveries came, and what became of them at the door.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What became of a request at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Kept.
    Kept,
    /// Kept before.
    Known,
    /// Not signed, or not with a secret of ours: only counted, since anybody can send such.
    Unsigned,
    /// Signed or not, it is nothing that GitHub would send so.
    Refused,
    /// Too much at once, or the store failed: it may be sent again.
    TurnedAway,
}

impl Counted {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Kept, Self::Known, Self::Unsigned, Self::Refused, Self::TurnedAway];

    /// As it is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Known => "known",
            Self::Unsigned => "unsigned",
            Self::Refused => "refused",
            Self::TurnedAway => "turned-away",
        }
    }
}

/// Counts since the start; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<[AtomicU64; 5]>);

impl Counts {
    pub(super) fn count(&self, counted: Counted) {
        self.0[counted as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn of(&self, counted: Counted) -> u64 {
        self.0[counted as usize].load(Ordering::Relaxed)
    }
}

//! Names of where a run's log is kept.

use super::text_id;

text_id!(
    /// One folder of logs: a version 7 UUID that lies in it.
    KeeperId,
    "the id of a folder of logs: a UUID",
    |text| uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
);

impl From<uuid::Uuid> for KeeperId {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }
}

/// A part of a run's log. A new one begins whenever the run is taken up by an agent that keeps logs in another folder
/// than the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPart(pub u32);

impl LogPart {
    /// The one that a run begins with, and the only one of most runs.
    pub const FIRST: Self = Self(0);

    /// Numbers that a part has for the lines of one stage: what a log may grow to holds a third of them, even if every
    /// line were empty.
    const LINES: u64 = 1_000_000_000;

    /// The part after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number before that of the part's first line. Parts have numbers of their own, as nobody knows how many lines
    /// another agent has written; they grow from part to part.
    #[must_use]
    pub fn before_first_line(self) -> u64 {
        u64::from(self.0) * Self::LINES
    }
}

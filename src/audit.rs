//! Who did what: records that are chained by their hashes, so that none can be changed or left out unseen.
//!
//! A chain tells of everything before its last record. Whether records were cut off its end is known only to whoever
//! kept the hash of a later one elsewhere: see [`Check::expecting`].

#[cfg(test)]
mod tests;

use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something that a person or a machine did to what the agent looks after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Who, such as `ada (api)` or `agent`.
    pub who: String,
    /// What, such as `approve` or `unlock`.
    pub act: String,
    /// On what, such as a run's id or an environment's name.
    pub object: String,
    /// Whatever else belongs to it; never a secret.
    pub detail: Value,
}

/// An act in its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// When it was kept.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
    /// The hash of the record before it; of the empty text for the first.
    pub previous: Digest,
    /// SHA-256 over everything above.
    pub hash: Digest,
}

impl Record {
    /// The record that follows `previous`, or the first.
    #[must_use]
    pub fn after(previous: Option<&Self>, act: Act, at: Timestamp) -> Self {
        let seq = previous.map_or(1, |before| before.seq + 1);
        let previous = previous.map_or_else(|| Digest::of(""), |before| before.hash.clone());
        let hash = hash(seq, at, &act, &previous);
        Self { seq, at, act, previous, hash }
    }

    /// Does it follow `previous`, and does its hash tell the truth?
    #[must_use]
    pub fn follows(&self, previous: Option<&Self>) -> bool {
        *self == Self::after(previous, self.act.clone(), self.at)
    }
}

/// Reads a log from its first record on and says where it stops telling the truth.
#[derive(Debug, Default)]
pub struct Check {
    last: Option<Record>,
    kept: Option<Digest>,
    met: bool,
}

/// The place at which a log stops telling the truth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A record was changed, or something before it was taken out, put in or moved.
    #[error("record {seq} does not follow the one before it")]
    Record {
        /// The number that should stand there.
        seq: u64,
    },
    /// Something stands in the place of a record that is none.
    #[error("record {seq} cannot be read")]
    Unreadable {
        /// The number that should stand there.
        seq: u64,
    },
    /// The chain holds together and does not hold the record whose hash was kept: it was cut off, or is another one.
    #[error("no record has the hash that was kept, {0}")]
    Cut(Digest),
}

impl Check {
    /// A check of a log that must have a record of this hash.
    #[must_use]
    pub fn expecting(kept: Digest) -> Self {
        Self { kept: Some(kept), ..Self::default() }
    }

    /// The next record.
    ///
    /// # Errors
    /// [`Broken::Record`] if it does not follow the one before it.
    pub fn record(&mut self, record: Record) -> Result<(), Broken> {
        if !record.follows(self.last.as_ref()) {
            return Err(Broken::Record { seq: self.next() });
        }
        self.met |= self.kept.as_ref() == Some(&record.hash);
        self.last = Some(record);
        Ok(())
    }

    /// The number of the record that should come next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.last.as_ref().map_or(1, |last| last.seq + 1)
    }

    /// The end of the log: its last record, if it has any.
    ///
    /// # Errors
    /// [`Broken::Cut`] if the expected record was not among them.
    pub fn end(self) -> Result<Option<Record>, Broken> {
        match self.kept {
            Some(kept) if !self.met => Err(Broken::Cut(kept)),
            Some(_) | None => Ok(self.last),
        }
    }
}

fn hash(seq: u64, at: Timestamp, act: &Act, previous: &Digest) -> Digest {
    let Act { who, act, object, detail } = act;
    let text = json!([seq, at.as_millisecond(), who, act, object, detail, previous]).to_string();
    Digest::of(&text)
}

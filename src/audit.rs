//! Who did what: records that are chained by their hashes, so that none can be changed or left out unseen.

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

fn hash(seq: u64, at: Timestamp, act: &Act, previous: &Digest) -> Digest {
    let Act { who, act, object, detail } = act;
    let text = json!([seq, at.as_millisecond(), who, act, object, detail, previous]).to_string();
    Digest::of(&text)
}

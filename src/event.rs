//! Events as EventBridge carries them: their envelope, the patterns that rules match them with, and what a rule's
//! target makes of one.
//!
//! A service event goes to the default bus of the account that owns the resource, and may arrive more than once.

mod branch;
mod dots;
mod network;
mod operator;
mod path;
mod pattern;
#[cfg(test)]
mod tests;
mod transformer;
mod wildcard;

pub use path::at_path;
pub use pattern::{Pattern, PatternError};
pub use transformer::{NotJson, Origin, Transformer, TransformerError};

use crate::ids::{AccountId, Region};
use jiff::Timestamp;
use serde_json::{Value, json};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id; a repeated delivery has the same.
    pub id: String,
    /// Who tells, such as `aws.sagemaker`.
    pub source: String,
    /// What kind of news it is.
    pub detail_type: String,
    /// The account that owns what it is about.
    pub account: AccountId,
    /// The region of what it is about.
    pub region: Region,
    /// When it happened.
    pub time: Timestamp,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// The news itself.
    pub detail: Value,
}

impl Event {
    /// The event as patterns, transformers and targets see it; times have whole seconds.
    #[must_use]
    pub fn envelope(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": self.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

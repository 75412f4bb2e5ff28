//! Who gives an order.

use crate::flow::Voice;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who gives an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they are called there.
    pub name: String,
    /// How they reached us.
    pub via: Via,
}

/// How an order reached us, which says who vouches for the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The command line: the user of this machine.
    Cli,
    /// The API: the owner of the token.
    Api,
    /// GitHub: the account there.
    GitHub,
}

impl Via {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Api => "api",
            Self::GitHub => "github",
        }
    }
}

impl Person {
    /// Their voice where a run asks.
    #[must_use]
    pub fn voice(&self) -> Voice<'_> {
        match self.via {
            Via::Cli | Via::Api => Voice::Named(&self.name),
            Via::GitHub => Voice::GitHub(&self.name),
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.via.as_str())
    }
}

//! Identifiers as types, so that a stage name can never stand where a commit is wanted.
//!
//! Each is checked once, when it is made; after that it is known to be legal. Parsing fails with
//! [`InvalidId`], which says what was wrong with which text.

mod arn;
mod branch;
mod cloud;
mod image;
mod log;
mod partition;
mod run;
mod trace;

pub use arn::Arn;
pub use branch::BranchName;
pub use cloud::{AccountId, BucketName, PipelineName, Region, S3Uri};
pub use image::EcrImage;
pub use log::{KeeperId, LogPart};
pub use partition::Partition;
pub use run::{
    AgentId, AgentName, Attempt, DeliveryId, Digest, EnvName, GitHubName, Label, PlanDigits,
    RepositoryName, RunId, Sha, StageName,
};
pub use trace::{SpanId, TraceId, traceparent};

/// A text that is not a legal identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {expected}")]
pub struct InvalidId {
    /// The refused text.
    pub text: String,
    /// What would have been legal, as a noun phrase ("an account id: twelve digits").
    pub expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// Declares a checked text newtype: parse, display, serde and schema, all through one check.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let legal: fn(&str) -> bool = $check;
                if legal(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::ids::InvalidId::new(text, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::ids::InvalidId;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
use text_id;

/// `text` starts with a letter or digit and continues with letters, digits and the `more` characters.
fn is_word(text: &str, more: &str, longest: usize) -> bool {
    let mut characters = text.chars();
    text.len() <= longest
        && characters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && characters.all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

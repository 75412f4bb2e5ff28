//! GitHub: signatures of what it sends, its REST interface, the agent's identity there.
//!
//! Nothing is retried by the client itself, which would repeat POSTs: whoever calls knows what may be done twice. What
//! creates something takes a [`Before`], so that a second try finds what the first may have left. Redirects are not
//! followed, answers are cut at a bound, changes are made one after another with a second between them, and no token
//! is part of a `Debug` output or of an error.

mod address;
mod call;
mod checks;
mod client;
mod comments;
mod credentials;
mod deliveries;
mod deployments;
mod error;
mod git_token;
mod limits;
mod pace;
mod people;
mod reactions;
mod read;
pub mod signature;
mod silence;
mod statuses;
mod wire;

pub use address::{Address, BadAddress, BadAuthority};
pub use call::ANSWER_WITHIN;
pub use client::Client;
pub use credentials::{BadCredentials, Credentials};
pub use deliveries::{FailedDelivery, Hook, Redelivered};
pub use error::{Class, GithubError};
pub use limits::RateLimit;
pub use pace::BETWEEN_CHANGES;
pub use reactions::{Reaction, Spot};
pub use read::{Head, Origin, PullRequest};

/// What earlier tries may have left at GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before<'a> {
    /// Nothing: this is the first try.
    Nothing,
    /// Nobody knows: an earlier try was not answered.
    Perhaps,
    /// The thing of this id.
    Made(&'a str),
}

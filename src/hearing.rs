//! Hears of pushes: deliveries are judged one after another and become runs; polling finds what no delivery told.
//!
//! A delivery is kept first and judged later, as often as it takes: each step bears being done twice, and whatever way a
//! push is heard of, it is one run. What a delivery says is looked up in the repository before it counts.

mod answer;
mod commit;
mod compare;
mod github;
mod inbox;
mod judge;
mod look;
mod moved;
mod overtaken;
mod proposal;
mod push;
mod pusher;
mod repository;
mod rules;

pub use github::{AskError, Recovered};
pub use inbox::{Inbox, NotKept};
pub use judge::Judged;
pub use look::{LONGEST_SILENCE, Looked, pace, patience};
pub use repository::Repository;

use crate::{
    clock::Clock,
    git::{self, Credentials, GitError},
    github::Client,
    logs::Masker,
    project::Projects,
    store::Store,
};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Notify;

/// What deliveries are judged with. Its passes block while git works: give each a thread of its own, and each repository
/// one pass at a time.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// Deliveries and runs.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where repositories with a URL are mirrored.
    pub mirrors: PathBuf,
    /// How they are reached.
    pub credentials: Credentials,
    /// GitHub, if it is asked: who pushed, and what people answer there.
    pub github: Option<Arc<Client>>,
    /// What commits hold, as far as it was loaded of late.
    pub projects: Projects,
    /// What may stand in nothing that is said.
    pub masker: Masker,
    /// Rings for each run that is made.
    pub made: Arc<Notify>,
}

impl Hearing {
    fn open(&self, repository: &Repository) -> Result<git::Repository, GitError> {
        git::Repository::open(&repository.source, &self.mirrors, &self.credentials)
    }
}

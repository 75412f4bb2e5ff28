//! Bells between tasks: one rings when there is something new to look at.

use std::sync::Arc;
use tokio::sync::Notify;

/// A bell for each task that somebody wakes. Ringing twice before anybody listens is ringing once; a bell that nobody
/// rings costs time only, since each task also looks by itself.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    /// A delivery was kept.
    pub deliveries: Arc<Notify>,
    /// A run was made, ended, or somebody gave an order about one.
    pub runs: Arc<Notify>,
    /// Something is to be told to others.
    pub tellings: Arc<Notify>,
    /// Lines may have been left behind.
    pub leftovers: Arc<Notify>,
    /// Secrets are to be read anew.
    pub secrets: Arc<Notify>,
    /// What opens repositories for git has changed.
    pub opening: Arc<Notify>,
}

//! A rehearsed cloud that is moved by hand: time goes on in it when it is told to, and its mail can be read.

use super::{clouds::access_to, open_rehearsal};
use crate::{
    aws::Access,
    clock::Clock,
    ids::EnvName,
    rehearsal::{Activity, Message, Rehearsal},
    spec::Environment,
};
use anyhow::{Context as _, bail};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The rehearsed cloud of some environments.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    rehearsal: Rehearsal,
    access: Access,
}

impl Rehearsed {
    /// Opens the cloud that is kept in `file`.
    ///
    /// # Errors
    /// The file cannot be opened, or is of another version.
    pub async fn open(
        environments: &BTreeMap<EnvName, Environment>,
        file: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let rehearsal = open_rehearsal(environments, file, clock.clone()).await?;
        let access = access_to(&rehearsal, clock);
        Ok(Self { rehearsal, access })
    }

    /// The way into its accounts.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Lets happen what is due at this moment, and everything that follows from it.
    ///
    /// # Errors
    /// The state cannot be read or written, or there is no end of what follows.
    pub async fn settle(&self) -> anyhow::Result<()> {
        match self.rehearsal.settle().await.context("let the rehearsal go on")? {
            Activity::Idle => Ok(()),
            Activity::Busy => {
                bail!("the rehearsal does not come to rest: do rules start each other?")
            }
        }
    }

    /// Everything that was sent, oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn inbox(&self) -> anyhow::Result<Vec<Message>> {
        self.rehearsal.inbox().await.context("read the inbox")
    }

    /// Confirms every subscription that waits for it, as their owners would, and answers how many there were.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub async fn confirm_all(&self) -> anyhow::Result<usize> {
        Ok(self.rehearsal.confirm_all().await.context("confirm the subscriptions")?.len())
    }
}

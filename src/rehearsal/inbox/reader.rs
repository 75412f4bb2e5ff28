//! Who looks into the inbox, and clicks on what they find there.

use super::{Message, all};
use crate::rehearsal::{Rehearsal, ServiceError, Shelf, sns, tick, transaction};

/// A subscription that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Whose it is.
    pub endpoint: String,
    /// ARN of the topic.
    pub topic: String,
}

impl Rehearsal {
    /// What was sent to whom, oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn inbox(&self) -> Result<Vec<Message>, ServiceError> {
        let mut connection = self.inside.connection.lock().await;
        tick::catch_up(self, &mut connection).await;
        Ok(all(&mut Shelf::new(&mut connection)).await?)
    }

    /// Clicks the links that wait in the inbox of `endpoint`; gives what was confirmed by it.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub async fn confirm(&self, endpoint: &str) -> Result<Vec<Confirmed>, ServiceError> {
        self.click(Some(endpoint)).await
    }

    /// Clicks all links that wait in anybody's inbox; gives what was confirmed by it.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub async fn confirm_all(&self) -> Result<Vec<Confirmed>, ServiceError> {
        self.click(None).await
    }

    async fn click(&self, endpoint: Option<&str>) -> Result<Vec<Confirmed>, ServiceError> {
        let mut connection = self.inside.connection.lock().await;
        tick::catch_up(self, &mut connection).await;
        let ground = self.ground();
        let mut transaction = transaction::begin(&mut connection).await?;
        let confirmed = sns::click(ground, &mut Shelf::new(&mut transaction), endpoint).await?;
        transaction.commit().await.map_err(ServiceError::internal)?;
        Ok(confirmed)
    }
}

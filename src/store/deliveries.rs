//! What reached the agent, kept before anybody is told that it has.

use super::runs::{from_json, json, text};
use super::{Store, StoreError, moment};
use crate::ids::DeliveryId;
use crate::intake::Verdict;
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};

/// How something reached the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// GitHub called.
    Webhook,
    /// A look at the repository found it.
    Poll,
    /// GitHub was asked for deliveries that had failed.
    Recovery,
}

/// Something that reached the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// GitHub's id of the delivery; for what a poll found, one that is the same each time it is found.
    pub id: DeliveryId,
    /// How it came.
    pub via: Via,
    /// The repository's name in the agent's settings.
    pub repository: String,
    /// The event, such as `push`.
    pub event: String,
    /// The payload: JSON whose signature was right, or that the agent made itself.
    pub body: String,
}

/// A delivery as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What came.
    pub new: NewDelivery,
    /// When.
    pub received: Timestamp,
    /// What became of it, once that is known.
    pub verdict: Option<Verdict>,
}

/// Whether a delivery was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was kept now.
    New,
    /// The same id had been kept before.
    Known,
}

impl Store {
    /// Keeps a delivery. When this returns, it survives whatever happens to the process.
    ///
    /// # Errors
    /// If the database fails; then nothing was kept.
    pub async fn keep_delivery(&self, new: &NewDelivery) -> Result<Kept, StoreError> {
        let kept = sqlx::query(
            "INSERT INTO deliveries (id, via, repository, event, body, received_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        )
        .bind(new.id.as_str())
        .bind(new.via.as_str())
        .bind(&new.repository)
        .bind(&new.event)
        .bind(&new.body)
        .bind(self.now())
        .execute(&self.pool)
        .await?;
        Ok(if kept.rows_affected() == 1 { Kept::New } else { Kept::Known })
    }

    /// The deliveries that nobody has judged, oldest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unjudged_deliveries(&self, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM deliveries WHERE verdict IS NULL ORDER BY received_at, id LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// Keeps what became of a delivery; the first verdict stays.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_verdict(&self, id: &DeliveryId, verdict: &Verdict) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE deliveries SET verdict = $2, judged_at = $3 WHERE id = $1 AND verdict IS NULL",
        )
        .bind(id.as_str())
        .bind(json(verdict)?)
        .bind(self.now())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The newest deliveries, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_deliveries(&self, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM deliveries ORDER BY received_at DESC, id DESC LIMIT $1")
                .bind(i64::from(most))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(record).collect()
    }
}

impl Via {
    /// As it is kept and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Recovery => "recovery",
        }
    }

    fn of(text: &str) -> Result<Self, StoreError> {
        [Self::Webhook, Self::Poll, Self::Recovery]
            .into_iter()
            .find(|via| via.as_str() == text)
            .ok_or_else(|| StoreError::corrupt("a way of delivery", text))
    }
}

fn record(row: &AnyRow) -> Result<Delivery, StoreError> {
    let verdict: Option<String> = row.try_get("verdict")?;
    Ok(Delivery {
        new: NewDelivery {
            id: text(row, "id", "a delivery's id")?,
            via: Via::of(row.try_get("via")?)?,
            repository: row.try_get("repository")?,
            event: row.try_get("event")?,
            body: row.try_get("body")?,
        },
        received: moment(row.try_get("received_at")?)?,
        verdict: verdict.map(|verdict| from_json(&verdict, "a verdict")).transpose()?,
    })
}

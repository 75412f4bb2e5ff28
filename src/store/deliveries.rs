//! What reached the agent, kept before anybody is told that it has.

use super::column::{from_json, json, text};
use super::database::Durability;
use super::{Store, StoreError, count, moment, number};
use crate::ids::DeliveryId;
use crate::intake::{self, Verdict};
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
    /// Somebody asked the agent itself.
    Api,
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
    /// Bytes of its body when it came; the body itself is forgotten after some days.
    pub bytes: u64,
    /// When.
    pub received: Timestamp,
    /// How often it could not be judged.
    pub attempts: u32,
    /// Why it could not be judged the last time, and when that is tried again.
    pub postponed: Option<(String, Timestamp)>,
    /// What became of it, once that is known.
    pub verdict: Option<Verdict>,
    /// When that was known.
    pub judged: Option<Timestamp>,
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
    /// Keeps a delivery. When this returns, it survives whatever happens to the process or the machine's power.
    ///
    /// # Errors
    /// If the database fails; then nothing was kept.
    pub async fn keep_delivery(&self, new: &NewDelivery) -> Result<Kept, StoreError> {
        let kept = self.keep_deliveries(std::slice::from_ref(new)).await?;
        Ok(kept.first().copied().unwrap_or(Kept::Known))
    }

    /// Keeps several deliveries at the price of one: one write, one wait for the disk.
    ///
    /// # Errors
    /// If the database fails; then none was kept.
    pub async fn keep_deliveries(&self, new: &[NewDelivery]) -> Result<Vec<Kept>, StoreError> {
        let mut write = self.writes.begin_with(self.database.begin(Durability::Power)).await?;
        // Whatever has run before it came is older than it.
        let now = self.next_moment(&mut write).await?;
        let mut all = Vec::with_capacity(new.len());
        for (place, delivery) in (0..).zip(new) {
            all.push(keep(&mut write, delivery, (now, place)).await?);
        }
        write.commit().await?;
        Ok(all)
    }

    /// The repositories with deliveries that can be judged now, the one with the oldest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unjudged_repositories(&self, most: u32) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT repository, MIN(received_at) AS oldest FROM deliveries
             WHERE verdict IS NULL AND due_at <= $1 GROUP BY repository ORDER BY oldest LIMIT $2",
        )
        .bind(self.now())
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get("repository")?)).collect()
    }

    /// When the next postponed delivery is due that was not at `seen`, if one waits.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next_delivery_due(
        &self,
        seen: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(due_at) FROM deliveries WHERE verdict IS NULL AND due_at > $1",
        )
        .bind(seen.as_millisecond())
        .fetch_one(&self.pool)
        .await?;
        due.map(moment).transpose()
    }

    /// The deliveries of a repository that can be judged now, oldest first, at most `most`. Those of pull requests come
    /// last: they take long, and nobody deploys by them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unjudged_deliveries(
        &self,
        repository: &str,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM deliveries WHERE verdict IS NULL AND repository = $1 AND due_at <= $2
             ORDER BY CASE WHEN event = $4 THEN 1 ELSE 0 END, received_at, due_at, id LIMIT $3",
        )
        .bind(repository)
        .bind(self.now())
        .bind(i64::from(most))
        .bind(intake::PROPOSED)
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
            "UPDATE deliveries SET verdict = $2, judged_at = $3, note = NULL
             WHERE id = $1 AND verdict IS NULL",
        )
        .bind(id.as_str())
        .bind(json(verdict)?)
        .bind(self.now())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Leaves a delivery unjudged until `due`, with a `note` for people that says why.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn postpone_delivery(
        &self,
        id: &DeliveryId,
        due: Timestamp,
        note: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = $2, note = $3
             WHERE id = $1 AND verdict IS NULL",
        )
        .bind(id.as_str())
        .bind(due.as_millisecond())
        .bind(note)
        .execute(&self.writes)
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

    /// A delivery by its id, if it is kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let row = sqlx::query("SELECT * FROM deliveries WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(record).transpose()
    }

    /// When the last delivery of a repository came this way, if one did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn last_delivery(
        &self,
        repository: &str,
        via: Via,
    ) -> Result<Option<Timestamp>, StoreError> {
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT MAX(received_at) FROM deliveries WHERE repository = $1 AND via = $2",
        )
        .bind(repository)
        .bind(via.as_str())
        .fetch_one(&self.pool)
        .await?;
        last.map(moment).transpose()
    }

    /// Forgets judged deliveries that came before `rows`, and the bodies of those that came before `bodies`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_deliveries(
        &self,
        rows: Timestamp,
        bodies: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM deliveries WHERE verdict IS NOT NULL AND received_at < $1")
            .bind(rows.as_millisecond())
            .execute(&self.writes)
            .await?;
        sqlx::query(
            "UPDATE deliveries SET body = '' WHERE verdict IS NOT NULL AND received_at < $1
             AND body <> ''",
        )
        .bind(bodies.as_millisecond())
        .execute(&self.writes)
        .await?;
        Ok(())
    }
}

/// Of those that are kept at one moment, each is due at once, in its `place`.
async fn keep(
    write: &mut sqlx::AnyConnection,
    new: &NewDelivery,
    (now, place): (i64, i64),
) -> Result<Kept, StoreError> {
    let kept = sqlx::query(
        "INSERT INTO deliveries (id, via, repository, event, body, bytes, received_at, attempts, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT (id) DO NOTHING",
    )
    .bind(new.id.as_str())
    .bind(new.via.as_str())
    .bind(&new.repository)
    .bind(&new.event)
    .bind(&new.body)
    .bind(number(new.body.len() as u64))
    .bind(now)
    .bind(place)
    .execute(write)
    .await?;
    Ok(if kept.rows_affected() == 1 { Kept::New } else { Kept::Known })
}

impl Via {
    /// As it is kept and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Recovery => "recovery",
            Self::Api => "api",
        }
    }

    fn of(text: &str) -> Result<Self, StoreError> {
        [Self::Webhook, Self::Poll, Self::Recovery, Self::Api]
            .into_iter()
            .find(|via| via.as_str() == text)
            .ok_or_else(|| StoreError::corrupt("a way of delivery", text))
    }
}

pub(super) fn record(row: &AnyRow) -> Result<Delivery, StoreError> {
    let verdict: Option<String> = row.try_get("verdict")?;
    let note: Option<String> = row.try_get("note")?;
    let judged: Option<i64> = row.try_get("judged_at")?;
    let due = moment(row.try_get("due_at")?)?;
    Ok(Delivery {
        new: NewDelivery {
            id: text(row, "id", "a delivery's id")?,
            via: Via::of(row.try_get("via")?)?,
            repository: row.try_get("repository")?,
            event: row.try_get("event")?,
            body: row.try_get("body")?,
        },
        bytes: count(row.try_get("bytes")?),
        received: moment(row.try_get("received_at")?)?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        postponed: note.map(|note| (note, due)),
        verdict: verdict.map(|verdict| from_json(&verdict, "a verdict")).transpose()?,
        judged: judged.map(moment).transpose()?,
    })
}

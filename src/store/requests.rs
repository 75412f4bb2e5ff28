//! Requests that may come twice: the first is done, the second hears what the first was answered.

use super::{Store, StoreError, milliseconds};
use crate::ids::Digest;
use sqlx::Row as _;
use std::time::Duration;

/// How long an answer is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
/// Answers remembered at most; the oldest make room.
const MOST: i64 = 10_000;
/// After this time without an answer, whoever was doing the request is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);

const TOO_OLD: &str = "DELETE FROM requests WHERE at <= $1";
const TOO_MANY: &str = "DELETE FROM requests WHERE at <=
    (SELECT at FROM requests ORDER BY at DESC LIMIT 1 OFFSET $1)";

/// A request, by who sent it and what they call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who sent it; two may use the same key.
    pub who: String,
    /// What they call it.
    pub key: String,
    /// What it asks for, so that a key is not used for something else.
    pub digest: Digest,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestClaim {
    /// Nothing: it is now the asker's to do.
    Yours,
    /// It is being done.
    UnderWay,
    /// It was done, and this was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
    /// The key was used for something else.
    Another,
}

impl Store {
    /// Claims a request, or tells what became of it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_request(&self, request: &RequestKey) -> Result<RequestClaim, StoreError> {
        let now = self.now();
        let mut write = self.begin_write().await?;
        let known = sqlx::query(
            "SELECT digest, at, status, body FROM requests WHERE who = $1 AND request_key = $2 AND at > $3",
        )
        .bind(&request.who)
        .bind(&request.key)
        .bind(now - milliseconds(REMEMBERED))
        .fetch_optional(&mut *write)
        .await?;
        if let Some(known) = known {
            if known.try_get::<&str, _>("digest")? != request.digest.as_str() {
                return Ok(RequestClaim::Another);
            }
            let status: Option<i64> = known.try_get("status")?;
            if let Some(status) = status {
                let status = u16::try_from(status).unwrap_or(500);
                let body: Option<String> = known.try_get("body")?;
                return Ok(RequestClaim::Answered { status, body: body.unwrap_or_default() });
            }
            if known.try_get::<i64, _>("at")? > now - milliseconds(PATIENCE) {
                return Ok(RequestClaim::UnderWay);
            }
        }
        let oldest = now - milliseconds(REMEMBERED);
        for (statement, bound) in [(TOO_OLD, oldest), (TOO_MANY, MOST - 1)] {
            sqlx::query(statement).bind(bound).execute(&mut *write).await?;
        }
        sqlx::query(
            "INSERT INTO requests (who, request_key, digest, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (who, request_key) DO UPDATE SET digest = $3, at = $4, status = NULL, body = NULL",
        )
        .bind(&request.who)
        .bind(&request.key)
        .bind(request.digest.as_str())
        .bind(now)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(RequestClaim::Yours)
    }

    /// Remembers what was answered to a request that was claimed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn answer_request(
        &self,
        request: &RequestKey,
        status: u16,
        body: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE requests SET status = $3, body = $4 WHERE who = $1 AND request_key = $2",
        )
        .bind(&request.who)
        .bind(&request.key)
        .bind(i64::from(status))
        .bind(body)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Forgets a request that came to nothing, so that it can be tried again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_request(&self, request: &RequestKey) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM requests WHERE who = $1 AND request_key = $2")
            .bind(&request.who)
            .bind(&request.key)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// How many requests are remembered.
    ///
    /// # Errors
    /// If the database fails.
    #[cfg(test)]
    async fn requests(&self) -> Result<u64, StoreError> {
        let number: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM requests").fetch_one(&self.pool).await?;
        Ok(super::count(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SimulatedClock};
    use std::sync::Arc;

    fn request(who: &str, key: &str, asks: &str) -> RequestKey {
        RequestKey { who: who.to_owned(), key: key.to_owned(), digest: Digest::of(asks) }
    }

    async fn store() -> (tempfile::TempDir, SimulatedClock, Store) {
        let folder = tempfile::TempDir::new().unwrap();
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let file = folder.path().join("store.db");
        let store = Store::open(&file, Arc::new(clock.clone())).await.unwrap();
        (folder, clock, store)
    }

    #[tokio::test]
    async fn the_second_hears_what_the_first_was_answered() {
        let (_folder, clock, store) = store().await;
        let first = request("ci", "k1", "start main");
        assert_eq!(store.claim_request(&first).await.unwrap(), RequestClaim::Yours);
        assert_eq!(store.claim_request(&first).await.unwrap(), RequestClaim::UnderWay);
        store.answer_request(&first, 202, "{}").await.unwrap();
        let answered = RequestClaim::Answered { status: 202, body: "{}".to_owned() };
        assert_eq!(store.claim_request(&first).await.unwrap(), answered);
        let misused = request("ci", "k1", "start develop");
        assert_eq!(store.claim_request(&misused).await.unwrap(), RequestClaim::Another);
        let of_another = request("ada", "k1", "start develop");
        assert_eq!(store.claim_request(&of_another).await.unwrap(), RequestClaim::Yours);
        store.forget_request(&of_another).await.unwrap();
        assert_eq!(store.claim_request(&of_another).await.unwrap(), RequestClaim::Yours);
        clock.advance(REMEMBERED);
        assert_eq!(store.claim_request(&misused).await.unwrap(), RequestClaim::Yours);
        assert_eq!(store.requests().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_a_dead_process_was_doing_can_be_done_again() {
        let (_folder, clock, store) = store().await;
        let first = request("ci", "k1", "start main");
        assert_eq!(store.claim_request(&first).await.unwrap(), RequestClaim::Yours);
        clock.advance(PATIENCE);
        assert_eq!(store.claim_request(&first).await.unwrap(), RequestClaim::Yours);
        assert_eq!(store.claim_request(&first).await.unwrap(), RequestClaim::UnderWay);
    }

    #[tokio::test]
    async fn the_oldest_make_room() {
        let (_folder, clock, store) = store().await;
        let mut write = store.begin_write().await.unwrap();
        for number in 0..MOST {
            sqlx::query(
                "INSERT INTO requests (who, request_key, digest, at) VALUES ('x', $1, 'y', $2)",
            )
            .bind(number.to_string())
            .bind(clock.now().as_millisecond() - MOST + number)
            .execute(&mut *write)
            .await
            .unwrap();
        }
        write.commit().await.unwrap();
        store.claim_request(&request("ci", "k", "a")).await.unwrap();
        assert_eq!(store.requests().await.unwrap(), 10_000);
    }
}

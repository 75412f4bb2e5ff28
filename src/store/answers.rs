//! What people answered about runs that ask them. An answer is about one plan of one run; it never changes, but it can
//! become void.

use super::column::text;
use super::{Lease, Store, StoreError, moment};
use crate::{
    flow::Voice,
    ids::{DeliveryId, Digest, RunId, StageName},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
}

impl Says {
    fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

impl std::str::FromStr for Says {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "approve" => Ok(Self::Approve),
            "reject" => Ok(Self::Reject),
            _ => Err(()),
        }
    }
}

/// What one person answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The run it is about.
    pub run: RunId,
    /// The stage that asked.
    pub stage: StageName,
    /// The plan it is about.
    pub plan: Digest,
    /// Who.
    pub person: String,
    /// How they reached us.
    pub via: String,
    /// Yes or no.
    pub says: Says,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why it does not count any more.
    pub void: Option<String>,
    /// The delivery that it came with, which is never two answers.
    #[serde(skip)]
    pub delivery: Option<DeliveryId>,
}

/// What [`Answer::via`] is for an account on GitHub.
const VIA_GITHUB: &str = "github";

impl Answer {
    /// The voice of whoever answered.
    #[must_use]
    pub fn voice(&self) -> Voice<'_> {
        if self.via == VIA_GITHUB {
            Voice::GitHub(&self.person)
        } else {
            Voice::Named(&self.person)
        }
    }
}

/// Whether an answer was the person's first about this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    Now,
    /// The person had answered; the first answer stays.
    Before,
    /// Others had answered, and no more are needed.
    Enough,
}

impl Store {
    /// Keeps an answer and wakes the run, unless what was answered before is `enough`. `answer.at` is replaced by now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_answer(
        &self,
        answer: &Answer,
        enough: impl Fn(&[Answer]) -> bool,
    ) -> Result<Answered, StoreError> {
        let mut write = self.begin_write().await?;
        let before = self::answers(&mut write, &answer.run).await?;
        let is_same =
            |other: &&Answer| (&other.stage, &other.plan) == (&answer.stage, &answer.plan);
        if before.iter().filter(is_same).any(|other| other.person == answer.person) {
            return Ok(Answered::Before);
        }
        if enough(&before) {
            return Ok(Answered::Enough);
        }
        sqlx::query(
            "INSERT INTO answers (run, stage, plan, person, via, says, reason, at, delivery)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(answer.run.as_str())
        .bind(answer.stage.as_str())
        .bind(answer.plan.as_str())
        .bind(&answer.person)
        .bind(&answer.via)
        .bind(answer.says.as_str())
        .bind(&answer.reason)
        .bind(self.now())
        .bind(answer.delivery.as_ref().map(DeliveryId::as_str))
        .execute(&mut *write)
        .await?;
        sqlx::query("UPDATE runs SET woken = 1 WHERE id = $1")
            .bind(answer.run.as_str())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Answered::Now)
    }

    /// Everything that was answered about a run, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn answers(&self, run: &RunId) -> Result<Vec<Answer>, StoreError> {
        answers(&mut *self.pool.acquire().await?, run).await
    }

    /// What a delivery answered already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn answer_of(&self, delivery: &DeliveryId) -> Result<Option<Answer>, StoreError> {
        let row = sqlx::query("SELECT * FROM answers WHERE delivery = $1")
            .bind(delivery.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(answer).transpose()
    }

    /// Lets every answer of a stage that is about another plan than `plan` count no more, and says why.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn void_answers(
        &self,
        lease: &Lease,
        (stage, plan): (&StageName, &Digest),
        why: &str,
    ) -> Result<(), StoreError> {
        self.renew(lease).await?;
        sqlx::query(
            "UPDATE answers SET void = $4 WHERE run = $1 AND stage = $2 AND plan <> $3
             AND void IS NULL AND EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $5)",
        )
        .bind(lease.run.as_str())
        .bind(stage.as_str())
        .bind(plan.as_str())
        .bind(why)
        .bind(lease.fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

async fn answers(connection: &mut AnyConnection, run: &RunId) -> Result<Vec<Answer>, StoreError> {
    let rows = sqlx::query("SELECT * FROM answers WHERE run = $1 ORDER BY at, person")
        .bind(run.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(answer).collect()
}

fn answer(row: &AnyRow) -> Result<Answer, StoreError> {
    let says: &str = row.try_get("says")?;
    Ok(Answer {
        run: text(row, "run", "a run id")?,
        stage: text(row, "stage", "a stage name")?,
        plan: text(row, "plan", "a plan's hash")?,
        person: row.try_get("person")?,
        via: row.try_get("via")?,
        says: says.parse().map_err(|()| StoreError::corrupt("an answer", says))?,
        reason: row.try_get("reason")?,
        at: moment(row.try_get("at")?)?,
        void: row.try_get("void")?,
        delivery: row.try_get::<Option<&str>, _>("delivery")?.map(id).transpose()?,
    })
}

fn id(text: &str) -> Result<DeliveryId, StoreError> {
    text.parse().map_err(|_| StoreError::corrupt("a delivery's id", text))
}

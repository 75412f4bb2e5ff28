//! Runs: made once per commit and environment, found by id or by the digits people type.

use super::{Store, StoreError, moment};
use crate::flow::{Event, Outcome};
use crate::ids::{Arn, EnvName, RunId, Sha};
use crate::plan::Plan;
use crate::spec::Pipeline;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, any::AnyRow};

/// What is to run: the key that makes it one run, and the graph it keeps.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Path or URL of the repository.
    pub repository: String,
    /// Branch.
    pub reference: String,
    /// Commit.
    pub commit: Sha,
    /// The environment it deploys to.
    pub environment: EnvName,
    /// What `when` may ask about.
    pub facts: Facts,
    /// The graph; later changes to the file do not touch the run.
    pub pipeline: Pipeline,
    /// `StageReused` events, for a run that begins in the middle.
    pub reused: Vec<Event>,
}

/// What `when` may ask about beside branch and environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What caused the run, such as `manual` or `push`.
    pub event: String,
    /// Paths changed since the last run that succeeded in this environment, or in the commit.
    pub changed_paths: Vec<String>,
    /// Who pushed, or asked for the run, as they are called where they did it; absent if nobody vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who pushed, or asked for, the runs that this one repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Whom the commit names as its author, where nobody vouches for who pushed it. Anybody can write any name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Is the commit one that the branch was moved back to, or forward to again? Then the last that it pointed to before, of
    /// those that had a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Sha>,
    /// The one plan that this run may apply, where it was shown before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

impl Facts {
    /// Everybody who is known to have brought this about; the author that the commit claims to have is among them.
    pub fn askers(&self) -> impl Iterator<Item = &str> {
        self.by.iter().chain(&self.before).chain(&self.author).map(String::as_str)
    }

    /// May somebody else have pushed, without anybody knowing?
    #[must_use]
    pub fn hides_who_pushed(&self) -> bool {
        self.by.is_none() || self.author.is_some()
    }

    /// What is known of a run that `person` asks for, and that repeats this one's.
    #[must_use]
    pub fn again(&self, person: &str) -> Self {
        let before = self.before.iter().chain(&self.by).filter(|name| *name != person);
        Self {
            by: Some(person.to_owned()),
            before: before.cloned().collect(),
            moved_from: None,
            ..self.clone()
        }
    }
}

/// A run as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Id.
    pub id: RunId,
    /// Path or URL of the repository.
    pub repository: String,
    /// Branch.
    pub reference: String,
    /// Commit.
    pub commit: Sha,
    /// The environment it deploys to.
    pub environment: EnvName,
    /// How often this commit had been asked for again when this run was made.
    pub ask: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// What `when` may ask about.
    pub facts: Facts,
    /// The graph it began with.
    pub pipeline: Pipeline,
    /// The commit whose environment files it is applied with; settled before its first change.
    pub policy: Option<Sha>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
}

/// Whether a commit that had its run gets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The run there is, finished or not; a new one only if there is none.
    Once,
    /// A new run in any case.
    Again,
}

/// Whether the run was there already.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It was made now.
    New(RunRecord),
    /// It was there.
    Existing(RunRecord),
}

impl Found {
    /// The run, however it came about.
    #[must_use]
    pub fn into_run(self) -> RunRecord {
        match self {
            Self::New(run) | Self::Existing(run) => run,
        }
    }
}

/// Runs of one execution that are looked at: each begins it anew or finds it, and the newest knows best.
const MOST_WITH_EXECUTION: i64 = 5;

impl Store {
    /// The run of (repository, ref, commit, environment): one, however often and by however many it is asked for
    /// [`Ask::Once`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_or_find(&self, new: NewRun, ask: Ask) -> Result<Found, StoreError> {
        let course = std::iter::once(Event::RunCreated).chain(new.reused.iter().cloned()).collect();
        self.make(new, ask, course).await
    }

    /// A run that is over when it is made: `course` is all that ever happens to it. Where there is one it stays as it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_ended(&self, new: NewRun, course: Vec<Event>) -> Result<Found, StoreError> {
        self.make(new, Ask::Once, course).await
    }

    async fn make(&self, new: NewRun, ask: Ask, course: Vec<Event>) -> Result<Found, StoreError> {
        let mut write = self.begin_write().await?;
        let last = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND reference = $2 AND commit_id = $3
             AND environment = $4 ORDER BY ask DESC LIMIT 1",
        )
        .bind(&new.repository)
        .bind(&new.reference)
        .bind(new.commit.as_str())
        .bind(new.environment.as_str())
        .fetch_optional(&mut *write)
        .await?
        .map(|row| record(&row))
        .transpose()?;
        let asked = match (last, ask) {
            (Some(run), Ask::Once) => return Ok(Found::Existing(run)),
            (Some(run), Ask::Again) => run.ask + 1,
            (None, Ask::Once | Ask::Again) => 0,
        };
        let now = self.now();
        let outcome = course.iter().find_map(|event| {
            if let Event::RunFinished { outcome } = event { Some(outcome.clone()) } else { None }
        });
        let run = begin(new, asked, outcome, moment(now)?);
        sqlx::query(
            "INSERT INTO runs (id, repository, reference, commit_id, environment, ask, created_at,
             facts, pipeline, labels, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(run.id.as_str())
        .bind(&run.repository)
        .bind(&run.reference)
        .bind(run.commit.as_str())
        .bind(run.environment.as_str())
        .bind(i64::from(run.ask))
        .bind(now)
        .bind(json(&run.facts)?)
        .bind(json(&run.pipeline)?)
        .bind(json(run.pipeline.runs_on(&run.environment))?)
        .bind(run.outcome.as_ref().map(json).transpose()?)
        .execute(&mut *write)
        .await?;
        for (seq, event) in (1_i64..).zip(course) {
            sqlx::query("INSERT INTO events (run, seq, at, event) VALUES ($1, $2, $3, $4)")
                .bind(run.id.as_str())
                .bind(seq)
                .bind(now)
                .bind(json(&event)?)
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(Found::New(run))
    }

    /// A run by its id.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], or if the database fails.
    pub async fn run(&self, id: &RunId) -> Result<RunRecord, StoreError> {
        let row = sqlx::query("SELECT * FROM runs WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        record(&row.ok_or_else(|| StoreError::NoSuchRun(id.to_string()))?)
    }

    /// A run by its whole id or by the last digits of it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], [`StoreError::AmbiguousRun`], or if the database fails.
    pub async fn run_by_digits(&self, digits: &str) -> Result<RunRecord, StoreError> {
        let legal = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let rows = sqlx::query("SELECT * FROM runs WHERE id LIKE $1 LIMIT 2")
            .bind(format!("%{}", digits.to_ascii_lowercase()))
            .fetch_all(&self.pool)
            .await?;
        match rows.as_slice() {
            [row] if legal => record(row),
            [_, _] if legal => Err(StoreError::AmbiguousRun(digits.to_owned())),
            _ => Err(StoreError::NoSuchRun(digits.to_owned())),
        }
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_runs(&self, most: u32) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM runs ORDER BY created_at DESC, id DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }

    /// The newest runs of a repository into an environment that succeeded, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn succeeded_runs(
        &self,
        repository: &str,
        environment: &EnvName,
        most: u32,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND environment = $2 AND outcome = $3
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(repository)
        .bind(environment.as_str())
        .bind(json(&Outcome::Succeeded)?)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// Runs one of whose stages told of this execution, newest first, a few at most.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn runs_with_execution(&self, arn: &Arn) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE id IN (SELECT run FROM events WHERE event LIKE $1)
             ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(format!("%\"execution\":\"{arn}\"%"))
        .bind(MOST_WITH_EXECUTION)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// The runs that have not ended, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM runs WHERE outcome IS NULL ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }
}

fn begin(new: NewRun, ask: u32, outcome: Option<Outcome>, now: Timestamp) -> RunRecord {
    let since = now.duration_since(Timestamp::UNIX_EPOCH);
    let seconds = u64::try_from(since.as_secs()).unwrap_or_default();
    let nanoseconds = u32::try_from(since.subsec_nanos()).unwrap_or_default();
    let stamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
    RunRecord {
        id: uuid::Uuid::new_v7(stamp).into(),
        repository: new.repository,
        reference: new.reference,
        commit: new.commit,
        environment: new.environment,
        ask,
        created_at: now,
        facts: new.facts,
        pipeline: new.pipeline,
        policy: None,
        outcome,
    }
}

pub(super) fn record(row: &AnyRow) -> Result<RunRecord, StoreError> {
    let outcome: Option<String> = row.try_get("outcome")?;
    let policy: Option<String> = row.try_get("policy")?;
    Ok(RunRecord {
        id: text(row, "id", "a run id")?,
        repository: row.try_get("repository")?,
        reference: row.try_get("reference")?,
        commit: text(row, "commit_id", "a commit id")?,
        environment: text(row, "environment", "an environment name")?,
        ask: u32::try_from(row.try_get::<i64, _>("ask")?).unwrap_or(u32::MAX),
        created_at: moment(row.try_get("created_at")?)?,
        facts: from_json(row.try_get("facts")?, "facts")?,
        pipeline: from_json(row.try_get("pipeline")?, "a pipeline")?,
        policy: policy.map(|text| checked(&text, "a commit id")).transpose()?,
        outcome: outcome.map(|text| from_json(&text, "an outcome")).transpose()?,
    })
}

/// A checked identifier out of a text column.
pub(super) fn text<T: std::str::FromStr>(
    row: &AnyRow,
    column: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    checked(row.try_get(column)?, what)
}

fn checked<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::corrupt(what, text))
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::corrupt("a value to be stored", &error.to_string()))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    text: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt(what, text))
}

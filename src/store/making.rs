//! Making runs: one per commit and environment, unless another is asked for.

use super::column::json;
use super::runs::record;
use super::{Facts, RunRecord, Store, StoreError, moment};
use crate::flow::{Event, Outcome};
use crate::ids::{EnvName, RunId, Sha};
use crate::spec::Pipeline;
use jiff::Timestamp;
use sqlx::AnyConnection;
use std::collections::BTreeMap;

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
    /// What it takes over, for a run that begins in the middle.
    pub reused: Reused,
}

/// What a run takes over from earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Reused {
    /// What its stages have come to that do not run in it.
    pub events: Vec<Event>,
    /// Evidence that goes with them, by its name: the run that keeps it.
    pub evidence: BTreeMap<String, RunId>,
}

/// Whether a commit that had its run gets another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The run there is, finished or not; a new one only if there is none.
    Once,
    /// A new run if this one is still the newest, or else the newest: of several that decide about it at once one makes a run.
    After(RunId),
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

impl Store {
    /// The run of (repository, ref, commit, environment): one, however often and by however many it is asked for
    /// [`Ask::Once`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_or_find(&self, new: NewRun, ask: Ask) -> Result<Found, StoreError> {
        let course =
            std::iter::once(Event::RunCreated).chain(new.reused.events.iter().cloned()).collect();
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
        let asked = match (last(&mut write, &new).await?, ask) {
            (Some(run), Ask::Once) => return Ok(Found::Existing(run)),
            (Some(run), Ask::After(last)) if run.id != last => return Ok(Found::Existing(run)),
            (Some(run), Ask::After(_) | Ask::Again) => run.ask + 1,
            (None, Ask::Once | Ask::After(_) | Ask::Again) => 0,
        };
        let outcome = course.iter().find_map(|event| {
            if let Event::RunFinished { outcome } = event { Some(outcome.clone()) } else { None }
        });
        let evidence = new.reused.evidence.clone();
        let now = self.next_moment(&mut write).await?;
        let run = begin(new, asked, outcome, moment(now)?);
        insert_run(&mut write, &run).await?;
        copy_evidence(&mut write, &run, &evidence).await?;
        insert_course(&mut write, &run, &course).await?;
        write.commit().await?;
        Ok(Found::New(run))
    }
}

/// The newest of the runs that are the same but for their number.
async fn last(write: &mut AnyConnection, new: &NewRun) -> Result<Option<RunRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM runs WHERE repository = $1 AND reference = $2 AND commit_id = $3
         AND environment = $4 ORDER BY ask DESC LIMIT 1",
    )
    .bind(&new.repository)
    .bind(&new.reference)
    .bind(new.commit.as_str())
    .bind(new.environment.as_str())
    .fetch_optional(write)
    .await?;
    row.map(|row| record(&row)).transpose()
}

/// A run made at `now`, with which its id begins: no other run has that moment, so ids are in the order of time.
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

async fn insert_run(write: &mut AnyConnection, run: &RunRecord) -> Result<(), StoreError> {
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
    .bind(run.created_at.as_millisecond())
    .bind(json(&run.facts)?)
    .bind(json(&run.pipeline)?)
    .bind(json(run.pipeline.runs_on(&run.environment))?)
    .bind(run.outcome.as_ref().map(json).transpose()?)
    .execute(write)
    .await?;
    Ok(())
}

async fn copy_evidence(
    write: &mut AnyConnection,
    run: &RunRecord,
    evidence: &BTreeMap<String, RunId>,
) -> Result<(), StoreError> {
    for (name, from) in evidence {
        sqlx::query(
            "INSERT INTO evidence (run, name, at, value)
             SELECT $1, name, at, value FROM evidence WHERE run = $2 AND name = $3",
        )
        .bind(run.id.as_str())
        .bind(from.as_str())
        .bind(name)
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}

async fn insert_course(
    write: &mut AnyConnection,
    run: &RunRecord,
    course: &[Event],
) -> Result<(), StoreError> {
    for (seq, event) in (1_i64..).zip(course) {
        sqlx::query("INSERT INTO events (run, seq, at, event) VALUES ($1, $2, $3, $4)")
            .bind(run.id.as_str())
            .bind(seq)
            .bind(run.created_at.as_millisecond())
            .bind(json(event)?)
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}

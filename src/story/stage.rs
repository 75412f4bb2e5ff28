//! The stage: a rehearsed cloud with a state folder of its own, where time is turned by hand.
//!
//! Whatever the environment files say, every environment of a story is rehearsed: nothing of it can reach AWS.

use crate::{
    app::{self, App, Promotion, Rehearsed},
    aws::{Purpose, Session},
    clock::{Clock as _, SimulatedClock, until},
    engine::{
        Watch,
        stages::outputs::{Applied, Judged},
    },
    exec::{Cancel, Inherited},
    flow::{Event, Failure, Outcome},
    git::Credentials,
    ids::{EnvName, RunId},
    logs::{LogLine, Masker},
    project::Project,
    spec::{Cloud, Environment},
    store::{Ask, Facts, Found, NewRun, RunRecord, StoredEvent},
};
use anyhow::Context as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::{path::Path, sync::Arc, time::Duration};

/// Simulated time that passes whenever the program looks whether it is done: small against every wait, so that none is
/// over before what it waits for has had its chance.
const TICK: Duration = Duration::from_micros(20);

/// What a story is played with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Path or URL of the repository.
    pub repository: String,
    /// The branch that is promoted.
    pub branch: String,
    /// The environment the story plays in.
    pub environment: EnvName,
    /// What the commit holds.
    pub project: Project,
}

/// A set stage.
pub struct Stage {
    /// Stands still but while something is done.
    pub clock: SimulatedClock,
    /// Store and folders.
    pub app: App,
    /// What is promoted.
    pub project: Arc<Project>,
    /// Where to.
    pub environment: Environment,
    /// The cloud it plays in.
    pub cloud: Rehearsed,
    /// A session that reads, and one that brings data and starts trainings.
    reader: Session,
    supplier: Session,
    repository: String,
    branch: String,
}

/// What a promotion came to.
#[derive(Debug)]
pub struct Promoted {
    /// How the run ended.
    pub outcome: Outcome,
    /// What the gate decided.
    pub judged: Option<Judged>,
    /// Changes that were made, one line each.
    pub changes: Vec<String>,
    /// Why it did not succeed.
    pub failure: Option<Failure>,
}

impl Stage {
    /// Sets the stage in `folder`, at a moment.
    ///
    /// # Errors
    /// The folder cannot be used, or there is no such environment.
    pub async fn set(folder: &Path, setting: Setting, now: Timestamp) -> anyhow::Result<Self> {
        let Setting { repository, branch, environment, mut project } = setting;
        for known in project.environments.values_mut() {
            known.cloud = Cloud::Rehearsal;
            known.endpoint_url = None;
        }
        let environment = project.environments.get(&environment).context("find the environment")?;
        let environment = environment.clone();
        let clock = SimulatedClock::at(now);
        let app = App::open(folder, Arc::new(clock.clone())).await?;
        let file = app.rehearsal_file();
        let cloud = Rehearsed::open(&project.environments, &file, app.clock.clone()).await?;
        let session = |purpose| take(&cloud, &environment, purpose);
        let (reader, supplier) = (session(Purpose::Read).await?, session(Purpose::Train).await?);
        let project = Arc::new(project);
        Ok(Self { clock, app, project, environment, cloud, reader, supplier, repository, branch })
    }

    /// The environment's account, for reading.
    #[must_use]
    pub fn reader(&self) -> &Session {
        &self.reader
    }

    /// A session for a purpose of its own.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn session(&self, purpose: Purpose) -> anyhow::Result<Session> {
        self.session_of(&self.environment, purpose).await
    }

    /// A session in another environment of the project.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn session_of(
        &self,
        environment: &Environment,
        purpose: Purpose,
    ) -> anyhow::Result<Session> {
        take(&self.cloud, environment, purpose).await
    }

    /// Puts a file into the environment's bucket, as whoever supplies the data would: `key` is below the model's name.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn supply(&self, key: &str, text: String) -> anyhow::Result<()> {
        let Environment { bucket, model_name, .. } = &self.environment;
        let key = format!("{model_name}/{key}");
        let put = self.supplier.s3().put(bucket.as_str(), &key, text.into_bytes()).await;
        put.context("put the data into the bucket")
    }

    /// Turns the clock to a moment; it never goes back.
    pub fn turn_to(&self, moment: Timestamp) {
        self.clock.advance(until(self.clock.now(), moment));
    }

    /// Performs `act` while time passes.
    pub async fn during<F: Future>(&self, act: F) -> F::Output {
        let time = async {
            loop {
                tokio::task::yield_now().await;
                self.clock.advance(TICK);
            }
        };
        tokio::select! {
            biased;
            output = act => output,
            never = time => match never {},
        }
    }

    /// Promotes the commit as a push would, again if it has been before.
    ///
    /// # Errors
    /// The run cannot be driven; that it ends badly is no error.
    pub async fn promote(&self) -> anyhow::Result<Promoted> {
        let run = self.new_run().await?;
        let promotion = Promotion {
            project: Arc::clone(&self.project),
            credentials: Credentials::default(),
            inherited: Inherited::from([]),
            masker: Masker::default(),
            watch: Arc::new(Nobody),
            cancel: Cancel::never(),
        };
        let driven = self.during(Box::pin(promotion.drive(&self.app, &run))).await?;
        let events = self.app.store.events(&run.id).await.context("read the run's events")?;
        let mut promoted =
            Promoted { outcome: driven.outcome, judged: None, changes: Vec::new(), failure: None };
        for stored in events {
            promoted.take(stored.event);
        }
        Ok(promoted)
    }

    async fn new_run(&self) -> anyhow::Result<RunRecord> {
        let new = || NewRun {
            repository: self.repository.clone(),
            reference: self.branch.clone(),
            commit: self.project.commit.clone(),
            environment: self.environment.name.clone(),
            facts: Facts { event: "manual".to_owned(), changed_paths: Vec::new(), plan: None },
            pipeline: self.project.pipeline.clone(),
            reused: Vec::new(),
        };
        let found = self.app.store.create_or_find(new(), Ask::Once).await?;
        Ok(match found {
            Found::New(run) => run,
            Found::Existing(_) => {
                self.app.store.create_or_find(new(), Ask::Again).await?.into_run()
            }
        })
    }
}

impl Promoted {
    fn take(&mut self, event: Event) {
        match event {
            Event::StageSucceeded { outputs, .. } => {
                // What the outputs are is told by their shape: each built-in stage has one of its own.
                if let Some(applied) = read::<Applied>(&outputs) {
                    self.changes.extend(applied.changes);
                } else if let Some(judged) = read(&outputs) {
                    self.judged = Some(judged);
                }
            }
            Event::StageFailed { failure, .. } => self.failure = Some(failure),
            _ => {}
        }
    }
}

async fn take(
    cloud: &Rehearsed,
    environment: &Environment,
    purpose: Purpose,
) -> anyhow::Result<Session> {
    let session = cloud.access().assume(environment, &app::ad_hoc_run(), purpose).await;
    session.with_context(|| format!("reach {}", environment.name))
}

fn read<T: DeserializeOwned>(outputs: &serde_json::Value) -> Option<T> {
    serde_json::from_value(outputs.clone()).ok()
}

/// The story is told by its beats, not by the stages of its runs.
struct Nobody;

impl Watch for Nobody {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &RunId) {}
}

//! The stage: a rehearsed cloud with a state folder of its own, where time is turned by hand.
//!
//! Whatever the environment files say, every environment of a story is rehearsed: nothing of it can reach AWS.

use crate::{
    app::{self, App, Promotion, Rehearsed},
    aws::{Purpose, Session},
    clock::{Clock, SimulatedClock, until},
    engine::{
        Watch,
        stages::outputs::{Applied, Judged},
    },
    exec::{Cancel, Inherited},
    flow::{Event, Failure, Outcome},
    git::Credentials,
    ids::{EnvName, RunId, StageName},
    logs::{LogLine, Masker},
    project::Project,
    spec::{Action, BuiltIn, Cloud, Environment, Pipeline},
    store::{Ask, Facts, NewRun, Reused, RunRecord, StoredEvent},
};
use anyhow::Context as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

/// While something is done, time passes at the pace of the real clock: no wait is over before what it waits for has
/// had its chance.
const TICK: Duration = Duration::from_millis(1);

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
    /// The clock that people live by.
    pub wall: Arc<dyn Clock>,
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
    own: Own,
    repository: String,
    branch: String,
}

/// What the stage itself works with.
struct Own {
    reader: Session,
    /// May put data into the bucket.
    supplier: Session,
    wall: Arc<dyn Clock>,
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
    /// What a later run of the same commit may take over: all that comes before its plan.
    kept: Vec<Event>,
}

impl Stage {
    /// Sets the stage in `folder`, at a moment.
    ///
    /// # Errors
    /// The folder cannot be used, or there is no such environment.
    pub async fn set(folder: &Path, setting: Setting, now: Timestamp) -> anyhow::Result<Self> {
        let Setting { repository, branch, environment, mut project, wall } = setting;
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
        let own = Own { reader, supplier, wall };
        Ok(Self { clock, app, project, environment, cloud, own, repository, branch })
    }

    /// The environment's account, for reading.
    #[must_use]
    pub fn reader(&self) -> &Session {
        &self.own.reader
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
        let put = self.own.supplier.s3().put(bucket.as_str(), &key, text.into_bytes()).await;
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
                self.own.wall.sleep(TICK).await;
                self.clock.advance(TICK);
            }
        };
        tokio::select! {
            biased;
            output = act => output,
            never = time => match never {},
        }
    }

    /// Promotes the commit as a push would.
    ///
    /// # Errors
    /// The run cannot be driven; that it ends badly is no error.
    pub async fn promote(&self) -> anyhow::Result<Promoted> {
        self.drive(Vec::new(), Ask::Once).await
    }

    /// Plans and deploys again what was promoted: what trained and judged it is taken over from `before`.
    ///
    /// # Errors
    /// As [`Self::promote`].
    pub async fn deploy_again(&self, before: &Promoted) -> anyhow::Result<Promoted> {
        self.drive(before.kept.clone(), Ask::Again).await
    }

    async fn drive(&self, reused: Vec<Event>, ask: Ask) -> anyhow::Result<Promoted> {
        let new = NewRun {
            repository: self.repository.clone(),
            reference: self.branch.clone(),
            commit: self.project.commit.clone(),
            environment: self.environment.name.clone(),
            facts: Facts { event: "manual".to_owned(), ..Facts::default() },
            pipeline: self.project.pipeline.clone(),
            reused: Reused { events: reused, ..Reused::default() },
        };
        let run = self.app.store.create_or_find(new, ask).await?.into_run();
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
        let mut promoted = Promoted {
            outcome: driven.outcome.context("the run waits for people")?,
            judged: None,
            changes: Vec::new(),
            failure: None,
            kept: Vec::new(),
        };
        for stored in events {
            promoted.take(&run.id, &self.project.pipeline, stored.event);
        }
        Ok(promoted)
    }
}

impl Promoted {
    fn take(&mut self, run: &RunId, pipeline: &Pipeline, event: Event) {
        match event {
            Event::StageSucceeded { stage, outputs, .. } => {
                match built_in(pipeline, &stage) {
                    Some(BuiltIn::DeployPipelines | BuiltIn::ScheduleRules) => {
                        self.changes
                            .extend(read::<Applied>(&outputs).into_iter().flat_map(|a| a.changes));
                    }
                    Some(BuiltIn::Gate(_)) => self.judged = read(&outputs),
                    _ => {}
                }
                if before_plan(pipeline, &stage) {
                    self.kept.push(Event::StageReused { stage, from: run.clone(), outputs });
                }
            }
            Event::StageFailed { failure, .. } => self.failure = Some(failure),
            _ => {}
        }
    }
}

fn built_in<'p>(pipeline: &'p Pipeline, name: &StageName) -> Option<&'p BuiltIn> {
    let stage = pipeline.stages.iter().find(|stage| stage.name == *name)?;
    match &stage.action {
        Action::Uses(built_in) => Some(built_in),
        Action::Run(_) => None,
    }
}

/// Is the stage neither a plan nor behind one? Stages stand behind all they need.
fn before_plan(pipeline: &Pipeline, name: &StageName) -> bool {
    let mut behind = BTreeSet::new();
    for stage in &pipeline.stages {
        let plans = matches!(stage.action, Action::Uses(BuiltIn::Plan));
        if plans || stage.needs.iter().any(|need| behind.contains(need)) {
            behind.insert(&stage.name);
        }
    }
    !behind.contains(name)
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

    fn waiting(&self, _: &RunRecord, _: &crate::queue::Reason) {}
}

//! A run that trains, in simulated time, through the engine.

use crate::world::World;
use jiff::Timestamp;
use relevo::{
    app::open_rehearsal,
    aws::Access,
    clock::{Clock, SimulatedClock},
    engine::{
        Engine, Orders, Watch,
        stages::{BuiltIns, Clouds},
    },
    exec::{Cancel, Inherited},
    flow::{Event, Failure, Outcome},
    git,
    logs::{LogFolder, LogLine, Masker},
    project::{self, Files, Project},
    queue::Reason,
    rehearsal::Rehearsal,
    spec::Environment,
    store::{Ask, Facts, NewRun, Reused, RunRecord, Store, StoredEvent},
};
use std::{path::Path, sync::Arc, time::Duration};

/// Who sleeps while a training is waited for: the lease's renewal, the stage's limit, and the wait itself.
const SLEEPERS: usize = 3;

const TRAINING: &str = "version: 1
name: training
environments:
  dev:  { branch: develop }
  prod: { branch: main, after: dev }
stages:
  train-test: { uses: train-test, in: dev, timeout: 24h, retry: { attempts: 3 } }
  gate: { uses: gate, needs: [train-test], with: { at-least: 0.5001 } }
";

pub(crate) type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A commit to be trained, and the cloud it is trained in.
pub(crate) struct LongRun {
    world: World,
    project: Project,
    clock: SimulatedClock,
    look_every: Duration,
    pub(crate) rehearsal: Rehearsal,
}

/// How it went.
pub(crate) struct Went {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<Event>,
    pub(crate) took: jiff::SignedDuration,
}

impl LongRun {
    /// A run whose stage looks at its execution every so often.
    pub(crate) async fn looking_every(look_every: Duration) -> Self {
        let world = World::new();
        world.write("pipeline.yaml", TRAINING);
        let commit = world.commit("Train only").parse().unwrap();
        let repository = world.repository().display().to_string();
        let opened =
            git::Repository::open(&repository, Path::new(""), &Default::default()).unwrap();
        let files = Files::Commit(&opened, &commit);
        let project = project::load(opened.public_address(), &commit, files, files).unwrap();
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        std::fs::create_dir_all(world.path(".agent")).unwrap();
        let file = world.path(".agent/rehearsal.sqlite");
        let time = Arc::new(clock.clone());
        let rehearsal = open_rehearsal(&project.environments, &file, time).await.unwrap();
        Self { world, project, clock, look_every, rehearsal }
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clock.clone();
        Arc::new(move || clock.now())
    }

    /// Drives the run to its end, reaching the cloud by `access`, at `port` where that is given.
    pub(crate) async fn drive(mut self, access: Access, port: Option<u16>) -> Went {
        for environment in self.project.environments.values_mut() {
            environment.endpoint_url =
                port.map(|port| format!("http://127.0.0.1:{port}").parse().unwrap());
        }
        let began = self.clock.now();
        let engine = self.engine(access).await;
        let new = NewRun {
            repository: self.world.repository().display().to_string(),
            reference: "main".to_owned(),
            commit: self.project.commit.clone(),
            environment: "prod".parse().unwrap(),
            facts: Facts::default(),
            pipeline: self.project.pipeline.clone(),
            reused: Reused::default(),
        };
        let run = engine.store.create_or_find(new, Ask::Once).await.unwrap().into_run();
        let orders = Orders { cancel: Cancel::never(), sink: None };
        let driven = tokio::select! {
            driven = Box::pin(engine.drive(&run.id, orders)) => driven.unwrap(),
            () = passing(&self.clock) => unreachable!("time passes for ever"),
        };
        let stored = engine.store.events(&run.id).await.unwrap();
        let events = stored.into_iter().map(|stored| stored.event).collect();
        let took = self.clock.now().duration_since(began);
        Went { outcome: driven.outcome.expect("nobody is asked"), events, took }
    }

    async fn engine(&self, access: Access) -> Engine {
        let at = |name: &str| self.world.path(".agent").join(name);
        let time: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let project = Arc::new(self.project.clone());
        Engine {
            store: Store::open(&at("store.db"), Arc::clone(&time)).await.unwrap(),
            clock: time,
            logs: LogFolder::at(at("logs")),
            work: at("work"),
            mirrors: at("mirrors"),
            credentials: Default::default(),
            masker: Masker::default(),
            inherited: Inherited::from([]),
            perform: Arc::new(BuiltIns::new(project, Arc::new(Slow(access, self.look_every)))),
            condition: Arc::new(|_, _| true),
            watch: Arc::new(Patient(self.clock.clone())),
            drain_deadline: Duration::ZERO,
        }
    }
}

/// Lets time pass as long as everybody waits for it.
async fn passing(clock: &SimulatedClock) {
    loop {
        tokio::task::yield_now().await;
        if clock.sleepers() >= SLEEPERS {
            let _ = clock.advance_to_next();
        }
    }
}

/// A cloud whose executions are looked at every so often.
struct Slow(Access, Duration);

impl Clouds for Slow {
    fn access(&self, _: &Environment) -> Result<Access, Failure> {
        Ok(self.0.clone())
    }

    fn poll_interval(&self, _: &Environment) -> Duration {
        self.1
    }
}

/// Lets the time pass that another attempt waits for.
struct Patient(SimulatedClock);

impl Watch for Patient {
    fn event(&self, _: &RunRecord, stored: &StoredEvent) {
        if let Event::RetryScheduled { due, .. } = &stored.event {
            let wait = due.duration_since(self.0.now());
            self.0.advance(wait.try_into().unwrap());
        }
    }

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &Reason) {}
}

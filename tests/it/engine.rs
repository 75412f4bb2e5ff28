//! Whole runs through the engine: built-in stages by a script, commands for real, time by hand.

mod agents;
mod commands;
mod leases;
mod logs;
mod stages;
mod waiting;

use futures_util::future::BoxFuture;
use relevo::clock::{Clock, SimulatedClock, SystemClock};
use relevo::engine::{Done, Driven, Engine, EngineError, Orders, Perform, StageContext, Watch};
use relevo::exec::{Cancel, Canceller, Inherited};
use relevo::flow::{Event, Failure, Outcome, Phase, Request, RunState, SkipReason, Standing, Stop};
use relevo::git::Credentials;
use relevo::ids::{RunId, StageName};
use relevo::logs::{
    Level, LogEvent, LogFolder, LogLine, LogReader, LogSink, Masker, PutOutcome, SinkError,
    StageLog,
};
use relevo::queue::Reason;
use relevo::spec::{
    Action, BuiltIn, Command, EnvironmentRule, FailureClass, On, Pipeline, Retry, Stage, Supersede,
    Training,
};
use relevo::store::{Ask, Facts, LEASE_DURATION, NewRun, Reused, RunRecord, Store, StoredEvent};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::RangeInclusive,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::{Barrier, Notify};

const SECRET: &str = "hunter2-hunter2";
const HOUR: Duration = Duration::from_secs(60 * 60);

fn name(text: &str) -> StageName {
    text.parse().unwrap()
}

/// What a scripted stage does in one attempt.
#[derive(Clone)]
enum Act {
    Succeed,
    Fail(FailureClass),
    /// Succeeds when as many stages are at the barrier as it was made for.
    Meet(Arc<Barrier>),
    /// Announces itself and never ends.
    Hang(Arc<Notify>),
    /// Waits until notified.
    Await(Arc<Notify>),
    /// Lets more time pass than it has.
    Outlast,
    /// Has a person stop the run this often, then ends if it may.
    BeStopped(Arc<Canceller>, u32),
    /// Fails with a message that holds [`SECRET`].
    Blab,
    /// Announces itself, and waits until notified.
    Announce(Arc<Notify>, Arc<Notify>),
    /// Keeps evidence.
    Keep,
    /// Asks people until then.
    Ask(jiff::Timestamp),
    Panic,
}

/// Performs stages as told; what it was not told succeeds. Remembers every attempt, and what was called off.
struct Script {
    called_off: Mutex<Vec<(String, u32)>>,
    clock: SimulatedClock,
    acts: Mutex<BTreeMap<StageName, VecDeque<Act>>>,
    attempts: Mutex<Vec<(String, u32)>>,
}

impl Perform for Script {
    fn perform<'a>(
        &'a self,
        _: &'a BuiltIn,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Done, Failure>> {
        let stage = &context.stage.name;
        self.attempts.lock().unwrap().push((stage.to_string(), context.attempt.0));
        let told = self.acts.lock().unwrap().get_mut(stage).and_then(VecDeque::pop_front);
        let clock = self.clock.clone();
        Box::pin(async move {
            context.say(Level::Info, "performing")?;
            match told.unwrap_or(Act::Succeed) {
                Act::Succeed => {}
                Act::Fail(class) => return Err(Failure::new(class, "as told")),
                Act::Meet(barrier) => {
                    barrier.wait().await;
                }
                Act::Hang(notify) => {
                    notify.notify_one();
                    std::future::pending::<()>().await;
                }
                Act::Await(notify) => notify.notified().await,
                Act::Outlast => {
                    clock.advance(context.stage.timeout);
                    std::future::pending::<()>().await;
                }
                Act::BeStopped(canceller, times) => {
                    for _ in 0..times {
                        canceller.press();
                    }
                    if times > 1 {
                        std::future::pending::<()>().await;
                    }
                    context.cancel.requested(Stop::Gentle).await;
                    return Err(Failure::new(FailureClass::Cancelled, "stopped"));
                }
                Act::Blab => {
                    let failure = Failure::new(FailureClass::UserError, format!("no {SECRET}"));
                    return Err(failure.with_hint(format!("look for {SECRET}")));
                }
                Act::Announce(begun, end) => {
                    begun.notify_one();
                    end.notified().await;
                }
                Act::Keep => {
                    context.keep_evidence("kept", &json!("evidence")).await?;
                    let read = context.evidence("kept").await?;
                    assert_eq!(read, Some(json!("evidence")));
                }
                Act::Ask(until) => {
                    return Ok(Done::Asks(Request {
                        plan: relevo::ids::Digest::of("plan"),
                        changes: 1,
                        required: 2,
                        approvers: Vec::new(),
                        self_approval: true,
                        until,
                    }));
                }
                Act::Panic => panic!("on purpose"),
            }
            Ok(Done::Left(json!({ "by": stage.to_string(), "after": context.outputs })))
        })
    }

    fn call_off<'a>(
        &'a self,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        let call = (context.stage.name.to_string(), context.attempt.0);
        self.called_off.lock().unwrap().push(call);
        Box::pin(async { Ok(Some("called off".to_owned())) })
    }
}

/// Sees everything; lets the time pass that a retry waits.
struct Witness {
    clock: SimulatedClock,
    events: Mutex<Vec<Event>>,
    waiting: Notify,
}

impl Watch for Witness {
    fn event(&self, _: &RunRecord, stored: &StoredEvent) {
        if let Event::RetryScheduled { due, .. } = &stored.event {
            let wait = due.duration_since(self.clock.now());
            self.clock.advance(wait.try_into().unwrap());
        }
        self.events.lock().unwrap().push(stored.event.clone());
    }

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &Reason) {
        self.waiting.notify_one();
    }
}

struct World {
    temp: TempDir,
    clock: SimulatedClock,
    script: Arc<Script>,
    witness: Arc<Witness>,
    engine: Engine,
}

impl World {
    async fn new() -> Self {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        Self::with_time(&clock, Arc::new(clock.clone())).await
    }

    async fn with_time(clock: &SimulatedClock, time: Arc<dyn Clock>) -> Self {
        let temp = TempDir::new().unwrap();
        let (acts, attempts, called_off) = Default::default();
        let script = Arc::new(Script { clock: clock.clone(), acts, attempts, called_off });
        let (events, waiting) = Default::default();
        let witness = Arc::new(Witness { clock: clock.clone(), events, waiting });
        let at = |folder: &str| temp.path().join(folder);
        let engine = Engine {
            store: Store::open(&at("store.db"), Arc::clone(&time)).await.unwrap(),
            clock: time,
            logs: LogFolder::at(at("logs")),
            work: at("work"),
            mirrors: at("mirrors"),
            credentials: Credentials::default(),
            masker: Masker::of([SECRET]),
            inherited: Inherited::from([]),
            perform: Arc::clone(&script) as Arc<dyn Perform>,
            condition: Arc::new(|run, stage| {
                stage.when.as_ref().is_none_or(|when| run.facts.event == *when)
            }),
            watch: Arc::clone(&witness) as Arc<dyn Watch>,
            drain_deadline: HOUR,
        };
        Self { temp, clock: clock.clone(), script, witness, engine }
    }

    fn told(&self, stage: &str, acts: impl IntoIterator<Item = Act>) {
        self.script.acts.lock().unwrap().entry(name(stage)).or_default().extend(acts);
    }

    /// The attempts since the last look.
    fn attempts(&self) -> Vec<(String, u32)> {
        std::mem::take(&mut *self.script.attempts.lock().unwrap())
    }

    /// What was called off.
    fn called_off(&self) -> Vec<(String, u32)> {
        self.script.called_off.lock().unwrap().clone()
    }

    async fn run(&self, stages: Vec<Stage>) -> RunId {
        self.run_in("prod".parse().unwrap(), stages).await
    }

    async fn run_in(&self, environment: relevo::ids::EnvName, stages: Vec<Stage>) -> RunId {
        let new = NewRun {
            repository: self.repository().display().to_string(),
            reference: "main; $(exit 9)".into(),
            commit: self.commit(),
            environment,
            facts: Facts { event: "manual".into(), ..Facts::default() },
            pipeline: Pipeline { name: "p".into(), environments: dev_then_prod(), stages },
            reused: Reused::default(),
        };
        self.engine.store.create_or_find(new, Ask::Again).await.unwrap().into_run().id
    }

    fn repository(&self) -> std::path::PathBuf {
        self.temp.path().join("repository")
    }

    /// A commit with one file `data.csv`.
    fn commit(&self) -> relevo::ids::Sha {
        let git = git2::Repository::init(self.repository()).unwrap();
        let blob = git.blob(b"a,b\n").unwrap();
        let mut tree = git.treebuilder(None).unwrap();
        tree.insert("data.csv", blob, 0o100_644).unwrap();
        let tree = git.find_tree(tree.write().unwrap()).unwrap();
        let who = git2::Signature::new("t", "t@example.com", &git2::Time::new(0, 0)).unwrap();
        git.commit(None, &who, &who, "c", &tree, &[]).unwrap().to_string().parse().unwrap()
    }

    async fn drive(&self, run: &RunId, cancel: Cancel) -> Result<Driven, EngineError> {
        self.engine.drive(run, Orders { cancel, sink: None }).await
    }

    async fn outcome(&self, run: &RunId) -> Outcome {
        self.drive(run, Cancel::never()).await.unwrap().outcome.unwrap()
    }

    async fn state(&self, run: &RunId) -> RunState {
        let pipeline = self.engine.store.run(run).await.unwrap().pipeline;
        let events = self.engine.store.events(run).await.unwrap();
        RunState::of(&pipeline, events.iter().map(|stored| &stored.event)).unwrap()
    }

    async fn standing(&self, run: &RunId, stage: &str) -> Standing {
        self.state(run).await.stage(&name(stage)).unwrap().standing.clone()
    }

    fn has_log(&self, run: &RunId, stage: &str) -> bool {
        std::fs::metadata(self.engine.logs.of_stage(run, &name(stage)))
            .is_ok_and(|file| file.len() > 0)
    }

    fn log(&self, run: &RunId, stage: &str) -> Vec<String> {
        let path = self.engine.logs.of_stage(run, &name(stage));
        let mut reader = LogReader::open(&path, 0).unwrap();
        std::iter::from_fn(|| reader.next().unwrap()).map(|piece| piece.line.message).collect()
    }
}

fn dev_then_prod() -> Vec<EnvironmentRule> {
    let rule = |name: &str, after: Option<&str>| EnvironmentRule {
        name: name.parse().unwrap(),
        branch: name.to_owned(),
        after: after.map(|name| name.parse().unwrap()),
        supersede: Supersede::default(),
        windows: None,
        runs_on: BTreeSet::new(),
    };
    vec![rule("dev", None), rule("prod", Some("dev"))]
}

/// A stage that starts something in a cloud.
fn training(text: &str, needs: &[&str]) -> Stage {
    let action = Action::Uses(BuiltIn::TrainTest(Training::default()));
    Stage { action, ..stage(text, needs) }
}

fn stage(text: &str, needs: &[&str]) -> Stage {
    Stage {
        name: name(text),
        action: Action::Uses(BuiltIn::Validate),
        needs: needs.iter().map(|need| name(need)).collect(),
        environment: None,
        when: None,
        on: On::Success,
        variables: BTreeMap::new(),
        timeout: HOUR,
        no_output_timeout: None,
        retry: Retry { attempts: 1, backoff: Duration::from_secs(5), classes: Vec::new() },
        outputs: Vec::new(),
        credentials: None,
        runs_on: None,
    }
}

fn script(text: &str, needs: &[&str], script: &str) -> Stage {
    Stage { action: Action::Run(Command::Script(script.into())), ..stage(text, needs) }
}

fn diamond() -> Vec<Stage> {
    vec![stage("a", &[]), stage("b", &["a"]), stage("c", &["a"]), stage("d", &["b", "c"])]
}

fn once(stages: &[&str]) -> Vec<(String, u32)> {
    stages.iter().map(|stage| ((*stage).to_owned(), 1)).collect()
}

fn with_tidying() -> Vec<Stage> {
    vec![stage("a", &[]), stage("b", &["a"]), Stage { on: On::Always, ..stage("tidy", &["b"]) }]
}

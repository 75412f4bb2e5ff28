//! Whole runs through the engine: built-in stages by a script, commands for real, time by hand.

use futures_util::future::BoxFuture;
use relevo::clock::{Clock, SimulatedClock, SystemClock};
use relevo::engine::{Driven, Engine, EngineError, Orders, Perform, StageContext, Watch};
use relevo::exec::{Cancel, Canceller, Inherited};
use relevo::flow::{Event, Failure, Outcome, Phase, RunState, SkipReason, Standing, Stop};
use relevo::git::Credentials;
use relevo::ids::{RunId, StageName};
use relevo::logs::{
    Level, LogEvent, LogFolder, LogLine, LogReader, LogSink, Masker, PutOutcome, SinkError,
};
use relevo::spec::{Action, BuiltIn, Command, FailureClass, On, Pipeline, Retry, Stage};
use relevo::store::{Ask, Facts, LEASE_DURATION, NewRun, RunRecord, Store, StoredEvent};
use serde_json::{Value, json};
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
    Panic,
}

/// Performs stages as told; what it was not told succeeds. Remembers every attempt.
struct Script {
    clock: SimulatedClock,
    acts: Mutex<BTreeMap<StageName, VecDeque<Act>>>,
    attempts: Mutex<Vec<(String, u32)>>,
}

impl Perform for Script {
    fn perform<'a>(
        &'a self,
        _: &'a BuiltIn,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
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
                Act::Panic => panic!("on purpose"),
            }
            Ok(json!({ "by": stage.to_string(), "after": context.outputs }))
        })
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

    fn waiting(&self, _: &RunRecord, _: &RunId) {
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
        let (acts, attempts) = Default::default();
        let script = Arc::new(Script { clock: clock.clone(), acts, attempts });
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

    async fn run(&self, stages: Vec<Stage>) -> RunId {
        let new = NewRun {
            repository: self.repository().display().to_string(),
            reference: "main; $(exit 9)".into(),
            commit: self.commit(),
            environment: "prod".parse().unwrap(),
            facts: Facts { event: "manual".into(), changed_paths: Vec::new() },
            pipeline: Pipeline { name: "p".into(), environments: Vec::new(), stages },
            reused: Vec::new(),
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
        self.drive(run, Cancel::never()).await.unwrap().outcome
    }

    async fn state(&self, run: &RunId) -> RunState {
        let pipeline = self.engine.store.run(run).await.unwrap().pipeline;
        let events = self.engine.store.events(run).await.unwrap();
        RunState::of(&pipeline, events.iter().map(|stored| &stored.event)).unwrap()
    }

    async fn standing(&self, run: &RunId, stage: &str) -> Standing {
        self.state(run).await.stage(&name(stage)).unwrap().standing.clone()
    }

    fn log(&self, run: &RunId, stage: &str) -> Vec<String> {
        let path = self.engine.logs.of_stage(run, &name(stage));
        let mut reader = LogReader::open(&path, 0).unwrap();
        std::iter::from_fn(|| reader.next().unwrap()).map(|piece| piece.line.message).collect()
    }
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

#[tokio::test]
async fn stages_that_do_not_need_each_other_run_at_the_same_time() {
    let world = World::new().await;
    let both = Arc::new(Barrier::new(2));
    world.told("b", [Act::Meet(Arc::clone(&both))]);
    world.told("c", [Act::Meet(both)]);
    let run = world.run(diamond()).await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.attempts(), once(&["a", "b", "c", "d"]));
    let Standing::Succeeded(left) = world.standing(&run, "d").await else { panic!() };
    assert_eq!(left["after"]["b"]["after"]["a"]["by"], "a", "outputs are handed on");
    assert_eq!(world.log(&run, "c"), ["performing"]);
}

#[tokio::test]
async fn a_run_that_is_over_is_not_driven_again() {
    let world = World::new().await;
    let run = world.run(diamond()).await;
    world.outcome(&run).await;
    world.attempts();
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.attempts(), []);
}

#[tokio::test]
async fn a_failure_of_a_retried_class_is_tried_again_when_it_is_due() {
    let world = World::new().await;
    let retry = Retry {
        attempts: 3,
        backoff: Duration::from_secs(5),
        classes: vec![FailureClass::CloudError],
    };
    world.told("a", [Act::Fail(FailureClass::CloudError), Act::Fail(FailureClass::CloudError)]);
    let run = world.run(vec![Stage { retry, ..stage("a", &[]) }]).await;
    let began = world.clock.now();
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.clock.now().duration_since(began).as_secs(), 5 + 10);
    assert_eq!(world.attempts().last(), Some(&("a".to_owned(), 3)));
    assert_eq!(world.log(&run, "a").iter().filter(|line| *line == "as told").count(), 2);
}

#[tokio::test]
async fn a_failure_skips_what_needs_it_and_calls_what_waits_for_it() {
    let world = World::new().await;
    world.told("a", [Act::Fail(FailureClass::GateRefused)]);
    let mut stages = diamond();
    stages.push(Stage { on: On::Failure, ..stage("tell", &["d"]) });
    stages.push(Stage { when: Some("push".into()), ..stage("other", &[]) });
    let run = world.run(stages).await;
    assert_eq!(world.outcome(&run).await, Outcome::GateRefused);
    assert_eq!(world.attempts(), once(&["a", "tell"]));
    let other = world.standing(&run, "other").await;
    assert_eq!(other, Standing::Skipped(SkipReason::ConditionFalse));
}

#[tokio::test]
async fn a_built_in_stage_that_takes_too_long_is_dropped() {
    let world = World::new().await;
    world.told("a", [Act::Outlast]);
    let run = world.run(vec![stage("a", &[])]).await;
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::TimedOut };
    assert_eq!(world.outcome(&run).await, expected);
}

#[tokio::test]
async fn a_panic_in_one_stage_fails_that_stage_only() {
    let world = World::new().await;
    world.told("b", [Act::Panic]);
    let run = world.run(diamond()).await;
    let expected = Outcome::Failed { stage: name("b"), class: FailureClass::AgentError };
    assert_eq!(world.outcome(&run).await, expected);
    assert!(matches!(world.standing(&run, "c").await, Standing::Succeeded(_)));
    let last = world.log(&run, "b").pop().unwrap();
    assert_eq!(last, "the agent has a bug in this stage: on purpose");
}

#[tokio::test]
async fn a_failure_is_stored_without_its_secrets() {
    let world = World::new().await;
    world.told("a", [Act::Blab]);
    let run = world.run(vec![stage("a", &[])]).await;
    world.outcome(&run).await;
    let Standing::Failed(failure) = world.standing(&run, "a").await else { panic!() };
    assert_eq!(
        (failure.message.as_str(), failure.hint.as_deref()),
        ("no ***", Some("look for ***"))
    );
    assert_eq!(world.log(&run, "a"), ["performing", "no ***", "look for ***"]);
    let events = world.engine.store.events(&run).await.unwrap();
    assert!(!serde_json::to_string(&events).unwrap().contains(SECRET));
}

#[tokio::test]
async fn a_stage_whose_log_cannot_be_written_says_so() {
    let world = World::new().await;
    let run = world.run(vec![stage("a", &[])]).await;
    std::fs::create_dir_all(world.engine.logs.of_stage(&run, &name("a"))).unwrap();
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::AgentError };
    assert_eq!(world.outcome(&run).await, expected);
    let Standing::Failed(failure) = world.standing(&run, "a").await else { panic!() };
    assert!(failure.message.starts_with("cannot open the stage's log: "), "{}", failure.message);
}

fn with_tidying() -> Vec<Stage> {
    vec![stage("a", &[]), stage("b", &["a"]), Stage { on: On::Always, ..stage("tidy", &["b"]) }]
}

#[tokio::test]
async fn a_first_cancel_lets_stages_end_and_tidies_up() {
    let world = World::new().await;
    let (canceller, cancel) = Canceller::new();
    world.told("a", [Act::BeStopped(Arc::new(canceller), 1)]);
    let run = world.run(with_tidying()).await;
    assert_eq!(world.drive(&run, cancel).await.unwrap().outcome, Outcome::Cancelled);
    assert_eq!(world.attempts(), once(&["a", "tidy"]));
    let cancelled = Standing::Skipped(SkipReason::Cancelled);
    assert_eq!(world.standing(&run, "b").await, cancelled);
}

#[tokio::test]
async fn a_second_cancel_drops_everything() {
    let world = World::new().await;
    let (canceller, cancel) = Canceller::new();
    world.told("a", [Act::BeStopped(Arc::new(canceller), 2)]);
    let run = world.run(with_tidying()).await;
    assert_eq!(world.drive(&run, cancel).await.unwrap().outcome, Outcome::Cancelled);
    assert_eq!(world.attempts(), once(&["a"]));
}

#[tokio::test]
async fn a_run_is_driven_by_one_agent_and_taken_over_when_that_is_dead() {
    let world = World::new().await;
    let hangs = Arc::new(Notify::new());
    world.told("c", [Act::Hang(Arc::clone(&hangs))]);
    let run = world.run(diamond()).await;
    tokio::select! {
        _ = world.drive(&run, Cancel::never()) => panic!("it hangs"),
        () = hangs.notified() => {}
    }
    let held = world.drive(&run, Cancel::never()).await;
    assert!(matches!(held, Err(EngineError::Store(_))), "the lease outlives its owner: {held:?}");
    world.attempts();
    world.clock.advance(LEASE_DURATION);
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    let again: Vec<_> = world.attempts().into_iter().filter(|(stage, _)| stage != "b").collect();
    assert_eq!(again, [("c".to_owned(), 2), ("d".to_owned(), 1)], "finished stages stay finished");
    assert_eq!(world.log(&run, "c"), ["performing", "performing"]);
}

/// The end of a run as far as it must not depend on crashes.
async fn end(world: &World, run: &RunId) -> Vec<(StageName, Standing)> {
    let state = world.state(run).await;
    state.stages().iter().map(|(name, stage)| (name.clone(), stage.standing.clone())).collect()
}

#[tokio::test]
async fn a_crash_after_any_stored_event_leads_to_the_same_end() {
    let stages = || {
        let retry = Retry {
            attempts: 2,
            backoff: Duration::from_secs(5),
            classes: vec![FailureClass::CloudError],
        };
        let mut stages = diamond();
        stages[1].retry = retry;
        stages.push(Stage { on: On::Failure, ..stage("never", &["d"]) });
        stages
    };
    let whole = World::new().await;
    whole.told("b", [Act::Fail(FailureClass::CloudError)]);
    let first = whole.run(stages()).await;
    assert_eq!(whole.outcome(&first).await, Outcome::Succeeded);
    let events: Vec<Event> = whole.witness.events.lock().unwrap().clone();
    assert!(events.len() > 10, "{events:?}");
    for length in 0..events.len() {
        let world = World::new().await;
        let run = world.run(stages()).await;
        let dead = world.engine.store.acquire(&run).await.unwrap();
        let before = &events[..length];
        world.engine.store.append(&dead, 1, before).await.unwrap();
        world.clock.advance(LEASE_DURATION);
        assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
        assert_eq!(end(&world, &run).await, end(&whole, &first).await, "after {length} events");
        for (stage, _) in world.attempts() {
            let done = |event: &Event| matches!(event, Event::StageSucceeded { stage: s, .. } if s.as_str() == stage);
            assert!(!before.iter().any(done), "{stage} ran again after {length} events");
        }
    }
}

#[tokio::test]
async fn a_cancel_that_was_stored_outlives_the_agent() {
    let world = World::new().await;
    let run = world.run(with_tidying()).await;
    let dead = world.engine.store.acquire(&run).await.unwrap();
    let cancel = Event::CancelRequested { stop: Stop::Gentle };
    world.engine.store.append(&dead, 1, &[cancel]).await.unwrap();
    world.engine.store.release(&dead).await.unwrap();
    assert_eq!(world.outcome(&run).await, Outcome::Cancelled);
    assert_eq!(world.attempts(), once(&["tidy"]));
}

#[tokio::test]
async fn runs_to_one_environment_follow_each_other() {
    let world = World::new().await;
    let (first, second) = (world.run(diamond()).await, world.run(diamond()).await);
    let go = Arc::new(Notify::new());
    world.told("a", [Act::Await(Arc::clone(&go))]);
    let one = world.outcome(&first);
    let two = async {
        while world.state(&first).await.stage(&name("a")).unwrap().attempt.is_none() {
            tokio::task::yield_now().await;
        }
        world.outcome(&second).await
    };
    let time = async {
        world.witness.waiting.notified().await;
        assert_eq!(world.attempts(), once(&["a"]), "the second waits");
        go.notify_one();
        while *world.state(&first).await.phase() == Phase::Open {
            tokio::task::yield_now().await;
        }
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcomes = async { tokio::join!(one, two) } => {
            assert_eq!(outcomes, (Outcome::Succeeded, Outcome::Succeeded));
        }
        () = time => {}
    }
    assert_eq!(world.attempts(), once(&["b", "c", "d", "a", "b", "c", "d"]));
}

#[tokio::test]
async fn a_run_stopped_while_it_waits_for_its_environment_does_nothing() {
    let world = World::new().await;
    let (holder, run) = (world.run(diamond()).await, world.run(with_tidying()).await);
    let lease = world.engine.store.acquire(&holder).await.unwrap();
    world.engine.store.queue_for(&lease, &"prod".parse().unwrap()).await.unwrap();
    let (canceller, cancel) = Canceller::new();
    let (driven, ()) = tokio::join!(world.drive(&run, cancel), async {
        world.witness.waiting.notified().await;
        canceller.press();
    });
    assert_eq!(driven.unwrap().outcome, Outcome::Cancelled);
    assert_eq!(world.attempts(), []);
}

/// A log service that takes everything.
#[derive(Debug, Default)]
struct Taker(Mutex<Vec<String>>);

impl LogSink for Taker {
    fn ensure<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        _: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        self.0.lock().unwrap().push(stream.to_owned());
        Box::pin(async { Ok(PutOutcome::default()) })
    }

    fn arrived<'a>(
        &'a self,
        _: &'a str,
        _: RangeInclusive<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        Box::pin(async { Ok(BTreeSet::new()) })
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_run_that_nobody_can_ship_does_not_keep_others_waiting() {
    let world = World::new().await;
    let (gone, ours) = (world.run(diamond()).await, world.run(diamond()).await);
    world.outcome(&gone).await;
    world.outcome(&ours).await;
    let taker = Arc::new(Taker::default());
    let sink_of =
        |run: &RunRecord| (run.id == ours).then(|| Arc::clone(&taker) as Arc<dyn LogSink>);
    assert_eq!(world.engine.ship_leftovers(&sink_of, 1).await.unwrap(), 0);
    let taken = taker.0.lock().unwrap().clone();
    assert_eq!(taken, ["a", "b", "c", "d"].map(|stage| format!("prod/p/{ours}/{stage}")));
    assert_eq!(world.engine.store.runs_with_unsent_logs(9).await.unwrap(), [gone]);
}

async fn real_time() -> World {
    let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    World::with_time(&clock, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn commands_run_in_the_checkout_and_leave_files_with_digests() {
    let world = real_time().await;
    let make = "echo \"$RELEVO_BRANCH\"; cat data.csv; tr a-z A-Z < data.csv > upper.csv";
    let run = world
        .run(vec![
            Stage { outputs: vec!["upper.csv".into()], ..script("make", &[], make) },
            script("use", &["make"], "cat upper.csv >&2"),
        ])
        .await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.log(&run, "make"), ["main; $(exit 9)", "a,b"]);
    assert_eq!(world.log(&run, "use"), ["A,B"], "stages share the folder");
    let sha256 = relevo::ids::Digest::of("A,B\n");
    let files = json!({ "files": { "upper.csv": { "sha256": sha256, "bytes": 4 } } });
    assert_eq!(world.standing(&run, "make").await, Standing::Succeeded(files));
    assert!(!world.engine.work.join(run.as_str()).exists(), "the checkout goes with the run");
    assert!(!world.repository().join("upper.csv").exists(), "the user's folder is left alone");
}

#[tokio::test]
async fn a_command_that_fails_says_how() {
    let world = real_time().await;
    let missing = Stage { outputs: vec!["none".into()], ..script("missing", &[], "true") };
    let outside = Stage { outputs: vec!["../x".into()], ..script("outside", &[], "touch ../x") };
    let argv = Action::Run(Command::Argv(vec!["no-such-program".into()]));
    let unknown = Stage { action: argv, ..stage("unknown", &[]) };
    let run = world.run(vec![script("code", &[], "exit 3"), missing, outside, unknown]).await;
    world.outcome(&run).await;
    for (stage, expected) in [
        ("code", "the command exited with code 3"),
        ("missing", "the command succeeded but its output 'none' cannot be taken: No such file"),
        ("outside", "the command succeeded but its output '../x' cannot be taken: it is outside"),
        ("unknown", "cannot run the command: no program 'no-such-program' in PATH="),
    ] {
        let Standing::Failed(failure) = world.standing(&run, stage).await else { panic!() };
        assert_eq!(failure.class, FailureClass::UserError);
        assert!(failure.message.starts_with(expected), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_missing_repository_is_the_users_error() {
    let world = real_time().await;
    let run = world.run(vec![script("a", &[], "true")]).await;
    std::fs::remove_dir_all(world.repository().join(Path::new(".git"))).unwrap();
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::UserError };
    assert_eq!(world.outcome(&run).await, expected);
}

#[tokio::test]
async fn a_chain_of_twenty_commands_is_stored_step_by_step() {
    let world = real_time().await;
    let argv = Action::Run(Command::Argv(vec!["true".into()]));
    let names: Vec<String> = (0..20).map(|number| format!("s{number}")).collect();
    let stages = (0..20).map(|index: usize| {
        let needs: Vec<&str> =
            index.checked_sub(1).map(|i| names[i].as_str()).into_iter().collect();
        Stage { action: argv.clone(), ..stage(&names[index], &needs) }
    });
    let run = world.run(stages.collect()).await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    let events = world.engine.store.events(&run).await.unwrap();
    assert_eq!(events.len(), 1 + 2 * 20 + 1);
    let took = events[41].at.duration_since(events[0].at);
    println!("twenty commands in a chain took {took:#}");
}

//! The desk and the line: orders by the people who may give them, looks at the line by agents that come and go.

use jiff::Timestamp;
use relevo::{
    clock::{Clock as _, SimulatedClock},
    dispatch::{Cancelling, Desk, DeskError, MOST_STRIKES, Person, Via, pass},
    flow::{Event, NotEntitled, Outcome, Request, Stop},
    ids::{Attempt, Digest, EnvName, RunId},
    queue::{Reason, Room},
    spec::{Action, BuiltIn, Command, EnvironmentRule, On, Pipeline, Retry, Stage, Supersede},
    store::{Ask, Facts, LEASE_DURATION, NewRun, Reused, Store},
};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tempfile::TempDir;

mod beginning;
mod line;
mod orders;

const HOUR: Duration = Duration::from_hours(1);
const ROOM: Room = Room { slots: 9, shortage: None };

struct World {
    _folder: TempDir,
    clock: SimulatedClock,
    store: Store,
    desk: Desk,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let file = folder.path().join("store.db");
        let store = Store::open(&file, Arc::new(clock.clone())).await.unwrap();
        let desk = Desk::new(store.clone(), Arc::new(clock.clone()));
        Self { _folder: folder, clock, store, desk }
    }

    /// A run of its own commit that `bob` pushed.
    async fn run(&self, commit: u8, pipeline: Pipeline) -> RunId {
        let new = NewRun {
            repository: "/repository".to_owned(),
            reference: "main".to_owned(),
            commit: hex::encode([commit; 20]).parse().unwrap(),
            environment: prod(),
            facts: Facts { by: Some("bob".to_owned()), ..Facts::default() },
            pipeline,
            reused: Reused::default(),
        };
        let made = self.store.create_or_find(new, Ask::Again).await.unwrap().into_run().id;
        self.clock.advance(Duration::from_millis(1));
        made
    }

    /// A run that was driven until it asked.
    async fn parked(&self, commit: u8, request: Request) -> RunId {
        let run = self.run(commit, pipeline(Supersede::Every, false)).await;
        let until = request.until;
        let (stage, attempt) = ("approve".parse().unwrap(), Attempt::FIRST);
        let asks = [
            Event::StageStarted { stage, attempt },
            Event::StageParked { stage: "approve".parse().unwrap(), attempt, request },
        ];
        let lease = self.store.acquire(&run).await.unwrap();
        self.store.append(&lease, 1, &asks).await.unwrap();
        self.store.park(&lease, until).await.unwrap();
        self.store.release(&lease).await.unwrap();
        run
    }

    async fn outcome(&self, run: &RunId) -> Option<Outcome> {
        self.store.run(run).await.unwrap().outcome
    }

    /// One look: who is to start, and why the others wait.
    async fn look(&self) -> (Vec<RunId>, Vec<(RunId, Reason)>) {
        let ours = BTreeSet::new();
        let looked =
            pass(&self.store, self.clock.now(), ROOM, &ours, &BTreeSet::new()).await.unwrap();
        (looked.start.into_iter().map(|run| run.id).collect(), looked.waiting)
    }

    async fn acts(&self) -> Vec<String> {
        let acts = self.store.acts(1, 99).await.unwrap();
        acts.into_iter().map(|record| format!("{} {}", record.act.who, record.act.act)).collect()
    }

    fn request(&self) -> Request {
        Request {
            plan: Digest::of("plan"),
            changes: 3,
            required: 1,
            approvers: Vec::new(),
            self_approval: true,
            until: self.clock.now() + HOUR,
        }
    }
}

fn prod() -> EnvName {
    "prod".parse().unwrap()
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), via: Via::Api }
}

fn stage(name: &str, needs: &[&str], action: Action) -> Stage {
    Stage {
        credentials: None,
        runs_on: None,
        name: name.parse().unwrap(),
        action,
        needs: needs.iter().map(|need| need.parse().unwrap()).collect(),
        environment: None,
        when: None,
        on: On::Success,
        variables: Default::default(),
        timeout: HOUR,
        no_output_timeout: None,
        retry: Retry { attempts: 1, backoff: HOUR, classes: Vec::new() },
        outputs: Vec::new(),
    }
}

/// plan, approve, deploy, and perhaps a command that tidies up in any case.
fn pipeline(supersede: Supersede, tidies: bool) -> Pipeline {
    let mut stages = vec![
        stage("approve", &[], Action::Uses(BuiltIn::Approve)),
        stage("deploy", &["approve"], Action::Uses(BuiltIn::DeployPipelines)),
    ];
    if tidies {
        let tidy = stage("tidy", &["deploy"], Action::Run(Command::Argv(vec!["true".into()])));
        stages.push(Stage { on: On::Always, ..tidy });
    }
    let rule = EnvironmentRule {
        runs_on: std::collections::BTreeSet::new(),
        name: prod(),
        branch: "main".into(),
        after: None,
        supersede,
        windows: None,
    };
    Pipeline { name: "p".into(), environments: vec![rule], stages }
}

/// What a run says whose stages went well.
fn succeeded(stages: &[&str]) -> Vec<Event> {
    let mut events = Vec::new();
    for name in stages {
        let (stage, attempt): (relevo::ids::StageName, _) = (name.parse().unwrap(), Attempt::FIRST);
        events.push(Event::StageStarted { stage: stage.clone(), attempt });
        events.push(Event::StageSucceeded { stage, attempt, outputs: json!({ "by": name }) });
    }
    events.push(Event::RunFinished { outcome: Outcome::Succeeded });
    events
}

fn long_ago() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

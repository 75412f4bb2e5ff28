//! Runs told to GitHub through the outbox: whatever fails on the way, in the end it is all there, once.

mod comment;
mod late;
mod others;
mod turns;

use super::{Fake, Fault, Jumping, TOKEN, app, client, commit, repository, token};
use relevo::{
    clock::Clock as _,
    flow::{Event, Failure, Outcome, SkipReason},
    github::{BETWEEN_CHANGES, Credentials},
    ids::{Attempt, StageName},
    logs::Masker,
    report::{Annotation, Level, Manner, Stages},
    spec::{Action, BuiltIn, Command, EnvironmentRule, FailureClass, On, Pipeline, Retry, Stage},
    store::{Ask, Facts, LEASE_DURATION, NewRun, Reused, RunRecord, Store},
    telling::{Addressee, Teller},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tempfile::TempDir;

const REPOSITORY: &str = "https://github.com/octo/model.git";
const SECRET: &str = "hunter2-hunter2";

pub fn stage(name: &str, action: Action) -> Stage {
    Stage {
        credentials: None,
        runs_on: None,
        name: name.parse().unwrap(),
        action,
        needs: [].into_iter().collect(),
        environment: None,
        when: None,
        on: On::Success,
        variables: BTreeMap::new(),
        timeout: Duration::from_secs(60),
        no_output_timeout: None,
        retry: Retry { attempts: 1, backoff: Duration::from_secs(1), classes: Vec::new() },
        outputs: Vec::new(),
    }
}

/// validate, a command, deploy-pipelines.
fn pipeline() -> Pipeline {
    let rule = EnvironmentRule {
        name: "prod".parse().unwrap(),
        branch: "main".to_owned(),
        after: None,
        supersede: relevo::spec::Supersede::default(),
        windows: None,
        runs_on: std::collections::BTreeSet::new(),
    };
    Pipeline {
        name: "model".to_owned(),
        environments: vec![rule],
        stages: vec![
            stage("validate", Action::Uses(BuiltIn::Validate)),
            stage("lint", Action::Run(Command::Argv(vec!["true".to_owned()]))),
            stage("deploy", Action::Uses(BuiltIn::DeployPipelines)),
        ],
    }
}

/// A store, a GitHub and somebody who tells the one to the other.
pub struct Desk {
    pub fake: Fake,
    pub store: Store,
    pub teller: Teller,
    _folder: TempDir,
}

impl Desk {
    pub async fn new(credentials: Credentials) -> Self {
        let fake = Fake::start().await;
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(fake.clock.clone());
        let store = Store::open(&folder.path().join("store"), clock).await.unwrap();
        let stages = match credentials {
            Credentials::App(_) => Stages::Checks,
            Credentials::Token(_) | Credentials::TokenFile(_) => Stages::Statuses,
        };
        let client = client(&fake, credentials);
        let teller = teller(&store, &fake.clock, Some(client), stages);
        Self { fake, store, teller, _folder: folder }
    }

    pub async fn run(&self, ask: Ask) -> RunRecord {
        self.store.create_or_find(self.new_run(), ask).await.unwrap().into_run()
    }

    fn new_run(&self) -> NewRun {
        NewRun {
            repository: REPOSITORY.to_owned(),
            reference: "main".to_owned(),
            commit: commit('a'),
            environment: "prod".parse().unwrap(),
            facts: Facts::default(),
            pipeline: pipeline(),
            reused: Reused::default(),
        }
    }

    /// Something happens to a run.
    pub async fn happen(&self, run: &RunRecord, events: &[Event]) {
        let lease = self.store.acquire(&run.id).await.unwrap();
        let known = self.store.events(&run.id).await.unwrap().len() as u64;
        self.store.append(&lease, known, events).await.unwrap();
        self.store.release(&lease).await.unwrap();
    }

    pub async fn evidence(&self, run: &RunRecord, name: &str, value: Value) {
        let lease = self.store.acquire(&run.id).await.unwrap();
        self.store.keep_evidence(&lease, name, &value).await.unwrap();
        self.store.release(&lease).await.unwrap();
    }

    /// Passes until nothing is left to say.
    pub async fn tell(&self) {
        let lease = self.store.acquire_outbox().await.unwrap().expect("nobody else tells");
        for _ in 0..200 {
            let told = self.teller.pass(&lease).await.unwrap();
            match told.next {
                None => {
                    self.store.release_outbox(&lease).await.unwrap();
                    return;
                }
                Some(next) => {
                    let wait = relevo::clock::until(self.fake.clock.now(), next);
                    self.fake.clock.sleep(wait).await;
                }
            }
        }
        panic!("there is no end to telling");
    }

    async fn states(&self, run: &RunRecord) -> Vec<(String, String)> {
        let rows = self.store.outbox(&run.id).await.unwrap();
        rows.into_iter().map(|row| (row.name, row.state)).collect()
    }

    /// How each check run stands, by name.
    fn checks(&self) -> BTreeMap<String, Value> {
        let text = |check: &Value| check["name"].as_str().unwrap().to_owned();
        self.fake.see(|m| m.checks.iter().map(|c| (text(c), c["conclusion"].clone())).collect())
    }
}

pub fn teller(
    store: &Store,
    clock: &Jumping,
    client: Option<relevo::github::Client>,
    stages: Stages,
) -> Teller {
    let manner = Manner {
        stages,
        web: Some("https://agent.example.org/".parse().unwrap()),
        alarms: [].into_iter().collect(),
    };
    let addressee = Addressee { github: Some(repository()), manner };
    Teller {
        store: store.clone(),
        clock: Arc::new(clock.clone()),
        masker: Masker::of([SECRET]),
        addressees: BTreeMap::from([(REPOSITORY.to_owned(), addressee)]),
        github: client.map(Arc::new),
        topics: None,
        webhook: None,
    }
}

pub fn name(text: &str) -> StageName {
    text.parse().unwrap()
}

pub fn started(stage: &str) -> Event {
    Event::StageStarted { stage: name(stage), attempt: Attempt::FIRST }
}

pub fn succeeded(stage: &str) -> Event {
    Event::StageSucceeded { stage: name(stage), attempt: Attempt::FIRST, outputs: json!({}) }
}

pub fn failed(stage: &str, message: &str) -> Event {
    let failure = Failure::new(FailureClass::UserError, message);
    Event::StageFailed { stage: name(stage), attempt: Attempt::FIRST, failure }
}

pub fn skipped(stage: &str) -> Event {
    Event::StageSkipped { stage: name(stage), reason: SkipReason::ConditionFalse }
}

/// From the first stage to the last.
pub fn promotion() -> Vec<Event> {
    vec![
        started("validate"),
        succeeded("validate"),
        skipped("lint"),
        started("deploy"),
        succeeded("deploy"),
        Event::RunFinished { outcome: Outcome::Succeeded },
    ]
}

#[tokio::test]
async fn a_promotion_is_told_stage_by_stage_and_changes_are_a_second_apart() {
    let desk = Desk::new(app()).await;
    let run = desk.run(Ask::Once).await;
    desk.tell().await;
    assert!(desk.checks().values().all(|conclusion| conclusion.is_null()), "all are queued");
    let events = promotion();
    for event in &events {
        desk.happen(&run, std::slice::from_ref(event)).await;
        desk.tell().await;
    }
    let expected = [
        ("relevo/prod/deploy", json!("success")),
        ("relevo/prod/lint", json!("skipped")),
        ("relevo/prod/validate", json!("success")),
    ];
    assert_eq!(desk.checks(), expected.map(|(name, c)| (name.to_owned(), c)).into());
    let states: Vec<String> =
        desk.fake.see(|m| m.statuses.iter().map(|s| s["state"].to_string()).collect());
    assert_eq!(states, ["\"pending\"", "\"pending\"", "\"success\""], "queue, running, done");
    let deployed = desk.fake.see(|m| {
        (
            m.deployments.clone(),
            m.deployment_statuses.iter().map(|s| s["state"].clone()).collect::<Vec<_>>(),
        )
    });
    assert_eq!((deployed.0.len(), deployed.1), (1, vec![json!("in_progress"), json!("success")]));
    assert_eq!(deployed.0[0]["payload"], json!({"run": run.id}));
    let page = format!("https://agent.example.org/runs/{}", run.id);
    assert_eq!(desk.fake.see(|m| m.statuses[2]["target_url"].clone()), json!(page));
    let changes = desk.fake.changes();
    let mut apart = changes.windows(2).filter(|two| !two[0].path.contains("access_tokens"));
    assert!(
        apart.all(|two| two[1].at.duration_since(two[0].at) >= BETWEEN_CHANGES.try_into().unwrap())
    );
    let before = changes.len();
    desk.tell().await;
    assert_eq!(desk.fake.changes().len(), before, "what was said is not said again");
}

#[tokio::test]
async fn with_a_token_stages_are_statuses() {
    let desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    let failed = failed("validate", &format!("line 3 of\nthe file holds {SECRET} and is wrong"));
    let need =
        SkipReason::NeedNotMet { need: name("validate"), ending: relevo::flow::Ending::Failed };
    let outcome = Outcome::Failed { stage: name("validate"), class: FailureClass::UserError };
    let events = [
        started("validate"),
        failed,
        skipped("lint"),
        Event::StageSkipped { stage: name("deploy"), reason: need },
        Event::RunFinished { outcome },
    ];
    desk.happen(&run, &events).await;
    desk.tell().await;
    let said = desk.fake.see(|m| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let said = m
            .statuses
            .iter()
            .map(|s| (text(&s["context"]), (text(&s["state"]), text(&s["description"]))));
        said.collect::<BTreeMap<_, _>>()
    });
    let of = |context: &str| (said[context].0.as_str(), said[context].1.as_str());
    let reason = "failed in validate: line 3 of the file holds *** and is wrong";
    assert_eq!(of("relevo/prod"), ("failure", reason));
    assert_eq!(
        of("relevo/prod/validate"),
        ("failure", "line 3 of the file holds *** and is wrong")
    );
    assert_eq!(of("relevo/prod/lint").0, "success", "a filtered stage must not hang");
    assert_eq!(of("relevo/prod/deploy"), ("error", "not run: validate failed"));
    assert_eq!(desk.fake.see(|m| m.deployments.len()), 0, "prod is untouched");
    let sent =
        desk.fake.see(|m| format!("{:?}", m.requests.iter().map(|r| &r.body).collect::<Vec<_>>()));
    assert!(!sent.contains(SECRET) && !sent.contains(TOKEN));
}

#[tokio::test]
async fn findings_stand_beside_their_lines_fifty_at_a_time_and_once() {
    let desk = Desk::new(app()).await;
    let run = desk.run(Ask::Once).await;
    let finding = |line: usize| Annotation {
        path: "pipeline.yaml".to_owned(),
        start_line: line,
        end_line: line,
        annotation_level: Level::Warning,
        message: "is never used".to_owned(),
        title: "unused".to_owned(),
    };
    let findings: Vec<_> = (1..=120).map(finding).collect();
    desk.evidence(&run, "findings", json!(findings)).await;
    desk.happen(&run, &[started("validate"), succeeded("validate")]).await;
    // The first fifty arrive, the answer does not.
    desk.fake.fail("POST", "/check-runs", Fault::ActThen(502));
    desk.tell().await;
    desk.tell().await;
    let sent = desk.fake.see(|m| {
        let of = |r: &super::fake::Recorded| r.body["output"]["annotations"].clone();
        let lists: Vec<_> = m.requests.iter().map(of).filter(|l| l.is_array()).collect();
        assert!(lists.iter().all(|list| list.as_array().unwrap().len() <= 50));
        lists.into_iter().flat_map(|list| list.as_array().unwrap().clone()).collect::<Vec<_>>()
    });
    assert_eq!(sent, findings.iter().map(|f| json!(f)).collect::<Vec<_>>());
}

#[tokio::test]
async fn whatever_fails_on_the_way_everything_is_there_once_in_the_end() {
    for credentials in [app(), token()] {
        let desk = Desk::new(credentials).await;
        let run = desk.run(Ask::Once).await;
        desk.happen(&run, &promotion()).await;
        for path in ["/statuses/", "/check-runs", "/deployments"] {
            desk.fake.fail("POST", path, Fault::ActThen(502));
            desk.fake.fail("POST", path, Fault::ActInSilence);
            let after = vec![("retry-after", "120".to_owned())];
            let slower = json!({"message": "You have exceeded a secondary rate limit"});
            desk.fake.fail("POST", path, Fault::Refuse(403, after, slower));
            desk.fake.fail("POST", path, Fault::Refuse(401, vec![], json!({})));
        }
        desk.tell().await;
        desk.fake.see(|m| {
            let contexts: std::collections::BTreeSet<_> =
                m.statuses.iter().map(|s| s["context"].to_string()).collect();
            assert_eq!(contexts.len(), m.statuses.len(), "{:#?}", m.statuses);
            let names: std::collections::BTreeSet<_> =
                m.checks.iter().map(|c| c["external_id"].to_string()).collect();
            assert_eq!(names.len(), m.checks.len());
            assert_eq!((m.deployments.len(), m.deployment_statuses.len()), (1, 1));
            assert_eq!(m.statuses.len() + m.checks.len(), 4);
        });
        assert!(desk.states(&run).await.iter().all(|(_, state)| state == "sent"));
    }
}

#[tokio::test]
async fn an_agent_that_dies_behind_the_wire_leaves_nothing_double() {
    let desk = Desk::new(app()).await;
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &promotion()).await;
    for path in ["/check-runs", "/deployments", "/statuses/"] {
        desk.fake.fail("POST", path, Fault::ActInSilence);
        let silent = Arc::clone(&desk.fake.clock.silent);
        let lease = desk.store.acquire_outbox().await.unwrap().unwrap();
        let died = async { silent.notified().await };
        tokio::select! {
            biased;
            () = died => {}
            told = desk.teller.pass(&lease) => panic!("{told:?}"),
        }
        desk.fake.clock.sleep(LEASE_DURATION).await;
        let next = desk.store.acquire_outbox().await.unwrap().expect("the lease has ended");
        assert!(desk.teller.pass(&lease).await.is_err(), "the outbox is another's by now");
        desk.store.release_outbox(&next).await.unwrap();
    }
    desk.tell().await;
    desk.fake.see(|m| {
        assert_eq!((m.statuses.len(), m.checks.len(), m.deployments.len()), (1, 3, 1));
        assert_eq!(m.deployment_statuses.len(), 1);
    });
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_with_its_reason_and_new_words_are_tried_again() {
    let desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    for _ in 0..3 {
        let body = json!({"message": "No commit found for SHA"});
        desk.fake.fail("POST", "/statuses/", Fault::Refuse(422, vec![], body));
    }
    // One saying at a time, so that all three refusals are of the first.
    desk.happen(&run, &[started("validate")]).await;
    desk.tell().await;
    let rows = desk.store.outbox(&run.id).await.unwrap();
    assert!(rows.iter().all(|row| row.state == "sent" || row.state == "given-up"));
    for row in rows.iter().filter(|row| row.state == "given-up") {
        assert!(row.problem.as_ref().unwrap().contains("422, No commit found"), "{row:?}");
    }
    desk.happen(&run, &promotion()[1..]).await;
    desk.tell().await;
    let states = desk.states(&run).await;
    let of_changed =
        states.iter().filter(|(name, _)| name == "status" || name.ends_with("validate"));
    assert!(
        of_changed.clone().count() == 2 && of_changed.clone().all(|(_, state)| state == "sent"),
        "{states:?}"
    );
}

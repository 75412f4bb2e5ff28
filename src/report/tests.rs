//! Runs by hand, and what is said about them.

use super::*;
use crate::{
    flow::{Ending, Failure, Outcome, Request, SkipReason, Withdrawal},
    ids::{Attempt, Digest, StageName},
    model::{Decision, Reason, Verdict},
    plan::Plan,
    spec::{
        Action as Does, BuiltIn, EnvironmentRule, FailureClass, GatePolicy, Metric, On, Retry,
        Stage,
    },
};
use serde_json::json;
use std::time::Duration;

fn name(text: &str) -> StageName {
    text.parse().unwrap()
}

fn stage(text: &str, built_in: BuiltIn) -> Stage {
    Stage {
        credentials: None,
        runs_on: None,
        name: name(text),
        action: Does::Uses(built_in),
        needs: Default::default(),
        environment: None,
        when: None,
        on: On::Success,
        variables: Default::default(),
        timeout: Duration::from_secs(60),
        no_output_timeout: None,
        retry: Retry { attempts: 1, backoff: Duration::from_secs(1), classes: Vec::new() },
        outputs: Vec::new(),
    }
}

fn policy() -> GatePolicy {
    GatePolicy { metric: Metric::Auc, at_least: 0.8, not_worse_than_baseline_by: 0.02 }
}

/// A run of three stages from dev to prod.
struct Story {
    run: RunId,
    commit: Sha,
    environment: EnvName,
    pipeline: Pipeline,
    events: Vec<Event>,
    evidence: Evidence,
}

impl Story {
    fn of(events: Vec<Event>) -> Self {
        let rule = |name: &str, after: Option<&str>| EnvironmentRule {
            supersede: crate::spec::Supersede::default(),
            windows: None,
            runs_on: std::collections::BTreeSet::new(),
            name: name.parse().unwrap(),
            branch: "main".to_owned(),
            after: after.map(|after| after.parse().unwrap()),
        };
        Self {
            run: RunId::from(uuid::Uuid::from_u128(7)),
            commit: "a".repeat(40).parse().unwrap(),
            environment: "prod".parse().unwrap(),
            pipeline: Pipeline {
                name: "mammo".to_owned(),
                environments: vec![rule("dev", None), rule("prod", Some("dev"))],
                stages: vec![
                    stage("gate", BuiltIn::Gate(policy())),
                    stage("plan", BuiltIn::Plan),
                    stage("deploy", BuiltIn::DeployPipelines),
                ],
            },
            events: [vec![Event::RunCreated], events].concat(),
            evidence: Evidence::default(),
        }
    }

    fn tell(&self, stages: Stages) -> Vec<Saying> {
        let at = |n: usize| Timestamp::from_second(i64::try_from(n).unwrap()).unwrap();
        let events: Vec<_> = self.events.iter().enumerate().map(|(n, e)| (at(n), e)).collect();
        let record = Record {
            run: &self.run,
            reference: "main",
            commit: &self.commit,
            environment: &self.environment,
            pipeline: &self.pipeline,
            events: &events,
            evidence: self.evidence.clone(),
        };
        let alarms = [Alarm::Topic, Alarm::Webhook].into();
        sayings(&record, &Manner { stages, web: None, alarms }).unwrap()
    }

    fn said(&self, key: &str) -> Option<Content> {
        let said = self.tell(Stages::Checks).into_iter().find(|saying| saying.key == key);
        said.map(|saying| saying.content)
    }

    fn check(&self, stage: &str) -> CheckRun {
        match self.said(&format!("check/{stage}")) {
            Some(Content::Check(check)) => check,
            other => panic!("{other:?}"),
        }
    }
}

fn started(stage: &str) -> Event {
    Event::StageStarted { stage: name(stage), attempt: Attempt::FIRST }
}

fn succeeded(stage: &str) -> Event {
    Event::StageSucceeded { stage: name(stage), attempt: Attempt::FIRST, outputs: json!({}) }
}

fn failed(stage: &str, class: FailureClass, message: &str) -> Event {
    let failure = Failure::new(class, message);
    Event::StageFailed { stage: name(stage), attempt: Attempt::FIRST, failure }
}

fn left_out(stage: &str, reason: SkipReason) -> Event {
    Event::StageSkipped { stage: name(stage), reason }
}

/// The gate says no.
fn refused() -> Story {
    let need = || SkipReason::NeedNotMet { need: name("gate"), ending: Ending::Failed };
    let mut story = Story::of(vec![
        started("gate"),
        failed("gate", FailureClass::GateRefused, "the candidate's AUC 0.7 is below the floor 0.8"),
        left_out("plan", need()),
        left_out("deploy", need()),
        Event::RunFinished { outcome: Outcome::GateRefused },
    ]);
    story.evidence.verdict = Some(Verdict {
        decision: Decision::Refused,
        reasons: vec![Reason::BelowFloor { value: 0.7, lower: 0.6, floor: 0.8 }],
        policy: policy(),
        rows: 100,
        evidence: None,
    });
    story
}

fn plan(notes: Vec<String>) -> Plan {
    Plan {
        environment: "prod".parse().unwrap(),
        account: "222222222222".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        commit: "a".repeat(40).parse().unwrap(),
        changes: Vec::new(),
        notes,
        schedule: None,
    }
}

#[test]
fn a_refusal_shows_its_figures_and_deploys_nothing() {
    let story = refused();
    let gate = story.check("gate");
    let text = gate.text.unwrap();
    assert!(text.contains("refused: AUC at least 0.8") && text.contains("0.7000"), "{text}");
    let at = Timestamp::from_second(2).unwrap();
    assert_eq!(gate.progress, Progress::Completed { conclusion: Conclusion::Failure, at });
    let left = story.check("deploy");
    assert!(matches!(left.progress, Progress::Completed { conclusion: Conclusion::Cancelled, .. }));
    assert_eq!(left.title, "not run: gate failed");
    assert_eq!(story.said("deployment"), None);
    let Some(Content::Status(status)) = story.said("status") else { panic!("there is a status") };
    assert_eq!(status.description, "the gate refused it; prod is untouched");
    let Some(Content::Alert(alert)) = story.said("alert/topic") else {
        panic!("there is an alert")
    };
    assert_eq!(alert.subject, "mammo: promotion to prod gate refused");
    assert!(alert.text.contains("prod is untouched") && alert.text.contains("below the floor"));
}

fn status(story: &Story) -> (StatusState, String) {
    match story.said("status") {
        Some(Content::Status(status)) => (status.state, status.description),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_stands_still_says_what_people_are_asked_and_goes_on_when_they_have_answered() {
    let parked = || {
        let request = Request {
            plan: Digest::of(b"a plan"),
            changes: 2,
            required: 1,
            approvers: Vec::new(),
            self_approval: true,
            until: Timestamp::UNIX_EPOCH,
        };
        Event::StageParked { stage: name("gate"), attempt: Attempt::FIRST, request }
    };
    let asked = Story::of(vec![started("gate"), parked()]);
    let plan = Digest::of(b"a plan");
    let waits = format!("waits for approval of plan {}", plan.short());
    let order = format!("{waits}: agent approve {} --plan {}", asked.run.short(), plan.short());
    assert_eq!(status(&asked), (StatusState::Pending, order));
    let check = asked.check("gate");
    assert_eq!((check.progress, check.title), (Progress::InProgress, waits));
    let answered = Event::StageAwoken { stage: name("gate") };
    let answered = Story::of(vec![started("gate"), parked(), answered]);
    assert_eq!(status(&answered).1, "running");
    assert_ne!(answered.check("gate").title, asked.check("gate").title);
}

#[test]
fn a_run_whose_place_was_taken_says_by_which() {
    let by = RunId::from(uuid::Uuid::from_u128(8));
    let why = Withdrawal::Superseded { by: by.clone() };
    let left = ["gate", "plan", "deploy"].map(|stage| left_out(stage, SkipReason::Cancelled));
    let finished = Event::RunFinished { outcome: Outcome::Superseded { by: by.clone() } };
    let events = [vec![Event::RunWithdrawn { why }], left.to_vec(), vec![finished]].concat();
    let expected = (StatusState::Error, format!("superseded by {}", by.short()));
    assert_eq!(status(&Story::of(events)), expected);
}

#[test]
fn a_filtered_run_passes_and_says_that_nothing_ran() {
    let filtered = |stage| left_out(stage, SkipReason::ConditionFalse);
    let outcome = Outcome::Succeeded;
    let events = vec![
        filtered("gate"),
        filtered("plan"),
        filtered("deploy"),
        Event::RunFinished { outcome },
    ];
    let story = Story::of(events);
    for saying in story.tell(Stages::Statuses) {
        let Content::Status(status) = saying.content else { panic!("{}", saying.key) };
        assert_eq!(status.state, StatusState::Success);
        assert!(status.description.starts_with("skipped"), "{}", status.description);
    }
}

#[test]
fn a_deployment_begins_with_the_first_change_and_ends_with_the_run() {
    let before = vec![started("gate"), succeeded("gate"), started("plan"), succeeded("plan")];
    assert_eq!(Story::of(before.clone()).said("deployment"), None);
    let state =
        |more: Vec<Event>| match Story::of([before.clone(), more].concat()).said("deployment") {
            Some(Content::Deployment(deployment)) => (deployment.state, deployment.production),
            other => panic!("{other:?}"),
        };
    assert_eq!(state(vec![started("deploy")]), (DeploymentState::InProgress, true));
    let ended = |event, outcome| vec![started("deploy"), event, Event::RunFinished { outcome }];
    let done = ended(succeeded("deploy"), Outcome::Succeeded);
    assert_eq!(state(done).0, DeploymentState::Success);
    let class = FailureClass::CloudError;
    let outcome = Outcome::Failed { stage: name("deploy"), class };
    assert_eq!(state(ended(failed("deploy", class, "no"), outcome)).0, DeploymentState::Error);
}

#[test]
fn a_long_plan_is_cut_where_github_would_refuse_it() {
    let mut story = Story::of(vec![started("gate"), succeeded("gate")]);
    story.evidence.plan = Some(plan(vec!["x".repeat(300); 1000]));
    let Some(Content::Comment(comment)) = story.said("comment") else { panic!("there is a plan") };
    assert!(comment.body.chars().count() <= 65_536);
    assert!(comment.body.contains("All of it: `agent show 00000007`"));
    assert_eq!(comment.body.lines().next(), Some(comment.marker.as_str()));
    story.events.extend([started("plan"), succeeded("plan")]);
    let text = story.check("plan").text.unwrap();
    assert!(text.chars().count() <= 65_535 && text.contains("The rest"));
}

#[test]
fn the_same_record_says_the_same_and_a_hidden_repository_hears_of_failures_only() {
    let story = refused();
    assert_eq!(story.tell(Stages::Checks), story.tell(Stages::Checks));
    let keys: Vec<String> = story.tell(Stages::Hidden).into_iter().map(|said| said.key).collect();
    assert_eq!(keys, ["alert/topic", "alert/webhook"]);
    assert!(Story::of(vec![started("gate")]).tell(Stages::Hidden).is_empty());
}

#[test]
fn every_saying_survives_being_kept() {
    for saying in refused().tell(Stages::Checks) {
        let kept = serde_json::to_string(&saying.content).unwrap();
        assert_eq!(serde_json::from_str::<Content>(&kept).unwrap(), saying.content);
    }
}

//! Answers to runs that ask people, given at GitHub: whose counts, about which plan, and how often.

use super::{
    APP, Fault, app, commit,
    ears::{Ears, NAME},
    telling::stage,
    token,
};
use crate::world::World;
use relevo::{
    dispatch::{Desk, Person},
    flow::{Event, Outcome, Request},
    ids::{Attempt, DeliveryId, Digest, StageName},
    intake::Verdict,
    spec::{Action, BuiltIn, Pipeline},
    store::{Ask, Delivery, Facts, Kept, NewDelivery, NewRun, Reused, RunRecord, Says, Via},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

impl Ears {
    /// A run of its own that asks about a plan; ada and cy may answer.
    async fn asks(&self, digit: char, required: u32) -> RunRecord {
        let approve = stage("approve", Action::Uses(BuiltIn::Approve));
        let new = NewRun {
            repository: self.repository.source.clone(),
            reference: "main".to_owned(),
            commit: commit(digit),
            environment: "prod".parse().unwrap(),
            facts: Facts { by: Some("bob".to_owned()), ..Facts::default() },
            pipeline: Pipeline {
                name: "p".to_owned(),
                environments: vec![],
                stages: vec![approve],
            },
            reused: Reused::default(),
        };
        let run = self.agent.app.store.create_or_find(new, Ask::Once).await.unwrap().into_run();
        self.ask(&run, (Attempt::FIRST, "plan", required)).await;
        run
    }

    async fn ask(&self, run: &RunRecord, (attempt, plan, required): (Attempt, &str, u32)) {
        let until = relevo::clock::later(self.now(), Duration::from_hours(1));
        let request = Request {
            plan: Digest::of(plan),
            changes: 3,
            required,
            approvers: vec!["github:ada".to_owned(), "github:Cy".to_owned()],
            self_approval: true,
            until,
        };
        let stage: StageName = "approve".parse().unwrap();
        let asks = [
            Event::StageStarted { stage: stage.clone(), attempt },
            Event::StageParked { stage, attempt, request },
        ];
        let store = &self.agent.app.store;
        let lease = store.acquire(&run.id).await.unwrap();
        let known = store.events(&run.id).await.unwrap().len() as u64;
        store.append(&lease, known, &asks).await.unwrap();
        store.park(&lease, until).await.unwrap();
        store.release(&lease).await.unwrap();
    }

    fn now(&self) -> jiff::Timestamp {
        relevo::clock::Clock::now(&self.agent.clock)
    }

    async fn keep(&self, id: &str, event: &str, body: &Value) -> Kept {
        let new = NewDelivery {
            id: id.parse().unwrap(),
            via: Via::Webhook,
            repository: NAME.to_owned(),
            event: event.to_owned(),
            body: body.to_string(),
        };
        self.agent.app.store.keep_delivery(&new).await.unwrap()
    }

    /// What became of a delivery, after one pass.
    async fn judged(&self, id: &str, event: &str, body: &Value) -> Option<Verdict> {
        self.keep(id, event, body).await;
        self.hearing.judge(NAME, Some(&self.repository)).await.unwrap();
        self.delivery(id).await.verdict
    }

    async fn commented(&self, id: &str, login: &str, text: &str) -> Option<Verdict> {
        self.judged(id, "issue_comment", &comment(login, text)).await
    }

    async fn delivery(&self, id: &str) -> Delivery {
        let id: DeliveryId = id.parse().unwrap();
        self.agent.app.store.delivery(&id).await.unwrap().unwrap()
    }

    /// Who answered what.
    async fn answers(&self, run: &RunRecord) -> Vec<(String, Says)> {
        let answers = self.agent.app.store.answers(&run.id).await.unwrap();
        answers.into_iter().map(|answer| (answer.person, answer.says)).collect()
    }

    fn reactions(&self) -> Vec<(String, String)> {
        self.fake.see(|memory| memory.reactions.clone())
    }
}

fn comment(login: &str, text: &str) -> Value {
    let person = json!({ "login": login, "type": "User" });
    json!({
        "action": "created", "sender": person, "issue": { "number": 7, "pull_request": {} },
        "comment": { "id": 5, "body": text, "user": person },
    })
}

fn pressed(login: &str, run: &RunRecord, (button, app): (&str, u64)) -> Value {
    let plan = Digest::of("plan");
    json!({
        "action": "requested_action",
        "requested_action": { "identifier": format!("{button}-{}", plan.short()) },
        "sender": { "login": login, "type": "User" },
        "check_run": {
            "head_sha": run.commit, "external_id": format!("{}/approve/{plan}", run.id),
            "app": { "id": app },
        },
    })
}

fn approve() -> String {
    format!("/approve {}", Digest::of("plan").short())
}

fn answered(run: &RunRecord, what: &str) -> Option<Verdict> {
    let reason = format!("{what} plan {}", Digest::of("plan").short());
    Some(Verdict::answered(run.id.clone(), reason))
}

fn yes(place: &str) -> (String, String) {
    (format!("{place}/5/reactions"), "+1".to_owned())
}

#[tokio::test]
async fn an_approvers_comment_counts_once_however_often_it_comes() {
    let ears = Ears::new(Some(token())).await;
    let run = ears.asks('a', 2).await;
    assert_eq!(ears.commented("one", "Ada", &approve()).await, answered(&run, "ada approved"));
    assert_eq!(ears.keep("one", "issue_comment", &comment("Ada", &approve())).await, Kept::Known);
    assert_eq!(ears.answers(&run).await, [("ada".to_owned(), Says::Approve)]);
    assert_eq!(ears.reactions(), [yes("issues/comments")]);
    let again = ears.commented("two", "ada", &approve()).await;
    assert!(
        matches!(&again, Some(Verdict::Refused { reason }) if reason.contains("answered")),
        "{again:?}"
    );
    let whole = format!("/approve {} {}", run.id.short(), Digest::of("plan"));
    let mut on_commit = comment("cy", &whole);
    on_commit["issue"] = Value::Null;
    on_commit["comment"]["commit_id"] = json!(commit('b'));
    let second = ears.judged("three", "commit_comment", &on_commit).await;
    assert_eq!(second, answered(&run, "cy approved"));
    assert!(ears.reactions().contains(&yes("comments")), "{:?}", ears.reactions());
    let two = [("ada".to_owned(), Says::Approve), ("cy".to_owned(), Says::Approve)];
    assert_eq!(ears.answers(&run).await, two);
}

#[tokio::test]
async fn a_delivery_that_was_answered_by_an_agent_that_died_answers_nothing_else() {
    let ears = Ears::new(Some(token())).await;
    let run = ears.asks('a', 2).await;
    let ada = Person { name: "Ada".to_owned(), via: relevo::dispatch::Via::GitHub };
    let desk = Desk::new(ears.agent.app.store.clone(), Arc::new(ears.agent.clock.clone()));
    let id = "one".parse().unwrap();
    desk.approve_plan(&ada, &run.id, (&Digest::of("plan"), &id)).await.unwrap();
    // By the time the next agent judges, the same plan is asked about by another run, too.
    let other = ears.asks('b', 2).await;
    assert_eq!(ears.commented("one", "Ada", &approve()).await, answered(&run, "ada approved"));
    assert_eq!((ears.answers(&run).await.len(), ears.answers(&other).await.len()), (1, 0));
}

#[tokio::test]
async fn what_is_not_an_approvers_own_word_about_this_plan_counts_for_nothing() {
    let ears = Ears::new(Some(token())).await;
    let run = ears.asks('a', 1).await;
    let other = format!("/approve {}", Digest::of("another plan").short());
    for (id, login, text, why) in [
        ("eve", "eve", approve(), "no approver at GitHub"),
        ("plan", "ada", other, "that is another one"),
        ("none", "ada", "/approve".to_owned(), "has to name the plan"),
        ("run", "ada", format!("/approve 00000000 {}", Digest::of("plan")), "no such run"),
        ("talk", "ada", "looks good".to_owned(), "asks for nothing"),
    ] {
        let verdict = ears.commented(id, login, &text).await;
        let (Some(Verdict::Refused { reason }) | Some(Verdict::Ignored { reason })) = &verdict
        else {
            panic!("{id}: {verdict:?}")
        };
        assert!(reason.contains(why), "{id}: {reason}");
    }
    for (id, pointer, value) in [
        ("edited", "/action", json!("edited")),
        ("bot", "/sender/type", json!("Bot")),
        ("quoted", "/comment/user/login", json!("cy")),
    ] {
        let mut body = comment("ada", &approve());
        *body.pointer_mut(pointer).unwrap() = value;
        let verdict = ears.judged(id, "issue_comment", &body).await;
        assert!(matches!(verdict, Some(Verdict::Ignored { .. })), "{id}: {verdict:?}");
    }
    let told = NewDelivery {
        id: "told".parse().unwrap(),
        via: Via::Poll,
        repository: NAME.to_owned(),
        event: "issue_comment".to_owned(),
        body: comment("ada", &approve()).to_string(),
    };
    ears.agent.app.store.keep_delivery(&told).await.unwrap();
    ears.hearing.judge(NAME, Some(&ears.repository)).await.unwrap();
    let verdict = ears.delivery("told").await.verdict;
    assert!(
        matches!(&verdict, Some(Verdict::Refused { reason }) if reason.contains("vouches")),
        "{verdict:?}"
    );
    assert_eq!(ears.answers(&run).await, []);
    assert_eq!(
        ears.reactions(),
        [("issues/comments/5/reactions".to_owned(), "confused".to_owned())]
    );
}

#[tokio::test]
async fn a_run_of_another_repository_is_not_answered_here() {
    let mut ears = Ears::new(Some(app())).await;
    let run = ears.asks('a', 1).await;
    let elsewhere = World::new();
    ears.repository.source = elsewhere.repository().display().to_string();
    let said = [
        ears.commented("one", "ada", &approve()).await,
        ears.judged("two", "check_run", &pressed("ada", &run, ("approve", APP))).await,
    ];
    for verdict in said {
        assert!(
            matches!(&verdict, Some(Verdict::Ignored { reason }) if reason.contains("no such run")),
            "{verdict:?}"
        );
    }
    assert_eq!(ears.answers(&run).await, []);
}

#[tokio::test]
async fn a_button_approves_the_plan_beside_it_and_no_other() {
    let ears = Ears::new(Some(app())).await;
    let run = ears.asks('a', 1).await;
    let mut stale = pressed("ada", &run, ("approve", APP));
    stale["check_run"]["external_id"] = json!(format!("{}/approve/{}", run.id, Digest::of("old")));
    for (id, body, why) in [
        ("stale", stale, "another one"),
        ("theirs", pressed("ada", &run, ("approve", APP + 1)), "another App"),
        ("eve", pressed("eve", &run, ("approve", APP)), "no approver at GitHub"),
    ] {
        let verdict = ears.judged(id, "check_run", &body).await;
        assert!(
            matches!(&verdict, Some(Verdict::Refused { reason }) if reason.contains(why)),
            "{id}: {verdict:?}"
        );
    }
    assert_eq!(ears.answers(&run).await, []);
    let yes = ears.judged("one", "check_run", &pressed("Cy", &run, ("approve", APP))).await;
    assert_eq!(yes, answered(&run, "cy approved"));
    let no = ears.asks('b', 1).await;
    let verdict = ears.judged("two", "check_run", &pressed("ada", &no, ("reject", APP))).await;
    assert_eq!(verdict, answered(&no, "ada rejected"));
    let outcome = ears.agent.app.store.run(&no.id).await.unwrap().outcome;
    assert_eq!(outcome, Some(Outcome::Rejected));
}

#[tokio::test]
async fn a_rejection_ends_the_run_with_the_reason_that_was_written() {
    let ears = Ears::new(Some(token())).await;
    let run = ears.asks('a', 1).await;
    let text =
        format!("/reject {} {} not before the audit", run.id.short(), Digest::of("plan").short());
    assert_eq!(ears.commented("one", "ada", &text).await, answered(&run, "ada rejected"));
    let answers = ears.agent.app.store.answers(&run.id).await.unwrap();
    assert_eq!(answers[0].reason.as_deref(), Some("not before the audit"));
    let record = ears.agent.app.store.run(&run.id).await.unwrap();
    assert_eq!(record.outcome, Some(Outcome::Rejected));
    let late = ears.commented("two", "cy", &approve()).await;
    assert!(matches!(late, Some(Verdict::Ignored { .. })), "{late:?}");
}

#[tokio::test]
async fn an_answer_stands_while_its_sign_has_to_wait() {
    let ears = Ears::new(Some(token())).await;
    let run = ears.asks('a', 1).await;
    ears.fake.fail("POST", "/reactions", Fault::Refuse(502, vec![], json!({})));
    assert_eq!(ears.commented("one", "ada", &approve()).await, None);
    assert_eq!(ears.answers(&run).await.len(), 1, "kept before it is shown");
    ears.agent.clock.advance(Duration::from_mins(1));
    ears.hearing.judge(NAME, Some(&ears.repository)).await.unwrap();
    assert_eq!(ears.delivery("one").await.verdict, answered(&run, "ada approved"));
    assert_eq!(
        (ears.answers(&run).await.len(), ears.reactions()),
        (1, vec![yes("issues/comments")])
    );
}

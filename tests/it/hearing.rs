//! Judging and looking, step by step, with time standing still.

mod order;

use crate::world::{Inside, World};
use futures_util::FutureExt as _;
use relevo::{
    clock::Clock as _,
    flow::{Event, Outcome},
    hearing::{Hearing, Looked, Repository},
    ids::{DeliveryId, RunId, Sha},
    intake::Verdict,
    store::{Delivery, Kept, NewDelivery, RunRecord, Via},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// An agent in this process that hears of its world's repository.
pub(crate) struct Ears {
    pub(crate) world: World,
    pub(crate) agent: Inside,
    pub(crate) hearing: Hearing,
    pub(crate) repository: Repository,
}

impl Ears {
    pub(crate) async fn new() -> Self {
        let world = World::new();
        let agent = world.app(".agent").await;
        let hearing = Hearing {
            store: agent.app.store.clone(),
            clock: Arc::new(agent.clock.clone()),
            mirrors: agent.app.mirrors(),
            credentials: Default::default(),
            github: None,
            projects: Default::default(),
            masker: Default::default(),
            made: Arc::default(),
        };
        let source = world.repository().display().to_string();
        let repository = Repository::polled("mammography".parse().unwrap(), source);
        Self { world, agent, hearing, repository }
    }

    async fn keep(&self, id: &str, event: &str, body: &Value) -> Kept {
        let new = NewDelivery {
            id: id.parse().unwrap(),
            via: Via::Webhook,
            repository: "mammography".to_owned(),
            event: event.to_owned(),
            body: body.to_string(),
        };
        self.agent.app.store.keep_delivery(&new).await.unwrap()
    }

    async fn keep_push(&self, id: &str, branch: &str, commit: &str) {
        let body = json!({ "ref": format!("refs/heads/{branch}"), "after": commit });
        assert_eq!(self.keep(id, "push", &body).await, Kept::New);
    }

    async fn judge(&self) -> usize {
        self.hearing.judge("mammography", Some(&self.repository)).await.unwrap().runs.len()
    }

    async fn delivery(&self, id: &str) -> Delivery {
        let id: DeliveryId = id.parse().unwrap();
        self.agent.app.store.delivery(&id).await.unwrap().unwrap()
    }

    async fn run(&self, id: &str) -> RunRecord {
        match self.delivery(id).await.verdict {
            Some(Verdict::Run { run }) => self.record(&run).await,
            other => panic!("{id}: {other:?}"),
        }
    }

    async fn record(&self, run: &RunId) -> RunRecord {
        self.agent.app.store.run(run).await.unwrap()
    }

    /// The newest run of a branch.
    async fn newest(&self, branch: &str) -> RunRecord {
        let runs = self.hearing.store.newest_runs(10).await.unwrap();
        runs.into_iter().find(|run| run.reference == branch).unwrap()
    }

    fn tip(&self, branch: &str) -> String {
        self.world.git(&["rev-parse", branch])
    }

    async fn look(&self, before: Option<&Looked>) -> Looked {
        let before = match before {
            Some(Looked::Moved { tips, .. }) => Some(tips),
            Some(Looked::Same | Looked::Unreached(_) | Looked::Trouble(_)) | None => None,
        };
        self.hearing.look(&self.repository, before).await.unwrap()
    }
}

fn found(looked: &Looked) -> usize {
    match looked {
        Looked::Moved { found, .. } => *found,
        Looked::Same | Looked::Unreached(_) | Looked::Trouble(_) => panic!("{looked:?}"),
    }
}

#[tokio::test]
async fn whoever_made_the_run_before_the_verdict_was_stored_made_it_for_all() {
    let ears = Ears::new().await;
    // An agent made the run and died before it said so.
    let made = ears.agent.run().await;
    let commit = ears.tip("main");
    ears.keep_push("one", "main", &commit).await;
    ears.keep_push("two", "main", &commit).await;
    assert_eq!(ears.judge().await, 0, "no new run");
    assert_eq!((ears.run("one").await.id, ears.run("two").await.id), (made.id.clone(), made.id));
    assert_eq!(ears.judge().await, 0);
    assert_eq!(found(&ears.look(None).await), 1, "only develop has no run");
}

#[tokio::test]
async fn what_no_delivery_told_of_is_found_once() {
    let ears = Ears::new().await;
    let first = ears.look(None).await;
    assert_eq!(found(&first), 2, "main and develop");
    assert_eq!(found(&ears.look(None).await), 0, "found before, though nobody judged it yet");
    assert_eq!(ears.look(Some(&first)).await, Looked::Same);
    assert_eq!(ears.judge().await, 2);
    let runs = ears.agent.app.store.newest_runs(10).await.unwrap();
    let mut places: Vec<_> =
        runs.iter().map(|run| (run.reference.as_str(), run.environment.as_str())).collect();
    places.sort_unstable();
    assert_eq!(places, [("develop", "dev"), ("main", "prod")]);
    assert!(runs.iter().all(|run| run.facts.event == "push"));
}

#[tokio::test]
async fn the_bell_rings_for_a_run_that_is_made_and_not_for_one_that_was_there() {
    let ears = Ears::new().await;
    let rang = || ears.hearing.made.notified().now_or_never().is_some();
    let commit = ears.tip("main");
    ears.keep_push("one", "main", &commit).await;
    assert!(!rang());
    ears.judge().await;
    assert!(rang());
    ears.keep_push("two", "main", &commit).await;
    ears.judge().await;
    assert!(!rang());
}

#[tokio::test]
async fn a_commit_that_was_refused_is_judged_anew_when_the_rules_change() {
    let ears = Ears::new().await;
    ears.world.edit("pipeline.yaml", "stages:", "stagez:");
    ears.world.commit("Break it");
    assert!(
        matches!(ears.look(None).await, Looked::Trouble(why) if why.contains("no valid pipeline.yaml"))
    );
    let develop = ears.tip("develop");
    ears.keep_push("early", "develop", &develop).await;
    ears.judge().await;
    let refused = ears.delivery("early").await.verdict;
    assert!(
        matches!(&refused, Some(Verdict::Refused { reason }) if reason.contains("stagez")),
        "{refused:?}"
    );
    ears.world.edit("pipeline.yaml", "stagez:", "stages:");
    ears.world.commit("Mend it");
    assert_eq!(found(&ears.look(None).await), 2);
    assert_eq!(ears.judge().await, 2, "the refused commit of develop among them");
}

#[tokio::test]
async fn a_repository_out_of_reach_keeps_its_deliveries_waiting_and_says_so() {
    let mut ears = Ears::new().await;
    let commit = ears.tip("main");
    let elsewhere = ears.world.path("../moved.git").display().to_string();
    ears.repository.source = format!("file://{elsewhere}");
    ears.keep_push("one", "main", &commit).await;
    assert_eq!(ears.judge().await, 0);
    let (note, due) = ears.delivery("one").await.postponed.unwrap();
    assert!(note.contains("cannot fetch"), "{note}");
    assert!(due > ears.delivery("one").await.received);
    assert_eq!(ears.judge().await, 0, "not due yet");
    assert_eq!(ears.delivery("one").await.attempts, 1);
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.judge().await;
    assert_eq!(ears.delivery("one").await.attempts, 2);
    ears.world.git(&["clone", "--quiet", "--bare", ".", &elsewhere]);
    ears.agent.clock.advance(Duration::from_mins(10));
    assert_eq!(ears.judge().await, 1);
    assert_eq!(ears.run("one").await.commit.as_str(), commit);
}

#[tokio::test]
async fn a_commit_that_is_nowhere_is_looked_for_and_then_ignored() {
    let ears = Ears::new().await;
    ears.keep_push("gone", "main", &"1".repeat(40)).await;
    for _ in 0..3 {
        ears.judge().await;
        assert_eq!(ears.delivery("gone").await.verdict, None);
        ears.agent.clock.advance(Duration::from_mins(10));
    }
    ears.judge().await;
    let verdict = ears.delivery("gone").await.verdict.unwrap();
    assert_eq!(verdict, Verdict::ignored("the repository has no commit 1111111 on branch 'main'"));
}

#[tokio::test]
async fn a_hostile_commit_is_refused_and_named() {
    let ears = Ears::new().await;
    ears.world.git(&["checkout", "--quiet", "develop"]);
    std::os::unix::fs::symlink("/etc/passwd", ears.world.path("data/other.csv")).unwrap();
    let commit = ears.world.commit("Look at this");
    ears.keep_push("link", "develop", &commit).await;
    assert_eq!(ears.judge().await, 0);
    let verdict = ears.delivery("link").await.verdict;
    let why = "a link that leaves the repository";
    assert!(
        matches!(&verdict, Some(Verdict::Refused { reason }) if reason.contains(why)),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_run_knows_what_changed_since_the_last_that_succeeded() {
    let ears = Ears::new().await;
    let (_, driven) = ears.agent.promote().await;
    assert_eq!(driven.outcome, Some(Outcome::Succeeded));
    for name in ["a.txt", "b.txt"] {
        ears.world.write(name, "x");
        ears.world.commit(name);
    }
    ears.keep_push("two", "main", &ears.tip("main")).await;
    assert_eq!(ears.judge().await, 1);
    assert_eq!(ears.run("two").await.facts.changed_paths, ["a.txt", "b.txt"]);
}

#[tokio::test]
async fn whoever_pushed_what_another_asks_for_is_one_of_those_who_brought_it_about() {
    let ears = Ears::new().await;
    let commit = ears.tip("main");
    let push = json!({ "ref": "refs/heads/main", "after": commit, "sender": { "login": "linus" } });
    ears.keep("push", "push", &push).await;
    ears.judge().await;
    let first = ears.run("push").await;
    assert_eq!(first.facts.askers().collect::<Vec<_>>(), ["linus"]);
    let lease = ears.hearing.store.acquire(&first.id).await.unwrap();
    let end = [Event::RunFinished { outcome: Outcome::Cancelled }];
    ears.hearing.store.append(&lease, 1, &end).await.unwrap();
    ears.hearing.store.release(&lease).await.unwrap();
    ears.agent.clock.advance(Duration::from_secs(1));
    let again = json!({ "action": "rerequested", "sender": { "login": "ada" },
        "check_run": { "head_sha": commit, "check_suite": { "head_branch": "main" } } });
    ears.keep("again", "check_run", &again).await;
    ears.judge().await;
    let facts = ears.run("again").await.facts;
    assert_eq!(facts.by.as_deref(), Some("ada"));
    assert!(facts.before.contains(&"linus".to_owned()), "{facts:?}");
    // Nothing but the commit says who pushed it: somebody else may have.
    assert!(facts.hides_who_pushed());
}

#[tokio::test]
async fn a_check_that_is_asked_for_again_is_one_more_run_however_often_it_is_judged() {
    let ears = Ears::new().await;
    let (first, _) = ears.agent.promote().await;
    ears.agent.clock.advance(Duration::from_secs(1));
    let again = json!({ "action": "rerequested",
        "check_run": { "head_sha": ears.tip("main"), "check_suite": { "head_branch": "main" } } });
    ears.keep("again", "check_run", &again).await;
    let at_once = tokio::join!(ears.judge(), ears.judge());
    assert_eq!(at_once.0 + at_once.1, 1, "of two agents one makes it");
    let second = ears.run("again").await;
    assert_eq!((second.ask, second.commit), (first.ask + 1, first.commit));
    assert_eq!(ears.agent.app.store.newest_runs(10).await.unwrap().len(), 2);
    // Another that comes while it waits is the same run.
    ears.keep("more", "check_run", &again).await;
    assert_eq!(ears.judge().await, 0);
    assert_eq!(ears.run("more").await.id, second.id);
}

#[tokio::test]
async fn deliveries_are_kept_once_and_forgotten_after_their_time() {
    let ears = Ears::new().await;
    let store = &ears.agent.app.store;
    let body = json!({ "ref": "refs/tags/v1", "after": Sha::null() });
    assert_eq!(ears.keep("old", "push", &body).await, Kept::New);
    assert_eq!(ears.keep("old", "push", &json!({})).await, Kept::Known);
    assert_eq!(ears.delivery("old").await.new.body, body.to_string(), "the first stays");
    ears.judge().await;
    ears.agent.clock.advance(Duration::from_hours(24));
    ears.keep("waits", "push", &body).await;
    let now = relevo::clock::Clock::now(&ears.agent.clock);
    store.forget_deliveries(jiff::Timestamp::MIN, now).await.unwrap();
    let old = ears.delivery("old").await;
    assert_eq!((old.new.body.as_str(), old.bytes), ("", body.to_string().len() as u64));
    store.forget_deliveries(now, now).await.unwrap();
    let left = store.newest_deliveries(10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(!left[0].new.body.is_empty(), "what nobody judged is never forgotten");
}

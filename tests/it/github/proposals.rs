//! Pull requests into a branch that deploys, and who pushed to one, as GitHub tells.

use super::{
    app, commit,
    ears::{Ears, NAME},
    token,
};
use relevo::{
    hearing::Looked,
    intake::Verdict,
    store::{NewDelivery, Via},
};
use serde_json::{Value, json};
use std::time::Duration;

impl Ears {
    /// A commit of a branch of its own, proposed for `main`; the payload that tells of it.
    fn proposed(&self, (from, to): (&str, &str)) -> Value {
        self.world.git(&["checkout", "--quiet", "-B", "topic", "main"]);
        self.world.edit("pipeline.yaml", from, to);
        let head = self.world.commit("Propose it");
        self.world.git(&["checkout", "--quiet", "main"]);
        let pull = json!({
            "number": 12, "state": "open",
            "head": { "ref": "topic", "sha": head, "repo": { "id": 1, "fork": false } },
            "base": { "ref": "main", "sha": commit('0'), "repo": { "id": 1, "fork": false } },
        });
        self.fake.see(|memory| memory.pulls = vec![pull.clone()]);
        json!({ "action": "synchronize", "pull_request": pull })
    }

    pub(super) async fn proposal_judged(&self, id: &str, body: &Value) -> Verdict {
        let new = NewDelivery {
            id: id.parse().unwrap(),
            via: Via::Webhook,
            repository: NAME.to_owned(),
            event: "pull_request".to_owned(),
            body: body.to_string(),
        };
        self.agent.app.store.keep_delivery(&new).await.unwrap();
        self.hearing.judge(NAME, Some(&self.repository)).await.unwrap();
        self.agent.app.store.delivery(&new.id).await.unwrap().unwrap().verdict.unwrap()
    }
}

#[tokio::test]
async fn a_proposal_is_checked_line_by_line_and_told_in_one_comment() {
    let ears = Ears::new(Some(app())).await;
    let broken = ears.proposed(("stages:", "stagez:"));
    for id in ["one", "two"] {
        let verdict = ears.proposal_judged(id, &broken).await;
        assert!(
            matches!(&verdict, Verdict::Ignored { reason } if reason.contains("error")),
            "{verdict:?}"
        );
    }
    let mended = ears.proposed(("stages:", "stages: "));
    ears.proposal_judged("three", &mended).await;
    ears.fake.see(|memory| {
        let told: Vec<_> = memory
            .checks
            .iter()
            .map(|check| (check["name"].clone(), check["conclusion"].clone()))
            .collect();
        let of = |conclusion: &str| (json!("relevo/prod/proposal"), json!(conclusion));
        assert_eq!(told, [of("failure"), of("success")], "one of each commit");
        let made =
            memory.requests.iter().find(|r| r.method == "POST" && r.path.ends_with("/check-runs"));
        let beside = &made.unwrap().body["output"]["annotations"];
        assert!(beside.to_string().contains("stagez"), "{beside}");
        assert_eq!(memory.comments.len(), 1, "edited in place");
        let body = memory.comments[0]["body"].as_str().unwrap();
        assert!(body.contains("are in order") && body.contains("`deploy-pipelines`"), "{body}");
    });
    let runs = ears.agent.app.store.newest_runs(9).await.unwrap();
    assert!(runs.is_empty(), "nothing is run");
}

#[tokio::test]
async fn a_push_waits_for_no_crowd_of_proposals() {
    let ears = Ears::new(Some(app())).await;
    let proposed = ears.proposed(("stages:", "stagez:"));
    let commit = ears.world.git(&["rev-parse", "main"]);
    let pushed = json!({ "ref": "refs/heads/main", "after": commit });
    let keep = async |id: &str, event: &str, body: &Value| {
        let new = NewDelivery {
            id: id.parse().unwrap(),
            via: Via::Webhook,
            repository: NAME.to_owned(),
            event: event.to_owned(),
            body: body.to_string(),
        };
        ears.agent.app.store.keep_delivery(&new).await.unwrap();
    };
    for number in 0..103 {
        // They moved on meanwhile, which is seen by asking GitHub.
        let mut moved = proposed.clone();
        moved["pull_request"]["head"]["sha"] = json!(super::commit('a'));
        keep(&format!("bot-{number}"), "pull_request", &moved).await;
        ears.agent.clock.advance(Duration::from_secs(1));
    }
    keep("push", "push", &pushed).await;
    let asked = || ears.fake.count("GET", "/pulls/");
    let judge = async || ears.hearing.judge(NAME, Some(&ears.repository)).await.unwrap();
    let first = judge().await;
    assert_eq!((first.runs.len(), first.verdicts, asked()), (1, 3, 2));
    ears.fake.see(|memory| {
        let first = |part| memory.requests.iter().position(|asked| asked.path.contains(part));
        assert!(first("/activity") < first("/pulls/"), "who pushed is asked first");
    });
    let mut passes = 0;
    while judge().await.verdicts > 0 {
        passes += 1;
    }
    assert_eq!((asked(), passes), (103, 51), "all of them in the end");
}

#[tokio::test]
async fn a_proposal_from_a_fork_or_to_nowhere_is_left_alone() {
    let ears = Ears::new(Some(token())).await;
    let body = ears.proposed(("stages:", "stagez:"));
    for (id, pointer, value, why) in [
        ("fork", "/head/repo/id", json!(2), "from a fork"),
        ("gone", "/head/repo", Value::Null, "from a fork"),
        ("moved", "/head/sha", json!(commit('b')), "has moved on"),
        ("closed", "/state", json!("closed"), "has moved on"),
        ("nowhere", "/base/ref", json!("feature"), "deploys nowhere"),
    ] {
        let mut pull = body["pull_request"].clone();
        *pull.pointer_mut(pointer).unwrap() = value;
        ears.fake.see(|memory| memory.pulls = vec![pull]);
        // What GitHub says counts, whatever the payload said.
        let verdict = ears.proposal_judged(id, &body).await;
        assert!(
            matches!(&verdict, Verdict::Ignored { reason } if reason.contains(why)),
            "{id}: {verdict:?}"
        );
    }
    assert_eq!(ears.fake.changes().len(), 0);
}

#[tokio::test]
async fn a_token_tells_of_a_proposal_by_a_status() {
    let ears = Ears::new(Some(token())).await;
    let body = ears.proposed(("stages:", "stagez:"));
    ears.proposal_judged("one", &body).await;
    let told = ears.fake.see(|memory| (memory.statuses.clone(), memory.comments.len()));
    assert_eq!((told.0.len(), told.1), (1, 1));
    assert_eq!(told.0[0]["context"], "relevo/prod/proposal");
    assert_eq!(told.0[0]["state"], "failure");
}

#[tokio::test]
async fn who_pushed_what_the_poller_found_is_asked_of_github() {
    let ears = Ears::new(Some(token())).await;
    let tip = |branch: &str| ears.world.git(&["rev-parse", branch]);
    let (main, develop) = (tip("main"), tip("develop"));
    let by = |after: &str, login: &str| json!({ "id": 1, "before": commit('0'), "after": after, "actor": { "login": login } });
    // Of the one branch it tells who made it point there, of the other only who wrote the commit.
    ears.world.git(&["checkout", "--quiet", "develop"]);
    ears.world.write("note.txt", "two");
    let next = ears.world.commit("Another commit");
    assert_ne!(next, develop);
    ears.fake.see(|memory| {
        memory.activity = vec![by(&commit('c').to_string(), "eve"), by(&main, "ada")];
        memory.authors = vec![(next.clone(), "cy".to_owned())];
    });
    let looked = ears.hearing.look(&ears.repository, None).await.unwrap();
    assert!(matches!(looked, Looked::Moved { found: 2, .. }), "{looked:?}");
    ears.hearing.judge(NAME, Some(&ears.repository)).await.unwrap();
    let runs = ears.agent.app.store.newest_runs(9).await.unwrap();
    let mut found: Vec<_> = runs
        .iter()
        .map(|run| (run.reference.as_str(), run.facts.by.as_deref(), run.facts.author.as_deref()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("develop", None, Some("cy")), ("main", Some("ada"), None)]);
}

#[tokio::test]
async fn a_repository_out_of_reach_is_noted_once_and_again_when_it_is_back() {
    let mut ears = Ears::new(Some(token())).await;
    let here = ears.repository.source.clone();
    ears.repository.source = format!("file://{here}-moved");
    let mut looks = Vec::new();
    for failures in 0..3 {
        if failures == 2 {
            ears.repository.source.clone_from(&here);
        }
        let looked = ears.hearing.look(&ears.repository, None).await.unwrap();
        ears.hearing.note_reach(&ears.repository, &looked, failures).await.unwrap();
        looks.push(matches!(looked, Looked::Unreached(_)));
        ears.agent.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(looks, [true, true, false]);
    let noted = ears.agent.app.store.newest_deliveries(9).await.unwrap();
    let noted: Vec<_> =
        noted.into_iter().filter(|one| one.new.event == "look").map(|one| one.verdict).collect();
    assert!(
        matches!(&noted[..], [Some(Verdict::Ignored { reason }), Some(Verdict::Refused { .. })]
            if reason.contains("again, after 2 looks")),
        "{noted:?}"
    );
}

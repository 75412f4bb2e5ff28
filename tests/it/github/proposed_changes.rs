//! What a pull request would change, as its comment says it: from what the branch declares to what the commit does.

use super::{app, commit, ears::Ears};
use crate::world::World;
use serde_json::{Value, json};

const TRAIN: &str = "templates/pipelines/train.json.hbs";
const INSTANCE: &str = r#""DefaultValue": "ml.m5.xlarge""#;

impl Ears {
    /// A commit of a branch of its own, made from `base` by `edit` and proposed for it; the payload that tells of it.
    fn proposes(&self, base: &str, edit: impl FnOnce(&World)) -> Value {
        self.world.git(&["checkout", "--quiet", "-B", "topic", base]);
        edit(&self.world);
        let head = self.world.commit("Propose it");
        self.world.git(&["checkout", "--quiet", "main"]);
        let pull = json!({
            "number": 12, "state": "open",
            "head": { "ref": "topic", "sha": head, "repo": { "id": 1, "fork": false } },
            "base": { "ref": base, "sha": commit('0'), "repo": { "id": 1, "fork": false } },
        });
        self.fake.see(|memory| memory.pulls = vec![pull.clone()]);
        json!({ "action": "synchronize", "pull_request": pull })
    }

    /// The one comment there is.
    fn comment(&self) -> String {
        self.fake.see(|memory| {
            assert_eq!(memory.comments.len(), 1, "edited in place");
            memory.comments[0]["body"].as_str().unwrap().to_owned()
        })
    }

    fn newest_conclusion(&self) -> Value {
        self.fake.see(|memory| memory.checks.last().unwrap()["conclusion"].clone())
    }
}

#[tokio::test]
async fn a_proposal_says_what_a_merge_would_change_and_the_next_push_says_it_anew() {
    let ears = Ears::new(Some(app())).await;
    let changed = ears.proposes("main", |world| {
        world.edit(TRAIN, INSTANCE, r#""DefaultValue": "ml.m5.4xlarge""#);
        world.edit("environments/prod.yaml", "cron(0 23 * * ? *)", "cron(30 4 * * ? *)");
    });
    ears.proposal_judged("one", &changed).await;
    let body = ears.comment();
    for part in [
        "**0 to create, 2 to change, 0 to remove in what is declared.**",
        r#"ProcessingInstanceType: DefaultValue: "ml.m5.xlarge" -> "ml.m5.4xlarge""#,
        "      fires on cron(0 23 * * ? *) -> cron(30 4 * * ? *)\n",
        "It changes `environments/prod.yaml`. From the merge on that counts for every branch",
        "no account was looked at.",
    ] {
        assert!(body.contains(part), "no {part:?}: {body}");
    }
    ears.proposal_judged("again", &changed).await;
    assert_eq!(ears.comment(), body, "the same of the same two commits");

    let nothing = ears.proposes("main", |world| {
        world.edit(
            "pipeline.yaml",
            "not-worse-than-baseline-by: 0.02",
            "not-worse-than-baseline-by: 0.5",
        );
    });
    ears.proposal_judged("two", &nothing).await;
    let body = ears.comment();
    assert!(body.contains("\nThe stages of a run change: changed: `gate`.\n"), "{body}");
    assert!(body.contains("Nothing that is deployed differs from the tip of `main`"), "{body}");
    assert!(!body.contains("It changes") && !body.contains("<details>"), "{body}");
    let runs = ears.agent.app.store.newest_runs(9).await.unwrap();
    assert!(runs.is_empty(), "nothing is run");
}

#[tokio::test]
async fn a_proposal_for_another_branch_cannot_bring_its_own_environment() {
    let ears = Ears::new(Some(app())).await;
    let changed = ears.proposes("develop", |world| {
        world.edit("environments/dev.yaml", "cron(0 23 * * ? *)", "cron(30 4 * * ? *)");
        world.edit(
            "pipeline.yaml",
            "{ branch: main, after: dev }",
            "{ branch: topic, after: dev }",
        );
    });
    // The branch moves on meanwhile.
    ears.world.git(&["checkout", "--quiet", "develop"]);
    ears.world.edit(TRAIN, INSTANCE, r#""DefaultValue": "ml.m5.2xlarge""#);
    ears.world.commit("Take a larger one");
    ears.world.git(&["checkout", "--quiet", "main"]);
    ears.proposal_judged("one", &changed).await;
    let body = ears.comment();
    for part in [
        "would deploy to `dev`",
        "**0 to create, 1 to change, 0 to remove in what is declared.**",
        r#""ml.m5.2xlarge" -> "ml.m5.xlarge""#,
        "`develop` has commits that this one has not",
        "It changes `environments/dev.yaml`, `pipeline.yaml`. That counts only once it is on `main`",
    ] {
        assert!(body.contains(part), "no {part:?}: {body}");
    }
    assert!(!body.contains("cron("), "{body}");
}

#[tokio::test]
async fn a_tip_that_cannot_be_read_is_told_and_no_fault_of_the_proposal() {
    let ears = Ears::new(Some(app())).await;
    let whole = ears.world.read(TRAIN);
    ears.world.git(&["checkout", "--quiet", "develop"]);
    ears.world.write(TRAIN, "{{#if");
    ears.world.commit("Break it");
    let unrendered = ears.proposes("develop", |world| world.write(TRAIN, &whole));
    ears.proposal_judged("one", &unrendered).await;
    let body = ears.comment();
    assert!(body.contains("What a merge changes cannot be told: the tip of `develop`"), "{body}");
    assert!(body.contains("definition cannot be rendered"), "{body}");
    assert_eq!(ears.newest_conclusion(), "success");

    ears.world.git(&["checkout", "--quiet", "develop"]);
    ears.world.write("pipeline.yaml", "stagez: {}\n");
    ears.world.commit("Break it more");
    ears.world.git(&["checkout", "--quiet", "main"]);
    let pipeline = ears.world.read("pipeline.yaml");
    let unread = ears.proposes("develop", |world| {
        world.write(TRAIN, &whole);
        world.write("pipeline.yaml", &pipeline);
    });
    ears.proposal_judged("two", &unread).await;
    let body = ears.comment();
    assert!(body.contains("pipeline.yaml:1:1: ") && body.contains("stagez"), "{body}");
    assert_eq!(ears.newest_conclusion(), "success");
}

#[tokio::test]
async fn what_is_merged_into_the_default_branch_is_checked_by_what_it_brings() {
    let ears = Ears::new(Some(app())).await;
    let broken = |world: &World| world.edit("environments/prod.yaml", "email:", "e-mail:");
    // Of another branch it would not count, so it is no fault there.
    for (id, base, conclusion) in [("one", "main", "failure"), ("two", "develop", "success")] {
        let body = ears.proposes(base, broken);
        ears.proposal_judged(id, &body).await;
        assert_eq!(ears.newest_conclusion(), conclusion, "{base}");
    }
}

/// A pull request is written by whoever may push a branch; what it says must stay words.
#[tokio::test]
async fn no_proposal_can_speak_for_the_agent() {
    let ears = Ears::new(Some(app())).await;
    let evil = r#""DefaultValue": "</details>\n```\n````` @octocat <img src=x> \u202e hunter2!""#;
    ears.hearing.masker.learn("hunter2!");
    let crafted = ears.proposes("main", |world| {
        world.edit(TRAIN, r#""DefaultValue": "all""#, evil);
        for n in 0..100 {
            world.write(&format!("templates/scripts/@octocat ``` <b>{n}.py"), &format!("{n}"));
        }
    });
    ears.proposal_judged("one", &crafted).await;
    let body = ears.comment();
    assert!(body.contains("</details>\\n```\\n````` @octocat <img src=x> \\u{202e} "), "{body}");
    assert!(!body.contains("hunter2!"), "a secret of the agent's is masked");
    assert_harmless(&body);

    let stages = "x".repeat(3_000_000);
    let huge = ears.proposes("main", |world| {
        world.write("pipeline.yaml", &format!("@octocat</details>: \"```\n{stages}\"\n"));
    });
    ears.proposal_judged("two", &huge).await;
    assert_harmless(&ears.comment());
    assert_eq!(ears.newest_conclusion(), "failure");
}

/// Nobody is told, nothing is drawn, and only what the agent opened is closed.
fn assert_harmless(body: &str) {
    assert!(body.chars().count() <= 65_536, "{}", body.len());
    let (mut fence, mut outside) = (0, String::new());
    for line in body.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            0 if ticks >= 3 => fence = ticks,
            0 => outside.push_str(&format!("{line}\n")),
            open if ticks >= open && line.trim().len() == ticks => fence = 0,
            _ => {}
        }
    }
    assert_eq!(fence, 0, "a block is left open: {body}");
    assert!(!outside.contains('@') && !outside.contains("<img"), "{outside}");
    let (opened, closed) = (outside.matches("<details>"), outside.matches("</details>"));
    assert_eq!(opened.count(), closed.count(), "{outside}");
}

//! Around a deployment: a plan that is saved and applied, what was changed by hand, the way back, the end.

use super::promotion::promoted;
use crate::{cloud::PROD, world::World};
use aws_sdk_eventbridge::types::RuleState;
use aws_types::SdkConfig;
use serde_json::Value;

const SCHEDULE: &str = "mammography-severity-model-prod-inference-schedule";
const ALERT: &str = "mammography-severity-model-prod-inference-alert";

fn saved(world: &World) {
    world.agent(&["plan", "--env", "prod", "--out", "prod.plan.json"]).done().says("agent apply");
}

/// What someone with the console does in prod.
fn by_hand<T>(world: &World, act: impl AsyncFnOnce(SdkConfig) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { act(world.app(".agent").await.account(PROD).await).await })
}

fn disable(world: &World, rule: &str) {
    by_hand(world, async |account| {
        let events = aws_sdk_eventbridge::Client::new(&account);
        events.disable_rule().name(rule).send().await.unwrap();
    });
}

fn state(world: &World, rule: &str) -> Option<RuleState> {
    by_hand(world, async |account| {
        let events = aws_sdk_eventbridge::Client::new(&account);
        events.describe_rule().name(rule).send().await.ok().and_then(|rule| rule.state)
    })
}

#[test]
fn a_saved_plan_is_applied_as_it_was_shown_and_nothing_is_trained() {
    let world = World::new();
    saved(&world);
    let told = world.agent(&["apply", "prod.plan.json"]).done();
    told.says("is promoted to prod").says("read back: all is as planned");
    assert!(!told.stderr.contains("train-test"), "{}", told.stderr);
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
    // Everything was done before, so doing it again is no refusal.
    world.agent(&["apply", "prod.plan.json"]).done().says("was done before");
}

#[test]
fn a_saved_plan_that_no_longer_fits_is_refused_with_what_moved() {
    let world = promoted();
    world.edit("environments/prod.yaml", "retention_days: 90", "retention_days: 30");
    world.commit("Keep lines for a month");
    saved(&world);
    disable(&world, ALERT);
    let told = world.agent(&["apply", "prod.plan.json"]).exits(2);
    told.says("needed now and not shown").says(ALERT).says("make a new plan");
    assert_eq!(state(&world, ALERT), Some(RuleState::Disabled), "nothing was written");
}

#[test]
fn a_plan_that_somebody_edited_is_refused() {
    let world = promoted();
    world.edit("environments/prod.yaml", "retention_days: 90", "retention_days: 30");
    world.commit("Keep lines for a month");
    saved(&world);
    let text = world.read("prod.plan.json");
    world.write("prod.plan.json", &text.replace(r#""to": 30"#, r#""to": 1"#));
    world.agent(&["apply", "prod.plan.json"]).exits(2).says("was edited");
    world.write("prod.plan.json", "{}");
    world.agent(&["apply", "prod.plan.json"]).exits(2).says("is no saved plan");
    let missing = world.agent(&["apply", "none.json"]).exits(2);
    missing.says("none.json is not there").says("agent plan --env NAME --out FILE");
}

#[test]
fn what_was_changed_by_hand_is_told_and_put_back() {
    let world = promoted();
    world.agent(&["drift", "--env", "prod"]).done().says("prod is as run");
    disable(&world, ALERT);
    let told = world.agent(&["drift", "--env", "prod"]).exits(5);
    told.says("state disabled -> enabled").says("agent rollback --env prod --to");
    let drift = world.agent(&["drift", "--env", "prod", "--json"]).exits(5).json();
    assert_eq!(drift["differs"], Value::Bool(true));
    let run = drift["run"].as_str().unwrap().to_owned();
    world.agent(&["rollback", "--env", "prod", "--to", &run[run.len() - 8..]]).done();
    world.agent(&["drift", "--env", "prod"]).done();
    assert_eq!(state(&world, ALERT), Some(RuleState::Enabled));
}

#[test]
fn an_earlier_deployment_comes_back_without_training() {
    let world = promoted();
    let first = world.git(&["rev-parse", "HEAD"]);
    world.edit("templates/pipelines/inference.json.hbs", "ml.m5.xlarge", "ml.m5.2xlarge");
    world.commit("Use larger machines");
    world.agent(&["run", "--branch", "main"]).done();
    let trained = world.cloud().count(crate::cloud::DEV, "pipeline execution");
    let told = world.agent(&["rollback", "--env", "prod", "--to", &first[..7]]).done();
    told.says("going back to commit").says("mammo-severity-inference-pipeline");
    assert_eq!(world.cloud().count(crate::cloud::DEV, "pipeline execution"), trained);
    let plan = world.agent(&["plan", "--env", "prod"]).done();
    plan.says("ml.m5.2xlarge");
    world.agent(&["drift", "--env", "prod"]).done().says(&first[..7]);
}

#[test]
fn only_what_was_deployed_can_be_gone_back_to() {
    let world = World::new();
    world
        .agent(&["rollback", "--env", "prod", "--to", "abcdef0"])
        .exits(2)
        .says("nothing was deployed there");
    world.agent(&["drift", "--env", "prod"]).exits(2).says("nothing was deployed");
    let world = promoted();
    let commit = world.git(&["rev-parse", "--short=7", "HEAD"]);
    world.agent(&["rollback", "--env", "prod", "--to", "abcdef0"]).exits(2).says(&commit);
    world.agent(&["rollback", "--env", "dev", "--to", &commit]).exits(2);
}

#[test]
fn destroying_removes_what_is_ours_and_nothing_else() {
    let world = promoted();
    let others = "mammography-severity-model-prod-of-somebody-else";
    by_hand(&world, async |account| {
        let events = aws_sdk_eventbridge::Client::new(&account);
        events.put_rule().name(others).schedule_expression("rate(1 day)").send().await.unwrap();
    });

    let told = world.agent(&["destroy", "--env", "prod", "--dry-run"]).done();
    told.says(SCHEDULE).says("Kept, as evidence");
    world.agent(&["destroy", "--env", "prod"]).exits(2).says("nobody is there to be asked");
    world
        .agent(&["destroy", "--env", "prod", "--confirm", "dev"])
        .exits(2)
        .says("nothing was removed");
    assert_eq!(world.cloud().count(PROD, "pipeline"), 2);

    world.agent(&["destroy", "--env", "prod", "--confirm", "prod"]).done();
    let cloud = world.cloud();
    for (kind, number) in [("pipeline", 0), ("rule", 1), ("topic", 0), ("function", 0)] {
        assert_eq!(cloud.count(PROD, kind), number, "{kind}");
    }
    assert!(state(&world, others).is_some());
    assert!(!cloud.keys("sagemaker-prod-bucket").is_empty(), "objects stay");
    world.agent(&["destroy", "--env", "prod", "--confirm", "prod"]).done().says("Nothing of ours");
    world.agent(&["run", "--branch", "main"]).done().says("is promoted to prod");
}

#[test]
fn what_has_our_name_and_not_our_tags_is_left_alone() {
    let world = World::new();
    by_hand(&world, async |account| {
        let topics = aws_sdk_sns::Client::new(&account);
        topics.create_topic().name("mammography-model-notification").send().await.unwrap();
    });
    let told = world.agent(&["destroy", "--env", "prod", "--confirm", "prod"]).done();
    told.says("does not carry our tags").says("mammography-model-notification");
    assert_eq!(world.cloud().count(PROD, "topic"), 1);
}

//! The whole promotion, with an agent that dies: whoever goes on leaves what an agent that lived would have left.

use crate::{
    cloud::{DEV, PROD, REGISTRY},
    world::{Fate, Inside, World},
};
use aws_types::SdkConfig;
use relevo::{
    engine::Watch,
    flow::{Event, Outcome},
    ids::{RunId, StageName},
    logs::LogLine,
    spec::FailureClass,
    store::{RunRecord, StoredEvent},
};
use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Lines between two deaths: a whole run keeps about 150.
const LINES_APART: usize = 23;

#[tokio::test]
async fn a_promotion_can_be_watched_from_inside_with_time_standing_still() {
    let world = World::new();
    let agent = world.app(".agent").await;
    let (run, driven) = agent.promote().await;
    assert_eq!((driven.outcome, driven.unsent.lines), (Some(Outcome::Succeeded), 0));
    is_whole(&agent, &run.id).await;
    let (again, _) = agent.promote().await;
    assert_ne!(again.id, run.id);
    is_whole(&agent, &again.id).await;
    // The binary finds the same state.
    world.agent(&["runs"]).done().says("succeeded");
    let mode = std::fs::metadata(world.path(".agent")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "logs and data are nobody else's");
    assert_eq!(world.read(".agent/.gitignore"), "*\n");
}

#[tokio::test]
async fn an_agent_that_dies_after_any_stored_event_leaves_a_run_that_can_be_finished() {
    let world = World::new();
    let whole = world.app(".whole").await;
    let (run, _) = whole.promote().await;
    let events = whole.events(&run.id).await.len();
    assert!(events > 2 * run.pipeline.stages.len(), "{events}");
    // The first event is stored when the run is made, before an agent drives it.
    for number in 1..events {
        dies(&world.app(&format!(".event-{number}")).await, Fate::after_events(number)).await;
    }
}

#[tokio::test]
async fn an_agent_that_dies_between_two_lines_leaves_a_run_that_can_be_finished() {
    let world = World::new();
    let whole = world.app(".whole").await;
    let (run, _) = whole.promote().await;
    let lines: usize = whole.kept(&run.id).values().map(Vec::len).sum();
    for number in (1..lines).step_by(LINES_APART) {
        dies(&world.app(&format!(".line-{number}")).await, Fate::after_lines(number)).await;
    }
}

/// Gives the train pipeline another definition between the agent's own update and its start.
struct Meddler {
    dev: SdkConfig,
    has_meddled: AtomicBool,
}

impl Meddler {
    async fn meddle(&self) {
        let dev = aws_sdk_sagemaker::Client::new(&self.dev);
        let pipelines = dev.list_pipelines().send().await.unwrap();
        let name = pipelines.pipeline_summaries()[0].pipeline_name().unwrap().to_owned();
        let there = dev.describe_pipeline().pipeline_name(&name).send().await.unwrap();
        let mut other: serde_json::Value =
            serde_json::from_str(there.pipeline_definition().unwrap()).unwrap();
        other["Metadata"] = serde_json::json!({ "by": "somebody else" });
        let update = dev.update_pipeline().pipeline_name(name);
        let update = update.pipeline_definition(other.to_string());
        update.send().await.unwrap();
    }
}

impl Watch for Meddler {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, line: &LogLine) {
        let is_moment = line.stage.as_str() == "train-test" && line.message.contains("pipeline");
        if is_moment && !self.has_meddled.swap(true, Ordering::Relaxed) {
            let now = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| now.block_on(self.meddle()));
        }
    }

    fn waiting(&self, _: &RunRecord, _: &relevo::queue::Reason) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_of_another_definition_is_never_taken_for_ours() {
    let world = World::new();
    let agent = world.app(".agent").await;
    let dev = agent.account(DEV).await;
    let meddler = Arc::new(Meddler { dev, has_meddled: AtomicBool::new(false) });
    let (run, driven) = agent.promote_watched(meddler).await;
    let failed =
        Outcome::Failed { stage: "train-test".parse().unwrap(), class: FailureClass::CloudError };
    assert_eq!(driven.outcome, Some(failed));
    let told = agent.kept(&run.id).into_values().flatten().collect::<String>();
    assert!(told.contains("executes another definition than this commit's"), "{told}");
    // The pipeline is put right, and the start is not taken for the one that went wrong.
    let (_, driven) = agent.promote().await;
    assert_eq!(driven.outcome, Some(Outcome::Succeeded));
}

/// Lets the agent die, and another one go on.
async fn dies(agent: &Inside, fate: Fate) {
    let died = agent.promote_until(fate).await;
    let (run, driven) = agent.promote().await;
    assert_eq!((driven.outcome, driven.unsent.lines), (Some(Outcome::Succeeded), 0));
    if let Some(died) = died {
        is_whole(agent, &died.id).await;
    }
    is_whole(agent, &run.id).await;
}

/// Every stage succeeded once, every line arrived once, and the accounts hold what one promotion makes.
async fn is_whole(agent: &Inside, run: &RunId) {
    let record = agent.app.store.run(run).await.unwrap();
    assert_eq!(record.outcome, Some(Outcome::Succeeded));
    let mut successes: BTreeMap<StageName, usize> = BTreeMap::new();
    for event in agent.events(run).await {
        if let Event::StageSucceeded { stage, .. } = event {
            *successes.entry(stage).or_default() += 1;
        }
    }
    let once = record.pipeline.stages.iter().map(|stage| (stage.name.clone(), 1)).collect();
    assert_eq!(successes, once);
    assert_eq!(arrived(agent, run).await, agent.kept(run));
    let dev = aws_sdk_sagemaker::Client::new(&agent.account(DEV).await);
    let train = dev.list_pipelines().send().await.unwrap().pipeline_summaries.unwrap();
    let name = train[0].pipeline_name().unwrap();
    let executions = dev.list_pipeline_executions().pipeline_name(name).send().await.unwrap();
    assert_eq!(executions.pipeline_execution_summaries().len(), 1, "trained more than once");
    let registry = aws_sdk_sagemaker::Client::new(&agent.account(REGISTRY).await);
    let groups = registry.list_model_package_groups().send().await.unwrap();
    let group = groups.model_package_group_summary_list()[0].model_package_group_name().unwrap();
    let packages = registry.list_model_packages().model_package_group_name(group).send().await;
    let packages = packages.unwrap().model_package_summary_list.unwrap();
    assert_eq!(packages.len(), 1, "registered more than once");
}

/// What CloudWatch holds of the run, by stage, in its order.
async fn arrived(agent: &Inside, run: &RunId) -> BTreeMap<StageName, Vec<String>> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&agent.account(PROD).await);
    let mut lines: BTreeMap<StageName, Vec<String>> = BTreeMap::new();
    let mut pages = logs.filter_log_events().log_group_name("jenkins-log").into_paginator().send();
    while let Some(page) = pages.next().await {
        for event in page.unwrap().events.unwrap_or_default() {
            let stream = event.log_stream_name.unwrap();
            let mut names = stream.rsplit('/');
            let (stage, of) = (names.next().unwrap(), names.next().unwrap());
            if of == run.as_str() {
                lines.entry(stage.parse().unwrap()).or_default().push(event.message.unwrap());
            }
        }
    }
    lines
}

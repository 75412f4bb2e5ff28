//! Runs that are stopped while a job or an execution of theirs is at work: that is stopped with them, whether or not the
//! agent that has started it still lives.

use crate::{
    cli::{
        stages::{messages, with_stages},
        stopping::Watched,
    },
    cloud::{DEV, PROD},
    world::{Fate, Inside, World},
};
use relevo::{
    engine::Watch,
    exec::Canceller,
    flow::{Outcome, Stop},
    logs::LogLine,
    queue::Reason,
    store::{RunRecord, StoredEvent},
};
use serde_json::Value;
use std::sync::Arc;

#[test]
fn a_job_whose_agent_died_is_stopped_with_its_run() {
    for how in [&["cancel"] as &[&str], &["cancel", "--force"]] {
        let world = with_stages(
            "  wait: { run: \"exec tail -f /dev/null\", runs-on: sagemaker }\n  after: { run: [\"true\"], needs: [wait] }\n",
        );
        let mut run = Watched::start(&world);
        run.hears("runs as the Processing job");
        run.dies();
        let id = world.agent(&["runs", "--json"]).done().json()[0]["run"].clone();
        let cancel = [how, &[id.as_str().unwrap()]].concat();
        world.agent(&cancel).done().says("tidies up first").says("agent resume");
        let told = world.agent(&["resume"]).exits(4);
        told.says("stopped the Processing job relevo-mammography-").says("after: skipped");
        let jobs = world.cloud().bodies(PROD, "job");
        let [job] = jobs.as_slice() else { panic!("{jobs:#?}") };
        assert!(matches!(job["standing"].as_str(), Some("Stopping" | "Stopped")), "{job:#}");
        assert!(messages(&world, "wait").concat().contains("stopped the Processing job"));
        world.agent(&["resume"]).exits(2).says("no unfinished run");
    }
}

/// Its ARN was kept or, where the agent died in the moment of the start, only what it was to be called.
#[tokio::test]
async fn an_execution_whose_agent_died_is_stopped_with_its_run() {
    for (stop, state, is_known) in [
        (Stop::Gentle, ".gentle", true),
        (Stop::Forced, ".forced", true),
        (Stop::Gentle, ".unheard", false),
    ] {
        let world = World::new();
        let agent = world.app(state).await;
        let run = agent.promote_until(Fate::at("/execution/")).await.unwrap();
        let store = &agent.app.store;
        if !is_known {
            let lease = store.acquire(&run.id).await.unwrap();
            let name = "execution-of-train-test";
            let mut kept = store.evidence(&run.id, name).await.unwrap().unwrap();
            kept["arn"] = Value::Null;
            store.keep_evidence(&lease, name, &kept).await.unwrap();
            store.release(&lease).await.unwrap();
        }
        store.tell_to_stop(&run.id, stop).await.unwrap();
        let (stopped, driven) = agent.promote().await;
        assert_eq!((&stopped.id, driven.outcome), (&run.id, Some(Outcome::Cancelled)));
        let said = agent.kept(&run.id).into_values().flatten().collect::<String>();
        assert!(said.contains("stopped the execution arn:"), "{said}");
        is_stopped(&agent).await;
    }
}

/// Stops the run by force once its execution is under way.
struct Impatient(Canceller);

impl Watch for Impatient {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, line: &LogLine) {
        if line.message.contains("/execution/") {
            self.0.stop(Stop::Forced);
        }
    }

    fn waiting(&self, _: &RunRecord, _: &Reason) {}
}

#[tokio::test]
async fn an_execution_is_stopped_by_force_as_well() {
    let world = World::new();
    let agent = world.app(".agent").await;
    let (canceller, cancel) = Canceller::new();
    let (_, driven) = agent.promote_unless(cancel, Arc::new(Impatient(canceller))).await;
    assert_eq!(driven.outcome, Some(Outcome::Cancelled));
    is_stopped(&agent).await;
}

/// The cloud has one execution, which is stopped.
async fn is_stopped(agent: &Inside) {
    let sagemaker = aws_sdk_sagemaker::Client::new(&agent.account(DEV).await);
    let pipelines = sagemaker.list_pipelines().send().await.unwrap();
    let pipeline = pipelines.pipeline_summaries()[0].pipeline_name().unwrap();
    let list = sagemaker.list_pipeline_executions().pipeline_name(pipeline);
    let executions = list.send().await.unwrap();
    let [execution] = executions.pipeline_execution_summaries() else { panic!("{executions:#?}") };
    assert_eq!(execution.pipeline_execution_status().unwrap().as_str(), "Stopped");
}

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
use aws_sdk_sagemaker::types::{
    AppSpecification, PipelineExecutionSummary, ProcessingClusterConfig, ProcessingInstanceType,
    ProcessingResources, ProcessingStoppingCondition,
};
use relevo::{
    clock::Clock as _,
    definition::job_name,
    engine::Watch,
    exec::Canceller,
    flow::{Outcome, Stop},
    ids::Attempt,
    logs::LogLine,
    queue::Reason,
    store::{RunRecord, StoredEvent},
};
use serde_json::{Value, json};
use std::{future::pending, sync::Arc, time::Duration};

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

/// What a dead agent had sent may still be made after its death.
#[tokio::test]
async fn an_execution_that_is_made_late_is_stopped_with_its_run() {
    let world = World::new();
    let agent = world.app(".agent").await;
    let run = agent.promote_until(Fate::at("/execution/")).await.unwrap();
    let (store, name) = (&agent.app.store, "execution-of-train-test");
    let lease = store.acquire(&run.id).await.unwrap();
    let mut kept = store.evidence(&run.id, name).await.unwrap().unwrap();
    kept["arn"] = Value::Null;
    kept["name"] = "relevo-late".into();
    kept["asked"] = agent.clock.now().to_string().into();
    store.keep_evidence(&lease, name, &kept).await.unwrap();
    store.release(&lease).await.unwrap();
    store.tell_to_stop(&run.id, Stop::Forced).await.unwrap();
    let (sagemaker, pipeline) = train_pipeline(&agent).await;
    let late = async {
        agent.clock.sleep(Duration::from_secs(3)).await;
        let start = sagemaker.start_pipeline_execution().pipeline_name(&pipeline);
        let start = start.pipeline_execution_display_name("relevo-late");
        start.client_request_token("late".repeat(8)).send().await.unwrap();
        pending().await
    };
    let (_, driven) = tokio::select! {
        driven = agent.promote() => driven,
        never = late => match never {},
    };
    assert_eq!(driven.outcome, Some(Outcome::Cancelled));
    let said = agent.kept(&run.id).into_values().flatten().collect::<String>();
    assert!(said.contains("nobody has heard whether the execution relevo-late"), "{said}");
    let list = sagemaker.list_pipeline_executions().pipeline_name(pipeline);
    let executions = list.send().await.unwrap();
    let is_late = |one: &&PipelineExecutionSummary| {
        one.pipeline_execution_display_name() == Some("relevo-late")
    };
    let late = executions.pipeline_execution_summaries().iter().find(is_late).unwrap();
    let status = late.pipeline_execution_status().unwrap().as_str();
    assert!(matches!(status, "Stopping" | "Stopped"), "{status}");
}

#[tokio::test]
async fn a_job_that_is_made_late_is_stopped_with_its_run() {
    let world = with_stages(
        "  wait: { run: \"exec tail -f /dev/null\", runs-on: sagemaker, retry: { attempts: 1 } }\n",
    );
    let agent = world.app(".agent").await;
    // Before it asks for the job.
    let run = agent.promote_until(Fate::at("KB of files")).await.unwrap();
    let (store, prod) = (&agent.app.store, agent.environment("prod"));
    let stage = "wait".parse().unwrap();
    let name = job_name(prod, (&run.id, &stage, Attempt::FIRST));
    let lease = store.acquire(&run.id).await.unwrap();
    let asked = json!({ "job": name, "at": agent.clock.now().to_string() });
    store.keep_evidence(&lease, "asked-for-wait", &asked).await.unwrap();
    store.release(&lease).await.unwrap();
    store.tell_to_stop(&run.id, Stop::Forced).await.unwrap();
    let sagemaker = aws_sdk_sagemaker::Client::new(&agent.account(PROD).await);
    let late = async {
        agent.clock.sleep(Duration::from_secs(3)).await;
        make_job(&sagemaker, &name, prod.train_role.as_str()).await;
        pending().await
    };
    let (_, driven) = tokio::select! {
        driven = agent.promote() => driven,
        never = late => match never {},
    };
    assert_eq!(driven.outcome, Some(Outcome::Cancelled));
    let job = sagemaker.describe_processing_job().processing_job_name(name).send().await.unwrap();
    let status = job.processing_job_status().unwrap().as_str();
    assert!(matches!(status, "Stopping" | "Stopped"), "{status}");
}

/// What SageMaker takes for a job.
async fn make_job(sagemaker: &aws_sdk_sagemaker::Client, name: &str, role: &str) {
    let app = AppSpecification::builder().image_uri("1.dkr.ecr.us-east-1.amazonaws.com/x:1");
    let cluster = ProcessingClusterConfig::builder()
        .instance_count(1)
        .instance_type(ProcessingInstanceType::MlT3Medium)
        .volume_size_in_gb(1)
        .build();
    let made = sagemaker
        .create_processing_job()
        .processing_job_name(name)
        .role_arn(role)
        .app_specification(app.build())
        .processing_resources(ProcessingResources::builder().cluster_config(cluster).build())
        .stopping_condition(
            ProcessingStoppingCondition::builder().max_runtime_in_seconds(60).build(),
        );
    made.send().await.unwrap();
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
    let (sagemaker, pipeline) = train_pipeline(agent).await;
    let list = sagemaker.list_pipeline_executions().pipeline_name(pipeline);
    let executions = list.send().await.unwrap();
    let [execution] = executions.pipeline_execution_summaries() else { panic!("{executions:#?}") };
    assert_eq!(execution.pipeline_execution_status().unwrap().as_str(), "Stopped");
}

async fn train_pipeline(agent: &Inside) -> (aws_sdk_sagemaker::Client, String) {
    let sagemaker = aws_sdk_sagemaker::Client::new(&agent.account(DEV).await);
    let pipelines = sagemaker.list_pipelines().send().await.unwrap();
    let pipeline = pipelines.pipeline_summaries()[0].pipeline_name().unwrap().to_owned();
    (sagemaker, pipeline)
}

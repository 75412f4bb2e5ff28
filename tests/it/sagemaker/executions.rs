//! Executions of small definitions written by hand.

use super::world::{TOKEN, World, refusal};
use aws_sdk_sagemaker::types::{ConditionOutcome, PipelineExecutionStatus, StepStatus};
use serde_json::{Value, json};

fn fail(name: &str, message: &Value) -> Value {
    json!({"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}})
}

fn check(name: &str, floor: &Value, then: Value, otherwise: Value) -> Value {
    json!({"Name": name, "Type": "Condition", "Arguments": {
        "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": {"Get": "Parameters.Auc"}, "RightValue": floor}],
        "IfSteps": then, "ElseSteps": otherwise}})
}

fn gate() -> Value {
    let message =
        json!({"Std:Join": {"On": " ", "Values": ["AUC is only", {"Get": "Parameters.Auc"}]}});
    json!({
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "Auc", "Type": "Float", "DefaultValue": 0.9},
            {"Name": "Note", "Type": "String", "DefaultValue": "none"},
        ],
        "Steps": [check("Gate", &json!(0.8), json!([check("Inner", &json!(0.85), json!([]), json!([]))]), json!([fail("Refuse", &message)]))],
    })
}

#[tokio::test]
async fn a_condition_that_holds_takes_its_first_branch() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let execution = world.start("p", &[], TOKEN).await;
    assert_eq!(world.status(&execution).await, PipelineExecutionStatus::Executing);
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    let steps = world.steps(&execution).await;
    let names: Vec<_> = steps.iter().map(|step| step.step_name().unwrap()).collect();
    assert_eq!(names, ["Gate", "Inner"]);
    let outcome = steps[0].metadata().unwrap().condition().unwrap().outcome().unwrap();
    assert_eq!(outcome, &ConditionOutcome::True);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_fails_the_execution_where_it_says_so() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let execution = world.start("p", &[("Auc", "0.75")], TOKEN).await;
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Failed);
    let steps = world.steps(&execution).await;
    let refuse = steps.last().unwrap();
    assert_eq!(refuse.step_status(), Some(&StepStatus::Failed));
    assert_eq!(refuse.failure_reason(), Some("AUC is only 0.75"));
    assert_eq!(
        refuse.metadata().unwrap().fail().unwrap().error_message(),
        Some("AUC is only 0.75")
    );
    let described =
        world.sagemaker().describe_pipeline_execution().pipeline_execution_arn(&execution);
    assert_eq!(
        described.send().await.unwrap().failure_reason(),
        Some("Step failure: One or multiple steps failed.")
    );
}

#[tokio::test]
async fn the_same_token_is_the_same_execution() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let first = world.start("p", &[], TOKEN).await;
    assert_eq!(world.start("p", &[], TOKEN).await, first);
    let second = world.start("p", &[], "another-token-of-at-least-32-letters").await;
    assert_ne!(second, first);
    let client = world.sagemaker();
    let listed = client.list_pipeline_executions().pipeline_name("p").send().await.unwrap();
    assert_eq!(listed.pipeline_execution_summaries().len(), 2);
    let (_, id) = first.rsplit_once('/').unwrap();
    assert_eq!(id.len(), 12);
}

#[tokio::test]
async fn parameters_are_held_against_their_declarations() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    for (name, value, part) in [
        ("Auk", "0.9", "'Auk' is not declared"),
        ("Auc", "high", "not of its type"),
        ("Auc name", "0.9", "regular expression"),
    ] {
        let parameter =
            aws_sdk_sagemaker::types::Parameter::builder().name(name).value(value).build();
        let start = world.sagemaker().start_pipeline_execution().pipeline_name("p");
        let start = start.client_request_token(TOKEN).pipeline_parameters(parameter);
        let (code, message) = refusal(start.send().await);
        assert_eq!(code, "ValidationException");
        assert!(message.contains(part), "{message}");
    }
    let execution = world.start("p", &[("Note", "spring")], TOKEN).await;
    let client = world.sagemaker();
    let listed =
        client.list_pipeline_parameters_for_execution().pipeline_execution_arn(&execution).send();
    let listed = listed.await.unwrap();
    let pairs: Vec<_> = listed
        .pipeline_parameters()
        .iter()
        .map(|one| (one.name().unwrap(), one.value().unwrap()))
        .collect();
    assert_eq!(pairs, [("Auc", "0.9"), ("Note", "spring")]);
}

#[tokio::test]
async fn an_execution_keeps_the_definition_it_began_with() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let execution = world.start("p", &[], TOKEN).await;
    let other = json!({"Version": "2020-12-01", "Steps": [fail("Stop", &json!("x"))]}).to_string();
    let client = world.sagemaker();
    client.update_pipeline().pipeline_name("p").pipeline_definition(other).send().await.unwrap();
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    let used =
        client.describe_pipeline_definition_for_execution().pipeline_execution_arn(&execution);
    assert_eq!(used.send().await.unwrap().pipeline_definition(), Some(gate().to_string().as_str()));
}

#[tokio::test]
async fn a_stopped_execution_stops_and_a_retried_one_goes_on_where_it_was() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let execution = world.start("p", &[], TOKEN).await;
    world.status(&execution).await;
    let client = world.sagemaker();
    let stop = client.stop_pipeline_execution().pipeline_execution_arn(&execution);
    stop.client_request_token(TOKEN).send().await.unwrap();
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Stopped);
    let before = world.steps(&execution).await.len();
    let retry = client.retry_pipeline_execution().pipeline_execution_arn(&execution);
    retry.client_request_token(TOKEN).send().await.unwrap();
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    assert_eq!((before, world.steps(&execution).await.len()), (1, 2));
}

#[tokio::test]
async fn another_process_carries_an_execution_on() {
    let world = World::new().await;
    world.create("p", &gate()).await;
    let execution = world.start("p", &[], TOKEN).await;
    world.status(&execution).await;
    let other = world.again().await;
    drop(world);
    assert_eq!(other.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    assert_eq!(other.steps(&execution).await.len(), 2);
}

#[tokio::test]
async fn a_step_that_finds_no_data_fails_with_the_reason() {
    let world = World::new().await;
    let input = json!({"InputName": "data", "S3Input": {
        "S3Uri": "s3://sagemaker-prod-bucket/mammo/nothing/", "LocalPath": "/opt/ml/processing/input"}});
    let step = json!({"Name": "Prepare", "Type": "Processing", "Arguments": {
        "AppSpecification": {"ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/preprocess.py"]},
        "ProcessingInputs": [input]}});
    world.create("p", &json!({"Version": "2020-12-01", "Steps": [step]})).await;
    let execution = world.start("p", &[], TOKEN).await;
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Failed);
    let steps = world.steps(&execution).await;
    let reason = steps[0].failure_reason().unwrap();
    assert!(
        reason.contains(
            "No S3 objects found under S3 URL \"s3://sagemaker-prod-bucket/mammo/nothing/\""
        ),
        "{reason}"
    );
    let job = steps[0].metadata().unwrap().processing_job().unwrap().arn().unwrap();
    assert!(job.contains(":processing-job/pipelines-"), "{job}");
}

#[tokio::test]
async fn a_step_may_not_read_what_its_role_may_not() {
    let world = World::new().await;
    world.upload("sagemaker-prod-bucket", "other-model/data.csv", "1,2\n").await;
    let step = json!({"Name": "Train", "Type": "Training", "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"},
        "HyperParameters": {"num_round": "5"},
        "OutputDataConfig": {"S3OutputPath": "s3://sagemaker-prod-bucket/mammo/model"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://sagemaker-prod-bucket/other-model/"}}}]}});
    world.create("p", &json!({"Version": "2020-12-01", "Steps": [step]})).await;
    let execution = world.start("p", &[], TOKEN).await;
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Failed);
    let steps = world.steps(&execution).await;
    assert!(
        steps[0].failure_reason().unwrap().contains("is not authorized to perform: s3:GetObject")
    );
}

#[tokio::test]
async fn a_reference_to_what_no_step_left_fails_the_step_that_needs_it() {
    let world = World::new().await;
    let definition = json!({"Version": "2020-12-01",
        "Parameters": [{"Name": "Auc", "Type": "Float", "DefaultValue": 0.9}],
        "Steps": [check("Gate", &json!(0.8), json!([]), json!([])), fail("Stop", &json!({"Get": "Steps.Gate.Mood"}))]});
    world.create("p", &definition).await;
    let execution = world.start("p", &[], TOKEN).await;
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Failed);
    let steps = world.steps(&execution).await;
    assert_eq!(
        steps[1].failure_reason(),
        Some("'Steps.Gate.Mood' stands for nothing in this execution")
    );
}

#[tokio::test]
async fn step_types_that_are_not_rehearsed_say_so() {
    let world = World::new().await;
    let step = json!({"Name": "Ask", "Type": "Callback", "Arguments": {}});
    world.create("p", &json!({"Version": "2020-12-01", "Steps": [step]})).await;
    let execution = world.start("p", &[], TOKEN).await;
    world.finish(&execution).await;
    let steps = world.steps(&execution).await;
    assert_eq!(
        steps[0].failure_reason(),
        Some("the rehearsal does not execute Callback steps yet")
    );
}

#[tokio::test]
async fn a_model_needs_its_data_and_is_then_described() {
    let world = World::new().await;
    let uri = "s3://sagemaker-prod-bucket/mammo/model.tar.gz";
    let model = json!({"Name": "Make", "Type": "Model", "Arguments": {
        "ExecutionRoleArn": "arn:aws:iam::222222222222:role/execution",
        "PrimaryContainer": {"Image": "xgboost", "ModelDataUrl": uri}}});
    world.create("p", &json!({"Version": "2020-12-01", "Steps": [model]})).await;
    let without = world.start("p", &[], TOKEN).await;
    assert_eq!(world.finish(&without).await, PipelineExecutionStatus::Failed);
    world.upload("sagemaker-prod-bucket", "mammo/model.tar.gz", "a model").await;
    let with = world.start("p", &[], "another-token-of-at-least-32-letters").await;
    assert_eq!(world.finish(&with).await, PipelineExecutionStatus::Succeeded);
    let steps = world.steps(&with).await;
    let arn = steps[0].metadata().unwrap().model().unwrap().arn().unwrap();
    let (_, name) = arn.rsplit_once('/').unwrap();
    let described = world.sagemaker().describe_model().model_name(name).send().await;
    let described = described.unwrap();
    assert_eq!(described.primary_container().unwrap().model_data_url(), Some(uri));
}

#[tokio::test]
async fn a_step_cannot_act_as_a_role_that_does_not_trust_sagemaker() {
    let world = World::new().await;
    let mut step = fail("Stop", &json!("x"));
    step["Arguments"]["RoleArn"] = json!("arn:aws:iam::222222222222:role/lambda");
    world.create("p", &json!({"Version": "2020-12-01", "Steps": [step]})).await;
    let execution = world.start("p", &[], TOKEN).await;
    world.finish(&execution).await;
    let steps = world.steps(&execution).await;
    assert!(steps[0].failure_reason().unwrap().contains("Could not assume role"));
}

//! Rules fire: what they match, what their targets do, what becomes of what cannot be delivered.

mod failing;

use super::{
    bench::{DEV, environment, landscape},
    plant::{
        NAME, PIPELINE, Plant, QUEUE, READER, ROLE, TOPIC, alert, drift, start_training,
        with_parameter,
    },
};
use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, builders::TargetBuilder,
};
use relevo::rehearsal::{Activity, Fate, Fault, Landscape, Rehearsal, Repeats, RuleMetrics};
use serde_json::{Value, json};
use std::{collections::BTreeMap, task::Poll};

fn with_dead_letters(target: TargetBuilder) -> TargetBuilder {
    target.dead_letter_config(DeadLetterConfig::builder().arn(QUEUE).build())
}

fn with_retries(target: TargetBuilder, attempts: i32, seconds: i32) -> TargetBuilder {
    let policy = RetryPolicy::builder().maximum_retry_attempts(attempts);
    target.retry_policy(policy.maximum_event_age_in_seconds(seconds).build())
}

/// Why the only message was not delivered.
async fn reason(plant: &Plant) -> String {
    let mail = plant.mail().await;
    assert_eq!(mail.len(), 1, "{mail:?}");
    match &mail[0].fate {
        Fate::Undeliverable { reason } => reason.clone(),
        other => panic!("{other}"),
    }
}

/// The attributes of the only dead letter.
async fn dead_letter(plant: &Plant) -> BTreeMap<String, String> {
    let mail = plant.mail().await;
    assert_eq!(mail.len(), 1, "{mail:?}");
    assert_eq!(mail[0].topic, QUEUE);
    match &mail[0].fate {
        Fate::DeadLetter { attributes } => attributes.clone(),
        other => panic!("{other}"),
    }
}

/// What the rule's metrics say: tries, failures, dead letters.
fn counts(metrics: &RuleMetrics) -> (u64, u64, u64) {
    (metrics.invocations, metrics.failed_invocations, metrics.sent_to_dead_letter_queue)
}

#[tokio::test]
async fn drift_starts_the_training_and_tells_people_and_near_misses_do_neither() {
    let plant = Plant::new().await;
    plant.on_drift(vec![start_training(), alert()]).await;
    for (field, value) in [
        ("currentStepStatus", json!("Succeeded")),
        ("currentStepStatus", json!("failed")),
        ("stepType", json!("Processing")),
        (
            "pipelineArn",
            json!(
                "arn:aws:sagemaker:us-east-1:111111111111:pipeline/mammo-severity-train-pipeline-2"
            ),
        ),
        (
            "pipelineArn",
            json!(
                "arn:aws:sagemaker:us-east-1:111111111111:pipeline/Mammo-Severity-Train-Pipeline"
            ),
        ),
    ] {
        let mut near = drift();
        near[field] = value;
        plant.tell(&near).await;
    }
    plant.tell_as("Execution Status Change", &drift()).await;
    plant.settle().await;
    assert!(plant.trainings().await.is_empty() && plant.mail().await.is_empty());

    plant.tell(&drift()).await;
    assert_eq!(plant.trainings().await.len(), 1);
    let mail = plant.mail().await;
    assert_eq!((mail.len(), &mail[0].fate), (1, &Fate::Delivered));
    assert_eq!((mail[0].topic.as_str(), mail[0].endpoint.as_deref()), (TOPIC, Some(READER)));
    let event: Value = serde_json::from_str(&mail[0].body).unwrap();
    assert_eq!(event["detail"], drift());
    assert_eq!(counts(&plant.metrics().await), (2, 0, 0));
}

#[tokio::test]
async fn a_disabled_rule_hears_nothing_and_other_accounts_hear_nothing_either() {
    let plant = Plant::new().await;
    plant.on_drift(vec![alert()]).await;
    plant.events().disable_rule().name("drift").send().await.unwrap();
    plant.tell(&drift()).await;
    assert!(plant.mail().await.is_empty());
    plant.events().enable_rule().name("drift").send().await.unwrap();
    let elsewhere = aws_sdk_eventbridge::Client::new(&plant.bench.admin(super::bench::PROD));
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
        .source("test.sagemaker")
        .detail_type("Step Status Change")
        .detail(drift().to_string());
    elsewhere.put_events().entries(entry.build()).send().await.unwrap();
    plant.settle().await;
    assert!(plant.mail().await.is_empty());
}

#[tokio::test]
async fn an_event_that_comes_three_times_has_one_id_and_starts_three_executions() {
    let mut plant = Plant::new().await;
    plant.on_drift(vec![start_training(), alert()]).await;
    plant.bench.rehearsal = plant.bench.rehearsal.clone().with_repeats(Repeats::Always(3));
    plant.tell(&drift()).await;
    assert_eq!(plant.trainings().await.len(), 3);
    let mail = plant.mail().await;
    let ids = mail.iter().map(|message| serde_json::from_str::<Value>(&message.body).unwrap());
    let mut ids: Vec<String> = ids.map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn by_itself_about_one_event_in_four_comes_twice() {
    let mut plant = Plant::new().await;
    plant.on_drift(vec![alert()]).await;
    plant.bench.rehearsal = plant.bench.rehearsal.clone().with_repeats(Repeats::default());
    for _ in 0..40 {
        plant.tell_as("Step Status Change", &drift()).await;
    }
    plant.settle().await;
    let mail = plant.mail().await.len();
    assert!((42..=60).contains(&mail), "{mail}");
}

#[tokio::test]
async fn parameters_are_texts_or_paths_into_the_event() {
    let plant = Plant::new().await;
    for (value, given) in [
        ("2026-10", "2026-10"),
        ("$.detail.window", "2026-11"),
        ("$.detail.features", r#"["Age","Shape"]"#),
        ("$.account", DEV),
    ] {
        plant.on_drift(vec![with_parameter(start_training(), "DataWindow", value)]).await;
        plant.bench.pass(jiff::SignedDuration::from_secs(1));
        plant.tell(&drift()).await;
        assert_eq!(plant.trainings().await[0], given);
    }
    plant.on_drift(vec![with_parameter(start_training(), "DataWindow", "$.detail.none")]).await;
    plant.tell(&drift()).await;
    let reason = reason(&plant).await;
    assert_eq!(reason, "INVALID_PARAMETER: the event has nothing at $.detail.none");
}

#[tokio::test]
async fn a_parameter_that_the_pipeline_does_not_declare_fails_at_once_and_is_told() {
    let plant = Plant::new().await;
    plant.on_drift(vec![with_parameter(start_training(), "DataWindwo", "all")]).await;
    plant.tell(&drift()).await;
    assert!(plant.trainings().await.is_empty());
    let reason = reason(&plant).await;
    assert!(reason.starts_with("INVALID_PARAMETER: ValidationException: "), "{reason}");
    assert!(reason.contains("'DataWindwo' is not declared"), "{reason}");
    assert_eq!(plant.mail().await[0].topic, PIPELINE);
    assert_eq!(counts(&plant.metrics().await), (1, 1, 0));
}

#[tokio::test]
async fn a_pipeline_that_is_gone_fails_at_once() {
    let plant = Plant::new().await;
    plant.on_drift(vec![start_training()]).await;
    let delete = plant.sagemaker().delete_pipeline().pipeline_name(NAME);
    delete.client_request_token("0123456789abcdef0123456789abcdef").send().await.unwrap();
    plant.tell(&drift()).await;
    assert!(reason(&plant).await.starts_with("NO_RESOURCE: ResourceNotFound"));
}

/// The same state, as it looks once an administrator changed the roles.
async fn with_landscape(plant: &mut Plant, landscape: Landscape) {
    let path = plant.bench.folder.path().join("rehearsal.sqlite");
    let rehearsal = Rehearsal::open(&path, landscape, plant.bench.clock()).await.unwrap();
    plant.bench.rehearsal = rehearsal.with_repeats(Repeats::Always(1));
}

#[tokio::test]
async fn a_role_that_is_gone_or_does_not_trust_eventbridge_starts_nothing() {
    let mut gone = environment("dev", DEV);
    gone.events_role = "arn:aws:iam::111111111111:role/other".parse().unwrap();
    let mut untrusting = gone.clone();
    untrusting.lambda_role = ROLE.parse().unwrap();
    for environment in [gone, untrusting] {
        let mut plant = Plant::new().await;
        plant.on_drift(vec![start_training()]).await;
        with_landscape(&mut plant, Landscape::from(&[environment])).await;
        plant.tell(&drift()).await;
        assert!(plant.trainings().await.is_empty());
        assert!(reason(&plant).await.starts_with("FAILED_TO_ASSUME_ROLE: "));
        with_landscape(&mut plant, landscape()).await;
        plant.tell(&drift()).await;
        assert_eq!(plant.trainings().await.len(), 1);
    }
}

#[tokio::test]
async fn a_role_starts_only_the_pipelines_it_is_for() {
    let plant = Plant::new().await;
    plant.make_pipeline("other").await;
    let other = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/other";
    plant.on_drift(vec![start_training().arn(other)]).await;
    plant.tell(&drift()).await;
    let reason = reason(&plant).await;
    assert!(reason.starts_with("NO_PERMISSIONS: AccessDeniedException: "), "{reason}");
    assert!(reason.contains("sagemaker:StartPipelineExecution"), "{reason}");
}

#[tokio::test]
async fn the_execution_says_which_role_started_it() {
    let plant = Plant::new().await;
    plant.on_drift(vec![start_training()]).await;
    plant.tell(&drift()).await;
    let sagemaker = plant.sagemaker();
    let list = sagemaker.list_pipeline_executions().pipeline_name(NAME);
    let listed = list.send().await.unwrap();
    let arn = listed.pipeline_execution_summaries()[0].pipeline_execution_arn().unwrap();
    let found = sagemaker.describe_pipeline_execution().pipeline_execution_arn(arn).send().await;
    let by = found.unwrap().created_by.unwrap().iam_identity.unwrap().arn.unwrap();
    assert!(by.starts_with("arn:aws:sts::111111111111:assumed-role/events-role/"), "{by}");
}

#[tokio::test]
async fn under_the_key_that_aws_manages_no_alert_arrives_and_the_inbox_says_why() {
    let plant = Plant::new().await;
    plant.on_drift(vec![alert()]).await;
    plant.set_topic("KmsMasterKeyId", "alias/aws/sns").await;
    plant.tell(&drift()).await;
    let told = reason(&plant).await;
    assert!(told.starts_with("NO_PERMISSIONS: KMSAccessDenied: the key alias/aws/sns"), "{told}");
    assert!(told.contains("events.amazonaws.com"), "{told}");
    assert_eq!(counts(&plant.metrics().await), (1, 1, 0));
    // People and roles of the account may still publish under it: nothing warns them.
    let published = plant.sns().publish().topic_arn(TOPIC).message("test").send().await;
    assert!(published.is_ok());
    plant.look_in(86_400).await;
    assert_eq!(plant.mail().await.len(), 2, "it is not tried again");
}

#[tokio::test]
async fn a_topic_lets_eventbridge_in_only_by_a_policy_without_conditions() {
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish", "Resource": TOPIC,
    });
    let mut conditional = statement.clone();
    conditional["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": DEV } });
    for policy in [String::new(), json!({ "Statement": [conditional] }).to_string()] {
        let plant = Plant::new().await;
        plant.on_drift(vec![alert()]).await;
        plant.set_topic("Policy", &policy).await;
        plant.tell(&drift()).await;
        let told = reason(&plant).await;
        assert!(told.starts_with("NO_PERMISSIONS: AuthorizationError: "), "{told}");
    }
}

#[tokio::test]
async fn a_topic_that_is_gone_and_a_target_that_is_not_rehearsed_are_told() {
    let plant = Plant::new().await;
    let queue = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(QUEUE);
    plant.on_drift(vec![queue]).await;
    plant.tell(&drift()).await;
    assert!(reason(&plant).await.contains("the rehearsal starts pipelines and publishes"));

    let plant = Plant::new().await;
    plant.on_drift(vec![alert()]).await;
    plant.sns().delete_topic().topic_arn(TOPIC).send().await.unwrap();
    plant.tell(&drift()).await;
    assert!(reason(&plant).await.starts_with("NO_RESOURCE: NotFound"));
}

#[tokio::test]
async fn the_message_is_the_event_a_part_of_it_or_what_the_target_makes_of_it() {
    let plant = Plant::new().await;
    let transformer = InputTransformer::builder()
        .input_paths_map("window", "$.detail.window")
        .input_template(r#""Drift in <window>, by <aws.events.rule-name>""#);
    for (target, told) in [
        (alert().input(r#"{"a":1}"#), r#"{"a":1}"#.to_owned()),
        (alert().input_path("$.detail"), drift().to_string()),
        (alert().input_path("$.detail.window"), r#""2026-11""#.to_owned()),
        (
            alert().input_transformer(transformer.build().unwrap()),
            r#""Drift in 2026-11, by drift""#.to_owned(),
        ),
    ] {
        plant.on_drift(vec![target]).await;
        plant.tell(&drift()).await;
        assert_eq!(plant.mail().await.pop().unwrap().body, told);
    }
}

/// Polls `future` at most `polls` times, then drops it wherever it is.
async fn abandon(future: impl Future, polls: usize) {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        left = left.saturating_sub(1);
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if left == 0 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

#[tokio::test]
async fn ticks_dropped_anywhere_leave_each_delivery_done_once_or_not_at_all() {
    let plant = Plant::new().await;
    plant.on_drift(vec![start_training(), alert()]).await;
    for polls in 1..40 {
        plant.bench.pass(jiff::SignedDuration::from_secs(1));
        plant.tell_as("Step Status Change", &drift()).await;
        abandon(plant.bench.rehearsal.tick(), polls).await;
    }
    plant.settle().await;
    assert_eq!((plant.trainings().await.len(), plant.mail().await.len()), (39, 39));
    assert_eq!(counts(&plant.metrics().await), (78, 0, 0));
}

#[tokio::test]
async fn two_processes_deliver_each_event_once() {
    let plant = Plant::new().await;
    plant.on_drift(vec![start_training(), alert()]).await;
    let path = plant.bench.folder.path().join("rehearsal.sqlite");
    let other = Rehearsal::open(&path, landscape(), plant.bench.clock()).await.unwrap();
    for _ in 0..5 {
        plant.tell_as("Step Status Change", &drift()).await;
    }
    let (one, two) = tokio::join!(plant.bench.rehearsal.settle(), other.settle());
    assert!(one.is_ok() && two.is_ok());
    plant.settle().await;
    assert_eq!((plant.trainings().await.len(), plant.mail().await.len()), (5, 5));
}

#[tokio::test]
async fn what_sagemaker_tells_reaches_people_without_anybody_asking() {
    let plant = Plant::new().await;
    let failed = json!({
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
        "detail": { "pipelineArn": [PIPELINE], "currentPipelineExecutionStatus": ["Failed"] },
    });
    plant.on("failure", &failed, vec![alert()]).await;
    plant.on_drift(vec![start_training()]).await;
    plant.tell(&drift()).await;
    let mail = plant.mail().await;
    assert_eq!((mail.len(), &mail[0].fate), (1, &Fate::Delivered));
    let event: Value = serde_json::from_str(&mail[0].body).unwrap();
    assert_eq!(event["detail"]["currentPipelineExecutionStatus"], "Failed");
}

#[tokio::test]
async fn settling_ends_although_a_rule_hears_what_it_causes() {
    let plant = Plant::new().await;
    assert_eq!(plant.bench.rehearsal.tick().await.unwrap(), Activity::Idle);
    let ended = json!({
        "source": ["aws.sagemaker"],
        "detail": { "pipelineArn": [PIPELINE], "currentPipelineExecutionStatus": ["Failed"] },
    });
    plant.on("again", &ended, vec![start_training()]).await;
    plant.on_drift(vec![start_training()]).await;
    plant.tell_as("Step Status Change", &drift()).await;
    assert_eq!(plant.bench.rehearsal.settle().await.unwrap(), Activity::Busy);
}

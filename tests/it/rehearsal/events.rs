//! Rules and targets.

use super::bench::{Bench, DEV, PROD, code};
use aws_sdk_eventbridge::{
    Client,
    operation::put_targets::PutTargetsOutput,
    types::{RuleState, SageMakerPipelineParameter, SageMakerPipelineParameters, Tag, Target},
};

const RULE: &str = "mammo-inference-drift";
const PATTERN: &str = r#"{"source":["aws.sagemaker"]}"#;
const PIPELINE: &str = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/mammo-train";
const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:alerts";
const ROLE: &str = "arn:aws:iam::111111111111:role/events-role";

async fn client(bench: &Bench) -> Client {
    Client::new(&bench.deployer("dev", DEV).await)
}

fn topic(id: &str) -> Target {
    Target::builder().id(id).arn(TOPIC).build().unwrap()
}

fn pipeline(parameter: &str) -> Target {
    let parameter =
        SageMakerPipelineParameter::builder().name(parameter).value("x").build().unwrap();
    let parameters =
        SageMakerPipelineParameters::builder().pipeline_parameter_list(parameter).build();
    Target::builder()
        .id("start")
        .arn(PIPELINE)
        .role_arn(ROLE)
        .sage_maker_pipeline_parameters(parameters)
        .build()
        .unwrap()
}

async fn put(client: &Client, targets: Vec<Target>) -> PutTargetsOutput {
    client.put_targets().rule(RULE).set_targets(Some(targets)).send().await.unwrap()
}

#[tokio::test]
async fn putting_a_rule_replaces_it_whole() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let put = client.put_rule().name(RULE).event_pattern(PATTERN).description("drift");
    let made = put.tags(Tag::builder().key("a").value("b").build().unwrap()).send().await.unwrap();
    let arn = made.rule_arn().unwrap();
    assert_eq!(arn, "arn:aws:events:us-east-1:111111111111:rule/mammo-inference-drift");
    client.put_rule().name(RULE).schedule_expression("cron(0 23 * * ? *)").send().await.unwrap();

    let rule = client.describe_rule().name(RULE).send().await.unwrap();
    assert_eq!(rule.description(), None);
    assert_eq!(rule.event_pattern(), None);
    assert_eq!(rule.schedule_expression(), Some("cron(0 23 * * ? *)"));
    assert_eq!(rule.state(), Some(&RuleState::Enabled));
    let tags = client.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags()[0].key(), "a");

    client.disable_rule().name(RULE).send().await.unwrap();
    let rule = client.describe_rule().name(RULE).send().await.unwrap();
    assert_eq!(rule.state(), Some(&RuleState::Disabled));
}

#[tokio::test]
async fn names_patterns_and_schedules_are_checked() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let long = "x".repeat(65);
    let rule = |name: &str| client.put_rule().name(name);
    for refused in [
        rule(&long).event_pattern(PATTERN),
        rule("with space").event_pattern(PATTERN),
        rule(RULE),
        rule(RULE).schedule_expression("cron(0 23 * * * *)"),
        rule(RULE).schedule_expression("rate(1 days)"),
        rule(RULE).schedule_expression("rate(1 day)").event_bus_name("custom"),
        rule(RULE).event_pattern(PATTERN).description("x".repeat(513)),
    ] {
        assert_eq!(code(refused.send().await), "ValidationException");
    }
    for pattern in [
        "{",
        "[]",
        r#"{"source":"aws.sagemaker"}"#,
        r#"{"detail":{"status":[{"is":"Failed"}]}}"#,
        r#"{"detail":{"rows":[{"numeric":["<","5"]}]}}"#,
        r#"{"source":[{"wildcard":"aws.**"}]}"#,
    ] {
        let refused = rule(RULE).event_pattern(pattern).send().await;
        assert_eq!(code(refused), "InvalidEventPatternException");
    }
    let elsewhere = rule(RULE).event_pattern(PATTERN).event_bus_name("custom").send().await;
    assert_eq!(code(elsewhere), "ResourceNotFoundException");
}

#[tokio::test]
async fn the_sixth_target_fails_while_the_call_succeeds() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.put_rule().name(RULE).event_pattern(PATTERN).send().await.unwrap();
    let answer = put(&client, (1..=6).map(|n| topic(&n.to_string())).collect()).await;
    assert_eq!(answer.failed_entry_count(), 1);
    assert_eq!(answer.failed_entries()[0].target_id(), Some("6"));
    assert_eq!(answer.failed_entries()[0].error_code(), Some("LimitExceededException"));
    let listed = client.list_targets_by_rule().rule(RULE).limit(3).send().await.unwrap();
    assert_eq!(listed.targets().len(), 3);
    let rest = client.list_targets_by_rule().rule(RULE).set_next_token(listed.next_token).send();
    assert_eq!(rest.await.unwrap().targets().len(), 2);
    // An id that is there is replaced, not added.
    assert_eq!(put(&client, vec![topic("5")]).await.failed_entry_count(), 0);
}

#[tokio::test]
async fn a_pipeline_target_needs_a_role_that_events_may_take() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.put_rule().name(RULE).event_pattern(PATTERN).send().await.unwrap();
    assert_eq!(put(&client, vec![pipeline("TransformInput")]).await.failed_entry_count(), 0);

    let mut roleless = pipeline("TransformInput");
    roleless.role_arn = None;
    let mut untrusted = pipeline("TransformInput");
    untrusted.role_arn = Some("arn:aws:iam::111111111111:role/lambda-role".to_owned());
    let mut foreign = pipeline("TransformInput");
    foreign.role_arn = Some(format!("arn:aws:iam::{PROD}:role/events-role"));
    for (target, expected) in [
        (roleless, "ValidationException"),
        (untrusted, "ValidationException"),
        (foreign, "AccessDeniedException"),
    ] {
        let answer = put(&client, vec![target]).await;
        assert_eq!(answer.failed_entry_count(), 1);
        assert_eq!(answer.failed_entries()[0].error_code(), Some(expected));
    }
    let listed = client.list_targets_by_rule().rule(RULE).send().await.unwrap();
    assert_eq!(listed.targets(), [pipeline("TransformInput")]);
}

#[tokio::test]
async fn malformed_targets_refuse_the_whole_call() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.put_rule().name(RULE).event_pattern(PATTERN).send().await.unwrap();
    let mut two_inputs = topic("1");
    two_inputs.input = Some("{}".to_owned());
    two_inputs.input_path = Some("$.detail".to_owned());
    let mut bad_json = topic("1");
    bad_json.input = Some("{".to_owned());
    for target in [pipeline("transform_input"), topic("with space"), two_inputs, bad_json] {
        let refused = client.put_targets().rule(RULE).targets(target).send().await;
        assert_eq!(code(refused), "ValidationException");
    }
    let nowhere = client.put_targets().rule("missing").targets(topic("1")).send().await;
    assert_eq!(code(nowhere), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_rule_with_targets_cannot_be_deleted() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.put_rule().name(RULE).event_pattern(PATTERN).send().await.unwrap();
    put(&client, vec![topic("1")]).await;
    assert_eq!(code(client.delete_rule().name(RULE).send().await), "ValidationException");
    let removed = client.remove_targets().rule(RULE).ids("1").ids("2").send().await.unwrap();
    assert_eq!(removed.failed_entry_count(), 1);
    client.delete_rule().name(RULE).send().await.unwrap();
    let gone = client.describe_rule().name(RULE).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn rules_of_accounts_are_apart() {
    let bench = Bench::new().await;
    client(&bench).await.put_rule().name(RULE).event_pattern(PATTERN).send().await.unwrap();
    let prod = Client::new(&bench.deployer("prod", PROD).await);
    assert!(prod.list_rules().send().await.unwrap().rules().is_empty());
    let dev =
        Client::new(&bench.admin(DEV)).list_rules().name_prefix("mammo").send().await.unwrap();
    assert_eq!(dev.rules()[0].name(), Some(RULE));
}

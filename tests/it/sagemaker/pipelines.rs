//! Creating, updating and looking at pipelines, as strict as AWS.

use super::world::{TOKEN, World, refusal};
use aws_sdk_sagemaker::types::{PipelineDefinitionS3Location, Tag};
use serde_json::{Value, json};

fn failing(message: &str) -> Value {
    json!({"Version": "2020-12-01", "Steps": [
        {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}]})
}

#[tokio::test]
async fn a_created_pipeline_is_described_as_it_was_sent_with_its_arn_in_lower_case() {
    let world = World::new().await;
    let arn = world.create("AbalonePipeline", &failing("a")).await;
    assert_eq!(arn, "arn:aws:sagemaker:us-east-1:222222222222:pipeline/abalonepipeline");
    let described = world
        .sagemaker()
        .describe_pipeline()
        .pipeline_name("AbalonePipeline")
        .send()
        .await
        .unwrap();
    assert_eq!(described.pipeline_name(), Some("AbalonePipeline"));
    assert_eq!(described.pipeline_definition(), Some(failing("a").to_string().as_str()));
    assert_eq!(described.role_arn(), Some("arn:aws:iam::222222222222:role/execution"));
    assert_eq!(described.pipeline_status().unwrap().as_str(), "Active");
    let by_arn = world.sagemaker().describe_pipeline().pipeline_name(&arn).send().await.unwrap();
    assert_eq!(by_arn.pipeline_arn(), Some(arn.as_str()));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_pipeline_and_another_is_refused() {
    let world = World::new().await;
    let arn = world.create("p", &failing("a")).await;
    assert_eq!(world.create("p", &failing("a")).await, arn);
    let other = world
        .sagemaker()
        .create_pipeline()
        .pipeline_name("p")
        .role_arn(world.environment.train_role.as_str())
        .client_request_token("another-token-of-at-least-32-letters")
        .pipeline_definition(failing("a").to_string());
    let (code, message) = refusal(other.send().await);
    assert_eq!(code, "ValidationException");
    assert!(message.contains("names must be unique within an AWS account"), "{message}");
    assert!(!message.contains("already exists"), "{message}");
}

#[tokio::test]
async fn what_create_pipeline_refuses() {
    let world = World::new().await;
    let create = || {
        world
            .sagemaker()
            .create_pipeline()
            .pipeline_name("p")
            .role_arn(world.environment.train_role.as_str())
            .client_request_token(TOKEN)
            .pipeline_definition(failing("a").to_string())
    };
    let dangling = json!({"Version": "2020-12-01", "Steps": [
        {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.Train.X"}}}]});
    for (request, part) in [
        (create().pipeline_name("under_score"), "regular expression"),
        (create().pipeline_name("-p"), "regular expression"),
        (create().client_request_token("short"), "between 32 and 128"),
        (create().pipeline_definition("{"), "not JSON"),
        (create().pipeline_definition("[]"), "Unable to parse pipeline definition"),
        (create().pipeline_definition(dangling.to_string()), "Steps.Train.X"),
        (create().role_arn("arn:aws:iam::222222222222:role/lambda"), "does not trust"),
        (create().role_arn("arn:aws:iam::111111111111:role/execution"), "does not trust"),
        (
            create().pipeline_definition_s3_location(
                PipelineDefinitionS3Location::builder().bucket("b").object_key("k").build(),
            ),
            "Only one of",
        ),
    ] {
        let (code, message) = refusal(request.send().await);
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_definition_may_come_from_s3() {
    let world = World::new().await;
    let bucket = "sagemaker-prod-bucket";
    world.upload(bucket, "mammo/definition.json", failing("from s3").to_string()).await;
    let place = PipelineDefinitionS3Location::builder().bucket(bucket);
    let create = world
        .sagemaker()
        .create_pipeline()
        .pipeline_name("p")
        .role_arn(world.environment.train_role.as_str())
        .client_request_token(TOKEN)
        .pipeline_definition_s3_location(place.object_key("mammo/definition.json").build());
    create.send().await.unwrap();
    let described = world.sagemaker().describe_pipeline().pipeline_name("p").send().await.unwrap();
    assert!(described.pipeline_definition().unwrap().contains("from s3"));
}

#[tokio::test]
async fn another_definition_is_another_version_and_the_same_is_not() {
    let world = World::new().await;
    world.create("p", &failing("a")).await;
    let update = |message: &str| {
        let definition = failing(message).to_string();
        world
            .sagemaker()
            .update_pipeline()
            .pipeline_name("p")
            .pipeline_definition(definition)
            .send()
    };
    assert_eq!(update("a").await.unwrap().pipeline_version_id(), Some(1));
    assert_eq!(update("b").await.unwrap().pipeline_version_id(), Some(2));
    let client = world.sagemaker();
    let versions = client.list_pipeline_versions().pipeline_name("p").send().await.unwrap();
    let numbers: Vec<_> =
        versions.pipeline_version_summaries().iter().map(|one| one.pipeline_version_id()).collect();
    assert_eq!(numbers, [Some(2), Some(1)]);
    let first = client.describe_pipeline().pipeline_name("p").pipeline_version_id(1);
    assert!(first.send().await.unwrap().pipeline_definition().unwrap().contains("\"a\""));
    let newest = client.describe_pipeline().pipeline_name("p").send().await.unwrap();
    assert!(newest.pipeline_definition().unwrap().contains("\"b\""));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_by_code() {
    let world = World::new().await;
    let client = world.sagemaker();
    assert_eq!(
        refusal(client.describe_pipeline().pipeline_name("p").send().await).0,
        "ResourceNotFound"
    );
    assert_eq!(
        refusal(client.update_pipeline().pipeline_name("p").send().await).0,
        "ResourceNotFound"
    );
    let arn = "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p/execution/abcdefghijkl";
    let execution = client.describe_pipeline_execution().pipeline_execution_arn(arn);
    assert_eq!(refusal(execution.send().await).0, "ResourceNotFound");
    world.create("p", &failing("a")).await;
    let elsewhere = world.sagemaker_of("111111111111");
    assert_eq!(
        refusal(elsewhere.describe_pipeline().pipeline_name("p").send().await).0,
        "ResourceNotFound"
    );
}

#[tokio::test]
async fn a_deleted_pipeline_is_gone_but_not_while_it_runs() {
    let world = World::new().await;
    let two = json!({"Version": "2020-12-01", "Steps": [
        {"Name": "Check", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}},
        {"Name": "Check2", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}},
        {"Name": "Check3", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}}]});
    world.create("p", &two).await;
    let execution = world.start("p", &[], TOKEN).await;
    let delete =
        || world.sagemaker().delete_pipeline().pipeline_name("p").client_request_token(TOKEN);
    assert_eq!(refusal(delete().send().await).0, "ConflictException");
    world.finish(&execution).await;
    delete().send().await.unwrap();
    let described = world.sagemaker().describe_pipeline().pipeline_name("p").send().await;
    assert_eq!(refusal(described).0, "ResourceNotFound");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.create(name, &failing("x")).await;
        world.pass(1);
    }
    let client = world.sagemaker();
    let mut names = Vec::new();
    let mut pages = client.list_pipelines().max_results(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.pipeline_summaries().len() <= 2);
        names.extend(
            page.pipeline_summaries().iter().map(|one| one.pipeline_name().unwrap().to_owned()),
        );
    }
    assert_eq!(names, ["c", "b", "a"]);
    let refused = client.list_pipelines().max_results(101).send().await;
    assert_eq!(refusal(refused).0, "ValidationException");
}

#[tokio::test]
async fn tags_are_added_and_listed() {
    let world = World::new().await;
    let arn = world.create("p", &failing("a")).await;
    let tag = Tag::builder().key("relevo:commit").value("abc").build();
    world.sagemaker().add_tags().resource_arn(&arn).tags(tag.clone()).send().await.unwrap();
    let listed = world.sagemaker().list_tags().resource_arn(&arn).send().await.unwrap();
    assert_eq!(listed.tags(), [tag]);
}

//! Functions and their versions.

use super::bench::{Bench, DEV, code};
use aws_sdk_lambda::{
    Client,
    operation::create_function::builders::CreateFunctionFluentBuilder,
    primitives::Blob,
    types::{Environment, FunctionCode, Runtime},
};
use std::io::{Cursor, Write as _};

const NAME: &str = "relevo-dev-latest-approved";
const ROLE: &str = "arn:aws:iam::111111111111:role/lambda-role";

fn zip(text: &str) -> Blob {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("latest_approved_model.py", zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    Blob::new(writer.finish().unwrap().into_inner())
}

fn create(client: &Client) -> CreateFunctionFluentBuilder {
    client
        .create_function()
        .function_name(NAME)
        .runtime(Runtime::from("python3.13"))
        .role(ROLE)
        .handler("latest_approved_model.handler")
        .code(FunctionCode::builder().zip_file(zip("one")).build())
}

async fn client(bench: &Bench) -> Client {
    Client::new(&bench.deployer("dev", DEV).await)
}

#[tokio::test]
async fn a_function_is_created_once_and_published() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let made = create(&client).publish(true).tags("relevo", "dev").send().await.unwrap();
    assert_eq!(made.version(), Some("1"));
    assert_eq!(
        made.function_arn(),
        Some("arn:aws:lambda:us-east-1:111111111111:function:relevo-dev-latest-approved:1")
    );
    assert_eq!(code(create(&client).send().await), "ResourceConflictException");

    let got = client.get_function().function_name(NAME).send().await.unwrap();
    assert_eq!(got.configuration().unwrap().version(), Some("$LATEST"));
    assert_eq!(got.configuration().unwrap().code_sha256(), made.code_sha256());
    assert_eq!(got.tags().unwrap()["relevo"], "dev");
}

#[tokio::test]
async fn publishing_the_same_again_gives_the_same_version() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    create(&client).send().await.unwrap();
    let publish = || async {
        let version = client.publish_version().function_name(NAME).send().await.unwrap();
        version.version().unwrap().to_owned()
    };
    assert_eq!(publish().await, "1");
    assert_eq!(publish().await, "1");
    let updated = client
        .update_function_code()
        .function_name(NAME)
        .zip_file(zip("two"))
        .send()
        .await
        .unwrap();
    assert_eq!(publish().await, "2");
    let variables = Environment::builder().variables("A", "b").build();
    client
        .update_function_configuration()
        .function_name(NAME)
        .environment(variables)
        .send()
        .await
        .unwrap();
    assert_eq!(publish().await, "3");

    let versions = client.list_versions_by_function().function_name(NAME).send().await.unwrap();
    let numbers: Vec<_> = versions.versions().iter().filter_map(|one| one.version()).collect();
    assert_eq!(numbers, ["$LATEST", "1", "2", "3"]);
    let second = client
        .get_function_configuration()
        .function_name(NAME)
        .qualifier("2")
        .send()
        .await
        .unwrap();
    assert_eq!(second.code_sha256(), updated.code_sha256());
    assert!(second.environment().is_none());
}

#[tokio::test]
async fn a_version_is_published_only_of_the_code_that_was_meant() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    create(&client).send().await.unwrap();
    let other = client.publish_version().function_name(NAME).code_sha256("b3RoZXI=").send().await;
    assert_eq!(code(other), "InvalidParameterValueException");
    let unseen = client.publish_version().function_name(NAME).revision_id("unseen").send().await;
    assert_eq!(code(unseen), "PreconditionFailedException");
}

#[tokio::test]
async fn what_lambda_would_refuse_is_refused() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let unreadable = FunctionCode::builder().zip_file(Blob::new("no zip")).build();
    for refused in [
        create(&client).runtime(Runtime::from("python3.8")),
        create(&client).runtime(Runtime::from("cobol")),
        create(&client).code(unreadable),
        create(&client).code(FunctionCode::builder().build()),
    ] {
        assert_eq!(code(refused.send().await), "InvalidParameterValueException");
    }
    for refused in [
        create(&client).function_name("x".repeat(65)),
        create(&client).timeout(901),
        create(&client).memory_size(64),
    ] {
        assert_eq!(code(refused.send().await), "ValidationException");
    }
    // A role that the deployer may pass but Lambda may not take, and one that he may not pass.
    let untrusted = create(&client).role("arn:aws:iam::111111111111:role/events-role").send().await;
    assert_eq!(code(untrusted), "InvalidParameterValueException");
    let foreign = create(&client).role("arn:aws:iam::222222222222:role/lambda-role").send().await;
    assert_eq!(code(foreign), "AccessDeniedException");
}

#[tokio::test]
async fn functions_are_found_tagged_and_deleted() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let missing = client.get_function().function_name(NAME).send().await.unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());
    let made = create(&client).send().await.unwrap();
    client
        .tag_resource()
        .resource(made.function_arn().unwrap())
        .tags("a", "b")
        .send()
        .await
        .unwrap();
    let tags = client.list_tags().resource(made.function_arn().unwrap()).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["a"], "b");
    assert_eq!(client.list_functions().send().await.unwrap().functions().len(), 1);
    client.delete_function().function_name(NAME).send().await.unwrap();
    assert!(client.list_functions().send().await.unwrap().functions().is_empty());
}

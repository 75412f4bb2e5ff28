//! CopyObject: who may, what comes along, under which conditions.

use super::bench::{Bench, DEV, REGISTRY, code};
use aws_sdk_s3::{
    Client,
    operation::copy_object::builders::CopyObjectFluentBuilder,
    primitives::ByteStream,
    types::{MetadataDirective, ServerSideEncryption},
};

const BUCKET: &str = "sagemaker-dev-bucket";
const FROM: &str = "mammography-severity-model/data/arrived/a b+ü.csv";
const TO: &str = "mammography-severity-model/data/train-dataset/1/a.csv";
const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555";

async fn client(bench: &Bench) -> Client {
    let client = Client::new(&bench.deployer("dev", DEV).await);
    let put = client.put_object().bucket(BUCKET).key(FROM).metadata("night", "1");
    let body = ByteStream::from_static(b"67,3,5,3\n");
    put.content_type("text/csv").body(body).send().await.unwrap();
    client
}

fn copy(client: &Client) -> CopyObjectFluentBuilder {
    let source = format!("{BUCKET}/mammography-severity-model/data/arrived/a%20b%2B%C3%BC.csv");
    client.copy_object().bucket(BUCKET).key(TO).copy_source(source)
}

#[tokio::test]
async fn a_copy_has_the_content_and_notes_of_its_source_under_its_own_key() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let encrypted = copy(&client)
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(encrypted.ssekms_key_id(), Some(KEY));
    let read = client.get_object().bucket(BUCKET).key(TO).send().await.unwrap();
    assert_eq!(encrypted.copy_object_result().unwrap().e_tag(), read.e_tag());
    assert_eq!((read.content_type(), read.ssekms_key_id()), (Some("text/csv"), Some(KEY)));
    assert_eq!(read.metadata().unwrap()["night"], "1");
    assert_eq!(read.body.collect().await.unwrap().into_bytes(), "67,3,5,3\n");
    let replaced = copy(&client).metadata_directive(MetadataDirective::Replace).metadata("by", "x");
    replaced.send().await.unwrap();
    let head = client.head_object().bucket(BUCKET).key(TO).send().await.unwrap();
    assert_eq!((head.metadata().unwrap().len(), head.metadata().unwrap()["by"].as_str()), (1, "x"));
}

#[tokio::test]
async fn a_copy_is_made_once_and_only_of_what_was_seen() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let stale = copy(&client).copy_source_if_match("\"other\"").send().await;
    assert_eq!(code(stale), "PreconditionFailed");
    copy(&client).if_none_match("*").send().await.unwrap();
    assert_eq!(code(copy(&client).if_none_match("*").send().await), "PreconditionFailed");
    let missing = copy(&client).copy_source(format!("{BUCKET}/mammography-severity-model/no.csv"));
    assert_eq!(code(missing.send().await), "NoSuchKey");
    assert_eq!(code(copy(&client).key(FROM).send().await), "InvalidRequest");
    assert_eq!(code(copy(&client).copy_source(BUCKET).send().await), "InvalidArgument");
}

#[tokio::test]
async fn a_copy_needs_the_right_to_read_and_the_right_to_write() {
    let bench = Bench::new().await;
    client(&bench).await;
    let policy = |action: &str| {
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
    };
    for action in ["s3:GetObject", "s3:PutObject"] {
        let narrow = bench.deployer_under("dev", DEV, Some(&policy(action))).await;
        assert_eq!(code(copy(&Client::new(&narrow)).send().await), "AccessDenied", "{action}");
    }
    let stranger = Client::new(&bench.admin(REGISTRY));
    assert_eq!(code(copy(&stranger).send().await), "AccessDenied");
    let other = copy(&Client::new(&bench.admin(DEV))).expected_source_bucket_owner(REGISTRY);
    assert_eq!(code(other.send().await), "AccessDenied");
}

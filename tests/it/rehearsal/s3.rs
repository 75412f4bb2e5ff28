//! Objects: conditions, keys, owners, pages.

use super::bench::{Bench, DEV, PROD, code};
use aws_sdk_s3::{
    Client,
    error::SdkError,
    primitives::ByteStream,
    types::{ChecksumAlgorithm, ServerSideEncryption},
};

const BUCKET: &str = "sagemaker-dev-bucket";
const KEY: &str = "mammography-severity-model/scripts/a b+ü.py";

async fn client(bench: &Bench) -> Client {
    Client::new(&bench.deployer("dev", DEV).await)
}

async fn put(client: &Client, key: &str, text: &str) {
    let body = ByteStream::from(text.as_bytes().to_vec());
    client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
}

#[tokio::test]
async fn what_was_put_is_got() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let written = client
        .put_object()
        .bucket(BUCKET)
        .key(KEY)
        .body(ByteStream::from_static(b"print('hello')\n"))
        .content_type("text/x-python")
        .metadata("commit", "abc")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let read = client.get_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(read.e_tag(), written.e_tag());
    assert_eq!(read.content_type(), Some("text/x-python"));
    assert_eq!(read.metadata().unwrap()["commit"], "abc");
    assert_eq!(read.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    assert_eq!(read.body.collect().await.unwrap().into_bytes(), "print('hello')\n");

    let head = client.head_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(head.content_length(), Some(15));
    assert_eq!(head.last_modified().unwrap().secs(), bench.now().as_second());
}

#[tokio::test]
async fn a_range_gives_a_part() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    put(&client, KEY, "0123456789").await;
    for (range, part) in [("bytes=2-4", "234"), ("bytes=7-", "789"), ("bytes=-2", "89")] {
        let read = client.get_object().bucket(BUCKET).key(KEY).range(range).send().await.unwrap();
        assert_eq!(read.body.collect().await.unwrap().into_bytes(), part);
    }
    let beyond = client.get_object().bucket(BUCKET).key(KEY).range("bytes=10-").send().await;
    assert_eq!(code(beyond), "InvalidRange");
}

#[tokio::test]
async fn if_none_match_creates_only_once() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let create = || client.put_object().bucket(BUCKET).key(KEY).if_none_match("*").send();
    assert!(create().await.is_ok());
    assert_eq!(code(create().await), "PreconditionFailed");
    let other = client.put_object().bucket(BUCKET).key(KEY).if_match("\"other\"").send().await;
    assert_eq!(code(other), "PreconditionFailed");
}

#[tokio::test]
async fn objects_are_encrypted_with_keys_that_exist() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let key = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555";
    let put = |key: &str| {
        client
            .put_object()
            .bucket(BUCKET)
            .key(KEY)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(key)
            .send()
    };
    put(key).await.unwrap();
    put("11111111-2222-3333-4444-555555555555").await.unwrap();
    assert_eq!(code(put("22222222-2222-3333-4444-555555555555").await), "KMS.NotFoundException");
    put(key).await.unwrap();
    let head = client.head_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!(head.ssekms_key_id(), Some(key));
    let keyless = client.put_object().bucket(BUCKET).key(KEY).ssekms_key_id(key).send().await;
    assert_eq!(code(keyless), "InvalidArgument");
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_folds_at_the_delimiter() {
    let bench = Bench::new().await;
    let client = Client::new(&bench.admin(DEV));
    for key in ["a/1", "a/2", "b/1", "b/2", "c", "d"] {
        put(&client, key, key).await;
    }
    let mut seen = Vec::new();
    let mut pages = client.list_objects_v2().bucket(BUCKET).max_keys(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.key_count().unwrap() <= 2);
        seen.extend(page.contents().iter().filter_map(|one| one.key().map(str::to_owned)));
    }
    assert_eq!(seen, ["a/1", "a/2", "b/1", "b/2", "c", "d"]);

    let folded =
        client.list_objects_v2().bucket(BUCKET).delimiter("/").max_keys(3).send().await.unwrap();
    let prefixes: Vec<_> = folded.common_prefixes().iter().filter_map(|one| one.prefix()).collect();
    assert_eq!(prefixes, ["a/", "b/"]);
    assert_eq!(folded.contents()[0].key(), Some("c"));
    assert_eq!(folded.is_truncated(), Some(true));

    let under = client.list_objects_v2().bucket(BUCKET).prefix("a/").send().await.unwrap();
    assert_eq!(under.key_count(), Some(2));
}

#[tokio::test]
async fn deleting_is_the_administrators_right_and_repeats() {
    let bench = Bench::new().await;
    let deployer = client(&bench).await;
    put(&deployer, KEY, "x").await;
    let refused = deployer.delete_object().bucket(BUCKET).key(KEY).send().await;
    assert_eq!(code(refused), "AccessDenied");
    let admin = Client::new(&bench.admin(DEV));
    admin.delete_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    admin.delete_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(code(admin.get_object().bucket(BUCKET).key(KEY).send().await), "NoSuchKey");
    let head = admin.head_object().bucket(BUCKET).key(KEY).send().await.unwrap_err();
    assert!(head.into_service_error().is_not_found());
}

#[tokio::test]
async fn buckets_let_in_only_whom_their_policy_names() {
    let bench = Bench::new().await;
    let prod = Client::new(&bench.admin(PROD));
    let foreign = prod.get_object().bucket(BUCKET).key(KEY).send().await;
    assert_eq!(code(foreign), "AccessDenied");
    let missing = prod.get_object().bucket("nobodys-bucket").key(KEY).send().await;
    assert_eq!(code(missing), "NoSuchBucket");

    // The artefacts bucket is the registry's, and both environments use it.
    let artefact = || prod.put_object().bucket("sagemaker-registry-bucket").key("m/model.tar.gz");
    artefact().send().await.unwrap();
    artefact().expected_bucket_owner("333333333333").send().await.unwrap();
    let wrong = artefact().expected_bucket_owner(PROD).send().await;
    assert_eq!(code(wrong), "AccessDenied");
}

#[tokio::test]
async fn the_deployer_writes_below_the_models_prefix_only() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let outside = client.put_object().bucket(BUCKET).key("other-model/scripts/a.py").send().await;
    assert_eq!(code(outside), "AccessDenied");
}

#[tokio::test]
async fn a_body_that_is_not_what_its_checksum_says_is_refused() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let wrong = client
        .put_object()
        .bucket(BUCKET)
        .key(KEY)
        .body(ByteStream::from_static(b"hello"))
        .checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        .send()
        .await;
    assert_eq!(code(wrong), "BadDigest");
}

#[tokio::test]
async fn a_streamed_body_comes_in_chunks_with_a_trailer() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let file = bench.folder.path().join("big.csv");
    let text = "1,2,3,4,5\n".repeat(20_000);
    std::fs::write(&file, &text).unwrap();
    let body = ByteStream::from_path(&file).await.unwrap();
    client.put_object().bucket(BUCKET).key(KEY).body(body).send().await.unwrap();
    let read = client.get_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(read.body.collect().await.unwrap().into_bytes(), text);
}

#[tokio::test]
async fn what_s3_can_do_besides_is_told_to_be_missing() {
    let bench = Bench::new().await;
    let client = Client::new(&bench.admin(DEV));
    let refused = client.get_bucket_cors().bucket(BUCKET).send().await;
    assert!(matches!(&refused, Err(SdkError::ServiceError(_))), "{refused:?}");
    assert_eq!(code(refused), "UnknownOperationException");
    let location = client.get_bucket_location().bucket(BUCKET).send().await.unwrap();
    assert_eq!(location.location_constraint().map(|one| one.as_str()).unwrap_or_default(), "");
    assert!(client.head_bucket().bucket(BUCKET).send().await.is_ok());
    let unlisted = self::client(&bench).await.list_buckets().send().await;
    assert_eq!(code(unlisted), "AccessDenied");
    let owned = client.list_buckets().send().await.unwrap();
    assert_eq!(owned.buckets()[0].name(), Some(BUCKET));
}

//! Topics and subscriptions.

use super::bench::{Bench, DEV, code};
use aws_sdk_sns::{Client, types::Tag};

const ARN: &str = "arn:aws:sns:us-east-1:111111111111:alerts";
const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555";

async fn client(bench: &Bench) -> Client {
    Client::new(&bench.deployer("dev", DEV).await)
}

async fn set(client: &Client, name: &str, value: &str) -> Result<(), String> {
    let call =
        client.set_topic_attributes().topic_arn(ARN).attribute_name(name).attribute_value(value);
    match call.send().await {
        Ok(_) => Ok(()),
        refused => Err(code(refused)),
    }
}

#[tokio::test]
async fn creating_a_topic_again_is_fine_unless_it_differs() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let create = || client.create_topic().name("alerts");
    assert_eq!(create().send().await.unwrap().topic_arn(), Some(ARN));
    assert_eq!(create().send().await.unwrap().topic_arn(), Some(ARN));
    let other = create().attributes("KmsMasterKeyId", KEY).send().await;
    assert_eq!(code(other), "InvalidParameter");
    let tagged = create().tags(Tag::builder().key("a").value("b").build().unwrap()).send().await;
    assert_eq!(code(tagged), "InvalidParameter");
    assert_eq!(code(client.create_topic().name("bad name").send().await), "InvalidParameter");
    let listed = client.list_topics().send().await.unwrap();
    assert_eq!(listed.topics()[0].topic_arn(), Some(ARN));
}

#[tokio::test]
async fn attributes_are_set_checked_and_read_back() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.create_topic().name("alerts").send().await.unwrap();
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
        "Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111111111111:alerts"}]}"#;
    set(&client, "Policy", policy).await.unwrap();
    set(&client, "KmsMasterKeyId", KEY).await.unwrap();
    let read = client.get_topic_attributes().topic_arn(ARN).send().await.unwrap();
    let attributes = read.attributes().unwrap();
    assert_eq!(attributes["Policy"], policy);
    assert_eq!(attributes["KmsMasterKeyId"], KEY);
    assert_eq!(attributes["Owner"], DEV);

    set(&client, "KmsMasterKeyId", "alias/aws/sns").await.unwrap();
    assert_eq!(set(&client, "KmsMasterKeyId", "alias/none").await, Err("KMSNotFound".to_owned()));
    assert_eq!(set(&client, "Policy", "{").await, Err("InvalidParameter".to_owned()));
    assert_eq!(set(&client, "Colour", "red").await, Err("InvalidParameter".to_owned()));
}

#[tokio::test]
async fn a_subscription_by_mail_stays_pending() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    client.create_topic().name("alerts").send().await.unwrap();
    let subscribe =
        || client.subscribe().topic_arn(ARN).protocol("email").endpoint("mlops@clinic.example.net");
    let first = subscribe().send().await.unwrap();
    assert_eq!(first.subscription_arn(), Some("pending confirmation"));
    let arn = subscribe().return_subscription_arn(true).send().await.unwrap();
    assert!(arn.subscription_arn().unwrap().starts_with(ARN));

    let listed = client.list_subscriptions_by_topic().topic_arn(ARN).send().await.unwrap();
    assert_eq!(listed.subscriptions().len(), 1);
    assert_eq!(listed.subscriptions()[0].subscription_arn(), Some("PendingConfirmation"));
    let attributes = client.get_topic_attributes().topic_arn(ARN).send().await.unwrap();
    assert_eq!(attributes.attributes().unwrap()["SubscriptionsPending"], "1");
    let end = client.unsubscribe().subscription_arn(arn.subscription_arn().unwrap()).send().await;
    assert_eq!(code(end), "InvalidParameter");
    let nobody =
        client.subscribe().topic_arn(ARN).protocol("email").endpoint("nobody").send().await;
    assert_eq!(code(nobody), "InvalidParameter");
}

#[tokio::test]
async fn messages_are_checked_and_topics_deleted() {
    let bench = Bench::new().await;
    let client = client(&bench).await;
    let publish = || client.publish().topic_arn(ARN).message("drift");
    assert_eq!(code(publish().send().await), "NotFound");
    client.create_topic().name("alerts").send().await.unwrap();
    assert!(publish().subject("Drift").send().await.unwrap().message_id().is_some());
    assert_eq!(code(publish().subject("x".repeat(100)).send().await), "InvalidParameter");
    assert_eq!(code(publish().message("x".repeat(262_145)).send().await), "InvalidParameter");
    client
        .tag_resource()
        .resource_arn(ARN)
        .tags(Tag::builder().key("a").value("b").build().unwrap())
        .send()
        .await
        .unwrap();
    let tags = client.list_tags_for_resource().resource_arn(ARN).send().await.unwrap();
    assert_eq!(tags.tags()[0].value(), "b");
    client.delete_topic().topic_arn(ARN).send().await.unwrap();
    let gone = client.get_topic_attributes().topic_arn(ARN).send().await;
    assert_eq!(code(gone), "NotFound");
}

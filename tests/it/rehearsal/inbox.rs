//! The inbox: confirmations, mail, and what never becomes mail.

use super::{
    bench::{Bench, code},
    plant::{Plant, READER, TOPIC},
};
use relevo::rehearsal::{Fate, Obstacle, Rehearsal};

const NEW: &str = "ada@clinic.example.net";

/// The fates of what was sent to `endpoint`, oldest first.
async fn fates(rehearsal: &Rehearsal, endpoint: &str) -> Vec<Fate> {
    let messages = rehearsal.inbox().await.unwrap().into_iter();
    messages
        .filter(|message| message.endpoint.as_deref() == Some(endpoint))
        .map(|message| message.fate)
        .collect()
}

async fn publish(plant: &Plant, subject: &str) {
    let publish = plant.sns().publish().topic_arn(TOPIC).subject(subject).message("Age drifts");
    publish.send().await.unwrap();
}

fn token(fate: &Fate) -> &str {
    match fate {
        Fate::ConfirmationAsked { token } => token,
        other => panic!("{other}"),
    }
}

/// What the topic's list of subscriptions shows for `endpoint`.
async fn shown(plant: &Plant, endpoint: &str) -> Option<String> {
    let listed = plant.sns().list_subscriptions_by_topic().topic_arn(TOPIC).send().await.unwrap();
    let mut subscriptions = listed.subscriptions().iter();
    let found = subscriptions.find(|one| one.endpoint() == Some(endpoint))?;
    found.subscription_arn().map(str::to_owned)
}

#[tokio::test]
async fn who_has_not_confirmed_gets_nothing_and_the_inbox_says_so() {
    let plant = Plant::new().await;
    plant.subscribe(NEW).await;
    publish(&plant, "Drift").await;
    let unheard = Fate::NotDelivered { because: Obstacle::Unconfirmed };
    let before = fates(&plant.bench.rehearsal, NEW).await;
    assert_eq!((before.len(), &before[1]), (2, &unheard));
    assert_eq!(fates(&plant.bench.rehearsal, READER).await[1..], [Fate::Delivered]);

    let confirm = plant.sns().confirm_subscription().topic_arn(TOPIC).token(token(&before[0]));
    let arn = confirm.clone().send().await.unwrap().subscription_arn.unwrap();
    assert_eq!(shown(&plant, NEW).await, Some(arn.clone()));
    assert_eq!(confirm.send().await.unwrap().subscription_arn, Some(arn));
    publish(&plant, "Drift again").await;
    assert_eq!(fates(&plant.bench.rehearsal, NEW).await[1..], [unheard, Fate::Delivered]);
}

#[tokio::test]
async fn a_message_lies_in_the_inbox_with_all_it_says() {
    let plant = Plant::new().await;
    publish(&plant, "Drift").await;
    plant.sns().publish().topic_arn(TOPIC).message("plain").send().await.unwrap();
    let mail = plant.mail().await;
    let first = &mail[0];
    assert_eq!((first.time, first.topic.as_str()), (plant.bench.now(), TOPIC));
    assert_eq!((first.subject.as_str(), first.body.as_str()), ("Drift", "Age drifts"));
    assert_eq!(mail[1].subject, "AWS Notification Message");
}

#[tokio::test]
async fn clicking_confirms_one_address_or_all() {
    let plant = Plant::new().await;
    let rehearsal = &plant.bench.rehearsal;
    plant.subscribe(NEW).await;
    plant.subscribe("eve@clinic.example.net").await;
    let confirmed = rehearsal.confirm(NEW).await.unwrap();
    assert_eq!(confirmed.len(), 1);
    assert_eq!((confirmed[0].endpoint.as_str(), confirmed[0].topic.as_str()), (NEW, TOPIC));
    assert!(rehearsal.confirm(NEW).await.unwrap().is_empty());
    assert!(rehearsal.confirm("nobody@clinic.example.net").await.unwrap().is_empty());
    assert_eq!(rehearsal.confirm_all().await.unwrap()[0].endpoint, "eve@clinic.example.net");
    assert!(rehearsal.confirm_all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_subscription_that_nobody_confirms_is_gone_after_two_days_and_so_is_its_token() {
    let plant = Plant::new().await;
    plant.subscribe(NEW).await;
    let asked = fates(&plant.bench.rehearsal, NEW).await;
    plant.look_in(48 * 3600 - 1).await;
    assert_eq!(shown(&plant, NEW).await.as_deref(), Some("PendingConfirmation"));
    plant.look_in(1).await;
    assert_eq!(shown(&plant, NEW).await, None);
    assert!(shown(&plant, READER).await.is_some(), "the confirmed one stays");
    let late = plant.sns().confirm_subscription().topic_arn(TOPIC).token(token(&asked[0]));
    assert_eq!(code(late.send().await), "InvalidParameter");
    assert!(plant.bench.rehearsal.confirm(NEW).await.unwrap().is_empty());

    // Asked again, it can be confirmed again.
    plant.subscribe(NEW).await;
    assert_eq!(plant.bench.rehearsal.confirm(NEW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn subscribing_again_asks_again_and_two_days_begin_anew() {
    let plant = Plant::new().await;
    plant.subscribe(NEW).await;
    plant.look_in(40 * 3600).await;
    plant.subscribe(NEW).await;
    plant.look_in(40 * 3600).await;
    let asked = fates(&plant.bench.rehearsal, NEW).await;
    assert_eq!(asked.len(), 2);
    assert_ne!(token(&asked[0]), token(&asked[1]));
    assert_eq!(shown(&plant, NEW).await.as_deref(), Some("PendingConfirmation"));
    assert_eq!(plant.bench.rehearsal.confirm(NEW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_token_or_topic_confirms_nothing() {
    let plant = Plant::new().await;
    plant.subscribe(NEW).await;
    let asked = fates(&plant.bench.rehearsal, NEW).await;
    let other = "arn:aws:sns:us-east-1:111111111111:other";
    for (topic, token) in [(TOPIC, "guessed"), (other, token(&asked[0]))] {
        let wrong = plant.sns().confirm_subscription().topic_arn(topic).token(token);
        assert_eq!(code(wrong.send().await), "InvalidParameter");
    }
    assert_eq!(shown(&plant, NEW).await.as_deref(), Some("PendingConfirmation"));
}

#[tokio::test]
async fn a_topic_without_readers_says_that_nobody_heard() {
    let bench = Bench::new().await;
    let sns = aws_sdk_sns::Client::new(&bench.admin(super::bench::DEV));
    sns.create_topic().name("alerts").send().await.unwrap();
    sns.publish().topic_arn(TOPIC).message("drift").send().await.unwrap();
    let inbox = bench.rehearsal.inbox().await.unwrap();
    assert_eq!(inbox[0].fate, Fate::NotDelivered { because: Obstacle::NobodySubscribed });
    assert_eq!(inbox[0].endpoint, None);
}

#[tokio::test]
async fn the_newest_thousand_messages_are_kept() {
    let plant = Plant::new().await;
    for reader in 0..99 {
        plant.subscribe(&format!("reader-{reader}@clinic.example.net")).await;
    }
    for number in 0..11 {
        publish(&plant, &format!("message {number}")).await;
    }
    let inbox = plant.bench.rehearsal.inbox().await.unwrap();
    assert_eq!(inbox.len(), 1000);
    assert_eq!(inbox[0].subject, "message 1");
    assert_eq!(inbox[999].subject, "message 10");
}

//! Topics and who listens.

use super::{Found, Ground, Otherwise, refused, same};
use relevo::{
    aws::{ErrorClass, Sns},
    plan::{SubscriptionState, Tags, alert_topic_arn, policy_with, tags},
};
use serde_json::json;

async fn made(ground: &Ground) -> Result<(Sns, String), Otherwise> {
    let sns = ground.deployer().await?.sns();
    let arn = alert_topic_arn(&ground.prod);
    same("topic before", sns.topic(&arn).await?, None)?;
    same("tags before", sns.tags(&arn).await?, None)?;
    let name = &ground.prod.alerts.topic;
    for _ in 0..2 {
        same("ARN", sns.create(name, &tags(&ground.prod)).await? == arn, true)?;
    }
    Ok((sns, arn))
}

pub(super) async fn a_topic_keeps_its_key_and_policy(ground: Ground) -> Found {
    let (sns, arn) = made(&ground).await?;
    same("tags", sns.tags(&arn).await?, Some(tags(&ground.prod)))?;
    sns.set_key(&arn, ground.prod.kms_key.as_str()).await?;
    let ours = json!({
        "Sid": "ours", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish", "Resource": arn,
    });
    let topic = sns.topic(&arn).await?.ok_or(Otherwise("no topic".to_owned()))?;
    sns.set_policy(&arn, &policy_with(&topic.policy, &ours)).await?;
    let topic = sns.topic(&arn).await?.ok_or(Otherwise("no topic".to_owned()))?;
    same("key", topic.kms_key.as_deref() == Some(ground.prod.kms_key.as_str()), true)?;
    same("statement", topic.statement(&ours), Some(&ours))?;
    let remover = ground.remover().await?.sns();
    remover.delete(&arn).await?;
    remover.delete(&arn).await?;
    same("topic after", remover.topic(&arn).await?, None)
}

pub(super) async fn an_address_must_be_confirmed(ground: Ground) -> Found {
    let (sns, arn) = made(&ground).await?;
    for _ in 0..2 {
        sns.subscribe_email(&arn, "mlops@clinic.example.net").await?;
    }
    let topic = sns.topic(&arn).await?.ok_or(Otherwise("no topic".to_owned()))?;
    let who: Vec<_> = topic.subscriptions.iter().map(|s| (s.endpoint.as_str(), s.state)).collect();
    same("subscriptions", who, vec![("mlops@clinic.example.net", SubscriptionState::Pending)])
}

pub(super) async fn a_topic_with_other_tags_is_refused(ground: Ground) -> Found {
    let (sns, _) = made(&ground).await?;
    let other = Tags::from([("owner".to_owned(), "somebody else".to_owned())]);
    let error = refused("CreateTopic", sns.create(&ground.prod.alerts.topic, &other).await)?;
    same("CreateTopic", error.class, ErrorClass::Invalid)
}

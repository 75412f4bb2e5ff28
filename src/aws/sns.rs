//! Topics and their subscriptions.

use super::{
    CloudError, MOST_PAGES,
    error::{Act, Maybe},
};
use crate::plan::{Subscription, SubscriptionState, Tags, Topic};
use aws_types::SdkConfig;
use serde_json::Value;
use std::collections::HashMap;

/// SNS as one session sees it.
#[derive(Debug, Clone)]
pub struct Sns {
    client: aws_sdk_sns::Client,
}

/// What SNS writes instead of an ARN until the address is confirmed.
const PENDING: &str = "PendingConfirmation";

const ATTRIBUTES: &str = "GetTopicAttributes";

/// The attribute that names a topic's key.
const KEY: &str = "KmsMasterKeyId";

impl Sns {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_sns::Client::new(config) }
    }

    /// Sends a text to whoever listens to the topic. `subject`: below 100 printable ASCII characters (Publish API).
    ///
    /// # Errors
    /// If SNS refuses, for instance because there is no such topic.
    pub async fn publish(&self, arn: &str, subject: &str, text: &str) -> Result<(), CloudError> {
        let request = self.client.publish().topic_arn(arn).subject(subject).message(text);
        request.send().await.act("Publish", arn).map(drop)
    }

    /// A topic with its subscriptions, if there is one.
    ///
    /// # Errors
    /// If SNS refuses, or the topic's policy is not JSON.
    pub async fn topic(&self, arn: &str) -> Result<Option<Topic>, CloudError> {
        let Some(mut attributes) = self.attributes(arn).await? else { return Ok(None) };
        let kms_key = attributes.remove(KEY).filter(|key| !key.is_empty());
        let policy = policy_of(arn, &attributes)?;
        Ok(Some(Topic { kms_key, policy, subscriptions: self.subscriptions(arn).await? }))
    }

    /// The policy of a topic, if there is one.
    ///
    /// # Errors
    /// As for [`Self::topic`].
    pub async fn policy(&self, arn: &str) -> Result<Option<Value>, CloudError> {
        let attributes = self.attributes(arn).await?;
        attributes.map(|attributes| policy_of(arn, &attributes)).transpose()
    }

    async fn attributes(&self, arn: &str) -> Result<Option<HashMap<String, String>>, CloudError> {
        let answer = self.client.get_topic_attributes().topic_arn(arn).send().await;
        let answer = answer.act(ATTRIBUTES, arn).maybe()?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// The tags of a topic, if there is one.
    ///
    /// # Errors
    /// If SNS refuses.
    pub async fn tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let found = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let found = found.act("ListTagsForResource", arn).maybe()?;
        let tags = found.map(|found| found.tags.unwrap_or_default());
        Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }

    /// Deletes a topic with its subscriptions; one that is not there is no error.
    ///
    /// # Errors
    /// If SNS refuses.
    pub async fn delete(&self, arn: &str) -> Result<(), CloudError> {
        let deleted = self.client.delete_topic().topic_arn(arn).send().await;
        deleted.act("DeleteTopic", arn).maybe().map(drop)
    }

    async fn subscriptions(&self, arn: &str) -> Result<Vec<Subscription>, CloudError> {
        let mut subscriptions = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_subscriptions_by_topic()
                .topic_arn(arn)
                .set_next_token(token)
                .send()
                .await
                .act("ListSubscriptionsByTopic", arn)?;
            let found = page.subscriptions.unwrap_or_default();
            subscriptions.extend(found.into_iter().map(plain));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(subscriptions);
            }
        }
        Err(CloudError::endless("ListSubscriptionsByTopic", arn))
    }

    /// Creates a topic with its tags and answers its ARN. Its key and policy are set apart, because other attributes than
    /// an existing topic's are an error here.
    ///
    /// # Errors
    /// If SNS refuses, for instance because the topic exists with other tags.
    pub async fn create(&self, name: &str, tags: &Tags) -> Result<String, CloudError> {
        self.made(name, tags, HashMap::new()).await
    }

    /// Creates a topic that is encrypted with `key` from its first moment, with its tags, and answers its ARN. Nothing if
    /// it cannot be made so, perhaps because it is there and has another key.
    ///
    /// # Errors
    /// If SNS refuses for another reason.
    pub async fn create_encrypted(
        &self,
        name: &str,
        tags: &Tags,
        key: &str,
    ) -> Result<Option<String>, CloudError> {
        let attributes = HashMap::from([(KEY.to_owned(), key.to_owned())]);
        match self.made(name, tags, attributes).await {
            Ok(arn) => Ok(Some(arn)),
            Err(refused) if refused.class.may_be_there() => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    async fn made(
        &self,
        name: &str,
        tags: &Tags,
        attributes: HashMap<String, String>,
    ) -> Result<String, CloudError> {
        let tags: Result<Vec<_>, _> = tags
            .iter()
            .map(|(key, value)| aws_sdk_sns::types::Tag::builder().key(key).value(value).build())
            .collect();
        let tags = tags.map_err(|error| CloudError::not_built("CreateTopic", name, &error))?;
        let request = self.client.create_topic().name(name).set_tags(Some(tags));
        let answer = request.set_attributes(Some(attributes)).send().await;
        let answer = answer.act("CreateTopic", name)?;
        answer.topic_arn.ok_or_else(|| CloudError::broken_answer("CreateTopic", name, "no ARN"))
    }

    /// Encrypts a topic with `key` from now on.
    ///
    /// # Errors
    /// If SNS refuses.
    pub async fn set_key(&self, arn: &str, key: &str) -> Result<(), CloudError> {
        self.set(arn, KEY, key).await
    }

    /// Replaces a topic's access policy.
    ///
    /// # Errors
    /// If SNS refuses.
    pub async fn set_policy(&self, arn: &str, policy: &Value) -> Result<(), CloudError> {
        self.set(arn, "Policy", &policy.to_string()).await
    }

    async fn set(&self, arn: &str, name: &str, value: &str) -> Result<(), CloudError> {
        self.client
            .set_topic_attributes()
            .topic_arn(arn)
            .attribute_name(name)
            .attribute_value(value)
            .send()
            .await
            .act("SetTopicAttributes", arn)
            .map(drop)
    }

    /// Asks an address to listen; SNS sends it a mail with a link.
    ///
    /// # Errors
    /// If SNS refuses.
    pub async fn subscribe_email(&self, arn: &str, address: &str) -> Result<(), CloudError> {
        self.client
            .subscribe()
            .topic_arn(arn)
            .protocol("email")
            .endpoint(address)
            .send()
            .await
            .act("Subscribe", arn)
            .map(drop)
    }
}

fn plain(subscription: aws_sdk_sns::types::Subscription) -> Subscription {
    let state = match subscription.subscription_arn.as_deref() {
        None | Some(PENDING) => SubscriptionState::Pending,
        Some(_) => SubscriptionState::Confirmed,
    };
    Subscription {
        protocol: subscription.protocol.unwrap_or_default(),
        endpoint: subscription.endpoint.unwrap_or_default(),
        state,
    }
}

fn policy_of(arn: &str, attributes: &HashMap<String, String>) -> Result<Value, CloudError> {
    let text = attributes.get("Policy").map_or("{}", String::as_str);
    serde_json::from_str(text)
        .map_err(|error| CloudError::broken_answer(ATTRIBUTES, arn, format!("policy: {error}")))
}

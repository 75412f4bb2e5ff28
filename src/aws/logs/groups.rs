//! Log groups as an administrator sees and makes them.

use super::Logs;
use crate::{
    aws::{CloudError, error::Act},
    foundation::{Found, LOG_CLASS, LogGroupSpec, Setting},
    plan::Tags,
};
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use serde_json::json;

/// Groups that are looked at for one of the exact name: they come in order, so it is the first of those that begin so.
const FIRST: i32 = 1;

impl Logs {
    /// The group as it is, if there is one.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn administered(
        &self,
        spec: &LogGroupSpec,
        arn: &str,
    ) -> Result<Option<Found>, CloudError> {
        let name = &spec.group.name;
        let request = self.client.describe_log_groups().log_group_name_prefix(name).limit(FIRST);
        let page = request.send().await.act("DescribeLogGroups", name)?;
        let mut groups = page.log_groups.unwrap_or_default().into_iter();
        let Some(group) = groups.find(|group| group.log_group_name() == Some(name)) else {
            return Ok(None);
        };
        let tags = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let tags = tags.act("ListTagsForResource", name)?.tags.unwrap_or_default();
        let mut found = Found { tags: tags.into_iter().collect(), ..Found::default() };
        let class = group.log_group_class.as_ref().map_or(LOG_CLASS, |class| class.as_str());
        if class != LOG_CLASS {
            let why = format!(
                "its class is {class}, whose lines cannot be read back; name another group"
            );
            found.obstacles.push(why);
        }
        found.settings.insert("retention".to_owned(), json!(group.retention_in_days));
        if let Some(key) = group.kms_key_id {
            found.settings.insert("key".to_owned(), json!(key));
        }
        Ok(Some(found))
    }

    /// Makes the group with its class, which is for good, its key and its tags.
    ///
    /// # Errors
    /// If CloudWatch refuses, for instance because the key does not admit it.
    pub async fn create(&self, spec: &LogGroupSpec, tags: &Tags) -> Result<(), CloudError> {
        let group = &spec.group;
        self.client
            .create_log_group()
            .log_group_name(&group.name)
            .log_group_class(LogGroupClass::Standard)
            .set_kms_key_id(group.kms_key.as_ref().map(|key| key.as_str().to_owned()))
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send()
            .await
            .act("CreateLogGroup", &group.name)
            .map(drop)
    }

    /// Sets one thing of the group.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn set(&self, spec: &LogGroupSpec, setting: &Setting) -> Result<(), CloudError> {
        let name = &spec.group.name;
        match setting {
            Setting::Retention(days) => self.set_retention(name, *days).await,
            Setting::LogKey(key) => self.set_key(name, key.as_str()).await,
            Setting::KeyPolicy(_)
            | Setting::KeyRotation
            | Setting::Trust(_)
            | Setting::Permissions { .. }
            | Setting::LongestSession(_)
            | Setting::PublicAccess
            | Setting::Ownership
            | Setting::Versioning
            | Setting::Encryption { .. }
            | Setting::BucketPolicy(_)
            | Setting::GroupPolicy(_) => Err(CloudError::not_of_it(setting, name)),
        }
    }

    /// Adds tags to the group of this ARN.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn tag(&self, arn: &str, tags: &Tags) -> Result<(), CloudError> {
        let request = self.client.tag_resource().resource_arn(arn);
        let sent = request.set_tags(Some(tags.clone().into_iter().collect())).send().await;
        sent.act("TagResource", arn).map(drop)
    }
}

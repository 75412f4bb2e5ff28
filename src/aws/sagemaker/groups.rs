//! Model package groups as an administrator of their account sees and sets them: by name, which is all that some of
//! the operations take.

use super::SageMaker;
use crate::{
    aws::{CloudError, ErrorClass, administrator::file, error::Act},
    foundation::{Found, GroupSpec, Setting},
    plan::Tags,
};
use aws_sdk_sagemaker::types::Tag;
use serde_json::Value;

impl SageMaker {
    /// The group as it is, if there is one. SageMaker calls a group or policy that is not there a wrong request.
    ///
    /// # Errors
    /// If SageMaker refuses for another reason, or its answer is no policy.
    pub async fn group(&self, spec: &GroupSpec) -> Result<Option<Found>, CloudError> {
        const OPERATION: &str = "GetModelPackageGroupPolicy";
        let (name, arn) = (spec.arn.name(), spec.arn.as_str());
        let request = self.client.describe_model_package_group().model_package_group_name(name);
        let there = request.send().await.act("DescribeModelPackageGroup", arn);
        if absent(there)?.is_none() {
            return Ok(None);
        }
        let tags = self.client.list_tags().resource_arn(arn).send().await.act("ListTags", arn)?;
        let tags = tags.tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect();
        let mut found = Found { tags, ..Found::default() };
        let request = self.client.get_model_package_group_policy().model_package_group_name(name);
        let policy = absent(request.send().await.act(OPERATION, arn));
        let text = policy.map(|policy| policy.and_then(|policy| policy.resource_policy));
        let policy = text.and_then(|text| {
            text.map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| CloudError::broken_answer(OPERATION, arn, error.to_string()))
        });
        file(&mut found, "policy", policy)?;
        Ok(Some(found))
    }

    /// Makes the group.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn create_group(&self, spec: &GroupSpec, tags: &Tags) -> Result<(), CloudError> {
        let request = self.client.create_model_package_group();
        let request = request.model_package_group_name(spec.arn.name());
        let sent = request.set_tags(Some(sdk_tags(tags))).send().await;
        sent.act("CreateModelPackageGroup", spec.arn.as_str()).map(drop)
    }

    /// Sets the group's policy.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn set_group(
        &self,
        spec: &GroupSpec,
        setting: &Setting,
        to: &Value,
    ) -> Result<(), CloudError> {
        let arn = spec.arn.as_str();
        match setting {
            Setting::GroupPolicy(_) => {
                let request = self.client.put_model_package_group_policy();
                let request = request.model_package_group_name(spec.arn.name());
                let sent = request.resource_policy(to.to_string()).send().await;
                sent.act("PutModelPackageGroupPolicy", arn).map(drop)
            }
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
            | Setting::Retention(_)
            | Setting::LogKey(_) => Err(CloudError::not_of_it(setting, arn)),
        }
    }

    /// Adds tags to the group.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn tag_group(&self, spec: &GroupSpec, tags: &Tags) -> Result<(), CloudError> {
        let arn = spec.arn.as_str();
        let request = self.client.add_tags().resource_arn(arn).set_tags(Some(sdk_tags(tags)));
        request.send().await.act("AddTags", arn).map(drop)
    }
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Absence as an answer: SageMaker itself calls some things that are not there a wrong request, and servers that stand
/// in for it call most of them so.
pub(super) fn absent<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Err(error) if error.is_unheard_of() => Err(error),
        Err(error) if matches!(error.class, ErrorClass::NotFound | ErrorClass::Invalid) => Ok(None),
        answer => answer.map(Some),
    }
}

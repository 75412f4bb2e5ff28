//! Keys as an administrator sees and sets them.

use super::{Kms, POLICY};
use crate::{
    aws::{
        CloudError, MOST_PAGES,
        error::{Act, Maybe},
    },
    foundation::{Found, KeySpec, Setting},
    ids::Arn,
    plan::Tags,
};
use aws_sdk_kms::types::{KeyMetadata, KeySpec as KeySpecification, KeyUsageType, Tag};
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};

/// The tag by which a key is found again that was made and has not got its alias yet.
const ALIAS_TAG: &str = "relevo:alias";
/// What KMS calls an alias that is there (CreateAlias).
const TAKEN: &str = "AlreadyExistsException";

impl Kms {
    /// The key's real ARN, if there is such a key: by the ARN of the file, else by its alias, else by its tag.
    ///
    /// # Errors
    /// If KMS refuses, or there is no end of pages.
    pub async fn find(&self, spec: &KeySpec) -> Result<Option<Arn>, CloudError> {
        for name in [spec.written.as_str(), spec.alias.as_str()] {
            if let Some(found) = self.described(name).await? {
                return arn_of(name, &found).map(Some);
            }
        }
        self.without_alias(&spec.alias).await
    }

    async fn described(&self, key: &str) -> Result<Option<KeyMetadata>, CloudError> {
        let found = self.client.describe_key().key_id(key).send().await;
        let found = found.act("DescribeKey", key).maybe()?;
        Ok(found.and_then(|found| found.key_metadata))
    }

    async fn without_alias(&self, alias: &str) -> Result<Option<Arn>, CloudError> {
        const OPERATION: &str = "ListKeys";
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let page = self.client.list_keys().set_marker(marker).send().await;
            let page = page.act(OPERATION, alias)?;
            for key in page.keys.unwrap_or_default() {
                let arn = key.key_arn.unwrap_or_default();
                // AWS's own keys do not show their tags
                let tags = self.tags(&arn).await.unwrap_or_default();
                if tags.get(ALIAS_TAG).is_some_and(|tag| tag == alias) {
                    return parsed(OPERATION, &arn).map(Some);
                }
            }
            marker = page.next_marker.filter(|_| page.truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
        Err(CloudError::endless(OPERATION, alias))
    }

    /// The key as it is; its ARN must be known.
    ///
    /// # Errors
    /// If KMS refuses, or its answer is no policy.
    pub async fn administered(&self, spec: &KeySpec) -> Result<Option<Found>, CloudError> {
        let key = spec.arn.as_str();
        let Some(metadata) = self.described(key).await? else { return Ok(None) };
        let mut found = Found { tags: self.tags(key).await?, ..Found::default() };
        let state = metadata.key_state.as_ref().map_or("", |state| state.as_str());
        if state != "Enabled" {
            let why =
                format!("the key is {state}: aws kms enable-key, or cancel-key-deletion first");
            found.obstacles.push(why);
        }
        found.tags.remove(ALIAS_TAG);
        const OPERATION: &str = "GetKeyPolicy";
        let policy = self.client.get_key_policy().key_id(key).policy_name(POLICY).send().await;
        let policy = policy.act(OPERATION, key)?.policy.unwrap_or_default();
        let policy: Value = serde_json::from_str(&policy)
            .map_err(|error| CloudError::broken_answer(OPERATION, key, error.to_string()))?;
        found.settings.insert("policy".to_owned(), policy);
        let rotation = self.client.get_key_rotation_status().key_id(key).send().await;
        if rotation.act("GetKeyRotationStatus", key)?.key_rotation_enabled {
            found.settings.insert("rotation".to_owned(), json!("every year"));
        }
        Ok(Some(found))
    }

    async fn tags(&self, key: &str) -> Result<Tags, CloudError> {
        let found = self.client.list_resource_tags().key_id(key).send().await;
        let tags = found.act("ListResourceTags", key)?.tags.unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
    }

    /// Makes the key with its policy. Sent once: twice sent is two keys, and one that was made unheard is found by its
    /// tag. Its alias comes by [`Self::name`], its rotation by [`Self::set`].
    ///
    /// # Errors
    /// If KMS refuses, for instance because the policy would lock its administrator out.
    pub async fn create(&self, spec: &KeySpec, tags: &Tags) -> Result<Arn, CloudError> {
        const OPERATION: &str = "CreateKey";
        let mut tags = tags.clone();
        tags.insert(ALIAS_TAG.to_owned(), spec.alias.clone());
        let once = aws_sdk_kms::Config::builder().retry_config(RetryConfig::disabled());
        let made = self
            .client
            .create_key()
            .description(&spec.description)
            .key_spec(KeySpecification::SymmetricDefault)
            .key_usage(KeyUsageType::EncryptDecrypt)
            .policy(spec.policy.text())
            .set_tags(Some(sdk_tags(&spec.alias, &tags)?))
            .customize()
            .config_override(once)
            .send()
            .await
            .act(OPERATION, &spec.alias)?;
        let made = made.key_metadata;
        let made =
            made.ok_or_else(|| CloudError::broken_answer(OPERATION, &spec.alias, "no key"))?;
        arn_of(&spec.alias, &made)
    }

    /// Gives the key its alias, unless the alias leads somewhere already.
    ///
    /// # Errors
    /// If KMS refuses.
    pub async fn name(&self, alias: &str, key: &Arn) -> Result<(), CloudError> {
        if self.described(alias).await?.is_some() {
            return Ok(());
        }
        let request = self.client.create_alias().alias_name(alias).target_key_id(key.as_str());
        match request.send().await.act("CreateAlias", alias) {
            // an alias that was asked for twice finds its own first try
            Err(error) if error.code != TAKEN => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Sets one thing of the key.
    ///
    /// # Errors
    /// If KMS refuses.
    pub async fn set(
        &self,
        spec: &KeySpec,
        setting: &Setting,
        to: &Value,
    ) -> Result<(), CloudError> {
        let key = spec.arn.as_str();
        match setting {
            Setting::KeyPolicy(_) => {
                let request = self.client.put_key_policy().key_id(key).policy_name(POLICY);
                request.policy(to.to_string()).send().await.act("PutKeyPolicy", key).map(drop)
            }
            Setting::KeyRotation => {
                let sent = self.client.enable_key_rotation().key_id(key).send().await;
                sent.act("EnableKeyRotation", key).map(drop)
            }
            Setting::Trust(_)
            | Setting::Permissions { .. }
            | Setting::LongestSession(_)
            | Setting::PublicAccess
            | Setting::Ownership
            | Setting::Versioning
            | Setting::Encryption { .. }
            | Setting::BucketPolicy(_)
            | Setting::GroupPolicy(_)
            | Setting::Retention(_)
            | Setting::LogKey(_) => Err(CloudError::not_of_it(setting, key)),
        }
    }

    /// Adds tags to the key.
    ///
    /// # Errors
    /// If KMS refuses.
    pub async fn tag(&self, key: &Arn, tags: &Tags) -> Result<(), CloudError> {
        let request = self.client.tag_resource().key_id(key.as_str());
        let sent = request.set_tags(Some(sdk_tags(key.as_str(), tags)?)).send().await;
        sent.act("TagResource", key.as_str()).map(drop)
    }
}

fn arn_of(name: &str, key: &KeyMetadata) -> Result<Arn, CloudError> {
    match &key.arn {
        Some(arn) => parsed("DescribeKey", arn),
        None => Err(CloudError::broken_answer("DescribeKey", name, "no ARN")),
    }
}

fn parsed(operation: &'static str, arn: &str) -> Result<Arn, CloudError> {
    arn.parse().map_err(|error: crate::ids::InvalidId| {
        CloudError::broken_answer(operation, arn, error.to_string())
    })
}

fn sdk_tags(key: &str, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    let built =
        tags.iter().map(|(name, value)| Tag::builder().tag_key(name).tag_value(value).build());
    built
        .collect::<Result<_, _>>()
        .map_err(|error| CloudError::not_built("TagResource", key, &error))
}

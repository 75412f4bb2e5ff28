//! Roles as an administrator sees and sets them.

use super::{Iam, decoded};
use crate::{
    aws::{
        CloudError, MOST_PAGES,
        error::{Act, Maybe},
    },
    foundation::{Found, RoleSpec, Setting},
    plan::Tags,
};
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

impl Iam {
    /// The role as it is, if there is one of that name.
    ///
    /// # Errors
    /// If IAM refuses, its answer is no policy, or there is no end of pages.
    pub async fn role(&self, spec: &RoleSpec) -> Result<Option<Found>, CloudError> {
        const OPERATION: &str = "GetRole";
        let (name, arn) = (spec.arn.name(), spec.arn.as_str());
        let found = self.client.get_role().role_name(name).send().await;
        let Some(answer) = found.act(OPERATION, arn).maybe()? else { return Ok(None) };
        let role =
            answer.role.ok_or_else(|| CloudError::broken_answer(OPERATION, arn, "no role"))?;
        let mut found = Found::default();
        if role.arn != arn {
            found.obstacles.push(format!("the role of this name is {}, wanted is {arn}", role.arn));
        }
        let tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        found.tags = tags.collect();
        let trust = role.assume_role_policy_document.unwrap_or_default();
        found.settings.insert("trust".to_owned(), document(OPERATION, arn, &trust)?);
        if let Some(seconds) = role.max_session_duration {
            found.settings.insert("longest session".to_owned(), json!(seconds));
        }
        for policy in self.inline_policies(name).await? {
            if spec.policies.contains_key(&policy) {
                let text = self.inline_policy(name, &policy).await?;
                found.settings.insert(format!("permissions {policy}"), text);
            } else {
                found.beside.push(format!("inline policy {policy}"));
            }
        }
        let attached = self.attached_policies(name).await?;
        found.beside.extend(attached.into_iter().map(|arn| format!("attached policy {arn}")));
        Ok(Some(found))
    }

    async fn inline_policies(&self, role: &str) -> Result<Vec<String>, CloudError> {
        const OPERATION: &str = "ListRolePolicies";
        let (mut names, mut marker) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = self.client.list_role_policies().role_name(role).set_marker(marker);
            let page = page.send().await.act(OPERATION, role)?;
            names.extend(page.policy_names);
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(names);
            }
        }
        Err(CloudError::endless(OPERATION, role))
    }

    async fn inline_policy(&self, role: &str, policy: &str) -> Result<Value, CloudError> {
        const OPERATION: &str = "GetRolePolicy";
        let found = self.client.get_role_policy().role_name(role).policy_name(policy);
        let found = found.send().await.act(OPERATION, role)?;
        document(OPERATION, role, &found.policy_document)
    }

    async fn attached_policies(&self, role: &str) -> Result<Vec<String>, CloudError> {
        const OPERATION: &str = "ListAttachedRolePolicies";
        let (mut arns, mut marker) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = self.client.list_attached_role_policies().role_name(role).set_marker(marker);
            let page = page.send().await.act(OPERATION, role)?;
            let attached = page.attached_policies.unwrap_or_default();
            arns.extend(attached.into_iter().filter_map(|one| one.policy_arn));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(arns);
            }
        }
        Err(CloudError::endless(OPERATION, role))
    }

    /// Makes the role with its trust and no permission yet.
    ///
    /// # Errors
    /// If IAM refuses, for instance because a trusted role does not exist.
    pub async fn create_role(&self, spec: &RoleSpec, tags: &Tags) -> Result<(), CloudError> {
        let arn = spec.arn.as_str();
        let seconds = i32::try_from(spec.longest_session).unwrap_or(i32::MAX);
        self.client
            .create_role()
            .role_name(spec.arn.name())
            .path(spec.path())
            .description(&spec.description)
            .assume_role_policy_document(spec.trust.text())
            .max_session_duration(seconds)
            .set_tags(Some(sdk_tags(arn, tags)?))
            .send()
            .await
            .act("CreateRole", arn)
            .map(drop)
    }

    /// Sets one thing of the role.
    ///
    /// # Errors
    /// If IAM refuses.
    pub async fn set(
        &self,
        spec: &RoleSpec,
        setting: &Setting,
        to: &Value,
    ) -> Result<(), CloudError> {
        let (name, arn) = (spec.arn.name(), spec.arn.as_str());
        match setting {
            Setting::Trust(_) => {
                let request = self.client.update_assume_role_policy().role_name(name);
                let sent = request.policy_document(to.to_string()).send().await;
                sent.act("UpdateAssumeRolePolicy", arn).map(drop)
            }
            Setting::Permissions { name: policy, .. } => {
                let request = self.client.put_role_policy().role_name(name).policy_name(policy);
                let sent = request.policy_document(to.to_string()).send().await;
                sent.act("PutRolePolicy", arn).map(drop)
            }
            Setting::LongestSession(seconds) => {
                let seconds = i32::try_from(*seconds).unwrap_or(i32::MAX);
                let request = self.client.update_role().role_name(name);
                let sent = request.max_session_duration(seconds).send().await;
                sent.act("UpdateRole", arn).map(drop)
            }
            Setting::KeyPolicy(_)
            | Setting::KeyRotation
            | Setting::PublicAccess
            | Setting::Ownership
            | Setting::Versioning
            | Setting::Encryption { .. }
            | Setting::BucketPolicy(_)
            | Setting::GroupPolicy(_)
            | Setting::Retention(_)
            | Setting::LogKey(_) => Err(CloudError::not_of_it(setting, arn)),
        }
    }

    /// Adds tags to the role.
    ///
    /// # Errors
    /// If IAM refuses.
    pub async fn tag_role(&self, spec: &RoleSpec, tags: &Tags) -> Result<(), CloudError> {
        let arn = spec.arn.as_str();
        let request = self.client.tag_role().role_name(spec.arn.name());
        let sent = request.set_tags(Some(sdk_tags(arn, tags)?)).send().await;
        sent.act("TagRole", arn).map(drop)
    }
}

fn sdk_tags(arn: &str, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    let built = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    built.collect::<Result<_, _>>().map_err(|error| CloudError::not_built("TagRole", arn, &error))
}

fn document(operation: &'static str, resource: &str, text: &str) -> Result<Value, CloudError> {
    serde_json::from_str(&decoded(text))
        .map_err(|error| CloudError::broken_answer(operation, resource, error.to_string()))
}

//! An administrator's session in one account: what lays a foundation, and nothing that takes one away.

use super::{
    Access, CloudError, ErrorClass, Iam, Kms, Logs, SageMaker,
    credentials::{AssumedRole, RoleRequest},
    s3::Buckets,
    sts,
};
use crate::{
    foundation::Found,
    ids::{AccountId, RunId},
    spec::Environment,
};
use aws_config::identity::IdentityCache;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use serde_json::{Value, json};

/// All that a session may do, whatever the administrator's role may.
const LAY: &[&str] = &[
    "iam:CreateRole",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "kms:CreateAlias",
    "kms:CreateKey",
    "kms:DescribeKey",
    "kms:EnableKeyRotation",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "logs:AssociateKmsKey",
    "logs:CreateLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:DescribeLogGroups",
    "logs:ListTagsForResource",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
    "s3:CreateBucket",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:TagResource",
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:GetModelPackageGroupPolicy",
    "sagemaker:ListTags",
    "sagemaker:PutModelPackageGroupPolicy",
];

/// An administrator in one account, which AWS has confirmed.
#[derive(Debug, Clone)]
pub struct Administrator {
    config: SdkConfig,
    account: AccountId,
}

impl Access {
    /// Becomes the administrator of `account`, at the addresses of `environment`: the caller itself, where its
    /// credentials are that account's, else the role of this name there.
    ///
    /// # Errors
    /// If nobody leads into the account, or the role leads elsewhere ([`ErrorClass::WrongAccount`]).
    pub async fn administrator(
        &self,
        environment: &Environment,
        account: &AccountId,
        role: Option<&str>,
        run: &RunId,
    ) -> Result<Administrator, CloudError> {
        let base = self.base_in(environment);
        let caller = sts::caller_account(&base).await?;
        let account = account.clone();
        if caller == account {
            return Ok(Administrator { config: base, account });
        }
        let Some(role) = role else {
            return Err(elsewhere(&account, &caller, "the credentials are those"));
        };
        let partition = environment.region.partition().name;
        let provider = AssumedRole {
            client: aws_sdk_sts::Client::new(&base),
            request: RoleRequest {
                role: format!("arn:{partition}:iam::{account}:role/{role}"),
                session_name: format!("agent-{run}"),
                external_id: None,
                source_identity: None,
                tags: Vec::new(),
                policy: json!({ "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Action": LAY, "Resource": "*" }
                ]})
                .to_string(),
            },
        };
        let config = base
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .identity_cache(IdentityCache::lazy().build())
            .build();
        let actual = sts::caller_account(&config).await?;
        if actual == account {
            Ok(Administrator { config, account })
        } else {
            Err(elsewhere(&account, &actual, "the role leads to those"))
        }
    }
}

/// Files what was read of one setting. What a service refuses to tell, cannot, or has never heard of is told so and
/// stops nothing else; what passes with time or with new credentials does stop.
pub(super) fn file(
    found: &mut Found,
    aspect: &str,
    read: Result<Option<Value>, CloudError>,
) -> Result<(), CloudError> {
    match read {
        Ok(Some(value)) => {
            found.settings.insert(aspect.to_owned(), value);
        }
        Ok(None) => {}
        Err(error) if error.is_unheard_of() => {
            found.unoffered.insert(aspect.to_owned(), error.to_string());
        }
        Err(error) => match error.class {
            ErrorClass::Denied | ErrorClass::Unavailable | ErrorClass::Other => {
                found.unread.insert(aspect.to_owned(), error.to_string());
            }
            ErrorClass::NotFound
            | ErrorClass::AlreadyExists
            | ErrorClass::Conflict
            | ErrorClass::Throttled
            | ErrorClass::Expired
            | ErrorClass::Invalid
            | ErrorClass::LimitExceeded
            | ErrorClass::WrongAccount => return Err(error),
        },
    }
    Ok(())
}

fn elsewhere(wanted: &AccountId, actual: &AccountId, what: &str) -> CloudError {
    CloudError {
        class: ErrorClass::WrongAccount,
        code: "WrongAccount".to_owned(),
        operation: "GetCallerIdentity",
        resource: format!("administrator of account {wanted}"),
        message: format!("{what} of account {actual}"),
    }
}

impl Administrator {
    /// The account, by AWS's own word.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Is it reached at an address of one's own, behind which there may be less than AWS?
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.config.endpoint_url().is_some()
    }

    /// Roles.
    #[must_use]
    pub fn iam(&self) -> Iam {
        Iam::new(&self.config)
    }

    /// Keys.
    #[must_use]
    pub fn kms(&self) -> Kms {
        Kms::new(&self.config)
    }

    /// Buckets.
    #[must_use]
    pub fn buckets(&self) -> Buckets {
        Buckets::new(&self.config, self.account.clone())
    }

    /// Model package groups.
    #[must_use]
    pub fn sagemaker(&self) -> SageMaker {
        SageMaker::new(&self.config)
    }

    /// Log groups.
    #[must_use]
    pub fn logs(&self) -> Logs {
        Logs::new(&self.config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_lays_a_foundation_cannot_take_one_away() {
        for action in LAY {
            let (_, verb) = action.split_once(':').unwrap();
            assert!(!verb.starts_with("Delete") || verb == "DeleteRetentionPolicy", "{action}");
            assert!(!verb.contains("Disable") && !verb.contains("Schedule"), "{action}");
        }
        // AssumeRole, `Policy`
        assert!(json!(LAY).to_string().len() + 80 <= 2048);
    }
}

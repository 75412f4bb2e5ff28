//! Credentials of an assumed role, taken anew whenever they are about to end.
//!
//! A role assumed from a role lives one hour at most, a training five: the SDK asks this provider again
//! shortly before the end, so a session outlives any one set of keys.

use super::error::{Act, CloudError};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use std::time::SystemTime;

/// How long one set of keys is asked for, in seconds: an hour, which is the most that role chaining
/// allows (IAM user guide, "Role chaining") and what every role grants by default.
const SESSION_SECONDS: i32 = 3600;

/// Assumes one role, under one name, with one session policy.
#[derive(Debug)]
pub(super) struct AssumedRole {
    pub(super) client: aws_sdk_sts::Client,
    pub(super) role: String,
    pub(super) session_name: String,
    pub(super) external_id: Option<String>,
    pub(super) policy: String,
}

impl AssumedRole {
    async fn assume(&self) -> Result<Credentials, CloudError> {
        let answer = self
            .client
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(&self.session_name)
            .set_external_id(self.external_id.clone())
            .policy(&self.policy)
            .duration_seconds(SESSION_SECONDS)
            .send()
            .await
            .act("AssumeRole", &self.role)?;
        let keys = answer
            .credentials
            .ok_or_else(|| CloudError::broken_answer("AssumeRole", &self.role, "no credentials"))?;
        let expiry = SystemTime::try_from(keys.expiration).map_err(|error| {
            CloudError::broken_answer("AssumeRole", &self.role, error.to_string())
        })?;
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            Some(expiry),
            "relevo-assumed-role",
        ))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.assume().await.map_err(CredentialsError::provider_error)
        })
    }
}

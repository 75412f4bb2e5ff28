//! Credentials of an assumed role, taken anew whenever they are about to end.
//!
//! A role assumed from a role lives one hour at most, a training five: the SDK asks this provider again
//! shortly before the end, so a session outlives any one set of keys.

use super::{
    CloudError, ErrorClass,
    attribution::{SessionTag, as_sent},
    skew,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use std::time::SystemTime;

/// How long one set of keys is asked for, in seconds: an hour, which is the most that role chaining
/// allows (IAM user guide, "Role chaining") and what every role grants by default.
const SESSION_SECONDS: i32 = 3600;

const OPERATION: &str = "AssumeRole";

/// Assumes one role in one way.
#[derive(Debug)]
pub(super) struct AssumedRole {
    pub(super) client: aws_sdk_sts::Client,
    pub(super) request: RoleRequest,
}

/// How a role is asked for.
#[derive(Debug)]
pub(super) struct RoleRequest {
    pub(super) role: String,
    pub(super) session_name: String,
    pub(super) external_id: Option<String>,
    pub(super) source_identity: Option<String>,
    pub(super) tags: Vec<SessionTag>,
    pub(super) policy: String,
}

impl AssumedRole {
    async fn assume(&self) -> Result<Credentials, CloudError> {
        let RoleRequest { role, session_name, external_id, source_identity, tags, policy } =
            &self.request;
        let (tags, transitive) = as_sent(tags);
        let answer = self
            .client
            .assume_role()
            .role_arn(role)
            .role_session_name(session_name)
            .set_external_id(external_id.clone())
            .set_source_identity(source_identity.clone())
            .set_tags(tags)
            .set_transitive_tag_keys(transitive)
            .policy(policy)
            .duration_seconds(SESSION_SECONDS)
            .send()
            .await
            .map_err(|error| self.refused(&error))?;
        let keys = answer
            .credentials
            .ok_or_else(|| CloudError::broken_answer(OPERATION, role, "no credentials"))?;
        let expiry = SystemTime::try_from(keys.expiration)
            .map_err(|error| CloudError::broken_answer(OPERATION, role, error.to_string()))?;
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            Some(expiry),
            "relevo-assumed-role",
        ))
    }

    /// The refusal, with what decides about it: a clock that is off, or what was asked for beside the role, each of
    /// which the trust policy must allow.
    fn refused(&self, error: &SdkError<AssumeRoleError, HttpResponse>) -> CloudError {
        let told = CloudError::from_sdk(OPERATION, &self.request.role, error);
        let now = self.client.config().time_source();
        if let Some(off) = now.and_then(|now| skew::clock_off(&told, error.raw_response(), &now)) {
            return off;
        }
        if told.class != ErrorClass::Denied {
            return told;
        }
        let asked = self.request.asked();
        CloudError { message: format!("{}; asked for with {asked}", told.message), ..told }
    }
}

impl RoleRequest {
    /// What came with the request, and the permission that each takes.
    fn asked(&self) -> String {
        let id = match &self.external_id {
            Some(id) => format!("external id '{id}'"),
            None => "no external id".to_owned(),
        };
        let identity = self.source_identity.as_ref();
        let identity =
            identity.map(|who| format!("source identity '{who}' (sts:SetSourceIdentity)"));
        let tags = (!self.tags.is_empty()).then(|| "session tags (sts:TagSession)".to_owned());
        let all: Vec<String> = [id].into_iter().chain(identity).chain(tags).collect();
        all.join(", ")
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

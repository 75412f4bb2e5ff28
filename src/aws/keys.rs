//! A session's keys, for a child that must call AWS by itself.

use super::{CloudError, Session, error::cause};
use aws_credential_types::provider::ProvideCredentials as _;
use jiff::Timestamp;
use std::fmt;

/// One set of keys of an assumed role.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: String,
    /// When they end.
    pub expires: Timestamp,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys(until {})", self.expires)
    }
}

impl Session {
    /// A new set of keys, with the session's role and policy. Each call is an AssumeRole.
    ///
    /// # Errors
    /// If the role cannot be taken any more, or the answer lacks what keys of a role have.
    pub async fn keys(&self) -> Result<Keys, CloudError> {
        const OPERATION: &str = "AssumeRole";
        let broken = |what: &str| CloudError::broken_answer(OPERATION, self.role().as_str(), what);
        let provider = self.config().credentials_provider();
        let provider = provider.ok_or_else(|| broken("nobody to ask for keys"))?;
        let given = provider.provide_credentials().await.map_err(|error| {
            cause(&error).cloned().unwrap_or_else(|| broken(&error.to_string()))
        })?;
        let expiry = given.expiry().ok_or_else(|| broken("no end"))?;
        let token = given.session_token().ok_or_else(|| broken("no session token"))?;
        Ok(Keys {
            access_key_id: given.access_key_id().to_owned(),
            secret_access_key: given.secret_access_key().to_owned(),
            session_token: token.to_owned(),
            expires: Timestamp::try_from(expiry).map_err(|error| broken(&error.to_string()))?,
        })
    }
}

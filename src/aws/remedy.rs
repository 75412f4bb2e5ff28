//! What a person can do about an error of the cloud.

use super::{CloudError, ErrorClass, skew::CLOCK_OFF};

const ASSUME: &str = "AssumeRole";

impl CloudError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        if self.is_unheard_of() {
            return Some(
                "what stands at the environment's endpoint_url does not offer this; AWS does",
            );
        }
        match self.class {
            ErrorClass::Denied => Some(self.let_in()),
            ErrorClass::WrongAccount => {
                Some("account_id and deploy_role of the environment file must be of one account")
            }
            ErrorClass::Expired => Some(
                "sign in again, for instance with `aws sso login`: the agent's own credentials are over",
            ),
            ErrorClass::LimitExceeded => {
                Some("ask AWS for a higher quota, or remove what is not used")
            }
            ErrorClass::Invalid if self.code == "PackedPolicyTooLarge" => {
                Some("take session_tags out of the environment file, or shorten its names")
            }
            ErrorClass::Invalid
            | ErrorClass::NotFound
            | ErrorClass::AlreadyExists
            | ErrorClass::Conflict
            | ErrorClass::Throttled
            | ErrorClass::Unavailable
            | ErrorClass::Other => None,
        }
    }

    /// What lets a caller in that was refused.
    fn let_in(&self) -> &'static str {
        match (self.code.as_str(), self.operation) {
            (CLOCK_OFF, _) => {
                "set this machine's clock, and keep it set (timedatectl set-ntp true, or chrony)"
            }
            (
                "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidSignatureException",
                _,
            ) => "AWS does not know the agent's own credentials: see `aws sts get-caller-identity`",
            (_, ASSUME) => {
                "the trust policy of the role must name the agent's role, with this external id and all that is asked for; \
                 `agent doctor` looks at it"
            }
            _ => "let the deploy role do this: `agent doctor` shows which permissions it lacks",
        }
    }
}

//! Amazon resource names, taken apart once.

use super::{AccountId, InvalidId};
use std::{fmt, str::FromStr};

/// `arn:partition:service:region:account:resource`, kept as text with its parts findable.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);

const EXPECTED: &str = "an ARN: arn:partition:service:region:account:resource";

impl Arn {
    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `iam`, `sagemaker`, …
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region, or empty for global services.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The owning account, where the ARN names one (S3 ARNs do not).
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.part(4).parse().ok()
    }

    /// Everything after the account, such as `role/deployer`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The resource's own name: what follows the last `/` or `:`.
    #[must_use]
    pub fn name(&self) -> &str {
        let resource = self.resource();
        resource.rsplit(['/', ':']).next().unwrap_or(resource)
    }
}

impl FromStr for Arn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let legal = parts.len() == 6
            && parts[0] == "arn"
            && !parts[1].is_empty()
            && !parts[2].is_empty()
            && !parts[5].is_empty()
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if legal { Ok(Self(text.to_owned())) } else { Err(InvalidId::new(text, EXPECTED)) }
    }
}

impl TryFrom<String> for Arn {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.0
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

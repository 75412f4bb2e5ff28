//! Where something stands: accounts and regions are apart.

use crate::ids::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// One region of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The owning account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl Place {
    /// The ARN of `resource` of `service` here.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

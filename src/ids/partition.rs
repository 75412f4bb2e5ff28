//! Partitions: the clouds within AWS, told apart by how their regions are called.

use super::Region;

/// One partition, as botocore's `partitions.json` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// How its regions begin.
    prefix: &'static str,
    /// The second part of its ARNs.
    pub name: &'static str,
    /// How its host names end.
    pub domain: &'static str,
}

const fn partition(prefix: &'static str, name: &'static str, domain: &'static str) -> Partition {
    Partition { prefix, name, domain }
}

/// The first whose prefix fits is the one.
const PARTITIONS: [Partition; 7] = [
    partition("cn-", "aws-cn", "amazonaws.com.cn"),
    partition("us-gov-", "aws-us-gov", "amazonaws.com"),
    partition("us-iso-", "aws-iso", "c2s.ic.gov"),
    partition("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    partition("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    partition("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    partition("eusc-", "aws-eusc", "amazonaws.eu"),
];

impl Region {
    /// The partition the region belongs to.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let special = PARTITIONS.into_iter().find(|one| self.as_str().starts_with(one.prefix));
        special.unwrap_or(partition("", "aws", "amazonaws.com"))
    }
}

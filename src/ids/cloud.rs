//! Names that AWS defines, with AWS's own limits.

use super::{InvalidId, is_word, text_id};
use std::{fmt, str::FromStr};

text_id!(
    /// An AWS account: twelve digits. Always text, because leading zeros count.
    AccountId,
    "an account id: twelve digits, in quotes",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// An AWS region such as `eu-west-1`.
    Region,
    "a region such as eu-west-1",
    |text| text.split('-').count() >= 3
        && text.len() <= 32
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);

text_id!(
    /// An S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens (S3 user guide, bucket naming rules).
    BucketName,
    "a bucket name: 3 to 63 lower-case letters, digits, '.' and '-'",
    |text| text.len() >= 3
        && is_word(text, ".-", 63)
        && !text.contains("..")
        && !text.ends_with(['.', '-'])
        && !text.bytes().any(|b| b.is_ascii_uppercase())
);

text_id!(
    /// A SageMaker pipeline name: `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}` (CreatePipeline API).
    PipelineName,
    "a pipeline name: up to 256 letters, digits and inner hyphens",
    |text| is_word(text, "-", 256) && !text.ends_with('-')
);

/// The address of an object or a prefix: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Uri {
    bucket: BucketName,
    key: String,
}

impl S3Uri {
    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.bucket.as_str()
    }

    /// The key without a leading slash; may be empty.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for S3Uri {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let wrong = || InvalidId::new(text, "an S3 address: s3://bucket/key");
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self { bucket: bucket.parse().map_err(|_| wrong())?, key: key.to_owned() })
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

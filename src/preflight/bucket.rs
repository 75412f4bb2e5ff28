//! Is the bucket where it should be, encrypted, versioned, and nobody else's business?

use super::{
    Outcome, PolicyDocument,
    document::{Condition, Effect},
};
use crate::ids::Arn;

/// A bucket's default encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `aws:kms`, `AES256`, …
    pub algorithm: String,
    /// The key, where it is ours; ARN, id or alias as it was written.
    pub key: Option<String>,
}

/// What a bucket blocks of public access, all four switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicAccess {
    /// All four are on.
    Blocked,
    /// Some are off, or none was ever set.
    Open,
}

/// SageMaker and the jobs read only from buckets of their own region.
#[must_use]
pub fn in_region(found: &str, wanted: &str) -> Outcome {
    if found == wanted {
        return Outcome::ok(found);
    }
    Outcome::failed(
        format!("it stands in {found}, the pipelines run in {wanted}"),
        format!("name a bucket of {wanted} in the environment file, or correct aws_region"),
    )
}

/// Each object that the agent stores names its key itself; the default is for what others store. The key has two names
/// where it has an alias.
#[must_use]
pub fn encrypted(found: Option<&Encryption>, names: [&Arn; 2]) -> Outcome {
    let fix = || format!("aws s3api put-bucket-encryption with aws:kms and {}", names[0]);
    let is_key = |found: &str| {
        let ends = format!("/{found}");
        names.iter().any(|name| {
            name.as_str() == found || name.as_str().ends_with(&ends) || name.resource() == found
        })
    };
    match found {
        Some(Encryption { algorithm, key: Some(found) })
            if algorithm.starts_with("aws:kms") && is_key(found) =>
        {
            Outcome::ok("aws:kms with the environment's key")
        }
        Some(Encryption { key: Some(other), .. }) => {
            Outcome::warning(format!("by default it encrypts with another key: {other}"), fix())
        }
        Some(Encryption { algorithm, key: None }) => Outcome::warning(
            format!("by default it encrypts with {algorithm} and no key of yours"),
            fix(),
        ),
        None => Outcome::warning("it has no default encryption", fix()),
    }
}

/// A version that was overwritten or deleted by mistake can be had back.
#[must_use]
pub fn versioned(status: Option<&str>) -> Outcome {
    match status {
        Some("Enabled") => Outcome::ok("versions are kept"),
        Some(_) | None => Outcome::warning(
            "versions are not kept: what is overwritten is gone",
            "aws s3api put-bucket-versioning --versioning-configuration Status=Enabled",
        ),
    }
}

/// Patients' data lies there.
#[must_use]
pub fn private(access: PublicAccess) -> Outcome {
    match access {
        PublicAccess::Blocked => Outcome::ok("public access is blocked"),
        PublicAccess::Open => Outcome::failed(
            "public access is not blocked: one wrong policy would publish the data",
            "aws s3api put-public-access-block with all four settings true",
        ),
    }
}

/// Does the policy refuse everybody who comes without TLS?
#[must_use]
pub fn tls_only(policy: Option<&PolicyDocument>, partition: &str, bucket: &str) -> Outcome {
    let object = format!("arn:{partition}:s3:::{bucket}/object");
    let refuses = policy.is_some_and(|policy| {
        policy.statements.iter().any(|statement| {
            statement.effect == Effect::Deny
                && statement.is_about_everybody()
                && ["s3:GetObject", "s3:PutObject"].iter().all(|action| statement.covers(action, &object))
                && matches!(statement.conditions.as_slice(), [only] if Condition::is_open_line(only))
        })
    });
    if refuses {
        return Outcome::ok("without TLS it answers nobody");
    }
    Outcome::warning(
        "its policy does not refuse requests without TLS",
        format!(
            r#"add to its policy: {{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:{partition}:s3:::{bucket}","arn:{partition}:s3:::{bucket}/*"],"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}"#
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KEY: &str = "arn:aws:kms:us-east-1:222222222222:key/1111";
    const ALIAS: &str = "arn:aws:kms:us-east-1:222222222222:alias/ml";

    fn judged(policy: &Value) -> Outcome {
        let policy = PolicyDocument::parse(&policy.to_string()).unwrap();
        tls_only(Some(&policy), "aws", "b")
    }

    #[test]
    fn the_statement_of_the_fix_is_enough_and_less_is_not() {
        let Outcome::Warning { fix, .. } = tls_only(None, "aws", "b") else { panic!() };
        let (_, statement) = fix.split_once(": ").unwrap();
        let statement: Value = serde_json::from_str(statement).unwrap();
        assert!(matches!(judged(&json!({ "Statement": [statement] })), Outcome::Ok { .. }));
        for (field, value) in [
            ("Effect", json!("Allow")),
            ("Principal", json!({ "AWS": "arn:aws:iam::1:role/r" })),
            ("Action", json!("s3:PutObject")),
            ("Resource", json!("arn:aws:s3:::b")),
            ("Condition", json!({ "Bool": { "aws:SecureTransport": "true" } })),
            (
                "Condition",
                json!({ "Bool": { "aws:SecureTransport": "false" }, "IpAddress": { "aws:SourceIp": "1.2.3.4" } }),
            ),
        ] {
            let mut less = statement.clone();
            less[field] = value;
            assert!(
                matches!(judged(&json!({ "Statement": [less] })), Outcome::Warning { .. }),
                "{less}"
            );
        }
    }

    #[test]
    fn the_key_may_be_named_by_arn_by_id_or_by_alias() {
        let (key, alias) = (KEY.parse().unwrap(), ALIAS.parse().unwrap());
        let names = [&key, &alias];
        let with = |algorithm: &str, key: Option<&str>| {
            let found = Encryption { algorithm: algorithm.to_owned(), key: key.map(str::to_owned) };
            matches!(encrypted(Some(&found), names), Outcome::Ok { .. })
        };
        assert!(
            with("aws:kms", Some(KEY))
                && with("aws:kms", Some("1111"))
                && with("aws:kms:dsse", Some(KEY))
        );
        assert!(with("aws:kms", Some(ALIAS)) && with("aws:kms", Some("alias/ml")));
        assert!(!with("AES256", None) && !with("aws:kms", None) && !with("aws:kms", Some("2222")));
        assert!(
            !with("aws:kms", Some("111")) && !matches!(encrypted(None, names), Outcome::Ok { .. })
        );
    }

    #[test]
    fn open_and_misplaced_buckets_fail_unversioned_ones_warn() {
        assert!(private(PublicAccess::Open).is_failure());
        assert!(in_region("eu-west-1", "us-east-1").is_failure());
        assert!(matches!(versioned(Some("Suspended")), Outcome::Warning { .. }));
    }
}

//! Does the provider know each type and argument that the Terraform names?

use super::*;
use std::collections::BTreeSet;

/// What the provider knows of what is written, nested blocks' arguments among them. Held against the schema of
/// hashicorp/aws 6 as npm's @cdktf/provider-aws 21.22.1 carries it: whoever writes another name looks it up there.
const KNOWN: [(&str, &[&str]); 14] = [
    ("provider", &["alias", "allowed_account_ids", "profile", "region"]),
    ("aws_kms_key", &["description", "enable_key_rotation", "policy", "tags"]),
    ("aws_kms_alias", &["name", "target_key_id"]),
    (
        "aws_iam_role",
        &["assume_role_policy", "description", "max_session_duration", "name", "path", "tags"],
    ),
    ("aws_iam_role_policy", &["name", "policy", "role"]),
    ("aws_s3_bucket", &["bucket", "tags"]),
    (
        "aws_s3_bucket_public_access_block",
        &[
            "block_public_acls",
            "block_public_policy",
            "bucket",
            "ignore_public_acls",
            "restrict_public_buckets",
        ],
    ),
    ("aws_s3_bucket_ownership_controls", &["bucket", "object_ownership", "rule"]),
    ("aws_s3_bucket_versioning", &["bucket", "status", "versioning_configuration"]),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        &[
            "apply_server_side_encryption_by_default",
            "bucket",
            "bucket_key_enabled",
            "kms_master_key_id",
            "rule",
            "sse_algorithm",
        ],
    ),
    ("aws_s3_bucket_policy", &["bucket", "policy"]),
    (
        "aws_cloudwatch_log_group",
        &["kms_key_id", "log_group_class", "name", "retention_in_days", "tags"],
    ),
    ("aws_sagemaker_model_package_group", &["model_package_group_name", "tags"]),
    ("aws_sagemaker_model_package_group_policy", &["model_package_group_name", "resource_policy"]),
];
/// What Terraform itself knows of every resource.
const OF_TERRAFORM: [&str; 4] = ["provider", "lifecycle", "prevent_destroy", "depends_on"];

/// The type that a line begins a block of; none if it begins something else.
fn begun(line: &str) -> Option<&str> {
    let labels = line.strip_prefix("resource ")?;
    labels.split('"').nth(1)
}

/// The name that a line gives a value or a block; quoted ones stand in expressions.
fn named(line: &str) -> Option<&str> {
    let line = line.strip_prefix("  ")?.trim_start();
    let end = line.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
    let after = line[end..].trim_start();
    (end > 0 && (after.starts_with('=') || after.starts_with('{'))).then(|| &line[..end])
}

#[test]
fn every_type_and_argument_is_one_of_the_providers() {
    let text = terraform::terraform(&Foundation::of(&scope()));
    let (mut block, mut seen) = (None, BTreeSet::new());
    for line in text.lines() {
        if !line.starts_with([' ', '}']) && !line.is_empty() {
            block = if line.starts_with("provider ") { Some("provider") } else { begun(line) };
        }
        let (Some(kind), Some(name)) = (block, named(line)) else { continue };
        let known = KNOWN.iter().find(|(known, _)| *known == kind);
        let (_, arguments) = known.unwrap_or_else(|| panic!("{kind} is no type of the provider"));
        let fits = arguments.contains(&name) || OF_TERRAFORM.contains(&name);
        assert!(fits, "{kind} has no {name}: {line}");
        seen.insert(kind);
    }
    let all: BTreeSet<&str> = KNOWN.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(seen, all, "each is written");
}

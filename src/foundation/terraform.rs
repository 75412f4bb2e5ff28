//! A foundation as Terraform, for teams whose accounts are changed by Terraform alone.
//!
//! One file that `terraform init` and `plan` can start from: a provider for each account, named by its alias, and
//! credentials from a profile that a variable names. A key's ARN is a reference, because KMS gives it. JSON's objects
//! and lists are HCL's too, so policies stand in `jsonencode` as they would in a file; only what begins a template in a
//! text must be doubled.

use super::{
    BucketSpec, Foundation, GroupSpec, Item, KeySpec, LogGroupSpec, Origin, Policy, Resource,
    RoleSpec,
};
use crate::ids::{AccountId, Region};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Where what is written below is known from (provider's documentation of version 5).
const HEADER: &str = r#"# What the environments need before the first deployment. Written by `agent bootstrap --terraform`.
# Things that are there already are taken over by `terraform import` or an import block before the first apply.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40"
    }
  }
}

variable "profiles" {
  description = "The profile that administers each account, by account id"
  type        = map(string)
  default     = {}
}
"#;

/// The whole file.
#[must_use]
pub fn terraform(foundation: &Foundation) -> String {
    let mut file = File { text: HEADER.to_owned(), keys: BTreeMap::new() };
    let mut providers = BTreeSet::new();
    for item in &foundation.items {
        providers.insert((&item.account, &item.region));
        if let Resource::Key(key) = &item.resource {
            file.keys.insert(key.arn.to_string(), format!("aws_kms_key.{}.arn", label(item)));
        }
    }
    for (account, region) in providers {
        file.provider(account, region);
    }
    for item in &foundation.items {
        match &item.resource {
            Resource::Key(key) => file.key(item, key),
            Resource::Role(role) => file.role(item, role),
            Resource::Bucket(bucket) => file.bucket(item, bucket),
            Resource::Group(group) => file.group(item, group),
            Resource::LogGroup(log) => file.log_group(item, log),
        }
    }
    file.text
}

/// A name for references: letters, digits, hyphens and underscores, beginning with a letter.
fn label(item: &Item) -> String {
    let name = format!("a{}-{}", item.account, item.name());
    super::resource::spelled(&name, "-_")
}

/// The provider of an account in a region.
fn alias(account: &AccountId, region: &Region) -> String {
    format!("a{account}-{region}")
}

struct File {
    text: String,
    /// Key ARN to the expression that gives it.
    keys: BTreeMap<String, String>,
}

/// One argument of a block.
type Argument<'a> = (&'a str, String);

impl File {
    fn provider(&mut self, account: &AccountId, region: &Region) {
        let arguments = [
            ("alias", text(&alias(account, region))),
            ("region", text(region.as_str())),
            ("allowed_account_ids", format!("[{}]", text(account.as_str()))),
            ("profile", format!("lookup(var.profiles, {}, null)", text(account.as_str()))),
        ];
        self.block("provider", &["aws"], &arguments, "");
    }

    fn key(&mut self, item: &Item, key: &KeySpec) {
        let label = label(item);
        let arguments = [
            ("description", text(&key.description)),
            ("enable_key_rotation", "true".to_owned()),
            ("policy", self.policy(&key.policy)),
            ("tags", self.value(&json!(item.tags(Origin::Made)), 1)),
        ];
        self.resource(("aws_kms_key", &label), item, &arguments, KEEP);
        let arguments =
            [("name", text(&key.alias)), ("target_key_id", format!("aws_kms_key.{label}.key_id"))];
        self.resource(("aws_kms_alias", &label), item, &arguments, "");
        let output = [
            ("description", text("Goes into the environment file")),
            ("value", format!("aws_kms_key.{label}.arn")),
        ];
        self.block("output", &[&format!("{label}-key").replace('/', "-")], &output, "");
    }

    fn role(&mut self, item: &Item, role: &RoleSpec) {
        let label = label(item);
        let arguments = [
            ("name", text(role.arn.name())),
            ("path", text(role.path())),
            ("description", text(&role.description)),
            ("max_session_duration", role.longest_session.to_string()),
            ("assume_role_policy", self.policy(&role.trust)),
            ("tags", self.value(&json!(item.tags(Origin::Made)), 1)),
        ];
        self.resource(("aws_iam_role", &label), item, &arguments, "");
        for (name, policy) in &role.policies {
            let arguments = [
                ("name", text(name)),
                ("role", format!("aws_iam_role.{label}.name")),
                ("policy", self.policy(policy)),
            ];
            let own = super::resource::spelled(&format!("{label}-{name}"), "-_");
            self.resource(("aws_iam_role_policy", &own), item, &arguments, "");
        }
    }

    fn bucket(&mut self, item: &Item, bucket: &BucketSpec) {
        let label = label(item);
        let id = || ("bucket", format!("aws_s3_bucket.{label}.id"));
        let arguments = [
            ("bucket", text(bucket.name.as_str())),
            ("tags", self.value(&json!(item.tags(Origin::Made)), 1)),
        ];
        self.resource(("aws_s3_bucket", &label), item, &arguments, KEEP);
        let blocked = [
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ];
        let mut arguments = vec![id()];
        arguments.extend(blocked.map(|switch| (switch, "true".to_owned())));
        self.resource(("aws_s3_bucket_public_access_block", &label), item, &arguments, "");
        let enforced = "  rule {\n    object_ownership = \"BucketOwnerEnforced\"\n  }\n";
        self.resource(("aws_s3_bucket_ownership_controls", &label), item, &[id()], enforced);
        let enabled = "  versioning_configuration {\n    status = \"Enabled\"\n  }\n";
        self.resource(("aws_s3_bucket_versioning", &label), item, &[id()], enabled);
        let key = self.value(&json!(bucket.key), 3);
        let rule = format!(
            "  rule {{\n    bucket_key_enabled = true\n    apply_server_side_encryption_by_default {{\n      sse_algorithm     = \"aws:kms\"\n      kms_master_key_id = {key}\n    }}\n  }}\n"
        );
        let kind = "aws_s3_bucket_server_side_encryption_configuration";
        self.resource((kind, &label), item, &[id()], &rule);
        let policy = self.policy(&bucket.policy);
        // a policy is refused as public while the block is on its way
        let after = format!("  depends_on = [aws_s3_bucket_public_access_block.{label}]\n");
        self.resource(("aws_s3_bucket_policy", &label), item, &[id(), ("policy", policy)], &after);
    }

    fn group(&mut self, item: &Item, group: &GroupSpec) {
        let label = label(item);
        let kind = "aws_sagemaker_model_package_group";
        let arguments = [
            ("model_package_group_name", text(group.arn.name())),
            ("tags", self.value(&json!(item.tags(Origin::Made)), 1)),
        ];
        self.resource((kind, &label), item, &arguments, KEEP);
        if let Some(policy) = &group.policy {
            let arguments = [
                ("model_package_group_name", format!("{kind}.{label}.model_package_group_name")),
                ("resource_policy", self.policy(policy)),
            ];
            self.resource((&format!("{kind}_policy"), &label), item, &arguments, "");
        }
    }

    fn log_group(&mut self, item: &Item, log: &LogGroupSpec) {
        let mut arguments = vec![
            ("name", text(&log.group.name)),
            ("log_group_class", text(super::LOG_CLASS)),
            ("retention_in_days", log.group.retention_days.unwrap_or(0).to_string()),
            ("tags", self.value(&json!(item.tags(Origin::Made)), 1)),
        ];
        let key = log.group.kms_key.as_ref().map(|key| ("kms_key_id", self.value(&json!(key), 1)));
        arguments.extend(key);
        self.resource(("aws_cloudwatch_log_group", &label(item)), item, &arguments, "");
    }

    fn resource(
        &mut self,
        (kind, label): (&str, &str),
        item: &Item,
        arguments: &[Argument<'_>],
        rest: &str,
    ) {
        let provider = ("provider", format!("aws.{}", alias(&item.account, &item.region)));
        let all: Vec<Argument<'_>> =
            [provider].into_iter().chain(arguments.iter().cloned()).collect();
        self.block("resource", &[kind, label], &all, rest);
    }

    fn block(&mut self, kind: &str, labels: &[&str], arguments: &[Argument<'_>], rest: &str) {
        let labels: String = labels.iter().map(|label| format!(" {}", text(label))).collect();
        let widest = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut block = format!("\n{kind}{labels} {{\n");
        for (name, value) in arguments {
            // writing to a text cannot fail
            let _ = writeln!(block, "  {name:<widest$} = {value}");
        }
        block.push_str(rest);
        block.push_str("}\n");
        self.text.push_str(&block);
    }

    fn policy(&self, policy: &Policy) -> String {
        format!("jsonencode({})", self.value(&policy.json(), 1))
    }

    /// JSON as an HCL expression, with references for what is not known before.
    fn value(&self, value: &Value, depth: usize) -> String {
        let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    format!("{inner}{} = {}\n", text(name), self.value(value, depth + 1))
                });
                format!("{{\n{}{outer}}}", fields.collect::<String>())
            }
            Value::Array(many) => {
                let many =
                    many.iter().map(|one| format!("{inner}{},\n", self.value(one, depth + 1)));
                format!("[\n{}{outer}]", many.collect::<String>())
            }
            Value::String(plain) => self.keys.get(plain).cloned().unwrap_or_else(|| text(plain)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }
}

/// What goes with it cannot be had back.
const KEEP: &str = "  lifecycle {\n    prevent_destroy = true\n  }\n";

/// A quoted text in which nothing is a template.
fn text(plain: &str) -> String {
    let quoted = Value::from(plain).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_in_a_text_is_no_template() {
        assert_eq!(text(r#"a ${b} %{c} "d""#), r#""a $${b} %%{c} \"d\"""#);
    }
}

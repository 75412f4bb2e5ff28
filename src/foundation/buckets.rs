//! The buckets: each environment's own, and the one where models lie for all of them.

use super::{
    deploy_role::{LIST_BUCKET, READ_OBJECTS, STORE_OBJECTS},
    policy::{Policy, Principal, Statement},
    resource::{Item, Resource, Setting},
    scope::{Member, Scope},
};
use crate::{
    ids::{AccountId, Arn, BucketName},
    spec::Environment,
};

/// A bucket for private data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSpec {
    /// Its name, the only one in the partition.
    pub name: BucketName,
    /// What is stored without naming a key is encrypted with this one.
    pub key: Arn,
    /// Who may come in, and how.
    pub policy: Policy,
}

impl BucketSpec {
    /// What is set on it; closed before anything is opened.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        vec![
            Setting::PublicAccess,
            Setting::Ownership,
            Setting::Encryption { key: self.key.to_string() },
            Setting::Versioning,
            Setting::BucketPolicy(self.policy.clone()),
        ]
    }
}

/// Every bucket of the environments that are looked after, each once.
pub(super) fn buckets(scope: &Scope) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for member in scope.covered() {
        let Environment { bucket, artifacts_bucket, account, .. } = &member.environment;
        let shared = (artifacts_bucket, member.registry());
        for (name, owner) in [(bucket, account.clone()), shared] {
            let known =
                |item: &Item| matches!(&item.resource, Resource::Bucket(one) if one.name == *name);
            if !items.iter().any(known) {
                let spec = spec(scope, member, (name, &owner));
                items.push(Item { account: owner, ..Item::of(member, Resource::Bucket(spec)) });
            }
        }
    }
    items
}

/// The first environment's key is the default: whoever names none and may not use that one is refused.
fn spec(scope: &Scope, member: &Member, (name, owner): (&BucketName, &AccountId)) -> BucketSpec {
    let uses = |one: &&Member| {
        one.environment.bucket == *name || one.environment.artifacts_bucket == *name
    };
    let members: Vec<&Member> = scope.members.iter().filter(uses).collect();
    let key = members.first().map_or(&member.environment.kms_key, |one| &one.environment.kms_key);
    let arn = format!("arn:{}:s3:::{name}", member.partition());
    let mut policy = Policy::of(closed(&arn, &members));
    for one in members.iter().filter(|one| one.environment.artifacts_bucket == *name) {
        if one.environment.account != *owner {
            policy = policy.and(tenant(&arn, one));
        }
    }
    BucketSpec { name: name.clone(), key: key.clone(), policy }
}

/// All that S3 does, and what stores an object. IAM reads actions in any case (IAM user guide, "JSON policy elements:
/// Action"). A server that stands in for S3 and reads no conditions takes these denials for plain ones and locks
/// everybody out; in capitals it does not take them at all.
const ANYTHING: &str = "S3:*";
const STORE: &str = "S3:PutObject";

/// TLS or nothing; our keys or none named. A part of a large upload names no key, so naming none is no offence: the
/// default holds then.
fn closed(arn: &str, members: &[&Member]) -> [Statement; 3] {
    let everything = [arn.to_owned(), format!("{arn}/*")];
    let objects = [format!("{arn}/*")];
    let mut keys: Vec<String> =
        members.iter().map(|one| one.environment.kms_key.to_string()).collect();
    // who names the alias may send the alias
    let written = members.iter().map(|one| &one.written_key);
    let aliases = written.filter(|key| key.resource().starts_with("alias/"));
    keys.extend(aliases.map(ToString::to_string));
    keys.sort();
    keys.dedup();
    let (algorithm, key) =
        ("s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id");
    let put =
        |name: &str| Statement::deny(name, &[STORE]).by(Principal::Everybody).on(objects.clone());
    [
        Statement::deny("OnlyByTls", &[ANYTHING]).by(Principal::Everybody).on(everything).when(
            "Bool",
            "aws:SecureTransport",
            ["false"],
        ),
        put("OnlyEncrypted").when("Null", algorithm, ["false"]).when(
            "StringNotEquals",
            algorithm,
            ["aws:kms"],
        ),
        put("OnlyByOurKeys").when("Null", key, ["false"]).when("StringNotEquals", key, keys),
    ]
}

/// Another account's roles: jobs store and read, the function and the agent read. Nobody deletes.
fn tenant(arn: &str, member: &Member) -> [Statement; 3] {
    let environment = &member.environment;
    let account = || Principal::Aws(vec![member.root_of(&environment.account)]);
    let objects = member.objects_in(arn);
    let readers = [&environment.deploy_role, &environment.lambda_role];
    let named = |what: &str| format!("{what}{}", member.name());
    [
        Statement::allow(&named("Jobs"), STORE_OBJECTS).by(account()).on([&objects]).when(
            "ArnEquals",
            "aws:PrincipalArn",
            member.execution_roles(),
        ),
        Statement::allow(&named("Readers"), READ_OBJECTS).by(account()).on([&objects]).when(
            "ArnEquals",
            "aws:PrincipalArn",
            readers,
        ),
        Statement::allow(&named("Finders"), LIST_BUCKET)
            .by(account())
            .on([arn])
            .when("ArnEquals", "aws:PrincipalArn", member.execution_roles())
            .when("ArnEquals", "aws:PrincipalArn", readers),
    ]
}

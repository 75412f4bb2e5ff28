//! The keys: one for what each environment encrypts, and what else its log group names.

use super::{
    policy::{Policy, Principal, Statement},
    resource::{Item, Resource, Setting, spelled},
    scope::{Member, Scope},
};
use crate::ids::Arn;

/// Characters of an alias besides letters and digits (CreateAlias, `AliasName`).
const ALIAS_CHARACTERS: &str = "-_/";

/// A customer managed key for encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpec {
    /// Its ARN, as far as it is known; else as the environment file names it.
    pub arn: Arn,
    /// Its ARN as the environment file has it: an id that KMS gave, or an alias.
    pub written: Arn,
    /// The alias that it is made with and found by.
    pub alias: String,
    /// For people.
    pub description: String,
    /// Who may use it.
    pub policy: Policy,
}

impl KeySpec {
    /// What is set on it.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        vec![Setting::KeyPolicy(self.policy.clone()), Setting::KeyRotation]
    }
}

/// Every key of the environments that are looked after, each once.
pub(super) fn keys(scope: &Scope) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for member in scope.covered() {
        let environment = &member.environment;
        let log_key = environment.log_group.kms_key.as_ref();
        let wanted = [(Some(&environment.kms_key), "objects and alerts"), (log_key, "log lines")];
        for (arn, what) in wanted {
            let Some(arn) = arn else { continue };
            if items.iter().all(|item| item.arn() != Some(arn)) {
                items.push(Item::of(member, Resource::Key(key(scope, member, (arn, what)))));
            }
        }
    }
    items
}

fn key(scope: &Scope, member: &Member, (arn, what): (&Arn, &str)) -> KeySpec {
    let is_main = *arn == member.environment.kms_key;
    let written = if is_main { &member.written_key } else { arn };
    KeySpec {
        arn: arn.clone(),
        written: written.clone(),
        alias: alias(member, written, what),
        description: format!("{what} of {} in {}", member.environment.model_name, member.name()),
        policy: policy(scope, arn),
    }
}

/// The file's own, where it names one.
fn alias(member: &Member, written: &Arn, what: &str) -> String {
    if written.resource().starts_with("alias/") {
        return written.resource().to_owned();
    }
    let end = if what == "log lines" { "-logs" } else { "" };
    let name = format!("{}-{}{end}", member.environment.model_name, member.name());
    format!("alias/relevo/{}", spelled(&name, ALIAS_CHARACTERS))
}

/// The owner's account decides by its roles' policies; services come in their own name; accounts of later environments
/// read what was encrypted here.
fn policy(scope: &Scope, key: &Arn) -> Policy {
    let users = || scope.members.iter().filter(move |one| one.environment.kms_key == *key);
    let loggers =
        scope.members.iter().filter(|one| one.environment.log_group.kms_key.as_ref() == Some(key));
    let mut policy = Policy::default();
    for member in
        scope.members.iter().filter(|one| Some(&one.environment.account) == key.account().as_ref())
    {
        let root = member.root_of(&member.environment.account);
        policy = policy
            .and([Statement::allow("Owner", &["kms:*"]).by(Principal::Aws(vec![root])).on(["*"])]);
    }
    for member in users() {
        policy = policy.and([alerts()]).and(scope.later(member).into_iter().filter_map(|later| {
            let foreign = later.environment.account != member.environment.account;
            (foreign && later.environment.kms_key != *key).then(|| reader(member, later))
        }));
    }
    policy.and(loggers.map(log_lines))
}

/// EventBridge publishes to the encrypted topic and says neither account nor rule: a condition would never be met.
fn alerts() -> Statement {
    Statement::allow("Alerts", &["kms:Decrypt", "kms:GenerateDataKey*"])
        .by(Principal::Service("events.amazonaws.com".to_owned()))
        .on(["*"])
}

/// CloudWatch's own name has the region in it, and the partition's domain.
fn log_lines(member: &Member) -> Statement {
    let actions =
        ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"];
    let [_, group] = member.log_group();
    Statement::allow(&format!("LogLines{}", member.name()), &actions)
        .by(Principal::Service(member.via("logs")))
        .on(["*"])
        .when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", [group])
}

/// The roles of a later environment that read models: named by a condition, which holds before and after they are made.
fn reader(member: &Member, later: &Member) -> Statement {
    let environment = &later.environment;
    Statement::allow(&format!("Reader{}", later.name()), &["kms:Decrypt", "kms:DescribeKey"])
        .by(Principal::Aws(vec![later.root_of(&environment.account)]))
        .on(["*"])
        .when("ArnEquals", "aws:PrincipalArn", later.execution_roles())
        .when("ArnEquals", "aws:PrincipalArn", [&environment.deploy_role, &environment.lambda_role])
        .when("StringEquals", "kms:ViaService", [member.via("s3")])
}

//! Do the policies let through what is needed, and nothing that is not?

use super::*;
use crate::{
    ids::{Arn, EnvName},
    plan::fixture,
    preflight::{self, Outcome, Permission, PolicyDocument, Want, permissions},
    spec::Environment,
};
use std::collections::{BTreeMap, BTreeSet};

mod images;
mod provider;
mod unread;

const AGENT: &str = "arn:aws:iam::444444444444:role/agent";

/// dev and prod of the example, prod built on dev, in the partition of `region`.
pub(crate) fn scope_in(region: &str, target: &str) -> Scope {
    let region: crate::ids::Region = region.parse().unwrap();
    let text = serde_json::to_string(&fixture::environment()).unwrap();
    let partition = format!("arn:{}:", region.partition().name);
    let text = text.replace("arn:aws:", &partition).replace("us-east-1", region.as_str());
    let dev = text
        .replace("222222222222", "111111111111")
        .replace("-prod", "-dev")
        .replace("\"prod\"", "\"dev\"");
    let member = |text: &str, before: &[&str]| {
        let environment: Environment = serde_json::from_str(text).unwrap();
        let before: Vec<EnvName> = before.iter().map(|name| name.parse().unwrap()).collect();
        let written_key = environment.kms_key.clone();
        Member { written_key, environment, before, stage_images: BTreeSet::new() }
    };
    Scope {
        target: target.parse().unwrap(),
        members: vec![member(&dev, &[]), member(&text, &["dev"])],
        people: People { agent: AGENT.parse().unwrap(), approvers: Vec::new() },
    }
}

fn scope() -> Scope {
    scope_in("us-east-1", "prod")
}

fn prod(scope: &Scope) -> &Environment {
    &scope.target().unwrap().environment
}

fn role<'f>(foundation: &'f Foundation, arn: &Arn) -> &'f RoleSpec {
    let roles = foundation.items.iter().filter_map(|item| match &item.resource {
        Resource::Role(role) => Some(role),
        _ => None,
    });
    roles.into_iter().find(|role| role.arn == *arn).unwrap()
}

fn policy_of(foundation: &Foundation, kind: &str, name: &str) -> Value {
    let item = foundation.items.iter().find(|item| item.kind() == kind && item.name() == name);
    let settings = item.unwrap().settings();
    settings.iter().find(|one| one.aspect() == "policy").unwrap().wanted()
}

/// IAM's reading of one role's policies, conditions included.
pub(crate) fn allows(
    role: &RoleSpec,
    action: &str,
    resource: &str,
    context: &BTreeMap<String, String>,
) -> bool {
    let statements = || role.policies.values().flat_map(Policy::statements);
    let covering = |effect: Effect| {
        statements().any(|one| {
            one.effect() == effect && covers(one, action, resource) && holds(one, context)
        })
    };
    covering(Effect::Allow) && !covering(Effect::Deny)
}

fn covers(statement: &Statement, action: &str, resource: &str) -> bool {
    let any = |patterns: &[String], text: &str| patterns.iter().any(|one| wild(one, text));
    any(statement.actions(), action) && any(statement.resources(), resource)
}

fn holds(statement: &Statement, context: &BTreeMap<String, String>) -> bool {
    statement.conditions().iter().all(|(operator, keys)| {
        keys.iter().all(|(key, values)| match (operator.as_str(), context.get(key)) {
            ("ForAllValues:ArnLike", None) => true,
            (_, None) => false,
            (_, Some(found)) => values.iter().any(|value| wild(value, found)),
        })
    })
}

fn wild(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && wild(rest, &tail[at..]))
        }),
    }
}

#[test]
fn whatever_the_preflight_asks_for_is_allowed_and_what_it_refuses_is_not() {
    for region in ["us-east-1", "us-gov-west-1", "cn-north-1"] {
        for target in ["dev", "prod"] {
            let scope = scope_in(region, target);
            let foundation = Foundation::of(&scope);
            for Permission { what, role: arn, actions, resources, context, want } in
                permissions(prod(&scope))
            {
                let role = role(&foundation, &arn);
                for (action, resource) in
                    actions.iter().flat_map(|action| resources.iter().map(move |one| (action, one)))
                {
                    let allowed = allows(role, action, resource, &context);
                    assert_eq!(
                        allowed,
                        want == Want::Allowed,
                        "{region} {target} {what}: {action} on {resource}"
                    );
                }
            }
        }
    }
}

/// Each is explained where it is written.
const ON_EVERYTHING: [&str; 3] =
    ["events:ListRules", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"];

#[test]
fn nothing_is_allowed_on_everything_but_what_knows_no_resource_and_no_action_is_a_star() {
    let foundation = Foundation::of(&scope());
    let mut met = Vec::new();
    for item in &foundation.items {
        let Resource::Role(role) = &item.resource else { continue };
        for statement in role.policies.values().flat_map(Policy::statements) {
            if statement.effect() == Effect::Deny {
                continue;
            }
            for action in statement.actions() {
                assert!(!action.contains("*") || action.starts_with("kms:"), "{item}: {action}");
                if statement.resources().iter().any(|one| one == "*") {
                    met.push(action.clone());
                }
            }
        }
    }
    met.sort();
    met.dedup();
    let mut named = ON_EVERYTHING.map(str::to_owned).to_vec();
    named.sort();
    assert_eq!(met, named);
}

#[test]
fn policies_fit_into_what_aws_takes() {
    let mut scope = scope();
    for member in &mut scope.members {
        member.environment.model_name = "m".repeat(60);
    }
    for item in &Foundation::of(&scope).items {
        let settings = item.settings();
        let length = |one: &Setting| one.policy().map_or(0, |policy| policy.text().len());
        let sum = |wanted: fn(&Setting) -> bool| -> usize {
            settings.iter().filter(|one| wanted(one)).map(length).sum()
        };
        // IAM quotas: inline policies of a role together, its trust; S3: 20 KB; KMS: 32 KB; SageMaker: 20,480
        assert!(sum(|one| matches!(one, Setting::Permissions { .. })) <= 10_240, "{item}");
        assert!(sum(|one| matches!(one, Setting::Trust(_))) <= 2_048, "{item}");
        assert!(
            sum(|one| matches!(
                one,
                Setting::KeyPolicy(_) | Setting::BucketPolicy(_) | Setting::GroupPolicy(_)
            )) <= 20_480,
            "{item}"
        );
    }
}

#[test]
fn the_doctor_is_content_with_every_policy() {
    let mut scope = scope();
    let key = prod(&scope).kms_key.clone();
    scope.members[1].environment.log_group.kms_key = Some(key.clone());
    let foundation = Foundation::of(&scope);
    let environment = prod(&scope);
    let read = |value: Value| PolicyDocument::parse(&value.to_string()).unwrap();
    let ok = |outcome: Outcome| assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    let key_policy =
        read(policy_of(&foundation, "key", "alias/relevo/mammography-severity-model-prod"));
    ok(preflight::events_may_use(&key_policy, key.as_str()));
    let group = "arn:aws:logs:us-east-1:222222222222:log-group:jenkins-log";
    ok(preflight::logs_may_use(&key_policy, key.as_str(), &environment.region, group));
    let bucket = read(policy_of(&foundation, "bucket", "sagemaker-prod-bucket"));
    ok(preflight::tls_only(Some(&bucket), "aws", "sagemaker-prod-bucket"));
    let trust = read(role(&foundation, &environment.deploy_role).trust.json());
    ok(preflight::trust(&trust, &environment.into(), Some(("444444444444", "agent"))));
}

#[test]
fn every_arn_is_of_the_regions_partition() {
    for (region, partition) in
        [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
    {
        let mut scope = scope_in(region, "prod");
        scope.people.agent =
            format!("arn:{partition}:iam::444444444444:role/agent").parse().unwrap();
        let text = Foundation::of(&scope).json().to_string();
        for (at, _) in text.match_indices("arn:") {
            assert!(
                text[at..].starts_with(&format!("arn:{partition}:")),
                "{region}: {}",
                &text[at..at + 60]
            );
        }
    }
    let mut china = scope_in("cn-north-1", "prod");
    china.members[1].environment.log_group.kms_key =
        Some(china.members[1].environment.kms_key.clone());
    let text = Foundation::of(&china).json().to_string();
    assert!(
        text.contains("logs.cn-north-1.amazonaws.com.cn")
            && text.contains("s3.cn-north-1.amazonaws.com.cn")
    );
}

#[test]
fn what_is_shared_is_the_same_whichever_environment_is_asked_for() {
    let (dev, prod) = (scope_in("us-east-1", "dev"), scope());
    let (dev, prod) = (Foundation::of(&dev), Foundation::of(&prod));
    assert!(dev.items.len() < prod.items.len());
    for item in &dev.items {
        assert!(
            prod.items.iter().any(|other| {
                other.name() == item.name()
                    && other.account == item.account
                    && other.settings() == item.settings()
            }),
            "{item}"
        );
    }
    assert_eq!(dev.accounts().len(), 2);
    assert_eq!(prod.accounts().len(), 3);
}

#[test]
fn the_same_scope_is_the_same_foundation_and_another_key_another() {
    let one = Foundation::of(&scope());
    assert_eq!(one.hash(), Foundation::of(&scope()).hash());
    let written = prod(&scope()).kms_key.clone();
    let real: Arn = "arn:aws:kms:us-east-1:222222222222:key/abcd".parse().unwrap();
    let known = scope().with_keys(&BTreeMap::from([(written.clone(), real.clone())]));
    let other = Foundation::of(&known);
    assert_ne!(one.hash(), other.hash());
    let (_, key) = other.keys().find(|(_, key)| key.arn == real).unwrap();
    assert_eq!(key.written, written);
    assert!(
        !other.json()["items"].to_string().replace(written.as_str(), "").contains("key/1111\"")
    );
}

#[test]
fn later_accounts_read_what_earlier_keys_encrypted_and_never_the_other_way_round() {
    let foundation = Foundation::of(&scope());
    let dev =
        policy_of(&foundation, "key", "alias/relevo/mammography-severity-model-dev").to_string();
    let prod =
        policy_of(&foundation, "key", "alias/relevo/mammography-severity-model-prod").to_string();
    assert!(dev.contains("222222222222:role/lambda-sagemaker-role"));
    assert!(!prod.contains("111111111111"));
}

#[test]
fn nobody_but_the_approver_may_decide() {
    let scope = scope();
    let foundation = Foundation::of(&scope);
    let approver = &prod(&scope).approver_role;
    let package =
        "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-severity-model-package/1";
    for item in &foundation.items {
        let Resource::Role(role) = &item.resource else { continue };
        let may = allows(role, "sagemaker:UpdateModelPackage", package, &BTreeMap::new());
        assert_eq!(may, role.arn == *approver, "{item}");
    }
    let trust = role(&foundation, approver).trust.json().to_string();
    assert!(trust.contains("MultiFactorAuthPresent") && !trust.contains(AGENT), "{trust}");
    let group = policy_of(&foundation, "model package group", "mammo-severity-model-package");
    assert!(!group.to_string().contains("UpdateModelPackage"));
}

#[test]
fn ours_is_put_back_and_what_is_not_ours_is_left_alone_until_it_is_given() {
    let foundation = Foundation::of(&scope());
    let item = foundation.items.iter().find(|item| item.kind() == "bucket").unwrap();
    let settings: BTreeMap<String, Value> =
        item.settings().iter().map(|one| (one.aspect(), one.wanted())).collect();
    let mut found = Found { tags: item.tags(Origin::Made), settings, ..Found::default() };
    let nobody = BTreeSet::new();
    assert_eq!(compare(item, Some(&found), &nobody), Standing::Fine);
    assert_eq!(compare(item, None, &nobody), Standing::Missing);
    let theirs = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" });
    found.settings.get_mut("policy").unwrap()["Statement"].as_array_mut().unwrap().push(theirs);
    let Standing::Differs { differences, adopting: false } = compare(item, Some(&found), &nobody)
    else {
        panic!()
    };
    assert!(!differences[0].to.to_string().contains("Theirs"));
    found.tags = Default::default();
    assert_eq!(compare(item, Some(&found), &nobody), Standing::Fine);
    found.settings.remove("versions");
    assert!(matches!(compare(item, Some(&found), &nobody), Standing::Foreign { .. }));
    let given = BTreeSet::from([item.name().to_owned()]);
    let Standing::Differs { differences, adopting: true } = compare(item, Some(&found), &given)
    else {
        panic!()
    };
    assert_eq!(differences.len(), 1);
    found.tags = item.tags(Origin::Adopted);
    found.settings.insert("versions".to_owned(), json!("Enabled"));
    assert_eq!(compare(item, Some(&found), &nobody), Standing::Fine);
    found.settings.remove("versions");
    found.unread.insert("versions".to_owned(), "no answer".to_owned());
    let unread = compare(item, Some(&found), &nobody);
    assert!(unread.is_open() && unread.is_to_do() && unread.is_set_unseen(), "{unread:?}");
    found.obstacles.push("elsewhere".to_owned());
    assert!(matches!(compare(item, Some(&found), &given), Standing::Blocked { .. }));
}

#[test]
fn terraform_has_a_provider_for_each_account_and_no_key_by_number() {
    let scope = scope();
    let foundation = Foundation::of(&scope);
    let text = terraform::terraform(&foundation);
    for account in ["111111111111", "222222222222", "333333333333"] {
        assert!(
            text.contains(&format!("alias               = \"a{account}-us-east-1\"")),
            "{account}"
        );
    }
    assert!(!text.contains(prod(&scope).kms_key.name()), "a key is a reference");
    assert!(
        text.contains("aws_kms_key.a222222222222-alias-relevo-mammography-severity-model-prod.arn")
    );
    let count = |open: char, close: char| (text.matches(open).count(), text.matches(close).count());
    for (open, close) in [count('{', '}'), count('[', ']'), count('(', ')')] {
        assert_eq!(open, close);
    }
    let labels: Vec<&str> = text.lines().filter(|line| line.starts_with("resource ")).collect();
    let mut once = labels.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), labels.len());
    for provider in
        text.lines().filter_map(|line| line.split_once("provider")?.1.split_once("= aws.a"))
    {
        assert!(text.contains(&format!("\"a{}\"", provider.1)));
    }
}

#[test]
fn every_policy_is_a_file_of_its_own() {
    let files = render::files(&Foundation::of(&scope()));
    let mut paths: Vec<&String> = files.iter().map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), files.len());
    for (path, text) in &files {
        let policy: Value = serde_json::from_str(text).unwrap();
        assert_eq!(policy["Version"], "2012-10-17", "{path}");
    }
    assert!(paths.iter().any(|path| path.ends_with("roles/cross-account-deploy-role.trust.json")));
}

#[test]
fn a_plan_says_what_each_thing_gets() {
    let foundation = Foundation::of(&scope());
    let all: Vec<(Item, Standing)> =
        foundation.items.iter().map(|item| (item.clone(), Standing::Missing)).collect();
    let text = render::human(&all);
    assert!(
        text.contains("Account 333333333333") && text.contains("+ role model-approver: create"),
        "{text}"
    );
    assert!(text.ends_with("to change: 0."), "{text}");
    let fine: Vec<(Item, Standing)> =
        all.into_iter().map(|(item, _)| (item, Standing::Fine)).collect();
    assert!(render::human(&fine).contains("Nothing to do"));
}

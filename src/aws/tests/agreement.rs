//! What sessions are allowed and what the deploy role is allowed agree: nothing a stage may do by its session is
//! missing in the role that bootstrap makes.

use crate::{
    aws::{Purpose, policy::session_policy},
    definition::function_name,
    foundation::{
        Foundation, Resource, RoleSpec, Scope,
        tests::{allows, scope_in},
    },
    plan::{alert_topic_arn, schedule_rule},
    preflight::permissions,
    spec::Environment,
};
use serde_json::Value;
use std::collections::BTreeMap;

const PURPOSES: [Purpose; 8] = [
    Purpose::Deploy,
    Purpose::Train,
    Purpose::Read,
    Purpose::Diagnose,
    Purpose::Watch,
    Purpose::Logs,
    Purpose::Job,
    Purpose::Destroy,
];

fn prod(scope: &Scope) -> &Environment {
    &scope.target().unwrap().environment
}

fn deploy_role(scope: &Scope) -> RoleSpec {
    let arn = &prod(scope).deploy_role;
    let items = Foundation::of(scope).items.into_iter();
    let roles = items.filter_map(|item| match item.resource {
        Resource::Role(role) if role.arn == *arn => Some(role),
        _ => None,
    });
    roles.into_iter().next().unwrap()
}

/// What real calls carry.
fn contexts(environment: &Environment) -> Vec<BTreeMap<String, String>> {
    permissions(environment).into_iter().map(|permission| permission.context).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// One statement names all resources of a stage for all its actions; an action concerns those of its own kind.
fn concerns(action: &str, resource: &str) -> bool {
    let (service, verb) = action.split_once(':').unwrap();
    let is_execution = resource.contains("/execution/");
    resource.split(':').nth(2) == Some(service)
        && (service != "sagemaker" || is_execution == (verb == "StopPipelineExecution"))
        // lines are of a stream
        && (verb != "PutLogEvents" || resource.ends_with(":*"))
}

#[test]
fn whatever_a_session_writes_the_role_may_write() {
    for region in ["us-east-1", "us-gov-west-1", "cn-north-1"] {
        let scope = scope_in(region, "prod");
        let (role, contexts) = (deploy_role(&scope), contexts(prod(&scope)));
        for purpose in PURPOSES {
            let policy: Value =
                serde_json::from_str(&session_policy(prod(&scope), purpose)).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                for action in texts(&statement["Action"]) {
                    let resources = texts(&statement["Resource"]).into_iter();
                    let concerned: Vec<&str> =
                        resources.filter(|one| concerns(action, one)).collect();
                    for resource in &concerned {
                        // a name of the schedule's kind stands for all rules, an object for all objects
                        let resource = resource
                            .replace("rule/*", &format!("rule/{}", schedule_rule(prod(&scope))));
                        let may = contexts
                            .iter()
                            .any(|context| allows(&role, action, &resource, context));
                        assert!(may, "{region} {purpose:?}: {action} on {resource}");
                    }
                    let reads = texts(&statement["Resource"]) == ["*"];
                    assert!(
                        reads || !concerned.is_empty(),
                        "{purpose:?}: {action} concerns nothing"
                    );
                }
            }
        }
    }
}

/// Every call of the adapters that reads, and what it reads.
fn reads(environment: &Environment) -> Vec<(&'static str, String)> {
    let Environment { account, region, bucket, artifacts_bucket, model_name, .. } = environment;
    let arn = |service: &str, what: &str| format!("arn:aws:{service}:{region}:{account}:{what}");
    let pipeline = arn("sagemaker", &format!("pipeline/{}", environment.inference_pipeline));
    let group = environment.model_package_group.to_string();
    let package = group.replacen(":model-package-group/", ":model-package/", 1) + "/7";
    let function = arn("lambda", &format!("function:{}", function_name(environment)));
    let rule = arn("events", &format!("rule/{}", schedule_rule(environment)));
    let (topic, key) = (alert_topic_arn(environment), environment.kms_key.to_string());
    let own = format!("arn:aws:s3:::{bucket}");
    let shared = format!("arn:aws:s3:::{artifacts_bucket}");
    let log = arn("logs", "log-group:jenkins-log:log-stream:dev/0/validate");
    let job = arn("logs", "log-group:/aws/sagemaker/TrainingJobs:log-stream:x");
    vec![
        ("sagemaker:DescribePipeline", pipeline.clone()),
        ("sagemaker:ListTags", pipeline.clone()),
        ("sagemaker:ListPipelineExecutions", pipeline.clone()),
        ("sagemaker:DescribePipelineExecution", format!("{pipeline}/execution/x")),
        ("sagemaker:DescribePipelineDefinitionForExecution", format!("{pipeline}/execution/x")),
        ("sagemaker:ListPipelineExecutionSteps", format!("{pipeline}/execution/x")),
        ("sagemaker:DescribeModelPackageGroup", group.clone()),
        ("sagemaker:ListModelPackages", group),
        ("sagemaker:DescribeModelPackage", package),
        ("lambda:GetFunction", function.clone()),
        ("lambda:GetFunction", format!("{function}:3")),
        ("lambda:ListVersionsByFunction", function),
        ("events:DescribeRule", rule.clone()),
        ("events:ListTargetsByRule", rule.clone()),
        ("events:ListTagsForResource", rule),
        ("events:ListRules", "*".to_owned()),
        ("sns:GetTopicAttributes", topic.clone()),
        ("sns:ListSubscriptionsByTopic", topic.clone()),
        ("sns:ListTagsForResource", topic),
        ("s3:GetObject", format!("{own}/{model_name}/data/x.csv")),
        ("s3:GetObject", format!("{shared}/{model_name}/x/model.tar.gz")),
        ("s3:ListBucket", own.clone()),
        ("s3:ListBucket", shared.clone()),
        ("s3:GetBucketLocation", shared),
        ("s3:GetBucketLocation", own.clone()),
        ("s3:GetEncryptionConfiguration", own.clone()),
        ("s3:GetBucketVersioning", own.clone()),
        ("s3:GetBucketPublicAccessBlock", own.clone()),
        ("s3:GetBucketPolicy", own),
        ("logs:DescribeLogGroups", arn("logs", "log-group:jenkins-log")),
        ("logs:DescribeLogStreams", log.clone()),
        ("logs:GetLogEvents", log.clone()),
        ("logs:FilterLogEvents", log),
        ("logs:GetLogEvents", job),
        ("kms:Decrypt", key.clone()),
        ("kms:Decrypt", key.replace("222222222222", "111111111111")),
        ("kms:DescribeKey", key.clone()),
        ("kms:GetKeyPolicy", key),
        ("iam:GetRole", environment.deploy_role.to_string()),
        ("iam:SimulatePrincipalPolicy", environment.events_role.to_string()),
    ]
}

#[test]
fn whatever_the_adapters_read_the_role_may_read() {
    let scope = scope_in("us-east-1", "prod");
    let (role, contexts) = (deploy_role(&scope), contexts(prod(&scope)));
    for (action, resource) in reads(prod(&scope)) {
        let may = contexts.iter().any(|context| allows(&role, action, &resource, context));
        assert!(may, "{action} on {resource}");
    }
}

#[test]
fn the_role_reaches_nothing_of_other_models() {
    let scope = scope_in("us-east-1", "prod");
    let (role, contexts) = (deploy_role(&scope), contexts(prod(&scope)));
    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::sagemaker-prod-bucket/other-model/data/x.csv"),
        ("s3:PutObject", "arn:aws:s3:::sagemaker-registry-bucket/mammography-severity-model/x"),
        ("s3:DeleteObject", "arn:aws:s3:::sagemaker-prod-bucket/mammography-severity-model/x"),
        ("events:PutRule", "arn:aws:events:us-east-1:222222222222:rule/of-somebody-else"),
        (
            "sagemaker:StartPipelineExecution",
            "arn:aws:sagemaker:us-east-1:222222222222:pipeline/other",
        ),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:222222222222:function:other"),
        ("sns:Publish", "arn:aws:sns:us-east-1:222222222222:other"),
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:222222222222:log-group:other:log-stream:x"),
        ("iam:PassRole", "arn:aws:iam::222222222222:role/administrator"),
        (
            "kms:PutKeyPolicy",
            "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555",
        ),
    ] {
        let may = contexts.iter().any(|context| allows(&role, action, resource, context));
        assert!(!may, "{action} on {resource}");
    }
    // a role is passed to its own service only
    let passed =
        BTreeMap::from([("iam:PassedToService".to_owned(), "ec2.amazonaws.com".to_owned())]);
    assert!(!allows(&role, "iam:PassRole", prod(&scope).lambda_role.as_str(), &passed));
}

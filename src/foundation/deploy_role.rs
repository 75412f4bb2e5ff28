//! The role that the agent deploys with: what its stages do, in this account, to what carries this model's name.
//!
//! Every session narrows it further. Resources are `*` only where IAM knows none for the action, or nothing narrower is
//! known before the call; [`tests`](super) hold the list.

use super::{
    policy::{Policy, Principal, Statement},
    scope::{Member, People, Scope},
};
use crate::{
    definition::repositories,
    spec::{Environment, SessionTags, Sessions},
};

/// What no deployer may do, whatever else allows it: approve, erase, widen its own rights.
const NEVER: &[&str] = &[
    "sagemaker:UpdateModelPackage",
    "sagemaker:CreateModelPackage",
    "iam:Create*",
    "iam:Attach*",
    "iam:Put*",
    "iam:UpdateAssumeRolePolicy",
    "s3:DeleteObject*",
    "s3:PutBucketPolicy",
    "lambda:AddPermission",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
];
pub(super) const READ_OBJECTS: &[&str] = &["s3:GetObject", "s3:GetObjectVersion"];
pub(super) const STORE_OBJECTS: &[&str] =
    &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload"];
/// Without leave to list, a missing object is told as a refusal. S3 looks at no prefix then, so none can be asked for.
pub(super) const LIST_BUCKET: &[&str] = &["s3:ListBucket", "s3:GetBucketLocation"];
const LOOK_AT_BUCKET: &[&str] = &[
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicy",
];
const PIPELINES: &[&str] = &[
    "sagemaker:CreatePipeline",
    "sagemaker:UpdatePipeline",
    "sagemaker:DescribePipeline",
    "sagemaker:DeletePipeline",
    "sagemaker:ListPipelineVersions",
    "sagemaker:ListPipelineExecutions",
    "sagemaker:StartPipelineExecution",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
];
const EXECUTIONS: &[&str] = &[
    "sagemaker:DescribePipelineExecution",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:StopPipelineExecution",
];
/// What a stage's command as a Processing job takes, beside its files.
const STAGE_JOBS: &[&str] = &[
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:AddTags",
];
pub(super) const READ_REGISTRY: &[&str] = &[
    "sagemaker:ListModelPackages",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
];
const FUNCTION: &[&str] = &[
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:ListVersionsByFunction",
    "lambda:PublishVersion",
    "lambda:DeleteFunction",
    "lambda:TagResource",
    "lambda:ListTags",
];
const RULES: &[&str] = &[
    "events:PutRule",
    "events:DescribeRule",
    "events:DeleteRule",
    "events:ListTargetsByRule",
    "events:RemoveTargets",
    "events:TagResource",
    "events:ListTagsForResource",
];
const TOPIC: &[&str] = &[
    "sns:CreateTopic",
    "sns:GetTopicAttributes",
    "sns:SetTopicAttributes",
    "sns:DeleteTopic",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:TagResource",
    "sns:ListTagsForResource",
];
const LOG_GROUP: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "logs:DeleteRetentionPolicy",
    "logs:AssociateKmsKey",
    "logs:TagResource",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
];
const LOG_LINES: &[&str] = &["logs:PutLogEvents", "logs:GetLogEvents"];
const READ_JOB_LOGS: &[&str] =
    &["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"];
/// Groups that SageMaker writes the lines of jobs to.
const JOB_LOGS: [&str; 3] = ["ProcessingJobs", "TrainingJobs", "TransformJobs"];

/// Whom the role lets in: the agent's role, with the environment's external id, under the name of a run.
pub(super) fn trust(member: &Member, people: &People) -> Statement {
    let environment = &member.environment;
    let Sessions { source_identity, tags, .. } = &environment.sessions;
    let mut actions = vec!["sts:AssumeRole"];
    actions.extend(source_identity.as_ref().map(|_| "sts:SetSourceIdentity"));
    actions.extend((*tags == SessionTags::Sent).then_some("sts:TagSession"));
    let mut statement = Statement::allow(&format!("Agent{}", environment.name), &actions)
        .by(Principal::Aws(vec![people.agent.to_string()]))
        .when("StringLike", "sts:RoleSessionName", ["agent-*"]);
    let asked =
        [("sts:ExternalId", &environment.external_id), ("sts:SourceIdentity", source_identity)];
    for (key, value) in asked {
        if let Some(value) = value {
            statement = statement.when("StringEquals", key, [value]);
        }
    }
    statement
}

/// What the role may do.
pub(super) fn policy(member: &Member, scope: &Scope) -> Policy {
    let all = objects(member, scope)
        .into_iter()
        .chain(pipelines(member))
        .chain(events(member))
        .chain(alerts(member))
        .chain(logs(member))
        .chain(hand_over(member))
        .chain(images(member))
        .chain([examine(member), Statement::deny("Never", NEVER).on(["*"])]);
    Policy::of(all)
}

fn objects(member: &Member, scope: &Scope) -> Vec<Statement> {
    let (bucket, artifacts) = (member.bucket(), member.artifacts());
    let key = &member.environment.kms_key;
    let mut statements = vec![
        Statement::allow("StoreObjects", STORE_OBJECTS).on([member.objects_in(&bucket)]),
        Statement::allow("ReadArtefacts", READ_OBJECTS).on([member.objects_in(&artifacts)]),
        Statement::allow("FindObjects", LIST_BUCKET).on([&bucket, &artifacts]),
        Statement::allow("LookAtBucket", LOOK_AT_BUCKET).on([&bucket]),
        Statement::allow("UseKey", &["kms:Decrypt", "kms:GenerateDataKey"]).on([key]).when(
            "StringEquals",
            "kms:ViaService",
            [member.via("s3"), member.via("sns")],
        ),
        // of a key that is not there, or is another than was meant, this tells as much
        Statement::allow("LookAtKeys", &["kms:DescribeKey", "kms:GetKeyPolicy"])
            .on([member.arn("kms", "key/*")]),
    ];
    statements.extend(earlier_keys(member, scope));
    statements
}

/// Models that were trained in an earlier environment are encrypted with its key.
pub(super) fn earlier_keys(member: &Member, scope: &Scope) -> Option<Statement> {
    let earlier = scope.earlier(member);
    let own = &member.environment.kms_key;
    let keys = earlier.iter().map(|one| &one.environment.kms_key).filter(|key| *key != own);
    let keys: Vec<String> = keys.map(ToString::to_string).collect();
    (!keys.is_empty()).then(|| {
        Statement::allow("ReadWhatEarlierKeysEncrypted", &["kms:Decrypt"]).on(keys).when(
            "StringEquals",
            "kms:ViaService",
            [member.via("s3")],
        )
    })
}

fn pipelines(member: &Member) -> Vec<Statement> {
    let pipelines = member.pipelines();
    let executions = pipelines.each_ref().map(|pipeline| format!("{pipeline}/execution/*"));
    vec![
        Statement::allow("Pipelines", PIPELINES).on(&pipelines),
        Statement::allow("Executions", EXECUTIONS).on(executions),
        Statement::allow("StageJobs", STAGE_JOBS).on([member.stage_jobs()]),
        Statement::allow("ReadRegistry", READ_REGISTRY).on(member.registry_arns()),
        Statement::allow("Function", FUNCTION).on(member.function()),
    ]
}

/// ListRules knows no resource: it lists names.
fn events(member: &Member) -> Vec<Statement> {
    let rules = member.rules();
    let mut targets = member.pipelines().to_vec();
    targets.push(member.arn("sns", &member.environment.alerts.topic));
    vec![
        Statement::allow("Rules", RULES).on([&rules]),
        Statement::allow("FindRules", &["events:ListRules"]).on(["*"]),
        Statement::allow("Targets", &["events:PutTargets"]).on([&rules]).when(
            "ForAllValues:ArnLike",
            "events:TargetArn",
            targets,
        ),
    ]
}

fn alerts(member: &Member) -> Vec<Statement> {
    let alerts = &member.environment.alerts;
    let topic = member.arn("sns", &alerts.topic);
    vec![
        Statement::allow("Alerts", TOPIC).on([&topic]),
        Statement::allow("Subscribe", &["sns:Subscribe"])
            .on([&topic])
            .when("StringEquals", "sns:Protocol", ["email"])
            .when("StringEquals", "sns:Endpoint", [&alerts.email]),
    ]
}

/// DescribeLogGroups takes the prefix that is asked for to be a group's name.
fn logs(member: &Member) -> Vec<Statement> {
    let jobs =
        JOB_LOGS.map(|kind| member.arn("logs", &format!("log-group:/aws/sagemaker/{kind}:*")));
    let [inside, group] = member.log_group();
    vec![
        Statement::allow("LogGroup", LOG_GROUP).on([&inside, &group]),
        Statement::allow("LogLines", LOG_LINES).on([&inside]),
        Statement::allow("FindLogGroups", &["logs:DescribeLogGroups"])
            .on([member.arn("logs", "log-group:*")]),
        Statement::allow("ReadJobLogs", READ_JOB_LOGS).on(jobs),
    ]
}

/// Each role to its own service alone.
fn hand_over(member: &Member) -> Vec<Statement> {
    let Environment { lambda_role, events_role, .. } = &member.environment;
    [
        ("sagemaker", member.execution_roles()),
        ("lambda", vec![lambda_role]),
        ("events", vec![events_role]),
    ]
    .map(|(service, roles)| pass(&format!("Pass to {service}"), service).on(roles))
    .to_vec()
}

/// Leave to hand a role to one service, on no role yet.
pub(super) fn pass(name: &str, service: &str) -> Statement {
    let service = format!("{service}.amazonaws.com");
    Statement::allow(name, &["iam:PassRole"]).when("StringEquals", "iam:PassedToService", [service])
}

/// What a pull begins with, of the images that the pipelines run in: no layer can be had with it.
fn images(member: &Member) -> Option<Statement> {
    let repositories = repositories(&member.environment);
    let find = Statement::allow("FindImages", &["ecr:BatchGetImage"]);
    (!repositories.is_empty()).then(|| find.on(repositories))
}

fn examine(member: &Member) -> Statement {
    let Environment { deploy_role, lambda_role, events_role, .. } = &member.environment;
    Statement::allow("Examine", &["iam:GetRole", "iam:SimulatePrincipalPolicy"])
        .on(member.execution_roles())
        .on([deploy_role, lambda_role, events_role])
}

//! The role that pipelines and their jobs run under. It makes models and cannot approve one.

use super::{
    deploy_role::{LIST_BUCKET, READ_REGISTRY, STORE_OBJECTS, earlier_keys, pass},
    policy::{Policy, Principal, Statement},
    scope::{Member, Scope},
};
use crate::{definition, ids::Arn, spec::Environment};

/// What a pipeline calls its jobs and models: `pipelines-<execution>-<step>-<random>`.
const JOBS: &[&str] = &["processing-job", "training-job", "transform-job", "model"];
const RUN_JOBS: &[&str] = &[
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:StopTrainingJob",
    "sagemaker:CreateTransformJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:StopTransformJob",
    "sagemaker:CreateModel",
    "sagemaker:DescribeModel",
    "sagemaker:AddTags",
];
/// The record that SageMaker keeps of an execution (`PipelineExperimentConfig`).
const EXPERIMENTS: &[&str] = &[
    "sagemaker:CreateExperiment",
    "sagemaker:DescribeExperiment",
    "sagemaker:CreateTrial",
    "sagemaker:DescribeTrial",
    "sagemaker:CreateTrialComponent",
    "sagemaker:DescribeTrialComponent",
    "sagemaker:UpdateTrialComponent",
    "sagemaker:AssociateTrialComponent",
    "sagemaker:AddTags",
];
const PULL: &[&str] =
    &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const WRITE_JOB_LOGS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
];
const USE_KEY: &[&str] =
    &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];

/// SageMaker alone, for jobs of this account.
pub(super) fn trust(member: &Member) -> Statement {
    Statement::allow("SageMaker", &["sts:AssumeRole"])
        .by(Principal::Service("sagemaker.amazonaws.com".to_owned()))
        .when("StringEquals", "aws:SourceAccount", [&member.environment.account])
}

/// What `role` may do, the train pipeline's, the inference pipeline's or both.
pub(super) fn policy(member: &Member, scope: &Scope, role: &Arn) -> Policy {
    let Environment { train_role, inference_role, .. } = &member.environment;
    let mut policy =
        Policy::of(data(member, scope)).and(jobs(member, role)).and(images(member, role));
    if role == train_role {
        let register = ["sagemaker:CreateModelPackage", "sagemaker:AddTags"];
        policy = policy.and([
            Statement::allow("Register", &register).on(member.registry_arns()),
            Statement::allow("ReadRegistry", READ_REGISTRY).on(member.registry_arns()),
        ]);
    }
    if role == inference_role {
        let invoke = Statement::allow("FindModel", &["lambda:InvokeFunction"]);
        policy = policy.and([invoke.on(member.function())]);
    }
    policy.and([Statement::deny("Never", &["sagemaker:UpdateModelPackage"]).on(["*"])])
}

fn data(member: &Member, scope: &Scope) -> Vec<Statement> {
    let (bucket, artifacts) = (member.bucket(), member.artifacts());
    let key = &member.environment.kms_key;
    let mut statements = vec![
        Statement::allow("Data", STORE_OBJECTS)
            .on([member.objects_in(&bucket), member.objects_in(&artifacts)]),
        Statement::allow("FindData", LIST_BUCKET).on([bucket, artifacts]),
        Statement::allow("UseKey", USE_KEY).on([key]),
        // the volumes of jobs are encrypted by grants
        Statement::allow("EncryptVolumes", &["kms:CreateGrant"]).on([key]).when(
            "Bool",
            "kms:GrantIsForAWSResource",
            ["true"],
        ),
    ];
    statements.extend(earlier_keys(member, scope));
    statements
}

/// PutMetricData knows no resource, but a namespace.
fn jobs(member: &Member, role: &Arn) -> Vec<Statement> {
    let named = JOBS.iter().map(|kind| member.arn("sagemaker", &format!("{kind}/pipelines-*")));
    let experiments = ["experiment/*", "experiment-trial/*", "experiment-trial-component/*"];
    let groups = member.arn("logs", "log-group:/aws/sagemaker/*");
    vec![
        Statement::allow("Jobs", RUN_JOBS).on(named),
        Statement::allow("Experiments", EXPERIMENTS)
            .on(experiments.map(|name| member.arn("sagemaker", name))),
        pass("HandOn", "sagemaker").on([role]),
        Statement::allow("JobLogs", WRITE_JOB_LOGS).on([groups]),
        Statement::allow("Metrics", &["cloudwatch:PutMetricData"]).on(["*"]).when(
            "StringLike",
            "cloudwatch:namespace",
            ["/aws/sagemaker/*", "aws/sagemaker/*"],
        ),
    ]
}

/// The images of the environment, and of the stages that run under the role, where they lie in ECR; a token for it is a
/// registry's, not an image's.
fn images(member: &Member, role: &Arn) -> Vec<Statement> {
    let mut repositories = definition::repositories(&member.environment);
    if *role == member.environment.train_role {
        repositories.extend(member.stage_images.iter().cloned());
    }
    if repositories.is_empty() {
        return Vec::new();
    }
    vec![
        Statement::allow("PullImages", PULL).on(repositories),
        Statement::allow("EnterRegistry", &["ecr:GetAuthorizationToken"]).on(["*"]),
    ]
}

//! What each seeded role may do: least privilege, so that a call a real account would refuse is
//! refused on the laptop already.

use crate::{
    rehearsal::{Place, Policy, place::bucket_arn},
    spec::Environment,
};

/// What a role is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// The agent deploys with it.
    Deploy,
    /// A person approves models with it.
    Approve,
    /// Pipelines and their jobs run under it.
    Execute,
    /// The function that looks up the approved model runs under it.
    Read,
    /// EventBridge starts pipelines with it.
    Start,
}

impl Purpose {
    /// MaxSessionDuration: IAM's default of an hour, half a working day for people.
    pub(super) fn longest_session_seconds(self) -> u32 {
        match self {
            Self::Approve => 4 * 3600,
            Self::Deploy | Self::Execute | Self::Read | Self::Start => 3600,
        }
    }
}

/// What the deployer may do in its account, besides objects, roles and the registry.
const DEPLOY: &[&str] = &[
    "sagemaker:CreatePipeline",
    "sagemaker:UpdatePipeline",
    "sagemaker:DescribePipeline",
    "sagemaker:DeletePipeline",
    "sagemaker:ListPipelines",
    "sagemaker:*PipelineVersion*",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
    "sagemaker:*PipelineExecution*",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:ListPipelineParametersForExecution",
    "lambda:*Function*",
    "lambda:PublishVersion",
    "lambda:TagResource",
    "lambda:ListTags",
    "events:*",
    "sns:*",
    "logs:*",
    "kms:GenerateDataKey",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
];

/// Reading the registry.
const READ_REGISTRY: &[&str] = &[
    "sagemaker:ListModelPackages",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackageGroups",
];

/// What no deployer may do: approve, erase, widen its own rights.
const NEVER: &[&str] = &[
    "sagemaker:UpdateModelPackage",
    "sagemaker:CreateModelPackage",
    "iam:Create*",
    "iam:Attach*",
    "iam:Put*",
    "lambda:AddPermission",
    "kms:PutKeyPolicy",
];

const OBJECTS: &[&str] = &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"];
const BUCKET: &[&str] = &["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketVersioning"];

/// What a bucket's settings are read with.
const SETTINGS: &[&str] =
    &["s3:GetEncryptionConfiguration", "s3:GetBucketPublicAccessBlock", "s3:GetBucketPolicy"];
/// What roles are looked at with.
const EXAMINE: &[&str] = &["iam:GetRole", "iam:SimulatePrincipalPolicy"];

/// The policy of a role of `environment` that is there for `purpose`.
pub(super) fn of(purpose: Purpose, environment: &Environment) -> Policy {
    let everything = ["*".to_owned()];
    let registry = registry(environment);
    let policy = Policy::default();
    match purpose {
        Purpose::Deploy => policy
            .allow(DEPLOY, &everything)
            .allow(READ_REGISTRY, &registry)
            .allow(OBJECTS, &objects(environment))
            .allow(BUCKET, &buckets(environment))
            .allow(SETTINGS, &buckets(environment))
            .allow(&["iam:PassRole"], &passable(environment))
            .allow(EXAMINE, &passable(environment))
            .allow(EXAMINE, &[environment.deploy_role.to_string()])
            .deny(NEVER)
            .deny(&["s3:DeleteObject*"]),
        Purpose::Approve => policy
            .allow(READ_REGISTRY, &registry)
            .allow(&["sagemaker:UpdateModelPackage"], &registry)
            .allow(&["s3:GetObject"], &objects(environment))
            .allow(BUCKET, &buckets(environment)),
        Purpose::Execute => policy
            .allow(&["sagemaker:*", "logs:*", "lambda:InvokeFunction", "kms:*"], &everything)
            .allow(OBJECTS, &objects(environment))
            .allow(BUCKET, &buckets(environment))
            .allow(&["iam:PassRole"], &passable(environment))
            .deny(&["sagemaker:UpdateModelPackage"]),
        Purpose::Read => policy
            .allow(READ_REGISTRY, &registry)
            .allow(&["s3:GetObject"], &objects(environment))
            .allow(&["logs:*"], &everything),
        Purpose::Start => {
            policy.allow(&["sagemaker:StartPipelineExecution"], &pipelines(environment))
        }
    }
}

/// The package group and the packages in it.
fn registry(environment: &Environment) -> [String; 2] {
    let group = environment.model_package_group.to_string();
    let packages = group.replacen(":model-package-group/", ":model-package/", 1) + "/*";
    [group, packages]
}

fn objects(environment: &Environment) -> [String; 2] {
    [&environment.bucket, &environment.artifacts_bucket].map(|bucket| {
        bucket_arn(
            &environment.region,
            bucket.as_str(),
            Some(&format!("{}/*", environment.model_name)),
        )
    })
}

fn buckets(environment: &Environment) -> [String; 2] {
    [&environment.bucket, &environment.artifacts_bucket]
        .map(|bucket| bucket_arn(&environment.region, bucket.as_str(), None))
}

/// The pipelines that rules start; SageMaker writes their ARNs in lower case.
fn pipelines(environment: &Environment) -> [String; 2] {
    let Environment { account, region, train_pipeline, inference_pipeline, .. } = environment;
    let place = Place { account: account.clone(), region: region.clone() };
    [train_pipeline, inference_pipeline]
        .map(|name| place.arn("sagemaker", &format!("pipeline/{}", name.as_str().to_lowercase())))
}

fn passable(environment: &Environment) -> [String; 4] {
    [
        &environment.train_role,
        &environment.inference_role,
        &environment.lambda_role,
        &environment.events_role,
    ]
    .map(ToString::to_string)
}

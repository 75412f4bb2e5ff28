//! What a session is for, and the session policy that allows just that.
//!
//! A session may do what both its role and its session policy allow, so a fault in one stage cannot
//! reach what another stage is for. STS takes 2,048 characters of policy (AssumeRole, `Policy`).

use super::{
    Cause, CloudError, ErrorClass,
    attribution::{SessionTag, tags},
};
use crate::{
    ids::{AccountId, Arn, RunId},
    spec::Environment,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What shipping and reading back lines takes: no line and no group can be removed, or sent elsewhere, with it.
const SHIP_LOGS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:FilterLogEvents",
];
/// What a plan changes of a log group.
const SET_UP_LOGS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "logs:DeleteRetentionPolicy",
    "logs:AssociateKmsKey",
];
const STORE_OBJECTS: &[&str] = &["s3:PutObject", "kms:GenerateDataKey"];
const WRITE_PIPELINES: &[&str] =
    &["sagemaker:CreatePipeline", "sagemaker:UpdatePipeline", "sagemaker:AddTags"];
const EXECUTE_PIPELINES: &[&str] =
    &["sagemaker:StartPipelineExecution", "sagemaker:StopPipelineExecution"];
const PASS_ROLES: &[&str] = &["iam:PassRole"];
/// No address, no alias, no trigger: nobody else can call the function by what a deployment may do.
const WRITE_FUNCTIONS: &[&str] = &[
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PublishVersion",
    "lambda:TagResource",
];
const WRITE_RULES: &[&str] = &[
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:DeleteRule",
    "events:TagResource",
];
const ANSWER_DRIFT: &[&str] =
    &["sagemaker:StartPipelineExecution", "sns:Publish", "s3:PutObject", "kms:GenerateDataKey"];
/// What publishing to a topic with a key takes.
const PUBLISH: &[&str] = &["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"];
const WRITE_TOPICS: &[&str] =
    &["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:Subscribe"];
/// Running a command of a stage as a job, and reading what it says. Its files lie in a folder of their own.
const RUN_JOBS: &[&str] = &[
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:AddTags",
];
const READ_JOB_LOGS: &[&str] = &["logs:DescribeLogStreams", "logs:GetLogEvents"];
const EXCHANGE_OBJECTS: &[&str] =
    &["s3:PutObject", "s3:GetObject", "kms:GenerateDataKey", "kms:Decrypt"];
/// Taking away what deployments made. No object, no log line and no model version can go with it.
const DESTROY: &[&str] = &[
    "events:RemoveTargets",
    "events:DeleteRule",
    "sagemaker:DeletePipeline",
    "lambda:DeleteFunction",
    "sns:DeleteTopic",
];

/// What storing objects and publishing to a topic take of a key.
const USE_KEY: &[&str] = &["kms:GenerateDataKey", "kms:Decrypt"];
/// The condition key that holds the aliases of the key that a call is about.
const ALIASES: &str = "kms:ResourceAliases";

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Applying a plan.
    Deploy,
    /// Deploying and executing the train pipeline, reading what it leaves.
    Train,
    /// Observing.
    Read,
    /// Observing, policies, settings and images included.
    Diagnose,
    /// Judging batches, starting a training on what arrived, telling people.
    Watch,
    /// Telling people that a promotion failed.
    Alert,
    /// Shipping and reading log lines.
    Logs,
    /// Taking away what deployments made.
    Destroy,
    /// Running a stage's command as a Processing job.
    Job,
    /// Giving or taking back a person's approval, with the approver's role in the registry's account.
    Approve,
}

impl Purpose {
    /// The purpose as a session's tag tells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Destroy => "destroy",
            Self::Train => "train",
            Self::Read => "read",
            Self::Diagnose => "diagnose",
            Self::Watch => "watch",
            Self::Alert => "alert",
            Self::Logs => "logs",
            Self::Job => "job",
            Self::Approve => "approve",
        }
    }

    /// Whose role it is: what the environment says of sessions is about the deploy role alone.
    fn is_deployers(self) -> bool {
        match self {
            Self::Deploy
            | Self::Destroy
            | Self::Train
            | Self::Read
            | Self::Diagnose
            | Self::Watch
            | Self::Alert
            | Self::Logs
            | Self::Job => true,
            Self::Approve => false,
        }
    }

    /// Who is said to be behind the session.
    pub(super) fn source_identity(self, environment: &Environment) -> Option<String> {
        environment.sessions.source_identity.clone().filter(|_| self.is_deployers())
    }

    /// The role this purpose takes, and the account that it must lead to.
    pub(super) fn role_and_account(
        self,
        environment: &Environment,
    ) -> Result<(&Arn, AccountId), CloudError> {
        match self {
            Self::Deploy
            | Self::Destroy
            | Self::Train
            | Self::Read
            | Self::Diagnose
            | Self::Watch
            | Self::Alert
            | Self::Logs
            | Self::Job => Ok((&environment.deploy_role, environment.account.clone())),
            Self::Approve => match environment.model_package_group.account() {
                Some(account) => Ok((&environment.approver_role, account)),
                None => Err(CloudError {
                    class: ErrorClass::Invalid,
                    code: "NoAccount".to_owned(),
                    operation: "AssumeRole",
                    resource: environment.model_package_group.as_str().to_owned(),
                    message: "the ARN of the model package group names no account".to_owned(),
                }),
            },
        }
    }

    /// The environment's external id is the deploy role's; the approver's role asks for none.
    pub(super) fn external_id(self, environment: &Environment) -> Option<String> {
        environment.external_id.clone().filter(|_| self.is_deployers())
    }

    /// What the session is marked with.
    pub(super) fn tags(
        self,
        environment: &Environment,
        whose: (&RunId, Option<&Cause>),
    ) -> Vec<SessionTag> {
        if self.is_deployers() { tags(environment, whose, self) } else { Vec::new() }
    }
}

/// The session policy for `purpose`, as compact JSON.
pub(super) fn session_policy(environment: &Environment, purpose: Purpose) -> String {
    let names = Names { environment, partition: environment.deploy_role.partition() };
    let with_key = |statements: Vec<Value>| statements.into_iter().chain(names.key_by_alias());
    let statements: Vec<Value> = match purpose {
        Purpose::Read => vec![names.read()],
        Purpose::Diagnose => vec![names.read(), names.diagnose()],
        Purpose::Logs => vec![allow(&[SHIP_LOGS], &names.log_group())],
        Purpose::Train => with_key(vec![names.read(), names.train()]).collect(),
        Purpose::Watch => with_key(vec![names.read(), names.watch()]).collect(),
        Purpose::Alert => with_key(vec![names.alert()]).collect(),
        Purpose::Deploy => with_key(vec![names.read(), names.deploy()]).collect(),
        Purpose::Destroy => vec![names.read(), names.destroy()],
        Purpose::Job => vec![names.run_job(), names.pass_to_sagemaker()],
        Purpose::Approve => vec![names.approve()],
    };
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

struct Names<'a> {
    environment: &'a Environment,
    partition: &'a str,
}

impl Names<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        let Environment { region, account, .. } = self.environment;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition)
    }

    fn read(&self) -> Value {
        json!({ "Effect": "Allow", "Resource": "*", "Action": [
            "sagemaker:Describe*", "sagemaker:List*", "s3:Get*", "s3:List*", "lambda:Get*", "lambda:List*",
            "events:Describe*", "events:List*", "sns:Get*", "sns:List*", "logs:Describe*", "logs:Get*",
            "logs:List*", "logs:Filter*", "kms:Decrypt", "kms:DescribeKey", "iam:SimulatePrincipalPolicy"
        ]})
    }

    /// What `read` lacks for looking at policies and images. `s3:Get*` covers a bucket's.
    fn diagnose(&self) -> Value {
        json!({ "Effect": "Allow", "Resource": "*", "Action": [
            "iam:GetRole", "kms:GetKeyPolicy", "ecr:BatchGetImage"
        ]})
    }

    fn train(&self) -> Value {
        let environment = self.environment;
        let pipeline = self.pipeline(environment.train_pipeline.as_str());
        let mut resources = self.objects();
        resources.extend([format!("{pipeline}/execution/*"), pipeline]);
        resources.push(environment.train_role.to_string());
        allow(&[STORE_OBJECTS, WRITE_PIPELINES, EXECUTE_PIPELINES, PASS_ROLES], &resources)
    }

    /// One folder of the bucket, and no job but this model's.
    fn run_job(&self) -> Value {
        let Environment { bucket, model_name, kms_key, .. } = self.environment;
        let prefix = crate::definition::job_prefix(self.environment);
        let resources = [
            format!("arn:{}:s3:::{bucket}/{model_name}/stages/*", self.partition),
            kms_key.to_string(),
            self.arn("sagemaker", &format!("processing-job/{prefix}-*")),
            self.arn("logs", "log-group:/aws/sagemaker/ProcessingJobs:*"),
        ];
        allow(&[RUN_JOBS, READ_JOB_LOGS, EXCHANGE_OBJECTS], &resources)
    }

    /// The one role that jobs have, for nothing but jobs.
    fn pass_to_sagemaker(&self) -> Value {
        let mut statement = allow(&[PASS_ROLES], &[self.environment.train_role.to_string()]);
        statement["Condition"] =
            json!({ "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } });
        statement
    }

    /// Data goes nowhere but into the data folder, and the inference pipeline is started by its schedule alone.
    fn watch(&self) -> Value {
        let Environment { bucket, model_name, train_pipeline, alerts, .. } = self.environment;
        let mut resources = vec![
            format!("arn:{}:s3:::{bucket}/{model_name}/data/*", self.partition),
            self.pipeline(train_pipeline.as_str()),
            self.arn("sns", &alerts.topic),
        ];
        resources.extend(self.key());
        allow(&[ANSWER_DRIFT], &resources)
    }

    /// One topic, and the key that its messages are encrypted with.
    fn alert(&self) -> Value {
        let topic = self.arn("sns", &self.environment.alerts.topic);
        let resources: Vec<String> = [topic].into_iter().chain(self.key()).collect();
        allow(&[PUBLISH], &resources)
    }

    fn deploy(&self) -> Value {
        let environment = self.environment;
        let function = crate::definition::function_name(environment);
        let mut resources = self.objects();
        resources.extend(self.log_group());
        resources.extend([
            self.pipeline(environment.train_pipeline.as_str()),
            self.pipeline(environment.inference_pipeline.as_str()),
            self.arn("lambda", &format!("function:{function}")),
            self.arn("events", "rule/*"),
            self.arn("sns", &environment.alerts.topic),
        ]);
        let Environment { train_role, inference_role, lambda_role, events_role, .. } = environment;
        let roles = BTreeSet::from([train_role, inference_role, lambda_role, events_role]);
        resources.extend(roles.into_iter().map(ToString::to_string));
        allow(
            &[
                STORE_OBJECTS,
                SET_UP_LOGS,
                WRITE_PIPELINES,
                PASS_ROLES,
                WRITE_FUNCTIONS,
                WRITE_RULES,
                WRITE_TOPICS,
            ],
            &resources,
        )
    }

    fn destroy(&self) -> Value {
        let environment = self.environment;
        let function = crate::definition::function_name(environment);
        allow(
            &[DESTROY],
            &[
                self.pipeline(environment.train_pipeline.as_str()),
                self.pipeline(environment.inference_pipeline.as_str()),
                self.arn("lambda", &format!("function:{function}")),
                self.arn("events", "rule/*"),
                self.arn("sns", &environment.alerts.topic),
            ],
        )
    }

    /// The environment's objects, and the key that they are encrypted with.
    fn objects(&self) -> Vec<String> {
        let Environment { bucket, model_name, .. } = self.environment;
        let objects = format!("arn:{}:s3:::{bucket}/{model_name}/*", self.partition);
        [objects].into_iter().chain(self.key()).collect()
    }

    /// The key, where the environment names it itself.
    fn key(&self) -> Option<String> {
        let key = &self.environment.kms_key;
        alias(key).is_none().then(|| key.to_string())
    }

    /// Leave to use the key, where the environment names it by an alias: calls that use a key are about the key, whatever
    /// it was called by, so a policy that has the alias as its resource allows none of them (KMS developer guide,
    /// "Using aliases to control access to KMS keys").
    fn key_by_alias(&self) -> Option<Value> {
        let name = alias(&self.environment.kms_key)?;
        let mut statement = allow(&[USE_KEY], &[self.arn("kms", "key/*")]);
        statement["Condition"] = json!({ "ForAnyValue:StringEquals": { ALIASES: name } });
        Some(statement)
    }

    /// SageMaker writes the names in pipeline ARNs in lower case.
    fn pipeline(&self, name: &str) -> String {
        self.arn("sagemaker", &format!("pipeline/{}", name.to_lowercase()))
    }

    fn log_group(&self) -> Vec<String> {
        let group = self.arn("logs", &format!("log-group:{}", self.environment.log_group.name));
        vec![format!("{group}:*"), group]
    }

    fn approve(&self) -> Value {
        let group = self.environment.model_package_group.as_str();
        let packages = group.replacen(":model-package-group/", ":model-package/", 1);
        json!({ "Effect": "Allow", "Resource": [group, format!("{packages}/*")], "Action": [
            "sagemaker:ListModelPackages", "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup", "sagemaker:UpdateModelPackage"
        ]})
    }
}

/// The alias that the ARN names, if it does not name a key.
fn alias(key: &Arn) -> Option<&str> {
    Some(key.resource()).filter(|resource| resource.starts_with("alias/"))
}

/// One statement for all: an action concerns none but the resources of its own service, and each further statement
/// would cost some of the 2,048 characters.
fn allow(actions: &[&[&str]], resources: &[String]) -> Value {
    json!({ "Effect": "Allow", "Action": actions.concat(), "Resource": resources })
}

#[cfg(test)]
mod tests;

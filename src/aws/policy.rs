//! What a session is for, and the session policy that allows just that.
//!
//! A session may do what both its role and its session policy allow, so a fault in one stage cannot
//! reach what another stage is for. STS takes 2,048 characters of policy (AssumeRole, `Policy`).

use super::{CloudError, ErrorClass};
use crate::{
    ids::{AccountId, Arn},
    spec::Environment,
};
use serde_json::{Value, json};

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

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Applying a plan.
    Deploy,
    /// Deploying and executing the train pipeline, reading what it leaves.
    Train,
    /// Observing.
    Read,
    /// Shipping and reading log lines.
    Logs,
    /// Giving or taking back a person's approval, with the approver's role in the registry's account.
    Approve,
}

impl Purpose {
    /// The role this purpose takes, and the account that it must lead to.
    pub(super) fn role_and_account(
        self,
        environment: &Environment,
    ) -> Result<(&Arn, AccountId), CloudError> {
        match self {
            Self::Deploy | Self::Train | Self::Read | Self::Logs => {
                Ok((&environment.deploy_role, environment.account.clone()))
            }
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
        match self {
            Self::Deploy | Self::Train | Self::Read | Self::Logs => environment.external_id.clone(),
            Self::Approve => None,
        }
    }
}

/// The session policy for `purpose`, as compact JSON.
pub(super) fn session_policy(environment: &Environment, purpose: Purpose) -> String {
    let names = Names { environment, partition: environment.deploy_role.partition() };
    let statements = match purpose {
        Purpose::Read => vec![names.read()],
        Purpose::Logs => vec![names.log_group(SHIP_LOGS)],
        Purpose::Train => {
            let pipeline = environment.train_pipeline.as_str();
            vec![
                names.read(),
                names.objects(),
                names.pipelines(&[pipeline]),
                names.executions(pipeline),
                names.pass(&[&environment.train_role]),
            ]
        }
        Purpose::Deploy => names.deploy(),
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
            "logs:List*", "logs:Filter*", "kms:Decrypt", "kms:DescribeKey"
        ]})
    }

    fn objects(&self) -> Value {
        let Environment { bucket, model_name, kms_key, .. } = self.environment;
        json!({ "Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "kms:GenerateDataKey"],
            "Resource": [format!("arn:{}:s3:::{bucket}/{model_name}/*", self.partition), kms_key] })
    }

    /// SageMaker writes the names in pipeline ARNs in lower case.
    fn pipeline(&self, name: &str) -> String {
        self.arn("sagemaker", &format!("pipeline/{}", name.to_lowercase()))
    }

    fn pipelines(&self, names: &[&str]) -> Value {
        let pipelines: Vec<String> = names.iter().map(|name| self.pipeline(name)).collect();
        json!({ "Effect": "Allow", "Resource": pipelines, "Action": [
            "sagemaker:CreatePipeline", "sagemaker:UpdatePipeline", "sagemaker:AddTags"
        ]})
    }

    fn executions(&self, name: &str) -> Value {
        let pipeline = self.pipeline(name);
        json!({ "Effect": "Allow", "Resource": [format!("{pipeline}/execution/*"), pipeline],
            "Action": ["sagemaker:StartPipelineExecution", "sagemaker:StopPipelineExecution"] })
    }

    fn pass(&self, roles: &[&Arn]) -> Value {
        let mut roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        roles.sort_unstable();
        roles.dedup();
        json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": roles })
    }

    fn log_group(&self, actions: &[&str]) -> Value {
        let group = self.arn("logs", &format!("log-group:{}", self.environment.log_group.name));
        json!({ "Effect": "Allow", "Action": actions, "Resource": [group.clone(), format!("{group}:*")] })
    }

    fn deploy(&self) -> Vec<Value> {
        let environment = self.environment;
        let function = crate::definition::function_name(environment);
        let pipelines =
            [environment.train_pipeline.as_str(), environment.inference_pipeline.as_str()];
        vec![
            self.read(),
            self.objects(),
            self.pipelines(&pipelines),
            self.pass(&[
                &environment.train_role,
                &environment.inference_role,
                &environment.lambda_role,
                &environment.events_role,
            ]),
            self.log_group(SET_UP_LOGS),
            json!({ "Effect": "Allow",
                "Action": ["lambda:CreateFunction", "lambda:UpdateFunctionCode",
                    "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "lambda:TagResource"],
                "Resource": self.arn("lambda", &format!("function:{function}")) }),
            json!({ "Effect": "Allow",
                "Action": ["events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource"],
                "Resource": self.arn("events", "rule/*") }),
            json!({ "Effect": "Allow",
                "Action": ["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:Subscribe"],
                "Resource": self.arn("sns", &environment.alerts.topic) }),
        ]
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

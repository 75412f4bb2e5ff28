//! What a deployment asks of each role, as lists that IAM can simulate.
//!
//! The lists are what `docs/operations.md` says the roles need; each call of the adapters is in one of them.

mod pulls;

use crate::{
    definition::{function_name, job_prefix},
    ids::Arn,
    plan::{alert_topic_arn, schedule_rule, tags},
    spec::Environment,
};
use std::collections::BTreeMap;

/// What should come of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The role must be allowed all of it.
    Allowed,
    /// The role must be allowed none of it.
    Refused,
}

/// What one role must, or must not, be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// In a few words.
    pub what: String,
    /// Whose policies are asked.
    pub role: Arn,
    /// The actions.
    pub actions: Vec<String>,
    /// What they are done to.
    pub resources: Vec<String>,
    /// Condition keys and the values that real calls have.
    pub context: BTreeMap<String, String>,
    /// What should come of it.
    pub want: Want,
}

/// Everything that is asked of the roles of `environment`.
#[must_use]
pub fn permissions(environment: &Environment) -> Vec<Permission> {
    let names = Names(environment);
    let mut all = names.deployer();
    all.extend(names.hand_over());
    all.extend(names.others());
    all.extend(names.never());
    all
}

/// The names of what an environment's deployments work with.
pub(super) struct Names<'e>(pub(super) &'e Environment);

impl Names<'_> {
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Environment { region, account, deploy_role, .. } = self.0;
        format!("arn:{}:{service}:{region}:{account}:{resource}", deploy_role.partition())
    }

    /// SageMaker writes the names in pipeline ARNs in lower case.
    pub(super) fn pipelines(&self) -> [String; 2] {
        [&self.0.train_pipeline, &self.0.inference_pipeline].map(|name| {
            self.arn("sagemaker", &format!("pipeline/{}", name.as_str().to_lowercase()))
        })
    }

    pub(super) fn function(&self) -> String {
        self.arn("lambda", &format!("function:{}", function_name(self.0)))
    }

    /// Everything in the log group.
    pub(super) fn log_group(&self) -> String {
        self.arn("logs", &format!("log-group:{}:*", self.0.log_group.name))
    }

    /// Some object in a folder of a bucket.
    pub(super) fn object(&self, bucket: &str, folder: &str) -> String {
        format!("arn:{}:s3:::{bucket}/{folder}/1", self.0.deploy_role.partition())
    }

    /// A job of this model's, and where its lines are.
    fn job(&self) -> String {
        self.arn("sagemaker", &format!("processing-job/{}-1", job_prefix(self.0)))
    }

    fn job_lines(&self) -> String {
        let stream = format!("{}-1/algo-1-1", job_prefix(self.0));
        self.arn("logs", &format!("log-group:/aws/sagemaker/ProcessingJobs:log-stream:{stream}"))
    }

    fn group(&self) -> String {
        self.0.model_package_group.to_string()
    }

    fn packages(&self) -> String {
        self.group().replacen(":model-package-group/", ":model-package/", 1) + "/1"
    }

    pub(super) fn ask(&self, what: &str, actions: &[&str], resources: Vec<String>) -> Permission {
        Permission {
            what: what.to_owned(),
            role: self.0.deploy_role.clone(),
            actions: actions.iter().map(ToString::to_string).collect(),
            resources,
            context: self.context(),
            want: Want::Allowed,
        }
    }

    /// What real calls carry, for policies that look at it.
    fn context(&self) -> BTreeMap<String, String> {
        let Environment { kms_key, region, alerts, .. } = self.0;
        let domain = region.partition().domain;
        [
            ("aws:SecureTransport", "true".to_owned()),
            ("aws:RequestedRegion", region.to_string()),
            ("s3:x-amz-server-side-encryption", "aws:kms".to_owned()),
            ("s3:x-amz-server-side-encryption-aws-kms-key-id", kms_key.to_string()),
            ("kms:ViaService", format!("s3.{region}.{domain}")),
            ("sns:Protocol", "email".to_owned()),
            ("sns:Endpoint", alerts.email.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .chain(
            tags(self.0).into_iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), value)),
        )
        .collect()
    }

    fn deployer(&self) -> Vec<Permission> {
        let Environment { bucket, model_name, kms_key, region, log_group, .. } = self.0;
        let partition = region.partition().name;
        let lines = self.arn("logs", &format!("log-group:{}:log-stream:1", log_group.name));
        let rule = self.arn("events", &format!("rule/{}", schedule_rule(self.0)));
        let executions = self.pipelines().map(|one| format!("{one}/execution/1")).to_vec();
        let objects = vec![self.object(bucket.as_str(), &format!("{model_name}/scripts"))];
        vec![
            self.ask("store scripts and data", &["s3:PutObject", "s3:GetObject"], objects),
            self.ask(
                "list the bucket",
                &["s3:ListBucket"],
                vec![format!("arn:{partition}:s3:::{bucket}")],
            ),
            self.ask(
                "use the key",
                &["kms:GenerateDataKey", "kms:Decrypt"],
                vec![kms_key.to_string()],
            ),
            self.ask("change pipelines", PIPELINES, self.pipelines().to_vec()),
            self.ask("follow executions", EXECUTIONS, executions),
            self.ask("run stages as jobs", STAGE_JOBS, vec![self.job()]),
            self.ask("read the lines of jobs", JOB_LINES, vec![self.job_lines()]),
            self.ask("list the registry", &["sagemaker:ListModelPackages"], vec![self.group()]),
            self.ask(
                "read the registry",
                &["sagemaker:DescribeModelPackage"],
                vec![self.packages()],
            ),
            self.ask("change the function", FUNCTION, vec![self.function()]),
            self.ask("change rules", RULES, vec![rule.clone()]),
            self.targets(rule),
            self.ask("change the alert topic", TOPIC, vec![alert_topic_arn(self.0)]),
            self.ask("keep the log group", LOG_GROUP, vec![self.log_group()]),
            self.ask("write log lines", LOG_LINES, vec![lines]),
        ]
    }

    fn targets(&self, rule: String) -> Permission {
        let mut ask = self.ask("give rules their targets", &["events:PutTargets"], vec![rule]);
        self.with_target(&mut ask);
        ask
    }

    /// Policies may name what a rule is allowed to start.
    pub(super) fn with_target(&self, ask: &mut Permission) {
        let [_, inference] = self.pipelines();
        ask.context.insert("events:TargetArn".to_owned(), inference);
    }

    /// Each role to its own service alone.
    fn hand_over(&self) -> Vec<Permission> {
        let Environment { train_role, inference_role, lambda_role, events_role, .. } = self.0;
        vec![
            self.pass("sagemaker", &[train_role, inference_role]),
            self.pass("lambda", &[lambda_role]),
            self.pass("events", &[events_role]),
        ]
    }

    pub(super) fn pass(&self, service: &str, roles: &[&Arn]) -> Permission {
        let mut roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
        roles.dedup();
        let mut ask = self.ask(&format!("pass roles to {service}"), &["iam:PassRole"], roles);
        ask.context.insert("iam:PassedToService".to_owned(), format!("{service}.amazonaws.com"));
        ask
    }

    /// What the other roles do once the pipelines are there.
    fn others(&self) -> Vec<Permission> {
        let Environment { train_role, lambda_role, events_role, .. } = self.0;
        let of = |role: &Arn, ask: Permission| Permission { role: role.clone(), ..ask };
        let start = self.ask(
            "schedule: start pipelines",
            &["sagemaker:StartPipelineExecution"],
            self.pipelines().to_vec(),
        );
        let register = self.ask(
            "training: register models",
            &["sagemaker:CreateModelPackage"],
            vec![self.packages()],
        );
        let find = self.ask(
            "function: find the model",
            &["sagemaker:ListModelPackages"],
            vec![self.group()],
        );
        let mut all = vec![of(events_role, start), of(train_role, register), of(lambda_role, find)];
        all.extend(pulls::pulls(self));
        all
    }

    /// Who trains or deploys a model does not also approve it.
    fn never(&self) -> Vec<Permission> {
        let none = |what: &str, role: &Arn| Permission {
            role: role.clone(),
            want: Want::Refused,
            ..self.ask(what, &["sagemaker:UpdateModelPackage"], vec![self.packages()])
        };
        vec![
            none("deploy role cannot approve", &self.0.deploy_role),
            none("training cannot approve", &self.0.train_role),
        ]
    }
}

const PIPELINES: &[&str] = &[
    "sagemaker:CreatePipeline",
    "sagemaker:UpdatePipeline",
    "sagemaker:DescribePipeline",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
    "sagemaker:StartPipelineExecution",
    "sagemaker:ListPipelineExecutions",
];
const EXECUTIONS: &[&str] = &[
    "sagemaker:DescribePipelineExecution",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:StopPipelineExecution",
];
const STAGE_JOBS: &[&str] = &[
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:AddTags",
];
const JOB_LINES: &[&str] = &["logs:DescribeLogStreams", "logs:GetLogEvents"];
const FUNCTION: &[&str] = &[
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:GetFunction",
    "lambda:PublishVersion",
    "lambda:ListVersionsByFunction",
    "lambda:TagResource",
];
const RULES: &[&str] = &[
    "events:PutRule",
    "events:DescribeRule",
    "events:ListTargetsByRule",
    "events:RemoveTargets",
    "events:DeleteRule",
    "events:TagResource",
];
const TOPIC: &[&str] = &[
    "sns:CreateTopic",
    "sns:GetTopicAttributes",
    "sns:SetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:Subscribe",
    "sns:TagResource",
];
const LOG_GROUP: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "logs:DeleteRetentionPolicy",
    "logs:AssociateKmsKey",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
];
const LOG_LINES: &[&str] = &["logs:PutLogEvents", "logs:GetLogEvents"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;

    #[test]
    fn every_ask_has_actions_resources_and_a_role_of_the_account() {
        let environment = fixture::environment();
        let asks = permissions(&environment);
        for ask in &asks {
            assert!(!ask.actions.is_empty() && !ask.resources.is_empty(), "{ask:?}");
            assert_eq!(ask.role.account().as_ref(), Some(&environment.account), "{ask:?}");
        }
        let mut names: Vec<&str> = asks.iter().map(|ask| ask.what.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), asks.len());
    }

    #[test]
    fn roles_are_passed_each_to_its_own_service() {
        let asks = permissions(&fixture::environment());
        let passes: Vec<_> = asks.iter().filter(|ask| ask.actions == ["iam:PassRole"]).collect();
        assert_eq!(passes.len(), 3);
        assert!(passes.iter().all(|ask| ask.context.contains_key("iam:PassedToService")));
    }
}

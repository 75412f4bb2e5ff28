//! What a foundation is derived from: the environments in their order, and the people and programs who come in.

use crate::{
    definition::function_name,
    ids::{AccountId, Arn, EcrImage, EnvName},
    plan::rule_prefix,
    spec::{Environment, Pipeline, Stage},
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that decides what must be there.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The environment that is asked for.
    pub target: EnvName,
    /// All environments, those that come first first: what is shared between them depends on each.
    pub members: Vec<Member>,
    /// Who comes in from outside.
    pub people: People,
}

/// One environment, and what it is built on.
#[derive(Debug, Clone)]
pub struct Member {
    /// The environment. Once its key is known, that stands in `kms_key`.
    pub environment: Environment,
    /// The key as its file names it.
    pub written_key: Arn,
    /// The environments that its runs may use besides: those before it in the promotion order.
    pub before: Vec<EnvName>,
    /// The repositories of ECR whose images its stages run commands in, as policies name them.
    pub stage_images: BTreeSet<String>,
}

/// Who comes in from outside the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The role that the agent runs under.
    pub agent: Arn,
    /// Who may decide about models; nobody named means whom the registry's account lets, with a second factor.
    pub approvers: Vec<Arn>,
}

impl Scope {
    /// What follows from a project's files for `target`.
    #[must_use]
    pub fn of(
        pipeline: &Pipeline,
        environments: &BTreeMap<EnvName, Environment>,
        target: &EnvName,
        people: People,
    ) -> Self {
        let before = |name: &EnvName| -> Vec<EnvName> {
            let others = environments.keys().filter(|other| *other != name);
            others.filter(|other| pipeline.may_use(name, other)).cloned().collect()
        };
        let member = |(name, environment): (&EnvName, &Environment)| Member {
            written_key: environment.kms_key.clone(),
            environment: environment.clone(),
            before: before(name),
            stage_images: stage_images(pipeline, name),
        };
        let mut members: Vec<Member> = environments.iter().map(member).collect();
        members.sort_by_key(|member| member.before.len());
        Self { target: target.clone(), members, people }
    }

    /// The environments whose accounts are looked after: the target and those before it.
    pub fn covered(&self) -> impl Iterator<Item = &Member> {
        let before = self.target().map(|member| member.before.clone()).unwrap_or_default();
        self.members
            .iter()
            .filter(move |member| *member.name() == self.target || before.contains(member.name()))
    }

    /// The member that is asked for.
    #[must_use]
    pub fn target(&self) -> Option<&Member> {
        self.members.iter().find(|member| *member.name() == self.target)
    }

    /// The same, with what the keys of the files are really called.
    #[must_use]
    pub fn with_keys(mut self, known: &BTreeMap<Arn, Arn>) -> Self {
        for member in &mut self.members {
            let Environment { kms_key, log_group, .. } = &mut member.environment;
            for key in [Some(kms_key), log_group.kms_key.as_mut()].into_iter().flatten() {
                if let Some(real) = known.get(key) {
                    *key = real.clone();
                }
            }
        }
        self
    }

    /// The environments that are built on `member`, and so read what it encrypted.
    pub(super) fn later(&self, member: &Member) -> Vec<&Member> {
        let name = member.name();
        self.members.iter().filter(|other| other.before.contains(name)).collect()
    }

    /// The environments that `member` is built on.
    pub(super) fn earlier(&self, member: &Member) -> Vec<&Member> {
        self.members.iter().filter(|other| member.before.contains(other.name())).collect()
    }
}

/// Of the stages that work in `environment`, or in whichever a run is for.
fn stage_images(pipeline: &Pipeline, environment: &EnvName) -> BTreeSet<String> {
    let here = |stage: &&Stage| stage.environment.as_ref().is_none_or(|name| name == environment);
    let images = pipeline.stages.iter().filter(here);
    let images = images.filter_map(|stage| stage.runs_on.as_ref()?.image.as_deref());
    images.filter_map(|image| Some(image.parse::<EcrImage>().ok()?.repository_arn())).collect()
}

impl Member {
    /// The environment's name.
    #[must_use]
    pub fn name(&self) -> &EnvName {
        &self.environment.name
    }

    /// The account of the model package group; the environment's own where the ARN names none.
    #[must_use]
    pub fn registry(&self) -> AccountId {
        let group = &self.environment.model_package_group;
        group.account().unwrap_or_else(|| self.environment.account.clone())
    }

    pub(super) fn partition(&self) -> &'static str {
        self.environment.region.partition().name
    }

    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Environment { region, account, .. } = &self.environment;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }

    /// A service's own name within its partition, as `kms:ViaService` has it.
    pub(super) fn via(&self, service: &str) -> String {
        let region = &self.environment.region;
        format!("{service}.{region}.{}", region.partition().domain)
    }

    /// SageMaker writes the names in pipeline ARNs in lower case.
    pub(super) fn pipelines(&self) -> [String; 2] {
        let Environment { train_pipeline, inference_pipeline, .. } = &self.environment;
        [train_pipeline, inference_pipeline].map(|name| {
            self.arn("sagemaker", &format!("pipeline/{}", name.as_str().to_lowercase()))
        })
    }

    /// The jobs that stages of this model run as.
    pub(super) fn stage_jobs(&self) -> String {
        let prefix = crate::definition::job_prefix(&self.environment);
        self.arn("sagemaker", &format!("processing-job/{prefix}-*"))
    }

    /// The group, and the packages in it.
    pub(super) fn registry_arns(&self) -> [String; 2] {
        let group = self.environment.model_package_group.to_string();
        let packages = group.replacen(":model-package-group/", ":model-package/", 1) + "/*";
        [group, packages]
    }

    /// The function and its versions.
    pub(super) fn function(&self) -> [String; 2] {
        let function =
            self.arn("lambda", &format!("function:{}", function_name(&self.environment)));
        [format!("{function}:*"), function]
    }

    /// The rules of this model in this environment, however long their names would be.
    pub(super) fn rules(&self) -> String {
        self.arn("events", &format!("rule/{}*", rule_prefix(&self.environment)))
    }

    pub(super) fn bucket(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition(), self.environment.bucket)
    }

    pub(super) fn artifacts(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition(), self.environment.artifacts_bucket)
    }

    /// What lies under the model's name in a bucket.
    pub(super) fn objects_in(&self, bucket: &str) -> String {
        format!("{bucket}/{}/*", self.environment.model_name)
    }

    /// The environment's log group, and what is in it.
    pub(super) fn log_group(&self) -> [String; 2] {
        let group = self.arn("logs", &format!("log-group:{}", self.environment.log_group.name));
        [format!("{group}:*"), group]
    }

    /// The roles that jobs of its pipelines run under.
    pub(super) fn execution_roles(&self) -> Vec<&Arn> {
        let Environment { train_role, inference_role, .. } = &self.environment;
        let mut roles = vec![train_role, inference_role];
        roles.dedup();
        roles
    }

    /// An account's root, which stands for whomever that account's own policies let.
    pub(super) fn root_of(&self, account: &AccountId) -> String {
        format!("arn:{}:iam::{account}:root", self.partition())
    }
}

//! What there should be, rendered from a commit and an environment: same inputs, same bytes.

use super::{
    blueprint::Blueprint,
    function,
    lint::{Flaw, lint},
    names, removal,
    resources::{FunctionSpec, Object, ObjectKind, PipelineSpec, RuleSpec, Tags, TopicSpec},
    rules,
};
use crate::{
    definition::{Kind, Release, RenderError, render},
    ids::{AccountId, Digest, EnvName, Region, Sha},
    schedule::{Schedule, ScheduleError},
    spec::{DataContract, Environment, LogGroup},
};
use serde_json::json;
use std::collections::BTreeMap;

/// Everything that one commit wants in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The environment.
    pub environment: EnvName,
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// The commit.
    pub commit: Sha,
    /// Tags of whatever is created.
    pub tags: Tags,
    /// Where log lines go.
    pub log_group: LogGroup,
    /// Scripts, contract and data.
    pub objects: Vec<Object>,
    /// The function that finds the model to use.
    pub function: FunctionSpec,
    /// The version the inference definition names.
    pub function_version: u32,
    /// Who hears of failures.
    pub topic: TopicSpec,
    /// The train pipeline.
    pub train: PipelineSpec,
    /// The inference pipeline.
    pub inference: PipelineSpec,
    /// Rules on events.
    pub rules: Vec<RuleSpec>,
    /// Names of rules that an earlier policy of this environment may have left.
    pub retired_rules: Vec<String>,
    /// The inference schedule, as it is once it may fire.
    pub schedule: RuleSpec,
    /// The batch that a scheduled inference reads.
    pub batch: BatchObject,
    /// The group a scheduled inference takes its model from.
    pub model_package_group: String,
}

/// Where the batch lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

impl BatchObject {
    /// Where the environment's batch lies.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let Environment { bucket, model_name, batch_dataset, .. } = environment;
        Self {
            bucket: bucket.as_str().to_owned(),
            key: format!("{model_name}/data/batch-dataset/{batch_dataset}.csv"),
        }
    }

    /// `s3://bucket/key`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Why nothing can be desired.
#[derive(Debug, thiserror::Error)]
pub enum DesiredError {
    /// A template gives no definition.
    #[error("the {kind:?} pipeline's definition cannot be rendered")]
    Render {
        /// Which pipeline.
        kind: Kind,
        /// Why.
        source: RenderError,
    },
    /// The repository lacks a script.
    #[error("templates/scripts/{0} is missing")]
    NoScript(String),
    /// The function's code cannot be packed.
    #[error("the function's code cannot be packed")]
    Unpackable(#[source] zip::result::ZipError),
    /// The contract cannot be written as JSON.
    #[error("the data contract cannot be written as JSON")]
    Contract(#[source] serde_json::Error),
    /// The schedule is none.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// AWS would refuse it, or take it and never do what it is for.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Flaws(Vec<Flaw>),
}

/// Renders everything the blueprint wants, with `function_version` (see
/// [`super::predict_version`]) in the inference definition.
///
/// # Errors
/// If a template or the schedule is wrong, a script is missing, or AWS would refuse what comes out.
pub fn desired(blueprint: &Blueprint<'_>, function_version: u32) -> Result<Desired, DesiredError> {
    let environment = blueprint.environment;
    let schedule = Schedule::parse(&environment.schedule)?;
    let function = function::function(blueprint)?;
    let stored = Stored::of(blueprint)?;
    let release = stored.release(blueprint, function_version);
    let train = pipeline(Kind::Train, blueprint, &release)?;
    let inference = pipeline(Kind::Inference, blueprint, &release)?;
    let topic = topic(environment);
    let rules = rules::on_events(environment, &train, &inference, &topic);
    let desired = Desired {
        environment: environment.name.clone(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        commit: blueprint.commit.clone(),
        tags: removal::tags(environment),
        log_group: environment.log_group.clone(),
        objects: stored.objects,
        function,
        function_version,
        retired_rules: rules::retired(environment, &rules),
        rules,
        schedule: rules::on_schedule(environment, &inference, &schedule),
        topic,
        train,
        inference,
        batch: BatchObject::of(environment),
        model_package_group: environment.model_package_group.as_str().to_owned(),
    };
    let flaws = lint(&desired);
    if flaws.is_empty() { Ok(desired) } else { Err(DesiredError::Flaws(flaws)) }
}

impl Desired {
    /// Both pipelines, train first.
    #[must_use]
    pub fn pipelines(&self) -> [&PipelineSpec; 2] {
        [&self.train, &self.inference]
    }
}

/// The objects, and where the definitions find them.
struct Stored {
    objects: Vec<Object>,
    scripts: BTreeMap<String, String>,
    contract_key: String,
    data_key_prefix: String,
    data_digest: Digest,
}

impl Stored {
    fn of(blueprint: &Blueprint<'_>) -> Result<Self, DesiredError> {
        let environment = blueprint.environment;
        let model = &environment.model_name;
        let bucket = environment.bucket.as_str();
        let object = |kind, prefix: &str, file: &str, content: Vec<u8>| {
            let digest = Digest::of(&content);
            let key = format!("{prefix}/{digest}/{file}");
            Object { bucket: bucket.to_owned(), key, kind, digest, content }
        };
        let scripts_prefix = format!("{model}/scripts");
        let mut objects: Vec<Object> = blueprint
            .scripts
            .iter()
            .filter(|(file, _)| *file != function::SCRIPT)
            .map(|(file, text)| {
                object(ObjectKind::Script, &scripts_prefix, file, text.clone().into_bytes())
            })
            .collect();
        let scripts = blueprint
            .scripts
            .keys()
            .filter(|file| *file != function::SCRIPT)
            .cloned()
            .zip(objects.iter().map(|object| object.key.clone()))
            .collect();
        let contract = contract_json(blueprint.contract)?;
        let contract = object(ObjectKind::DataContract, &scripts_prefix, "contract.json", contract);
        let data_prefix = format!("{model}/data/train-dataset");
        let data = blueprint.data;
        let data = object(ObjectKind::TrainingData, &data_prefix, data.name, data.content.to_vec());
        let data_digest = data.digest.clone();
        let contract_key = contract.key.clone();
        objects.extend([contract, data]);
        let data_key_prefix = format!("{data_prefix}/{data_digest}");
        Ok(Self { objects, scripts, contract_key, data_key_prefix, data_digest })
    }

    fn release(&self, blueprint: &Blueprint<'_>, function_version: u32) -> Release {
        Release {
            commit: blueprint.commit.clone(),
            repository: blueprint.repository.to_owned(),
            data_key_prefix: self.data_key_prefix.clone(),
            data_digest: self.data_digest.clone(),
            scripts: self.scripts.clone(),
            contract_key: self.contract_key.clone(),
            function_version,
            auc_at_least: blueprint.auc_at_least,
        }
    }
}

fn contract_json(contract: &DataContract) -> Result<Vec<u8>, DesiredError> {
    serde_json::to_vec(contract).map_err(DesiredError::Contract)
}

fn pipeline(
    kind: Kind,
    blueprint: &Blueprint<'_>,
    release: &Release,
) -> Result<PipelineSpec, DesiredError> {
    let environment = blueprint.environment;
    let template = match kind {
        Kind::Train => blueprint.templates.train,
        Kind::Inference => blueprint.templates.inference,
    };
    let definition = render(kind, template, environment, release)
        .map_err(|source| DesiredError::Render { kind, source })?;
    let name = kind.pipeline(environment).as_str();
    let does = match kind {
        Kind::Train => "Trains, judges and registers",
        Kind::Inference => "Applies the newest approved version of",
    };
    Ok(PipelineSpec {
        name: name.to_owned(),
        arn: names::pipeline_arn(environment, name),
        role: kind.role(environment).as_str().to_owned(),
        description: format!("{does} {} in {}", environment.model_name, environment.name),
        definition,
    })
}

/// Without conditions in the statement: EventBridge sends none that SNS could check.
fn topic(environment: &Environment) -> TopicSpec {
    let arn = names::alert_topic_arn(environment);
    TopicSpec {
        name: environment.alerts.topic.clone(),
        kms_key: environment.kms_key.as_str().to_owned(),
        statement: json!({
            "Sid": "RelevoRulesMayPublish",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": arn,
        }),
        arn,
        email: environment.alerts.email.clone(),
    }
}

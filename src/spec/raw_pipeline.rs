//! pipeline.yaml as it is written. `agent schema` prints the JSON Schema of these types, comments included.
//!
//! Every field is optional here, even the required ones (the schema says which): a file with
//! findings is still checked as far as it goes.

use super::pipeline::{FailureClass, Lent, Metric, On};
use super::policy::Supersede;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a push does: which branch goes to which environment, and the stages on the way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pipeline.yaml")]
pub(super) struct RawPipeline {
    /// Version of this format: 1.
    #[schemars(required)]
    pub(super) version: Option<u64>,
    /// Name of the pipeline; part of log stream names.
    #[schemars(required)]
    pub(super) name: Option<String>,
    /// Environments by name; the file of each is environments/NAME.yaml, .yml or NAME.tfvars.json.
    #[schemars(required, with = "BTreeMap<String, RawEnvironmentRule>")]
    pub(super) environments: Option<Map<String, Value>>,
    /// Stages by name. A stage starts as soon as all it needs have ended.
    #[schemars(required, with = "BTreeMap<String, RawStage>")]
    pub(super) stages: Option<Map<String, Value>>,
}

/// Which branch deploys to an environment, and what must come first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "EnvironmentRule")]
pub(super) struct RawEnvironmentRule {
    /// A push to this branch deploys here.
    #[schemars(required)]
    pub(super) branch: Option<String>,
    /// The environment before this one in the promotion order; the first has none.
    pub(super) after: Option<String>,
    /// What becomes of waiting runs when a younger one of their branch arrives: newest lets it take the place of them
    /// all, every gives each its turn; newest if absent.
    pub(super) supersede: Option<Supersede>,
    /// Labels: only an agent of the fleet that has all of them takes a run for this environment.
    #[schemars(length(max = 16))]
    pub(super) runs_on: Option<Vec<String>>,
}

/// One stage: either `uses` (a built-in) or `run` (a command).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Stage")]
pub(super) struct RawStage {
    /// A built-in stage.
    pub(super) uses: Option<RawBuiltIn>,
    /// A command: a list of program and arguments, or a script for 'sh -eu'.
    pub(super) run: Option<RawCommand>,
    /// Settings of the built-in stage.
    pub(super) with: Option<RawSettings>,
    /// Stages that must have ended first.
    #[schemars(length(max = 256))]
    pub(super) needs: Option<Vec<String>>,
    /// The environment it works in; the run's own if absent.
    #[serde(rename = "in")]
    pub(super) environment: Option<String>,
    /// The stage runs only if this is true, as in: branch == "main" && changed("src/**").
    pub(super) when: Option<String>,
    /// On which outcome of its needs it runs; success if absent.
    pub(super) on: Option<On>,
    /// Extra environment variables for the command.
    pub(super) env: Option<BTreeMap<String, String>>,
    /// Longest time one attempt may take, such as 90s, 15m or 2h; 1h if absent.
    pub(super) timeout: Option<String>,
    /// Longest silence of the command, such as 10m.
    pub(super) no_output_timeout: Option<String>,
    /// When to try again.
    pub(super) retry: Option<RawRetry>,
    /// Files the command leaves for later stages, relative to the work folder.
    #[schemars(length(max = 256))]
    pub(super) outputs: Option<Vec<String>>,
    /// What the command may do in the account of its environment, by credentials that SDKs and the AWS CLI find while it
    /// runs; nothing if absent.
    pub(super) credentials: Option<Lent>,
    /// Where the command runs; the agent's own machine if absent.
    pub(super) runs_on: Option<RawRunsOn>,
}

/// Another machine than the agent's: `sagemaker`, for a Processing job in the account of the stage's environment, or a
/// map that says more of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "RunsOn")]
pub(super) enum RawRunsOn {
    /// sagemaker: a Processing job with all defaults.
    Word(String),
    /// A Processing job, described.
    Map(RawMachine),
}

/// What runs a command.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Machine")]
pub(super) struct RawMachine {
    /// A Processing job of SageMaker.
    #[schemars(required)]
    pub(super) sagemaker: Option<RawSageMaker>,
}

/// The machine of a Processing job.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "ProcessingJob")]
pub(super) struct RawSageMaker {
    /// Type of the machine; ml.m5.large if absent.
    pub(super) instance: Option<String>,
    /// Gigabytes of its disk; 30 if absent.
    #[schemars(range(min = 1, max = 16384))]
    pub(super) volume_gb: Option<u32>,
    /// The image the command runs in, with a shell, tar and sha256sum; the environment's scikit-learn image if absent.
    pub(super) image: Option<String>,
    /// Files and folders of the work folder that go along; all of it if absent.
    #[schemars(length(min = 1, max = 256))]
    pub(super) files: Option<Vec<String>>,
    /// Whether the command is kept off every network; false if absent.
    pub(super) isolated: Option<bool>,
}

/// The built-in stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "BuiltIn")]
pub(super) enum RawBuiltIn {
    /// Check every file, render and lint both definitions.
    Validate,
    /// Deploy and execute the train pipeline, collect its evidence.
    TrainTest,
    /// Judge the candidate against floor and baseline.
    Gate,
    /// Take the deploy role and prove the account.
    AssumeRole,
    /// Observe and plan.
    Plan,
    /// Ask people whether the plan may be applied; nothing of the agent is held until they answer.
    Approve,
    /// Apply everything up to and including the pipelines.
    DeployPipelines,
    /// Apply rules, targets and schedule, then verify all.
    ScheduleRules,
}

impl RawBuiltIn {
    /// The name as it is written after `uses`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::TrainTest => "train-test",
            Self::Gate => "gate",
            Self::AssumeRole => "assume-role",
            Self::Plan => "plan",
            Self::Approve => "approve",
            Self::DeployPipelines => "deploy-pipelines",
            Self::ScheduleRules => "schedule-rules",
        }
    }
}

/// A command of the user's. Branch, message and the like reach it as environment variables only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Command")]
pub(super) enum RawCommand {
    /// Program and arguments, started without a shell.
    Argv(Vec<String>),
    /// A script for `sh -eu`.
    Script(String),
}

/// Settings of the built-in stages; each takes its own keys only.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Settings")]
pub(super) struct RawSettings {
    /// train-test: the pipeline to execute.
    pub(super) pipeline: Option<RawPipelineKind>,
    /// train-test: path of the data set; if absent, the one data/*.csv with a contract (.yaml) beside it.
    pub(super) data: Option<String>,
    /// gate: the figure that is compared.
    pub(super) metric: Option<Metric>,
    /// gate: floor for the candidate's figure, above 0 and at most 1.
    pub(super) at_least: Option<f64>,
    /// gate: how much worse than the baseline the candidate may be; 0 if absent.
    pub(super) not_worse_than_baseline_by: Option<f64>,
}

/// A pipeline that `train-test` can execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PipelineKind")]
pub(super) enum RawPipelineKind {
    /// The train pipeline.
    Train,
}

/// When a failed attempt is tried again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(super) struct RawRetry {
    /// Attempts in all; 1 means no second one.
    #[schemars(required, range(min = 1, max = 10))]
    pub(super) attempts: Option<u32>,
    /// Wait before the second attempt, such as 10s; doubles each time.
    pub(super) backoff: Option<String>,
    /// Failures worth another attempt; cloud-error and timed-out if absent.
    pub(super) on: Option<Vec<FailureClass>>,
}

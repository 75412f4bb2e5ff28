//! pipeline.yaml, checked: which branch goes where, and the graph of stages.

use super::job_machine::JobMachine;
use super::policy::Supersede;
use crate::ids::{EnvName, Label, StageName};
use crate::schedule::Windows;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A checked pipeline.yaml. Serialized whole into the run's record, so that a run keeps the graph it began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Name of the pipeline, part of log stream names.
    pub name: String,
    /// Environments in promotion order: each stands behind the one it comes `after`.
    pub environments: Vec<EnvironmentRule>,
    /// Stages in a legal order: each stands behind all it needs.
    pub stages: Vec<Stage>,
}

impl Pipeline {
    /// The environment that a push to `branch` deploys to.
    #[must_use]
    pub fn environment_for_branch(&self, branch: &str) -> Option<&EnvironmentRule> {
        self.environments.iter().find(|rule| rule.branch == branch)
    }

    /// The rule of an environment.
    #[must_use]
    pub fn rule(&self, environment: &EnvName) -> Option<&EnvironmentRule> {
        self.environments.iter().find(|rule| rule.name == *environment)
    }

    /// The labels that an agent must have to take a run for `environment`.
    #[must_use]
    pub fn runs_on(&self, environment: &EnvName) -> &BTreeSet<Label> {
        static ANY: BTreeSet<Label> = BTreeSet::new();
        self.rule(environment).map_or(&ANY, |rule| &rule.runs_on)
    }

    /// The stage of that name.
    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == *name)
    }

    /// The stages that deploy a commit without training or judging it again, each behind those of them that it stood
    /// behind; `None` if none of them applies anything.
    #[must_use]
    pub fn deployment(&self) -> Option<Self> {
        let kept: Vec<&Stage> = self.stages.iter().filter(|stage| stage.action.deploys()).collect();
        let applies = |stage: &&Stage| {
            matches!(stage.action, Action::Uses(BuiltIn::DeployPipelines | BuiltIn::ScheduleRules))
        };
        if !kept.iter().any(applies) {
            return None;
        }
        let stages = kept.iter().map(|stage| Stage {
            needs: self
                .nearest(stage, &|need| kept.iter().any(|kept| kept.name == *need))
                .into_iter()
                .collect(),
            when: None,
            ..(*stage).clone()
        });
        Some(Self { stages: stages.collect(), ..self.clone() })
    }

    /// The stages `is_kept` that `stage` stands behind, past those that are not.
    fn nearest(&self, stage: &Stage, is_kept: &dyn Fn(&StageName) -> bool) -> BTreeSet<StageName> {
        let mut found = BTreeSet::new();
        for need in &stage.needs {
            match self.stage(need) {
                Some(_) if is_kept(need) => {
                    found.insert(need.clone());
                }
                Some(passed) => found.extend(self.nearest(passed, is_kept)),
                None => {}
            }
        }
        found
    }

    /// May a run for `run` work in `stage`? Only if that is the run's own environment or one before
    /// it in the promotion order: a push to the first branch can never reach the last account.
    #[must_use]
    pub fn may_use(&self, run: &EnvName, stage: &EnvName) -> bool {
        let rule = |name: &EnvName| self.environments.iter().find(|rule| rule.name == *name);
        let own = std::iter::successors(rule(run), |later| later.after.as_ref().and_then(rule));
        // A checked order has no circle; a hand-made one must not hang us either.
        own.take(self.environments.len()).any(|rule| rule.name == *stage)
    }
}

/// Which branch deploys to an environment, and what must come first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRule {
    /// Name; its file is `environments/NAME.yaml`, `.yml` or `NAME.tfvars.json`.
    pub name: EnvName,
    /// A push to this branch deploys here.
    pub branch: String,
    /// The environment before this one in the promotion order.
    pub after: Option<EnvName>,
    /// What becomes of waiting runs when a younger one arrives.
    #[serde(default)]
    pub supersede: Supersede,
    /// When it may be deployed to, as its file says; at any time if absent.
    #[serde(default)]
    pub windows: Option<Windows>,
    /// Only an agent with all of these labels takes a run for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub runs_on: BTreeSet<Label>,
}

/// One node of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique name.
    pub name: StageName,
    /// What it does.
    pub action: Action,
    /// Stages that must have ended first.
    pub needs: Vec<StageName>,
    /// The environment it works in; the run's own if absent.
    pub environment: Option<EnvName>,
    /// Expression that must be true for the stage to run (grammar in `spec::condition`), as written.
    pub when: Option<String>,
    /// On which outcome of its needs it runs.
    pub on: On,
    /// Extra variables for a command.
    pub variables: BTreeMap<String, String>,
    /// Longest time one attempt may take.
    pub timeout: Duration,
    /// Longest silence of a command.
    pub no_output_timeout: Option<Duration>,
    /// When to try again.
    pub retry: Retry,
    /// Files a command leaves for later stages, relative to the work folder.
    pub outputs: Vec<String>,
    /// What a command may do in its environment's account; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Lent>,
    /// The machine that SageMaker starts for a command; the agent's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_on: Option<JobMachine>,
}

impl Stage {
    /// Does it start something in a cloud that goes on by itself, whether or not an agent follows it?
    #[must_use]
    pub fn works_elsewhere(&self) -> bool {
        match &self.action {
            Action::Uses(BuiltIn::TrainTest(_)) => true,
            Action::Uses(
                BuiltIn::Validate
                | BuiltIn::Gate(_)
                | BuiltIn::AssumeRole
                | BuiltIn::Plan
                | BuiltIn::Approve
                | BuiltIn::DeployPipelines
                | BuiltIn::ScheduleRules,
            ) => false,
            Action::Run(_) => self.runs_on.is_some(),
        }
    }

    /// Does another try go on with what one that failed has started elsewhere? A built-in stage finds its own again; a
    /// command has a job for each try.
    #[must_use]
    pub fn is_gone_on_with(&self) -> bool {
        match &self.action {
            Action::Uses(_) => self.works_elsewhere(),
            Action::Run(_) => false,
        }
    }
}

/// What a command may do with the credentials that it is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Credentials")]
pub enum Lent {
    /// Look at what is deployed, and read objects and logs.
    Read,
    /// Change what a deployment changes.
    Deploy,
}

/// What a stage does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// One of our own stages.
    Uses(BuiltIn),
    /// A command of the user's.
    Run(Command),
}

impl Action {
    /// Is it one of the steps from proving the account to the schedule?
    fn deploys(&self) -> bool {
        match self {
            Self::Uses(
                BuiltIn::AssumeRole
                | BuiltIn::Plan
                | BuiltIn::Approve
                | BuiltIn::DeployPipelines
                | BuiltIn::ScheduleRules,
            ) => true,
            Self::Uses(BuiltIn::Validate | BuiltIn::TrainTest(_) | BuiltIn::Gate(_))
            | Self::Run(_) => false,
        }
    }
}

/// The built-in stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BuiltIn {
    /// Check every file, render and lint both definitions.
    Validate,
    /// Deploy and execute the train pipeline, collect its evidence.
    TrainTest(Training),
    /// Judge the candidate against floor and baseline.
    Gate(GatePolicy),
    /// Take the deploy role and prove the account.
    AssumeRole,
    /// Observe and plan.
    Plan,
    /// Ask people whether the plan may be applied.
    Approve,
    /// Apply everything up to and including the pipelines.
    DeployPipelines,
    /// Apply rules, targets and schedule, then verify all.
    ScheduleRules,
}

/// What `train-test` trains on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Path of the data set in the repository; if absent, the one `data/*.csv` with a contract (`.yaml`) beside it.
    pub data: Option<String>,
}

/// A user's command. Branch, message and the like reach it as environment variables only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Program and arguments, started without a shell.
    Argv(Vec<String>),
    /// A script for `sh -eu`.
    Script(String),
}

/// What a candidate must reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GatePolicy {
    /// Which figure is compared.
    pub metric: Metric,
    /// Floor for the candidate's figure.
    pub at_least: f64,
    /// How much worse than the baseline the candidate may be.
    pub not_worse_than_baseline_by: f64,
}

/// A figure of merit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Area under the ROC curve.
    Auc,
}

/// On which outcome of its needs a stage runs. A failure is the work saying no; an error is the machinery breaking;
/// an abort is a person stopping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// All needs succeeded.
    #[default]
    Success,
    /// A need failed.
    Failure,
    /// A need broke.
    Error,
    /// The run was cancelled.
    Abort,
    /// In any case.
    Always,
}

/// When a failed attempt is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// Wait before the second attempt; doubles each time.
    pub backoff: Duration,
    /// Failure classes worth another attempt.
    pub classes: Vec<FailureClass>,
}

/// Why something failed, as far as a decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// The files or the command are wrong; trying again changes nothing.
    UserError,
    /// The gate said no.
    GateRefused,
    /// AWS did not do what was asked.
    CloudError,
    /// The agent itself could not go on: disk, store, a bug.
    AgentError,
    /// A person stopped it.
    Cancelled,
    /// It took longer than allowed.
    TimedOut,
    /// A person who was asked said no. Nothing to be tried again.
    #[schemars(skip)]
    Rejected,
    /// Nobody who was asked answered in time. Nothing to be tried again.
    #[schemars(skip)]
    Expired,
}

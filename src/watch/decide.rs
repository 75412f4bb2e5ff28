//! What is done about each execution: pure, from what it came to and what has been done before.
//!
//! At most one training in a cooldown and none beside another; none for anything but drift; none while nobody has
//! looked at the last ones. The cooldown is counted from the executions of the train pipeline, which SageMaker keeps,
//! so it holds whoever watches and whatever that one remembers.

use super::{
    case::{Case, Finding, Predictions},
    supply::{Stock, Supply, supply},
};
use crate::{
    clock::later,
    ids::Digest,
    spec::{DriftResponse, Respond, Response, Retrain, RetrainOn},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the environment file says about answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What each finding leads to.
    pub respond: Respond,
    /// When a training may start.
    pub retrain: Retrain,
}

/// Everything a decision looks at beside the cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The moment of the decision.
    pub now: Timestamp,
    /// ARN of the train pipeline.
    pub train_pipeline: String,
    /// Its executions of the last cooldown, and all that run.
    pub trainings: Vec<PastTraining>,
    /// An inference execution for which a training is about to be started.
    pub about_to_train: Option<String>,
    /// Versions newer than the one in use that wait for somebody's approval.
    pub waiting: Vec<i32>,
    /// People know already that there is no model.
    pub lack_is_known: bool,
    /// What there is to train on; nothing if there is no train pipeline.
    pub stock: Option<Stock>,
}

/// An execution of the train pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTraining {
    /// Its ARN.
    pub arn: String,
    /// Its name; see [`name_of`].
    pub name: String,
    /// When it began.
    pub began: Timestamp,
    /// Whether it runs.
    pub state: TrainingState,
}

/// Whether a training is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingState {
    /// It runs.
    Running,
    /// It has ended, well or badly.
    Over,
}

/// What is done about one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// A training is started, and people are told.
    StartTraining(Training),
    /// People are told.
    Alert(Why),
    /// The finding is kept, and that is all.
    Nothing(Why),
}

/// A training to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// The same drift has the same token, and the same token is the same execution.
    pub token: String,
    /// The name of the execution, by which it is known as one that drift started.
    pub name: String,
    /// What it is trained on.
    pub supply: Supply,
}

/// Why no training is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Why {
    /// The last training that drift started is too recent.
    Cooldown {
        /// From when on another may start.
        until: Timestamp,
    },
    /// A training runs.
    UnderWay {
        /// Its ARN.
        training: String,
    },
    /// A training is started for another execution that drifted.
    WithAnother {
        /// That execution's ARN.
        execution: String,
    },
    /// This very drift has had its training.
    Answered {
        /// Its ARN.
        training: String,
    },
    /// Too many versions wait for approval.
    TooManyWaiting {
        /// Their numbers.
        versions: Vec<i32>,
    },
    /// There is nothing to start.
    NoTrainPipeline,
    /// A rule starts trainings, on any failure.
    RuleRetrains,
    /// The environment's policy says so.
    Policy,
    /// There is no model for the environment.
    NothingApproved,
    /// There is no model for the environment, and people know.
    KnownLack,
    /// The analyser withheld the predictions; by a test that knows the number of rows the batch is clean.
    FalseAlarm,
    /// Nothing is wrong.
    AllWell,
    /// Somebody stopped it, and knows.
    Stopped,
}

/// What is done about each case, in their order.
#[must_use]
pub fn decide(cases: &[Case], scene: &Scene, policy: Policy) -> Vec<Action> {
    let mut about_to_train = scene.about_to_train.clone();
    let mut lack_is_known = scene.lack_is_known;
    cases
        .iter()
        .map(|case| {
            let action = match case.finding {
                Finding::Drift => on_drift(case, scene, policy, about_to_train.as_deref()),
                Finding::DataDefect => by(policy.respond.data_defect),
                Finding::InfrastructureFailure => by(policy.respond.infrastructure_failure),
                Finding::TooFewRows => by(policy.respond.too_few_rows),
                Finding::NothingApproved if lack_is_known => Action::Nothing(Why::KnownLack),
                Finding::NothingApproved => Action::Alert(Why::NothingApproved),
                Finding::Clean if case.grounds.predictions == Predictions::Withheld => {
                    Action::Alert(Why::FalseAlarm)
                }
                Finding::Clean | Finding::NotChecked => Action::Nothing(Why::AllWell),
                Finding::Stopped => Action::Nothing(Why::Stopped),
            };
            lack_is_known = case.finding == Finding::NothingApproved;
            if let Action::StartTraining(_) = action {
                about_to_train = Some(case.execution.clone());
            }
            action
        })
        .collect()
}

fn by(response: Response) -> Action {
    match response {
        Response::Alert => Action::Alert(Why::Policy),
        Response::Ignore => Action::Nothing(Why::Policy),
    }
}

fn on_drift(case: &Case, scene: &Scene, policy: Policy, about_to_train: Option<&str>) -> Action {
    match (policy.respond.drift, policy.retrain.on) {
        (DriftResponse::Ignore, _) => return Action::Nothing(Why::Policy),
        (DriftResponse::Alert, _) => return Action::Alert(Why::Policy),
        (DriftResponse::Retrain, RetrainOn::AnyFailure) => return Action::Alert(Why::RuleRetrains),
        (DriftResponse::Retrain, RetrainOn::Drift) => {}
    }
    let name = name_of(case);
    if let Some(answer) = scene.trainings.iter().find(|training| training.name == name) {
        return Action::Nothing(Why::Answered { training: answer.arn.clone() });
    }
    if let Some(why) = hindrance(scene, policy.retrain, about_to_train) {
        return Action::Alert(why);
    }
    match &scene.stock {
        None => Action::Alert(Why::NoTrainPipeline),
        Some(stock) => Action::StartTraining(Training {
            token: token(&scene.train_pipeline, &case.execution),
            name,
            supply: supply(stock, policy.retrain.window, scene.now),
        }),
    }
}

/// What stands against a training, the one that lasts longest last.
fn hindrance(scene: &Scene, retrain: Retrain, about_to_train: Option<&str>) -> Option<Why> {
    if let Some(execution) = about_to_train {
        return Some(Why::WithAnother { execution: execution.to_owned() });
    }
    let running = scene.trainings.iter().find(|one| one.state == TrainingState::Running);
    if let Some(running) = running {
        return Some(Why::UnderWay { training: running.arn.clone() });
    }
    if scene.waiting.len() >= usize::try_from(retrain.max_unapproved).unwrap_or(usize::MAX) {
        return Some(Why::TooManyWaiting { versions: scene.waiting.clone() });
    }
    let by_drift = scene.trainings.iter().filter(|training| is_by_drift(&training.name));
    let until = later(by_drift.map(|training| training.began).max()?, retrain.cooldown);
    (until > scene.now).then_some(Why::Cooldown { until })
}

/// What the names of executions begin with that drift started.
const BY_DRIFT: &str = "drift-";

fn is_by_drift(name: &str) -> bool {
    name.starts_with(BY_DRIFT)
}

/// The name of the training that answers a case: SageMaker shows it in every listing, whoever asks.
#[must_use]
pub fn name_of(case: &Case) -> String {
    format!("{BY_DRIFT}{}", case.id())
}

/// 64 characters, of the 32 to 128 that StartPipelineExecution takes.
fn token(train_pipeline: &str, execution: &str) -> String {
    Digest::of(format!("{train_pipeline} {execution}")).as_str().to_owned()
}

#[cfg(test)]
mod tests;

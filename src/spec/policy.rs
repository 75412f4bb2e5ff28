//! What an environment does about its model by itself: how batches are judged, what each verdict leads to, when a
//! new training starts and who may approve its result. Every default stands here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Data-quality monitoring of inference batches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Does a violation fail the inference execution?
    pub fail_on_violation: bool,
    /// Batches with fewer rows are not judged.
    pub minimum_rows: u32,
    /// Share of clean batches that the drift test may flag.
    #[serde(default)]
    pub significance: Significance,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            fail_on_violation: true,
            // Rows below which one value moves a column's share by more than 5 %: too few to call it drift.
            minimum_rows: 20,
            significance: Significance::default(),
        }
    }
}

/// Family-wise error rate of the drift test: the share of clean batches that it may flag, all columns together.
/// Above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Significance(f64);

impl Significance {
    /// The share, if it is above 0 and below 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < 1.0).then_some(Self(share))
    }

    /// The share as a number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Significance {
    /// One clean batch in a hundred: with a batch a day, a false alarm about three times a year.
    fn default() -> Self {
        Self(0.01)
    }
}

impl From<Significance> for f64 {
    fn from(significance: Significance) -> Self {
        significance.0
    }
}

/// A share that is no [`Significance`].
#[derive(Debug, thiserror::Error)]
#[error("a significance is above 0 and below 1, not {0}")]
pub struct NoSignificance(f64);

impl TryFrom<f64> for Significance {
    type Error = NoSignificance;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        Self::new(share).ok_or(NoSignificance(share))
    }
}

/// What each verdict about an inference execution leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Respond {
    /// The batch's values are spread differently from the training data's.
    pub drift: DriftResponse,
    /// The batch breaks its contract: types, missing values, columns.
    pub data_defect: Response,
    /// The execution failed, and not because of its data.
    pub infrastructure_failure: Response,
    /// The batch has fewer rows than `monitor.minimum_rows`.
    pub too_few_rows: Response,
}

impl Default for Respond {
    fn default() -> Self {
        Self {
            drift: DriftResponse::Retrain,
            data_defect: Response::Alert,
            infrastructure_failure: Response::Alert,
            too_few_rows: Response::Ignore,
        }
    }
}

/// What drift leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftResponse {
    /// A new training, at most one per cooldown, and an alert that says so.
    Retrain,
    /// An alert only.
    Alert,
    /// Nothing; the verdict is kept.
    Ignore,
}

/// What a verdict that no training can cure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Response {
    /// People are told.
    Alert,
    /// Nothing; the verdict is kept.
    Ignore,
}

/// When a new training starts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retrain {
    /// On which event.
    pub on: RetrainOn,
    /// At most one training in this time.
    pub cooldown: Duration,
    /// No training while this many versions newer than the one in use wait for approval.
    pub max_unapproved: u32,
    /// Labelled data that arrived within this time is added to the training data.
    pub window: Duration,
}

impl Default for Retrain {
    fn default() -> Self {
        Self {
            on: RetrainOn::default(),
            // The inference schedule of the example: one training per scheduled batch at most.
            cooldown: Duration::from_hours(24),
            // Three nights of drift that nobody looked at; a fourth model would tell nothing new.
            max_unapproved: 3,
            // A quarter: labels (biopsies) come weeks after the images.
            window: Duration::from_hours(90 * 24),
        }
    }
}

/// The event that starts a new training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetrainOn {
    /// A batch drifted; `agent watch` judges it and starts the training.
    #[default]
    Drift,
    /// Any inference execution failed, as the replaced system did; a rule starts the training.
    AnyFailure,
}

/// Who may approve what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Must whoever approves a model version be someone else than the author of the commit?
    pub four_eyes: bool,
    /// Who lets a deployment go on; nobody need be asked if absent.
    #[serde(default)]
    pub deployment: Option<DeploymentApproval>,
}

/// Who lets a deployment go on, where the pipeline asks with `uses: approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentApproval {
    /// Who may; anybody if there is none.
    pub approvers: Vec<String>,
    /// How many different people must.
    pub required: u32,
    /// May whoever pushed or asked for the run be one of them?
    pub self_approval: bool,
    /// How long they have.
    pub expires: Duration,
}

impl Default for DeploymentApproval {
    fn default() -> Self {
        Self {
            approvers: Vec::new(),
            required: 1,
            self_approval: true,
            // Asked in the evening, answered in the morning; what nobody answered by then nobody waits for.
            expires: Duration::from_hours(24),
        }
    }
}

/// What becomes of waiting runs when a younger one of their branch arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Supersede {
    /// The youngest takes the place of all that wait; what runs goes on. The default: what a branch holds now is what
    /// its environment should hold, and the commits before it are part of it.
    #[default]
    Newest,
    /// Each gets its turn.
    Every,
}

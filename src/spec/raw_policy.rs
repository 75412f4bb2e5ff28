//! The policy sections of an environment file as they are written: monitor, respond, retrain, approval.

use super::policy::{DriftResponse, Response, RetrainOn};
use schemars::JsonSchema;
use serde::Deserialize;

/// Data-quality monitoring.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Monitor")]
pub(super) struct RawMonitor {
    /// Does a violation fail the inference execution? true if absent.
    pub(super) fail_on_violation: Option<bool>,
    /// Batches with fewer rows are not judged; 20 if absent.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(super) minimum_rows: Option<u32>,
    /// Share of clean batches that the drift test may flag, above 0 and below 1; 0.01 if absent.
    pub(super) significance: Option<f64>,
}

/// What each verdict about a batch leads to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Respond")]
pub(super) struct RawRespond {
    /// The values are spread differently from the training data's; retrain if absent.
    pub(super) drift: Option<DriftResponse>,
    /// The batch breaks its contract: types, missing values, columns; alert if absent.
    pub(super) data_defect: Option<Response>,
    /// The execution failed, and not because of its data; alert if absent.
    pub(super) infrastructure_failure: Option<Response>,
    /// The batch has fewer rows than monitor.minimum_rows; ignore if absent.
    pub(super) too_few_rows: Option<Response>,
}

/// When a new training starts by itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retrain")]
pub(super) struct RawRetrain {
    /// On which event; drift if absent.
    pub(super) on: Option<RetrainOn>,
    /// At most one training in this time, such as 12h; 24h if absent.
    pub(super) cooldown: Option<String>,
    /// No training while this many versions wait for approval; 3 if absent.
    #[schemars(range(min = 1, max = 100))]
    pub(super) max_unapproved: Option<u32>,
    /// Labelled data that arrived within this time is trained on too, such as 30d; 90d if absent.
    pub(super) window: Option<String>,
}

/// Who may approve a model version, and who lets a deployment go on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Approval")]
pub(super) struct RawApproval {
    /// Must the approver be someone else than the author of the commit? false if absent.
    pub(super) four_eyes: Option<bool>,
    /// Who may let a deployment go on, by the names they have where they answer; `github:LOGIN` for an
    /// account that answers at GitHub. Anybody if absent, but nobody at GitHub.
    #[schemars(length(max = 100))]
    pub(super) approvers: Option<Vec<String>>,
    /// How many different people must let a deployment go on; 1 if absent.
    #[schemars(range(min = 1, max = 100))]
    pub(super) required: Option<u32>,
    /// May whoever pushed or asked for the run let it go on? true if absent.
    pub(super) self_approval: Option<bool>,
    /// How long people have to answer, such as 24h; 24h if absent.
    pub(super) expires: Option<String>,
}

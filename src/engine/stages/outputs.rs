//! What each built-in stage leaves for the stages behind it, and for whoever reads the run's record.

use crate::{
    ids::{AccountId, Arn, Digest, EnvName, StageName},
    model::Verdict,
    report::FINDINGS_EVIDENCE,
    spec::{Action, BuiltIn},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What `validate` found in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Validated {
    /// Environments whose definitions were rendered and linted.
    pub environments: Vec<EnvName>,
    /// Rows of the training data that obey its contract.
    pub rows: usize,
}

/// What `train-test` trained and where its evidence lies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trained {
    /// The environment it was trained in.
    pub environment: EnvName,
    /// The execution that did it.
    pub execution: Arn,
    /// Was there an execution of the very same definition and data already?
    pub origin: Origin,
    /// The definition that was executed.
    pub definition: Digest,
    /// The data that was read.
    pub data: Digest,
    /// Where the imputed training rows are, as an S3 URI.
    pub train: String,
    /// Where the test rows are.
    pub test: String,
    /// Where the candidate's scores of the test rows are.
    pub scores: String,
    /// The registered version, unless the pipeline's own threshold stopped it.
    pub model_package: Option<Arn>,
}

/// Whether an execution was started or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This run started it.
    Started,
    /// It had run before for the same definition and data.
    Found,
}

/// What `gate` decided, with all its numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// Decision, figures, reasons.
    pub verdict: Verdict,
    /// The registered version it is about.
    pub model_package: Option<Arn>,
}

/// What `assume-role` proved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assumed {
    /// The account, as AWS itself named it.
    pub account: AccountId,
    /// The assumed role.
    pub role: Arn,
}

/// What `plan` planned. The plan itself is evidence named [`PLAN_EVIDENCE`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// The plan's hash: what is applied must have the same.
    pub hash: Digest,
    /// How many changes.
    pub changes: usize,
    /// What the plan says beside its changes, such as why the schedule stays off.
    pub notes: Vec<String>,
}

/// What people let go on. A [`Planned`] too: this is the plan that is applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Approved {
    /// The plan.
    #[serde(flatten)]
    pub plan: Planned,
    /// Who approved it; nobody where nothing is to be changed.
    pub by: Vec<String>,
}

/// What people were last asked, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The plan.
    pub plan: Digest,
    /// Nobody can answer from this moment on.
    pub until: Timestamp,
}

/// What an applying stage did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Applied {
    /// One line a change, in the order they were made.
    pub changes: Vec<String>,
    /// What people should know and no change will mend.
    pub notes: Vec<String>,
}

/// The evidence that goes with the outputs of a stage where another run takes these over. What people were asked in one run
/// is asked in no other.
#[must_use]
pub fn evidence_of(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Uses(BuiltIn::Validate) => &[FINDINGS_EVIDENCE],
        Action::Uses(BuiltIn::Gate(_)) => &[VERDICT_EVIDENCE],
        Action::Uses(BuiltIn::Plan) => &[PLAN_EVIDENCE],
        Action::Uses(
            BuiltIn::TrainTest(_)
            | BuiltIn::AssumeRole
            | BuiltIn::Approve
            | BuiltIn::DeployPipelines
            | BuiltIn::ScheduleRules,
        )
        | Action::Run(_) => &[],
    }
}

/// Evidence name of the plan.
pub const PLAN_EVIDENCE: &str = "plan";
/// Evidence of a stage `approve`, under a name of its own for each: what was asked and until when, an [`Asked`].
#[must_use]
pub fn approval_evidence(stage: &StageName) -> String {
    format!("approval of {stage}")
}
/// Evidence name of the gate's verdict.
pub const VERDICT_EVIDENCE: &str = "gate-verdict";

//! Reading everything back once it is applied.

use super::observe::{each_rule, observe_part};
use crate::{
    aws::{CloudError, Session},
    plan::{Change, Desired, Observed, Part, plan, render::one_line},
};

/// What was applied is not what is there.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// What is there could not be read.
    #[error("reading the account back failed")]
    Unreadable(#[from] CloudError),
    /// Changes are still needed.
    #[error("after applying there is still to do: {}", .0.join("; "))]
    Unfinished(Vec<String>),
    /// Rules and policies were written for an ARN that nothing has, so they would never match.
    #[error("pipeline {name} has the ARN {found}; its rules were written for {expected}")]
    OtherArn {
        /// The pipeline.
        name: String,
        /// The ARN we derived.
        expected: String,
        /// The ARN SageMaker gives.
        found: String,
    },
}

/// A part that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// What is there now: the part as it was read back, everything else as it was known.
    pub observed: Observed,
    /// What people should know, such as an address that has not been confirmed.
    pub notes: Vec<String>,
}

/// Reads a part back: nothing may be left to do, and the pipelines must have the ARNs that the rules name. What other
/// parts are about is taken as it is `known`, and so is what the schedule waits for: a batch or an approved model that
/// came meanwhile is for the next plan. Where the listing of the rules does not show what was written, each is asked about.
///
/// # Errors
/// If something is not as it should be.
pub async fn verify(
    session: &Session,
    desired: &Desired,
    part: Part,
    known: Observed,
) -> Result<Verified, VerifyError> {
    let mut observed = observe_part(session, desired, part, known).await?;
    let mut needed = plan(desired, &observed);
    if part == Part::Schedule && needed.changes_of(part).next().is_some() {
        observed = each_rule(session, desired, observed).await?;
        needed = plan(desired, &observed);
    }
    let left: Vec<&Change> = needed.changes_of(part).collect();
    if !left.is_empty() {
        return Err(VerifyError::Unfinished(left.into_iter().map(one_line).collect()));
    }
    for spec in desired.pipelines() {
        if let Some(record) = observed.pipelines.get(&spec.name).filter(|r| r.arn != spec.arn) {
            return Err(VerifyError::OtherArn {
                name: spec.name.clone(),
                expected: spec.arn.clone(),
                found: record.arn.clone(),
            });
        }
    }
    Ok(Verified { observed, notes: needed.notes })
}

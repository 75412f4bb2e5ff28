//! What a person decides about a package, written in one UpdateModelPackage.
//!
//! Texts are brought into the form that SageMaker takes, here and nowhere else: a reason that is cut or has a sign less
//! is better than a decision that is refused.

use super::{Approval, SageMaker, packages::sdk_approval};
use crate::aws::{CloudError, error::Act};
use aws_sdk_sagemaker::types::ModelLifeCycle;
use std::collections::{BTreeMap, BTreeSet};

/// Longest reason, in characters (UpdateModelPackage, `ApprovalDescription`).
const LONGEST_REASON: usize = 1024;
/// Longest description of a life cycle, in characters (ModelLifeCycle, `StageDescription`).
const LONGEST_DESCRIPTION: usize = 1024;
/// Longest value of a note, in characters (`CustomerMetadataValue`).
const LONGEST_NOTE: usize = 256;
/// Signs that a note may have beside letters, digits and spaces (`CustomerMetadataValue`, pattern).
const NOTE_SIGNS: &str = "_.:/=+-@";

/// Where people have put a package (`ModelLifeCycle`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LifeCycle {
    /// The environment.
    pub stage: String,
    /// What it is there: `Approved`, `Superseded`, …
    pub status: String,
    /// Why, in words.
    pub description: Option<String>,
}

impl From<ModelLifeCycle> for LifeCycle {
    fn from(found: ModelLifeCycle) -> Self {
        Self {
            stage: found.stage.unwrap_or_default(),
            status: found.stage_status.unwrap_or_default(),
            description: found.stage_description,
        }
    }
}

/// What changes of a package. Whatever is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What a person says of it.
    pub approval: Option<Approval>,
    /// Why; kept with the approval.
    pub reason: Option<String>,
    /// Where it stands from now on.
    pub life_cycle: Option<LifeCycle>,
    /// Notes to add or replace; at most 50 are kept (`CustomerMetadataProperties`).
    pub notes: BTreeMap<String, String>,
    /// Notes to take away.
    pub forgotten: BTreeSet<String>,
}

impl SageMaker {
    /// Writes a decision. The same again changes nothing but the time of the last change.
    ///
    /// # Errors
    /// If SageMaker refuses, for instance because the session is not an approver's.
    pub async fn decide(&self, arn: &str, decision: &Decision) -> Result<(), CloudError> {
        let cycle = decision.life_cycle.as_ref().map(|cycle| {
            let description = cycle.description.as_deref();
            ModelLifeCycle::builder()
                .stage(&cycle.stage)
                .stage_status(&cycle.status)
                .set_stage_description(description.map(|text| line(text, LONGEST_DESCRIPTION)))
                .build()
        });
        let reason = decision.reason.as_deref().map(|reason| line(reason, LONGEST_REASON));
        let mut update = self
            .client
            .update_model_package()
            .model_package_arn(arn)
            .set_model_approval_status(decision.approval.map(sdk_approval))
            .set_approval_description(reason.filter(|reason| !reason.is_empty()))
            .set_model_life_cycle(cycle);
        for (name, value) in &decision.notes {
            update = update.customer_metadata_properties(name, note(value));
        }
        for name in &decision.forgotten {
            update = update.customer_metadata_properties_to_remove(name);
        }
        update.send().await.act("UpdateModelPackage", arn).map(drop)
    }
}

/// One line of at most `most` characters: the patterns of SageMaker's texts know no line ends.
fn line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// A note as SageMaker takes it: other signs become hyphens, and nothing at all becomes one.
fn note(text: &str) -> String {
    let legal =
        |c: char| if c.is_alphanumeric() || c == ' ' || NOTE_SIGNS.contains(c) { c } else { '-' };
    let note: String = line(text, LONGEST_NOTE).chars().map(legal).collect();
    if note.is_empty() { "-".to_owned() } else { note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notes_keep_what_may_stay_and_lose_what_may_not() {
        assert_eq!(
            note("AUC 0.86; reviewed, by Ada\n(radiology)"),
            "AUC 0.86- reviewed- by Ada -radiology-"
        );
        assert_eq!(
            note("2026-11-22T12:00:00Z / ada@example.org"),
            "2026-11-22T12:00:00Z / ada@example.org"
        );
        assert_eq!(note(" \n"), "-");
    }

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(
            line(" reviewed\n\twith  the clinic ", LONGEST_REASON),
            "reviewed with the clinic"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_written_has_the_length_that_sagemaker_takes(text in "\\PC{0,400}", more in ".{0,1200}") {
            let note = note(&text);
            prop_assert!((1..=LONGEST_NOTE).contains(&note.chars().count()));
            prop_assert!(note.chars().all(|c| c.is_alphanumeric() || c == ' ' || NOTE_SIGNS.contains(c)));
            prop_assert!(line(&more, LONGEST_REASON).chars().count() <= LONGEST_REASON);
        }
    }
}

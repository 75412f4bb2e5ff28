//! Versions as tests need them.

use super::APPROVED;
use crate::aws::{Approval, LifeCycle, ModelPackage, ModelPackageSummary};
use jiff::{SignedDuration, Timestamp};

/// A moment, some minutes after the first version of all was registered.
pub(super) fn at(minute: i32) -> Timestamp {
    let first: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    first + SignedDuration::from_mins(minute.into())
}

/// Version `version`, registered in that minute and never touched.
pub(super) fn pending(version: i32) -> ModelPackage {
    let group = "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo";
    ModelPackage {
        summary: ModelPackageSummary {
            arn: format!("{group}/{version}"),
            version,
            approval: Approval::Pending,
            completed: true,
            created: Some(at(version)),
            life_cycle: None,
        },
        approval_description: None,
        modified: None,
        modified_by: None,
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        repository: None,
        generated_by: None,
        evaluation: None,
        baseline_statistics: None,
        baseline_constraints: None,
        image: None,
        image_digest: None,
        model_data: Some(format!("s3://registry/model/{version}/model.tar.gz")),
        model_data_etag: Some(format!("etag-{version}")),
        notes: [].into(),
    }
}

/// The version, approved for `stage` in `minute`.
pub(super) fn approved(version: i32, stage: &str, minute: i32) -> ModelPackage {
    let mut package = pending(version);
    package.summary.approval = Approval::Approved;
    package.modified = Some(at(minute));
    package.summary.life_cycle =
        Some(LifeCycle { stage: stage.to_owned(), status: APPROVED.to_owned(), description: None });
    package
}

/// Gives the version another status where it stands.
pub(super) fn status(package: &mut ModelPackage, status: &str) {
    if let Some(cycle) = &mut package.summary.life_cycle {
        status.clone_into(&mut cycle.status);
    }
}

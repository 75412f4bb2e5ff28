//! The model registry: packages of a group and what they carry.

use super::{SageMaker, decision::LifeCycle};
use crate::aws::{
    CloudError, MOST_PAGES,
    error::{Act, Maybe},
    timestamp,
};
use aws_sdk_sagemaker::{
    operation::describe_model_package::DescribeModelPackageOutput,
    types::{ModelApprovalStatus, ModelPackageSortBy, ModelPackageStatus, SortOrder, UserContext},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, fmt};

/// What people have said about a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Nothing yet.
    Pending,
    /// It may be used.
    Approved,
    /// It may not.
    Rejected,
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        })
    }
}

/// A package as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModelPackageSummary {
    /// Its ARN.
    pub arn: String,
    /// Its number within the group.
    pub version: i32,
    /// What people have said.
    pub approval: Approval,
    /// SageMaker has finished making it.
    pub completed: bool,
    /// When it was registered.
    pub created: Option<Timestamp>,
    /// Where people have put it.
    pub life_cycle: Option<LifeCycle>,
}

/// A package in full.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModelPackage {
    /// What a listing shows of it.
    pub summary: ModelPackageSummary,
    /// Why it was approved or rejected.
    pub approval_description: Option<String>,
    /// When it was last changed, if it ever was: registering is no change.
    pub modified: Option<Timestamp>,
    /// Who changed it last, as AWS recorded it.
    pub modified_by: Option<String>,
    /// The commit its pipeline was rendered from.
    pub commit: Option<String>,
    /// The repository of that commit.
    pub repository: Option<String>,
    /// The execution that registered it.
    pub generated_by: Option<String>,
    /// Address of the evaluation it was registered with.
    pub evaluation: Option<String>,
    /// Address of the baseline statistics for drift checks.
    pub baseline_statistics: Option<String>,
    /// Address of the baseline constraints for drift checks.
    pub baseline_constraints: Option<String>,
    /// The container's image.
    pub image: Option<String>,
    /// The digest of that image when the version was registered, where the registry took one.
    pub image_digest: Option<String>,
    /// Address of the model artefact.
    pub model_data: Option<String>,
    /// The artefact's ETag when the version was registered, where the registry took one.
    pub model_data_etag: Option<String>,
    /// What the pipeline noted: data digest, imputer and the like.
    pub notes: BTreeMap<String, String>,
}

/// Packages asked for at once, the most SageMaker gives (ListModelPackages, `MaxResults`).
const PAGE: i32 = 100;

impl SageMaker {
    /// The packages of a group, given by name or ARN, newest first; none if there is no such group.
    ///
    /// # Errors
    /// If SageMaker refuses, or there is no end of pages.
    pub async fn packages(
        &self,
        group: &str,
        approval: Option<Approval>,
    ) -> Result<Vec<ModelPackageSummary>, CloudError> {
        let mut packages = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_model_packages()
                .model_package_group_name(group)
                .set_model_approval_status(approval.map(sdk_approval))
                .sort_by(ModelPackageSortBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .act("ListModelPackages", group)
                .maybe()?;
            let Some(page) = page else { return Ok(Vec::new()) };
            for package in page.model_package_summary_list.unwrap_or_default() {
                packages.push(ModelPackageSummary {
                    arn: package.model_package_arn.unwrap_or_default(),
                    version: package.model_package_version.unwrap_or_default(),
                    approval: plain_approval(package.model_approval_status.as_ref()),
                    completed: package.model_package_status == Some(ModelPackageStatus::Completed),
                    created: timestamp(package.creation_time.as_ref()),
                    life_cycle: package.model_life_cycle.map(LifeCycle::from),
                });
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(packages);
            }
        }
        Err(CloudError::endless("ListModelPackages", group))
    }

    /// One package in full, if there is one.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn package(&self, arn: &str) -> Result<Option<ModelPackage>, CloudError> {
        let found = self
            .client
            .describe_model_package()
            .model_package_name(arn)
            .send()
            .await
            .act("DescribeModelPackage", arn)
            .maybe()?;
        Ok(found.map(|found| full(arn, found)))
    }
}

pub(super) fn sdk_approval(approval: Approval) -> ModelApprovalStatus {
    match approval {
        Approval::Pending => ModelApprovalStatus::PendingManualApproval,
        Approval::Approved => ModelApprovalStatus::Approved,
        Approval::Rejected => ModelApprovalStatus::Rejected,
    }
}

/// What is not known to be said counts as not said.
fn plain_approval(status: Option<&ModelApprovalStatus>) -> Approval {
    match status {
        Some(ModelApprovalStatus::Approved) => Approval::Approved,
        Some(ModelApprovalStatus::Rejected) => Approval::Rejected,
        _ => Approval::Pending,
    }
}

/// The ARN of whoever it was, or the name of a SageMaker user profile.
fn identity(by: UserContext) -> Option<String> {
    by.iam_identity.and_then(|identity| identity.arn).or(by.user_profile_name)
}

fn full(arn: &str, found: DescribeModelPackageOutput) -> ModelPackage {
    let origin = found.metadata_properties;
    let container = found
        .inference_specification
        .and_then(|specification| specification.containers)
        .and_then(|containers| containers.into_iter().next());
    let baselines = found.drift_check_baselines.and_then(|baselines| baselines.model_data_quality);
    let (statistics, constraints) =
        baselines.map_or((None, None), |b| (b.statistics, b.constraints));
    ModelPackage {
        summary: ModelPackageSummary {
            arn: found.model_package_arn.unwrap_or_else(|| arn.to_owned()),
            version: found.model_package_version.unwrap_or_default(),
            approval: plain_approval(found.model_approval_status.as_ref()),
            completed: found.model_package_status == Some(ModelPackageStatus::Completed),
            created: timestamp(found.creation_time.as_ref()),
            life_cycle: found.model_life_cycle.map(LifeCycle::from),
        },
        approval_description: found.approval_description,
        modified: timestamp(found.last_modified_time.as_ref()),
        modified_by: found.last_modified_by.and_then(identity),
        commit: origin.as_ref().and_then(|origin| origin.commit_id.clone()),
        repository: origin.as_ref().and_then(|origin| origin.repository.clone()),
        generated_by: origin.and_then(|origin| origin.generated_by),
        evaluation: found
            .model_metrics
            .and_then(|metrics| metrics.model_quality)
            .and_then(|quality| quality.statistics)
            .and_then(|statistics| statistics.s3_uri),
        baseline_statistics: statistics.and_then(|source| source.s3_uri),
        baseline_constraints: constraints.and_then(|source| source.s3_uri),
        image: container.as_ref().and_then(|container| container.image.clone()),
        image_digest: container.as_ref().and_then(|container| container.image_digest.clone()),
        model_data: container.as_ref().and_then(|container| container.model_data_url.clone()),
        model_data_etag: container
            .and_then(|container| container.model_data_e_tag)
            .map(|etag| etag.trim_matches('"').to_owned()),
        notes: found.customer_metadata_properties.unwrap_or_default().into_iter().collect(),
    }
}

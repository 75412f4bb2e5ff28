//! Reading the versions of a group.

use super::{in_use, is_approved_for};
use crate::{
    aws::{Approval, CloudError, ModelPackage, ModelPackageSummary, SageMaker},
    ids::EnvName,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// Versions that are described: each costs one call. The newest ones, and whichever stands in an environment.
const MOST_DESCRIBED: usize = 100;
/// Descriptions asked for at once.
const AT_ONCE: usize = 8;

/// The versions of a group, newest first: the newest hundred, and every older one that stands in an environment.
///
/// # Errors
/// If SageMaker refuses.
pub async fn versions(sagemaker: &SageMaker, group: &str) -> Result<Vec<ModelPackage>, CloudError> {
    let listed = sagemaker.packages(group, None).await?.into_iter().enumerate();
    let wanted = listed
        .filter(|(index, version)| *index < MOST_DESCRIBED || version.life_cycle.is_some())
        .map(|(_, version)| version);
    described(sagemaker, wanted.collect()).await
}

/// The version that `environment` uses, by as few calls as that takes.
///
/// # Errors
/// If SageMaker refuses.
pub async fn version_in_use(
    sagemaker: &SageMaker,
    group: &str,
    environment: &EnvName,
) -> Result<Option<ModelPackage>, CloudError> {
    let mut approved = sagemaker.packages(group, Some(Approval::Approved)).await?;
    approved.retain(|version| is_approved_for(version, environment));
    // the list does not say when a version was changed
    let candidates = described(sagemaker, approved).await?;
    Ok(in_use(&candidates, environment).cloned())
}

/// Each in full and in order; one that was removed meanwhile is left out.
async fn described(
    sagemaker: &SageMaker,
    versions: Vec<ModelPackageSummary>,
) -> Result<Vec<ModelPackage>, CloudError> {
    let asked = versions.into_iter().map(|version| {
        let sagemaker = sagemaker.clone();
        async move { sagemaker.package(&version.arn).await }
    });
    let found: Vec<Option<ModelPackage>> =
        stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

//! A glance at what is there: the group of models, and executions under way.

use super::{ExecutionStatus, SageMaker, executions::execution_status, groups::absent};
use crate::aws::{
    CloudError,
    error::{Act, Maybe},
};

/// Newest executions that are looked at, one page (ListPipelineExecutions, `MaxResults`). Older ones are over: an
/// execution lasts 28 days at most.
const NEWEST: i32 = 100;

impl SageMaker {
    /// Is there a group of this ARN that the session may look into? Only its own account may read a group's policy, by
    /// name (GetModelPackageGroupPolicy takes no ARN), so what the policy does is asked instead.
    ///
    /// # Errors
    /// If SageMaker refuses, for instance because the group's policy does not let the account in.
    pub async fn has_group(&self, group: &str) -> Result<bool, CloudError> {
        let request = self.client.describe_model_package_group().model_package_group_name(group);
        let found = request.send().await.act("DescribeModelPackageGroup", group).maybe()?;
        Ok(found.is_some())
    }

    /// Ids of a pipeline's executions that are under way; nothing if there is no such pipeline.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn going_on(&self, pipeline: &str) -> Result<Option<Vec<String>>, CloudError> {
        let request = self.client.list_pipeline_executions().pipeline_name(pipeline);
        let page = request.max_results(NEWEST).send().await;
        let Some(page) = absent(page.act("ListPipelineExecutions", pipeline))? else {
            return Ok(None);
        };
        let all = page.pipeline_execution_summaries.unwrap_or_default().into_iter();
        let open = all.filter(|one| {
            execution_status(one.pipeline_execution_status.as_ref())
                .is_some_and(|status: ExecutionStatus| !status.is_over())
        });
        let id = |arn: String| arn.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Some(open.filter_map(|one| one.pipeline_execution_arn.map(id)).collect()))
    }
}

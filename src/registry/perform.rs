//! Writing what was decided.

use super::Update;
use crate::aws::{CloudError, SageMaker};

/// Writes the updates in their order, with an approver's session. Each may be written twice; where one fails, those
/// before it stand, and the same decision asked for again does the rest.
///
/// # Errors
/// If SageMaker refuses one.
pub async fn perform(approver: &SageMaker, updates: &[Update]) -> Result<(), CloudError> {
    for update in updates {
        approver.decide(&update.arn, &update.decision).await?;
    }
    Ok(())
}

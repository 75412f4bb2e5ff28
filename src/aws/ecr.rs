//! Registries of container images: whether an image is there.

use super::{
    CloudError,
    error::{Act, Maybe},
};
use crate::{ids::EcrImage, preflight::ImageState};
use aws_sdk_ecr::types::ImageIdentifier;
use aws_types::SdkConfig;

/// ECR as one session sees it, in its own region.
#[derive(Debug, Clone)]
pub struct Ecr {
    client: aws_sdk_ecr::Client,
}

impl Ecr {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_ecr::Client::new(config) }
    }

    /// Whether an image of this region is there. This is what a pull begins with, which AWS's own registries allow to
    /// every account; listing what is there they allow to nobody.
    ///
    /// # Errors
    /// If ECR refuses, or says nothing of the image.
    pub async fn image(&self, image: &EcrImage) -> Result<ImageState, CloudError> {
        const OPERATION: &str = "BatchGetImage";
        let resource = image.repository_arn();
        let id = ImageIdentifier::builder()
            .set_image_tag(image.tag().map(str::to_owned))
            .set_image_digest(image.digest())
            .build();
        let request = self.client.batch_get_image().registry_id(image.account().as_str());
        let answer = request.repository_name(image.repository()).image_ids(id).send().await;
        let Some(answer) = answer.act(OPERATION, &resource).maybe()? else {
            return Ok(ImageState::NoRepository);
        };
        if let Some(failure) = answer.failures.unwrap_or_default().into_iter().next() {
            let code = failure.failure_code.map(|code| code.as_str().to_owned());
            let reason = failure.failure_reason.unwrap_or_default();
            return Ok(ImageState::Failure { code: code.unwrap_or_default(), reason });
        }
        match answer.images.unwrap_or_default().is_empty() {
            false => Ok(ImageState::There),
            true => {
                Err(CloudError::broken_answer(OPERATION, resource, "neither image nor failure"))
            }
        }
    }
}

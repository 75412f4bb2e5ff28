//! ECR: looking for an image. There are AWS's own for SageMaker, which every account may pull; nobody pushes here.

use super::{Call, ServiceError};
use crate::{definition::first_party_images, ids::EcrImage};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[&str] = &["BatchGetImage"];

/// Most images of one call.
const MOST_IMAGES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageId {
    image_tag: Option<String>,
    image_digest: Option<String>,
}

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "BatchGetImage" => get(call),
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// The repository that the call is about, in the caller's own registry unless another is named.
pub(super) fn resource(call: &Call<'_>) -> String {
    let registry = call.text("registryId").unwrap_or(call.place.account.as_str());
    let (region, repository) = (&call.place.region, call.text("repositoryName").unwrap_or("*"));
    format!("arn:{}:ecr:{region}:{registry}:repository/{repository}", region.partition().name)
}

fn get(call: &Call<'_>) -> Result<Value, ServiceError> {
    let Input { registry_id, repository_name, image_ids } = call.input()?;
    let registry = registry_id.as_deref().unwrap_or(call.place.account.as_str());
    if !(1..=MOST_IMAGES).contains(&image_ids.len()) {
        let message = format!("imageIds: from 1 to {MOST_IMAGES} images");
        return Err(ServiceError::refused("InvalidParameterException", message));
    }
    let known = first_party_images(&call.place.region).map_err(ServiceError::internal)?;
    let here = |image: &&EcrImage| {
        image.account().as_str() == registry && image.repository() == repository_name
    };
    let here: Vec<&EcrImage> = known.iter().filter(here).collect();
    if here.is_empty() {
        return Err(ServiceError::refused(
            "RepositoryNotFoundException",
            format!(
                "The repository with name '{repository_name}' does not exist in the registry with id '{registry}'"
            ),
        ));
    }
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &image_ids {
        let image_id = id.json();
        match id.failure(&here) {
            None => images.push(json!({
                "registryId": registry, "repositoryName": repository_name, "imageId": image_id,
            })),
            Some((code, reason)) => failures.push(json!({
                "imageId": image_id, "failureCode": code, "failureReason": reason,
            })),
        }
    }
    Ok(json!({ "images": images, "failures": failures }))
}

impl ImageId {
    /// The id as it was asked for: what is not there is left out.
    fn json(&self) -> Value {
        let fields = [("imageTag", &self.image_tag), ("imageDigest", &self.image_digest)];
        let fields = fields.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        Value::Object(fields.map(|(key, value)| (key.to_owned(), json!(value))).collect())
    }

    /// Why it is not among the images of the repository. No image has a digest here, for none has content.
    fn failure(&self, here: &[&EcrImage]) -> Option<(&'static str, &'static str)> {
        let tagged = |tag: &str| here.iter().any(|image| image.tag() == Some(tag));
        match (&self.image_tag, &self.image_digest) {
            (None, None) => Some(("MissingDigestAndTag", "Neither a tag nor a digest was given")),
            (Some(tag), None) if tagged(tag) => None,
            (_, _) => Some(("ImageNotFound", "Requested image not found")),
        }
    }
}

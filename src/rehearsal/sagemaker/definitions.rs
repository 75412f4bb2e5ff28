//! Definitions as they are kept: by their digest, so that an execution keeps the very text it began with.

use super::{
    super::{Call, Item, ServiceError},
    check::{required, validation},
    graph::Graph,
    parameters,
};
use crate::{definition::Definition, ids::Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The text of a definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    text: String,
}

impl Item for Kept {
    const KIND: &'static str = "pipeline definition";
}

/// The definition a request brings, in itself or in S3; checked and kept. `None` if it brings none.
pub(super) async fn take(call: &mut Call<'_>) -> Result<Option<Digest>, ServiceError> {
    let location = call.body.get("PipelineDefinitionS3Location").filter(|place| !place.is_null());
    let text = match (call.text("PipelineDefinition"), location.cloned()) {
        (Some(_), Some(_)) => {
            return Err(validation(
                "Only one of PipelineDefinition and PipelineDefinitionS3Location can be given.",
            ));
        }
        (Some(text), None) => text.to_owned(),
        (None, Some(location)) => fetch(call, &location).await?,
        (None, None) => return Ok(None),
    };
    parse(&text)?;
    let digest = Digest::of(&text);
    call.shelf.put(&call.place, digest.as_str(), &Kept { text }).await?;
    Ok(Some(digest))
}

/// A definition that can be executed.
fn parse(text: &str) -> Result<Definition, ServiceError> {
    let refuse = |flaw: &dyn std::fmt::Display| {
        validation(format!("Unable to parse pipeline definition. {flaw}"))
    };
    let definition = Definition::parse(text).map_err(|flaw| refuse(&flaw))?;
    parameters::check(&definition).map_err(|flaw| refuse(&flaw))?;
    Graph::of(&definition).map_err(|flaw| refuse(&flaw))?;
    Ok(definition)
}

async fn fetch(call: &mut Call<'_>, location: &Value) -> Result<String, ServiceError> {
    let field = |name| location.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (bucket, key) = (field("Bucket"), field("ObjectKey"));
    call.authorize("s3:GetObject", &call.place.bucket_arn(&bucket, Some(&key)))?;
    let readable = call
        .landscape
        .bucket(&bucket)
        .is_some_and(|found| found.accounts.contains(&call.place.account));
    let object = if readable { call.shelf.object(&bucket, &key).await? } else { None };
    let object = object.ok_or_else(|| {
        validation(format!("Unable to read the definition at s3://{bucket}/{key}."))
    })?;
    String::from_utf8(object.content.to_vec())
        .map_err(|_| validation(format!("The definition at s3://{bucket}/{key} is not UTF-8.")))
}

/// The text of a kept definition.
pub(super) async fn text(call: &mut Call<'_>, digest: &Digest) -> Result<String, ServiceError> {
    let kept: Option<Kept> = call.shelf.get(&call.place, digest.as_str()).await?;
    kept.map(|kept| kept.text)
        .ok_or_else(|| ServiceError::internal(format!("definition {digest} is not kept")))
}

/// A kept definition.
pub(super) async fn kept(call: &mut Call<'_>, digest: &Digest) -> Result<Definition, ServiceError> {
    parse(&text(call, digest).await?)
}

/// The definition a request must bring.
pub(super) async fn take_required(call: &mut Call<'_>) -> Result<Digest, ServiceError> {
    match take(call).await? {
        Some(digest) => Ok(digest),
        None => required(call, "PipelineDefinition").map(Digest::of),
    }
}

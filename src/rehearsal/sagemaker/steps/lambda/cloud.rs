//! The cloud as a function that runs in a step sees it.

use super::super::super::{
    super::{Call, Cloud, Principal, Question, RoleSession, ServiceError, s3, time},
    groups, packages, resource,
};
use crate::ids::Arn;
use futures_util::future::{BoxFuture, FutureExt as _};
use http::StatusCode;
use serde_json::{Value, json};

/// What functions may ask here: what finding a model takes.
const KNOWN: [&str; 5] = [
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListModelPackages",
    "s3:HeadObject",
];

/// Answers a function in the transaction of the step, as its role may ask.
pub(super) struct AsRole<'r, 'c> {
    call: &'r mut Call<'c>,
    session: RoleSession,
}

impl<'r, 'c> AsRole<'r, 'c> {
    /// In a session of the function's name, as Lambda makes it.
    pub(super) fn new(call: &'r mut Call<'c>, role: &Arn, function: &str) -> Self {
        let session = RoleSession {
            role: role.clone(),
            name: function.to_owned(),
            token: String::new(),
            expires: call.now,
            policy: None,
            source_identity: None,
            tags: Default::default(),
            transitive: Default::default(),
        };
        Self { call, session }
    }
}

impl Cloud for AsRole<'_, '_> {
    fn ask(&mut self, question: Question) -> BoxFuture<'_, Result<Value, ServiceError>> {
        let Question { service, operation, region, input } = question;
        let mut place = self.call.place.clone();
        if let Some(region) = region {
            place.region = region;
        }
        let principal = Principal::Session(Box::new(self.session.clone()));
        let mut asked = self.call.sub_call(place, principal, (&operation, input));
        async move { answer(&mut asked, &service).await }.boxed()
    }
}

async fn answer(call: &mut Call<'_>, service: &str) -> Result<Value, ServiceError> {
    if service == "s3" && call.operation == "HeadObject" {
        return head_object(call).await;
    }
    let action = format!("{service}:{}", call.operation);
    if !KNOWN.contains(&action.as_str()) {
        call.operation = action;
        return Err(call.unknown_operation(&KNOWN));
    }
    call.authorize(&action, &resource(call))?;
    match call.operation.as_str() {
        "DescribeModelPackage" => packages::describe(call).await,
        "DescribeModelPackageGroup" => groups::describe(call).await,
        "ListModelPackageGroups" => groups::list(call).await,
        _ => packages::list(call).await,
    }
}

/// HeadObject. An answer to HEAD has no body, so that of a refusal only the status is known.
async fn head_object(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let [bucket, key] =
        ["Bucket", "Key"].map(|field| call.text(field).unwrap_or_default().to_owned());
    let object = s3::head(call, &bucket, &key).await.map_err(|error| match error.status {
        StatusCode::NOT_FOUND => ServiceError::with_status(error.status, "404", "Not Found"),
        status if status.is_server_error() => error,
        _ => ServiceError::with_status(StatusCode::FORBIDDEN, "403", "Forbidden"),
    })?;
    let mut head = json!({
        "ETag": object.etag,
        "ContentLength": object.size,
        "LastModified": time::epoch_seconds(object.modified),
        "ContentType": object.content_type.as_deref().unwrap_or("binary/octet-stream"),
        "Metadata": object.metadata,
        "ServerSideEncryption": if object.kms_key.is_some() { "aws:kms" } else { "AES256" },
    });
    if let Some(key) = object.kms_key {
        head["SSEKMSKeyId"] = json!(key);
    }
    Ok(head)
}

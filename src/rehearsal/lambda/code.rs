//! Code: a zip file, given whole or as an object in S3.

use super::{Zip, invalid};
use crate::rehearsal::{Blob, Call, Place, ServiceError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::Cursor;

/// Largest zip file given in the call (Lambda quotas).
const LARGEST_ZIP: usize = 50 * 1024 * 1024;

/// A zip file and its digest, as Lambda writes it.
pub(super) struct Code {
    pub(super) sha256: String,
    pub(super) zip: Bytes,
}

/// Where zip files are kept, under their digests.
pub(super) fn space(place: &Place) -> String {
    format!("lambda:{}:{}", place.account, place.region)
}

/// The code that `fields` of the call give.
pub(super) async fn read(call: &mut Call<'_>, fields: &Value) -> Result<Code, ServiceError> {
    let zip =
        match (fields["ZipFile"].as_str(), fields["S3Bucket"].as_str(), fields["S3Key"].as_str()) {
            (Some(base64), None, None) => STANDARD
                .decode(base64)
                .map_err(|error| {
                    ServiceError::refused("SerializationException", error.to_string())
                })?
                .into(),
            (None, Some(bucket), Some(key)) => object(call, bucket, key).await?,
            _ => return Err(invalid("please provide a source for function code")),
        };
    if zip.len() > LARGEST_ZIP {
        return Err(ServiceError::with_status(
            http::StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!("the zip file has {} bytes, allowed are {LARGEST_ZIP}", zip.len()),
        ));
    }
    let files = zip::ZipArchive::new(Cursor::new(&zip)).map_or(0, |archive| archive.len());
    if files == 0 {
        return Err(invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ));
    }
    Ok(Code { sha256: STANDARD.encode(Sha256::digest(&zip)), zip })
}

/// Keeps the code.
pub(super) async fn keep(call: &mut Call<'_>, code: &Code) -> Result<(), ServiceError> {
    let blob = Blob { head: Zip, content: code.zip.clone() };
    Ok(call.shelf.put_blob(&space(&call.place), &code.sha256, &blob).await?)
}

async fn object(call: &mut Call<'_>, bucket: &str, key: &str) -> Result<Bytes, ServiceError> {
    call.authorize("s3:GetObject", &call.place.bucket_arn(bucket, Some(key)))?;
    let open =
        call.landscape.bucket(bucket).is_some_and(|it| it.accounts.contains(&call.place.account));
    let object = if open { call.shelf.object(bucket, key).await? } else { None };
    object.map(|object| object.content).ok_or_else(|| {
        invalid(format!(
            "error occurred while GetObject of s3://{bucket}/{key}. S3 Error Code: NoSuchKey"
        ))
    })
}

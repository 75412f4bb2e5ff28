//! A request as it came: read whole, its credential scope taken apart.

use super::Wire;
use crate::{ids::Region, rehearsal::ServiceError};
use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

/// Longest body in bytes. Lambda takes zip files of 50 MB, which base64 makes 67 MB; nothing else we
/// rehearse is longer.
const LONGEST_BODY: usize = 72 * 1024 * 1024;

/// A request.
#[derive(Debug)]
pub(in crate::rehearsal) struct Incoming {
    pub(in crate::rehearsal) method: Method,
    /// Path as sent, percent-encoded.
    pub(in crate::rehearsal) path: String,
    /// Query, decoded, in order.
    pub(in crate::rehearsal) query: Vec<(String, String)>,
    pub(in crate::rehearsal) headers: HeaderMap,
    pub(in crate::rehearsal) body: Bytes,
    /// Who signed, for where and what.
    pub(in crate::rehearsal) credential: Option<Credential>,
    /// Session token.
    pub(in crate::rehearsal) token: Option<String>,
}

/// The credential scope of Signature Version 4: `key/date/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rehearsal) struct Credential {
    pub(in crate::rehearsal) key: String,
    pub(in crate::rehearsal) region: Region,
    pub(in crate::rehearsal) service: String,
}

impl Incoming {
    /// Reads the whole request.
    pub(super) async fn read(request: Request) -> Result<Self, ServiceError> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|error| {
            ServiceError::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                format!(
                    "the request cannot be read, at most {LONGEST_BODY} bytes are taken: {error}"
                ),
            )
        })?;
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let mut incoming = Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query,
            headers: parts.headers,
            body: body.to_bytes(),
            credential: None,
            token: None,
        };
        if !incoming.headers.contains_key(header::HOST)
            && let Some(host) = parts.uri.host().and_then(|host| host.parse().ok())
        {
            incoming.headers.insert(header::HOST, host);
        }
        incoming.credential = incoming.scope().and_then(|scope| Credential::parse(&scope));
        incoming.token = incoming
            .header("x-amz-security-token")
            .or_else(|| incoming.parameter("X-Amz-Security-Token"))
            .map(str::to_owned);
        Ok(incoming)
    }

    /// A header as text.
    pub(in crate::rehearsal) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of this name.
    pub(in crate::rehearsal) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How to answer when the endpoint is not known.
    pub(super) fn likely_wire(&self) -> Wire {
        if self.headers.contains_key("x-amz-target") {
            Wire::Json
        } else if self.header("content-type").is_some_and(|kind| kind.contains("form-urlencoded")) {
            Wire::Query
        } else {
            Wire::RestXml
        }
    }

    /// From the header, or from the query of a presigned address.
    fn scope(&self) -> Option<String> {
        if let Some(scope) = self.parameter("X-Amz-Credential") {
            return Some(scope.to_owned());
        }
        let (_, rest) = self.header("authorization")?.split_once("Credential=")?;
        rest.split([',', ' ']).next().map(str::to_owned)
    }
}

impl Credential {
    fn parse(scope: &str) -> Option<Self> {
        let mut parts = scope.split('/');
        let key = parts.next()?.to_owned();
        let _date = parts.next()?;
        let region = parts.next()?.parse().ok()?;
        let service = parts.next()?.to_owned();
        (parts.next() == Some("aws4_request")).then_some(Self { key, region, service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_scope_names_key_region_and_service() {
        let parsed = Credential::parse("AKIA/20260101/us-east-1/sagemaker/aws4_request").unwrap();
        assert_eq!(parsed.key, "AKIA");
        assert_eq!(parsed.region.as_str(), "us-east-1");
        assert_eq!(parsed.service, "sagemaker");
        assert_eq!(Credential::parse("AKIA/20260101/us-east-1/sagemaker"), None);
    }
}

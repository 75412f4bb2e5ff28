//! What goes back over the wire.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// An HTTP response before it has its request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rehearsal) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer without a body.
    pub(in crate::rehearsal) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer with a body.
    pub(in crate::rehearsal) fn with_body(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut answer = Self { status, headers: HeaderMap::new(), body: body.into() };
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    #[must_use]
    pub(in crate::rehearsal) fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer to a HEAD request: the length stays, the body goes.
    #[must_use]
    pub(super) fn without_body(mut self) -> Self {
        if !self.headers.contains_key(header::CONTENT_LENGTH) {
            self.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        self.body = Bytes::new();
        self
    }

    pub(super) fn into_response(self, request_id: &str) -> Response {
        let marked =
            self.header("x-amzn-requestid", request_id).header("x-amz-request-id", request_id);
        let mut response = Response::new(Body::from(marked.body));
        *response.status_mut() = marked.status;
        *response.headers_mut() = marked.headers;
        response
    }
}

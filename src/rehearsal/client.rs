//! The rehearsal as the SDK's HTTP client: requests go straight into the router.

use super::{Rehearsal, wire};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Connector and client in one: there is no connection to keep.
#[derive(Debug, Clone)]
struct InProcess(axum::Router);

pub(super) fn in_process(rehearsal: &Rehearsal) -> SharedHttpClient {
    SharedHttpClient::new(InProcess(wire::router(rehearsal.clone())))
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(send(self.0.clone(), request))
    }
}

async fn send(router: axum::Router, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?
        .map(axum::body::Body::new);
    let Ok(response) = router.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let content =
        body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
    http::Response::from_parts(parts, SdkBody::from(content)).try_into().map_err(
        |error: aws_smithy_runtime_api::http::HttpError| ConnectorError::user(error.into()),
    )
}

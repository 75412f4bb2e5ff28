//! The connections of one process: opened when they are first needed, kept between calls, and shared by all services of
//! all sessions.
//!
//! By itself each of the SDK's clients opens connections of its own, which are gone with it, and reads all certificates
//! of the machine when it is made, even to talk to a port of this machine. Here that is done once, and only when an
//! address asks for it.

use aws_smithy_http_client::{
    Builder, Connector, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};

/// What an address of this machine begins with.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://localhost", "http://[::1]"];

/// Ways to send requests anywhere. Proxies are those that the process's environment names.
pub(super) fn connections() -> SharedHttpClient {
    SharedHttpClient::new(Connections {
        near: client(ConnectorBuilder::build_http),
        far: client(|builder| builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()),
    })
}

/// A client whose connections are made by `make`.
fn client(make: fn(ConnectorBuilder) -> Connector) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        make(builder)
    })
}

/// Both ways; each keeps one connector for each pair of time limits.
#[derive(Debug)]
struct Connections {
    /// To this machine, in the clear.
    near: SharedHttpClient,
    /// To wherever else, with the machine's certificates.
    far: SharedHttpClient,
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Way {
            near: self.near.http_connector(settings, components),
            far: self.far.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.far.connector_metadata()
    }
}

/// The way of one request.
#[derive(Debug)]
struct Way {
    near: SharedHttpConnector,
    far: SharedHttpClient,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if is_near(request.uri()) {
            self.near.call(request)
        } else {
            self.far.http_connector(&self.settings, &self.components).call(request)
        }
    }
}

/// Does the address lead to this machine, without TLS?
fn is_near(address: &str) -> bool {
    LOOPBACK.iter().any(|loopback| {
        address
            .strip_prefix(loopback)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_near() {
        for near in
            ["http://127.0.0.1:5000/", "http://localhost/x", "http://[::1]:1", "http://127.0.0.1"]
        {
            assert!(is_near(near), "{near}");
        }
        for far in [
            "https://127.0.0.1:5000/",
            "http://127.0.0.11/",
            "http://localhost.example.net/",
            "http://169.254.169.254/latest",
            "https://sts.us-east-1.amazonaws.com/",
        ] {
            assert!(!is_near(far), "{far}");
        }
    }
}

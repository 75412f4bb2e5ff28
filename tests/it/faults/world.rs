//! A rehearsal behind a proxy, and an agent that reaches it through that, or past it.

use super::proxy::Proxy;
use crate::{
    aws::world::{Example, prod, run},
    rehearsal::bench::Bench,
};
use relevo::{
    aws::{Access, Purpose, Session},
    deploy,
    plan::{Desired, Plan, plan, render},
    rehearsal::Rehearsal,
    spec::Environment,
};
use std::time::Duration;

pub(super) struct World {
    pub(super) bench: Bench,
    pub(super) proxy: Proxy,
    /// Prod, reached through the proxy.
    pub(super) prod: Environment,
    direct: Environment,
    pub(super) example: Example,
    pub(super) access: Access,
}

impl World {
    pub(super) async fn new() -> Self {
        let bench = Bench::new().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let rehearsal = bench.rehearsal.clone();
        tokio::spawn(async move { rehearsal.serve(listener, std::future::pending()).await });
        let proxy = Proxy::before(port).await;
        let keys = Rehearsal::base_credentials();
        let client = aws_smithy_http_client::Builder::new().build_http();
        let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key)
            .with_time(bench.clock())
            .with_waits(Duration::ZERO, Duration::ZERO);
        let example = Example::read();
        let (prod, direct) = (reached(proxy.port), reached(port));
        Self { bench, proxy, prod, direct, example, access }
    }

    /// A session through the proxy.
    pub(super) async fn session(&self, purpose: Purpose) -> Session {
        self.access.assume(&self.prod, &run(), purpose).await.unwrap()
    }

    /// A session past the proxy.
    pub(super) async fn past(&self, purpose: Purpose) -> Session {
        self.access.assume(&self.direct, &run(), purpose).await.unwrap()
    }

    /// What there is to do, seen past the proxy.
    pub(super) async fn planned(&self) -> (Desired, Plan) {
        let session = self.past(Purpose::Read).await;
        let blueprint = self.example.blueprint(&self.direct);
        let survey = Box::pin(deploy::survey(&session, &blueprint)).await;
        let (desired, observed) = survey.unwrap();
        let plan = plan(&desired, &observed);
        (desired, plan)
    }

    /// Nothing is left to do, and nothing was done twice.
    pub(super) async fn is_as_planned(&self) {
        let (desired, plan) = self.planned().await;
        assert!(plan.is_empty(), "{}", render::human(&plan, self.bench.now()));
        let session = self.past(Purpose::Read).await;
        let function = session.lambda().function(&desired.function.name).await.unwrap();
        assert_eq!(function.versions.len(), 1);
        let topic = session.sns().topic(&desired.topic.arn).await.unwrap().unwrap();
        assert_eq!(topic.subscriptions.len(), 1);
    }
}

fn reached(port: u16) -> Environment {
    let endpoint = format!("http://127.0.0.1:{port}").parse().unwrap();
    Environment { endpoint_url: Some(endpoint), ..prod() }
}

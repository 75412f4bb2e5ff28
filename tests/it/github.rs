//! The agent and GitHub: a server on this machine stands in for it, remembers every request and fails as it is told.

mod alerts;
mod answering;
mod ears;
mod fake;
mod identity;
mod hearing;
mod openapi;
mod proposals;
mod proposed_changes;
mod reading;
mod serving;
mod telling;

use fake::Fault;
pub(crate) use fake::{Fake, Memory};
use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
pub(crate) use openapi::Description;
use relevo::{
    clock::{Clock, SimulatedClock},
    github::{ANSWER_WITHIN, Address, Client, Credentials},
    ids::{GitHubName, Sha},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use url::Url;

pub(crate) const TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
const APP: u64 = 4711;
/// Made with `openssl genrsa 2048` for these tests and used nowhere else.
pub(crate) const KEY: &str = include_str!("github/app.pem");

/// A clock on which whoever sleeps wakes at once, later. Waits for an answer end only when the server is silent.
#[derive(Debug, Clone)]
pub(crate) struct Jumping {
    clock: SimulatedClock,
    silent: Arc<Notify>,
}

impl Jumping {
    fn new() -> Self {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        Self { clock, silent: Arc::default() }
    }
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (clock, silent) = (self.clock.clone(), Arc::clone(&self.silent));
        async move {
            if duration == ANSWER_WITHIN {
                silent.notified().await;
            }
            clock.advance(duration);
        }
        .boxed()
    }
}

fn repository() -> GitHubName {
    "octo/model".parse().unwrap()
}

fn commit(digit: char) -> Sha {
    digit.to_string().repeat(40).parse().unwrap()
}

fn token() -> Credentials {
    Credentials::Token(TOKEN.to_owned())
}

fn app() -> Credentials {
    Credentials::app(APP, KEY.as_bytes()).unwrap()
}

fn client(fake: &Fake, credentials: Credentials) -> Client {
    let address = Address::of(&Url::parse(&fake.address()).unwrap()).unwrap();
    Client::new(&address, credentials, Arc::new(fake.clock.clone())).unwrap()
}

//! Credentials for a command that asks for them, without any of them in its environment.
//!
//! The AWS CLI and the SDKs know this way from containers: an address (`AWS_CONTAINER_CREDENTIALS_FULL_URI`) and a file
//! with the word that opens it (`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`). They ask again shortly before a set of keys
//! ends, so a command outlives the hour that keys of a chained role have. The endpoint is on loopback, on a port and with
//! a token that nobody has had before; it answers while the command runs and never again, and what it gives may do what
//! the stage's `credentials` say and no more. Token and keys are masked in the log.

mod desk;
mod token;

use super::context::agent_error;
use super::{Engine, Loan, StageContext};
use crate::flow::Failure;
use crate::spec::{FailureClass, Lent};
use desk::Desk;
use futures_util::future::BoxFuture;
use std::{collections::BTreeMap, future::pending, io, path::Path, sync::Arc};
use token::{Token, TokenFile};
use tokio::net::TcpListener;

/// Where the endpoint listens: only this machine reaches it, and a port that is free is found by the system.
const LOOPBACK: &str = "127.0.0.1:0";

/// An open endpoint; dropping it closes it for good.
pub(super) struct Lending {
    serving: BoxFuture<'static, io::Result<()>>,
    door: Option<BoxFuture<'static, io::Result<()>>>,
    variables: BTreeMap<String, String>,
    desk: Arc<Desk>,
    _file: TokenFile,
}

impl Lending {
    /// Opens the endpoint for one attempt of a stage; the token is kept in `folder`.
    ///
    /// # Errors
    /// If the role cannot be taken, or the agent cannot listen.
    pub(super) async fn open(
        engine: &Engine,
        context: &StageContext,
        (lent, folder): (Lent, &Path),
    ) -> Result<Self, Failure> {
        let loan = engine.perform.lend(lent, context).await?;
        let opened = Self::serving(context, loan, folder).await;
        opened.map_err(|error| agent_error("cannot lend credentials", &error))
    }

    async fn serving(context: &StageContext, loan: Loan, folder: &Path) -> io::Result<Self> {
        let Loan { session, mut variables, door } = loan;
        let token = Token::random()?;
        let masker = context.log.masker();
        masker.learn(token.text());
        let file = TokenFile::write(folder, context.stage.name.as_str(), &token)?;
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = format!("http://{}{}", listener.local_addr()?, desk::PATH);
        variables.extend([
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), address),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".to_owned(),
                file.path().display().to_string(),
            ),
        ]);
        let clock = Arc::clone(&context.clock);
        let desk = Arc::new(Desk::new(token, session, clock, masker.clone()));
        let router = desk::router(Arc::clone(&desk));
        let serving = Box::pin(async move { axum::serve(listener, router).await });
        Ok(Self { serving, door, variables, desk, _file: file })
    }

    /// What tells SDKs where to ask.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    /// Answers requests; ends only if it can no longer.
    pub(super) async fn serve(&mut self) -> Failure {
        let door = async {
            match &mut self.door {
                Some(door) => door.await,
                None => pending().await,
            }
        };
        let ended = tokio::select! {
            ended = &mut self.serving => ended,
            ended = door => ended,
        };
        match ended {
            Err(error) => agent_error("cannot go on lending credentials", &error),
            Ok(()) => Failure::new(FailureClass::AgentError, "the credentials' endpoint has ended"),
        }
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        // Connections are served by tasks of their own, which may outlive this.
        self.desk.close();
    }
}

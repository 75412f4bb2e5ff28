//! An agent elsewhere: asked with a token, its refusals told as ours are.

use super::{ServerArgs, variable};
use crate::{
    cli::failure::{CliError, Exit},
    clock::{Clock, SystemClock},
    remote::{Client, EventStream, Plain, RemoteError, Target},
    web::{
        api::BASE,
        auth::Secret,
        errors::{Kind, Problem},
    },
};
use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// An agent elsewhere.
pub(super) struct Server {
    client: Client,
    token: Secret,
    pub(super) clock: Arc<dyn Clock>,
}

impl Server {
    /// The agent at `address`.
    pub(super) fn of(address: &str, args: &ServerArgs) -> Result<Self, CliError> {
        let plain = if args.insecure_http { Plain::ToAnybody } else { Plain::ToThisMachine };
        let target = Target::parse(address, plain).map_err(refused)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let client = Client::new(target, clock.clone()).map_err(refused)?;
        Ok(Self { client, token: token(args)?, clock })
    }

    /// Asks for something below the API's address. `path` is already escaped.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        let request = self.request(Method::GET, path).body(Bytes::new());
        self.answer(request.context("make the request")?).await
    }

    /// Orders something; `key` makes it happen once, should this be sent twice.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
    ) -> Result<T, CliError> {
        let body = serde_json::to_vec(body).context("write the request")?;
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Bytes::from(body));
        self.answer(request.context("make the request")?).await
    }

    /// Follows something, from behind `last` on.
    pub(super) async fn follow(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> Result<EventStream, CliError> {
        let mut request = self.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Bytes::new()).context("make the request")?;
        let (head, body) = self.client.open(request).await.map_err(refused)?.into_parts();
        if head.status == StatusCode::OK {
            return Ok(EventStream::of(body));
        }
        let said = body_of(body).await;
        Err(problem(head.status, &said))
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let address = self.client.target().at(&format!("{BASE}{path}"));
        let token = format!("Bearer {}", self.token.reveal());
        let mut token = header::HeaderValue::try_from(token);
        if let Ok(token) = &mut token {
            token.set_sensitive(true);
        }
        let request = Request::builder().method(method).uri(address);
        match token {
            Ok(token) => request.header(header::AUTHORIZATION, token),
            // A token is printable; what is none gets the server's refusal.
            Err(_) => request,
        }
    }

    async fn answer<T: DeserializeOwned>(&self, request: Request<Bytes>) -> Result<T, CliError> {
        let answer = self.client.ask(request).await.map_err(refused)?;
        if !answer.status().is_success() {
            return Err(problem(answer.status(), answer.body()));
        }
        let target = self.client.target();
        let read = serde_json::from_slice(answer.body());
        Ok(read.with_context(|| {
            format!("understand the answer of {target}; is it of another version?")
        })?)
    }
}

/// A part of a path, escaped.
pub(super) fn escaped(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A name for a request that nobody else uses.
pub(super) fn new_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn token(args: &ServerArgs) -> Result<Secret, CliError> {
    let hint =
        "AGENT_TOKEN, or --token-file FILE; `agent token new` makes one where the agent runs";
    let text = match &args.token_file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            text.with_context(|| format!("read the token in {}", file.display()))?
        }
        None => variable("AGENT_TOKEN")
            .ok_or_else(|| CliError::usage("--server needs a token").hint(hint))?,
    };
    Secret::read(&text).ok_or_else(|| CliError::usage("what was given is no token").hint(hint))
}

async fn body_of(body: impl http_body_util::BodyExt<Data = Bytes>) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

/// A refusal, told as one of this machine's.
fn problem(status: StatusCode, said: &[u8]) -> CliError {
    let Ok(problem) = serde_json::from_slice::<Problem>(said) else {
        let error = anyhow::anyhow!("the server answered {status}, and not as an agent would");
        return CliError::from(error).hint("is this the address of an agent?");
    };
    let exit = match problem.kind {
        Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::Invalid
        | Kind::TooLarge
        | Kind::UnsupportedType
        | Kind::Conflict
        | Kind::KeyReused => Exit::Usage,
        Kind::TooMany | Kind::Unavailable | Kind::Internal => Exit::Failed,
    };
    let hint = problem.hint.clone();
    CliError::Plain { exit, error: anyhow::Error::new(problem), hint }
}

fn refused(error: RemoteError) -> CliError {
    match &error {
        RemoteError::Address(_) | RemoteError::Credentials => CliError::usage(error),
        RemoteError::Plaintext(_) => {
            CliError::usage(error).hint("use https, or say that it is fine: --insecure-http")
        }
        RemoteError::Roots(_)
        | RemoteError::Request(_)
        | RemoteError::Unreachable { .. }
        | RemoteError::Late { .. }
        | RemoteError::TooLarge(_) => anyhow::Error::new(error).into(),
    }
}

//! The gate in front of every route.

use super::denials::Denials;
use super::{Attempts, Need, Right, Role, Secret, TokenFile, need};
use crate::{
    audit::Act,
    clock::Clock,
    dispatch::{Person, Via},
    store::Store,
    web::{
        Peer,
        errors::{Kind, Problem},
    },
};
use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a proxy adds to what it passes on: such a request is not from this machine, whoever hands it over.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Who may read the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scrape {
    /// Whoever asks from this machine, and tokens from elsewhere.
    #[default]
    FromHere,
    /// Tokens only.
    WithToken,
}

/// Who asks, as the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name.
    pub name: String,
    /// What the token is for.
    pub roles: BTreeSet<Role>,
}

/// Lets callers through, or not.
#[derive(Debug)]
pub struct Gate {
    /// The tokens there are.
    pub tokens: TokenFile,
    /// Who may read the metrics.
    pub scrape: Scrape,
    /// Time.
    pub clock: Arc<dyn Clock>,
    attempts: Attempts,
    denials: Denials,
    store: Store,
    refused: AtomicU64,
}

impl Caller {
    /// As the desk knows it.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { name: self.name.clone(), via: Via::Api }
    }

    /// How the audit log names it.
    #[must_use]
    pub fn who(&self) -> String {
        self.person().to_string()
    }

    fn has(&self, right: Right) -> bool {
        self.roles.iter().any(|role| role.grants(right))
    }
}

impl Gate {
    /// A gate for these tokens; what it refuses to known callers it notes in the audit log of `store`, the same once a
    /// minute.
    #[must_use]
    pub fn new(tokens: TokenFile, scrape: Scrape, store: Store, clock: Arc<dyn Clock>) -> Self {
        let attempts = Attempts::new(clock.clone());
        let denials = Denials::new(clock.clone());
        Self { tokens, scrape, clock, attempts, denials, store, refused: AtomicU64::new(0) }
    }

    /// How many requests it has turned away.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    async fn decide(&self, request: Asked<'_>) -> Result<Option<Caller>, Problem> {
        let known = request.route.and_then(|route| need(request.method.as_str(), route));
        // Nothing tells a path that is not there from one whose method is another.
        let right = match known.ok_or_else(Problem::no_such_path)? {
            Need::Nothing => return Ok(None),
            Need::Scrape if self.scrape == Scrape::FromHere && request.is_local() => {
                return Ok(None);
            }
            Need::Scrape => Right::Read,
            Need::Right(right) => right,
        };
        let caller = self.caller(request)?;
        if caller.has(right) {
            return Ok(Some(caller));
        }
        let route = format!("{} {}", request.method, request.route.unwrap_or_default());
        if right != Right::Read && self.denials.is_news(&caller.who(), &route) {
            let detail =
                serde_json::json!({ "method": request.method.as_str(), "needs": right.role() });
            let act = Act {
                who: caller.who(),
                act: "denied".to_owned(),
                object: request.path.to_owned(),
                detail,
            };
            self.store.keep_act(act).await?;
        }
        let needed = right.role();
        Err(Problem::new(Kind::Forbidden, format!("this needs a token of the role {needed}"))
            .hint(format!("agent token new --role {needed} --name NAME, where the agent runs")))
    }

    /// Whose token the request shows.
    fn caller(&self, request: Asked<'_>) -> Result<Caller, Problem> {
        let Some(shown) = bearer(request.headers) else {
            return Err(Problem::new(Kind::Unauthenticated, "this needs a token")
                .hint("send the header 'Authorization: Bearer TOKEN'"));
        };
        let tokens = self.tokens.current().map_err(|_| {
            Problem::new(Kind::Unavailable, "the agent cannot read its tokens")
                .hint("agent token list, where the agent runs, says why")
        })?;
        let secret = Secret::read(shown);
        let found = secret.and_then(|secret| tokens.find(&secret, self.clock.now()).cloned());
        if let Some(token) = found {
            return Ok(Caller { name: token.name, roles: token.roles });
        }
        let refused = Problem::new(Kind::Unauthenticated, "the token is not known, or has ended");
        Err(match self.attempts.failed(request.from) {
            None => refused,
            Some(wait) => Problem::new(Kind::TooMany, "too many wrong tokens from this address")
                .retry_after(wait),
        })
    }
}

/// What the gate looks at.
#[derive(Clone, Copy)]
struct Asked<'r> {
    method: &'r Method,
    route: Option<&'r str>,
    path: &'r str,
    headers: &'r HeaderMap,
    from: IpAddr,
}

impl<'r> Asked<'r> {
    fn of(request: &'r Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        Self {
            method: request.method(),
            route: request.extensions().get::<MatchedPath>().map(MatchedPath::as_str),
            path: request.uri().path(),
            headers: request.headers(),
            // An unknown caller is no local one.
            from: peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.0.ip()),
        }
    }

    fn is_local(&self) -> bool {
        let passed_on = FORWARDED.iter().any(|name| self.headers.contains_key(*name));
        self.from.to_canonical().is_loopback() && !passed_on
    }
}

/// The token in the request's header, as it was sent.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The gate as a layer: what it lets through knows its [`Caller`].
pub async fn admit(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let decided = gate.decide(Asked::of(&request)).await;
    match decided {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(problem) => {
            gate.refused.fetch_add(1, Ordering::Relaxed);
            problem.into_response()
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A route that asks for its caller and stands before no gate answers nobody.
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::new(Kind::Unauthenticated, "this needs a token"))
    }
}

//! Who asks, and what is handed out.

use super::token::Token;
use crate::{
    aws::{CloudError, Keys, Session},
    clock::{Clock, until},
    logs::Masker,
};
use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, header};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// The only address there is.
pub(super) const PATH: &str = "/credentials";

/// Keys that end sooner than this are not handed out: botocore looks for new ones from a quarter of an hour before the
/// end (`advisory_refresh_timeout`), and must not find the same again.
const LEAST_LEFT: Duration = Duration::from_secs(20 * 60);

/// What the endpoint knows.
pub(super) struct Desk {
    token: Token,
    session: Session,
    clock: Arc<dyn Clock>,
    masker: Masker,
    is_closed: AtomicBool,
    handed_out: Mutex<Option<Keys>>,
}

impl Desk {
    pub(super) fn new(
        token: Token,
        session: Session,
        clock: Arc<dyn Clock>,
        masker: Masker,
    ) -> Self {
        let (is_closed, handed_out) = Default::default();
        Self { token, session, clock, masker, is_closed, handed_out }
    }

    /// From now on there is nothing here.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::SeqCst)
    }

    /// Keys that last for a while: those that were handed out before, or new ones.
    async fn keys(&self) -> Result<Keys, CloudError> {
        let mut handed_out = self.handed_out.lock().await;
        let now = self.clock.now();
        if let Some(keys) = handed_out.as_ref().filter(|keys| until(now, keys.expires) > LEAST_LEFT)
        {
            return Ok(keys.clone());
        }
        let keys = self.session.keys().await?;
        self.masker.learn(&keys.secret_access_key);
        self.masker.learn(&keys.session_token);
        *handed_out = Some(keys.clone());
        Ok(keys)
    }
}

pub(super) fn router(desk: Arc<Desk>) -> Router {
    Router::new().fallback(answer).with_state(desk)
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    if !desk.is_open() || request.uri().path() != PATH || request.method() != Method::GET {
        return refusal(StatusCode::NOT_FOUND, "NotFound", "there is nothing here");
    }
    let given = request.headers().get(header::AUTHORIZATION);
    if !given.is_some_and(|given| desk.token.is(given.as_bytes())) {
        return refusal(StatusCode::FORBIDDEN, "AccessDenied", "not with this token");
    }
    match desk.keys().await {
        // The stage may have ended while AWS was asked.
        Ok(_) if !desk.is_open() => {
            refusal(StatusCode::NOT_FOUND, "NotFound", "there is nothing here")
        }
        Ok(keys) => lent(&keys),
        Err(error) => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            &error.code,
            &desk.masker.mask(&error.to_string()),
        ),
    }
}

/// Keys as the ECS agent gives them, which is what SDKs read.
fn lent(keys: &Keys) -> Response {
    let body = Json(json!({
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Token": keys.session_token,
        "Expiration": keys.expires.to_string(),
    }));
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{Access, Purpose},
        clock::SimulatedClock,
        plan::fixture,
        rehearsal::{Landscape, Rehearsal},
    };
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use tower::ServiceExt as _;

    struct World {
        clock: SimulatedClock,
        token: String,
        masker: Masker,
        desk: Arc<Desk>,
        _folder: tempfile::TempDir,
    }

    impl World {
        async fn new() -> Self {
            let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
            let folder = tempfile::tempdir().unwrap();
            let environment = fixture::environment();
            let (landscape, time) = (Landscape::from(&[fixture::environment()]), clock.clone());
            let file = folder.path().join("rehearsal.sqlite");
            let rehearsal = Rehearsal::open(&file, landscape, Arc::new(move || time.now()));
            let client = rehearsal.await.unwrap().http_client();
            let (keys, time) = (Rehearsal::base_credentials(), clock.clone());
            let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key)
                .with_time(Arc::new(move || time.now()));
            let run = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
            let session = access.assume(&environment, &run, Purpose::Read).await.unwrap();
            let (token, masker) = (Token::random().unwrap(), Masker::default());
            let text = token.text().to_owned();
            let desk = Desk::new(token, session, Arc::new(clock.clone()), masker.clone());
            Self { clock, token: text, masker, desk: Arc::new(desk), _folder: folder }
        }

        async fn asked(&self, method: Method, path: &str, token: Option<&str>) -> (u16, Value) {
            let mut request = http::Request::builder().method(method).uri(path);
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, token);
            }
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = router(Arc::clone(&self.desk)).oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, serde_json::from_slice(&body).unwrap())
        }

        async fn keys(&self) -> Value {
            let (status, keys) = self.asked(Method::GET, PATH, Some(&self.token)).await;
            assert_eq!(status, 200, "{keys}");
            keys
        }
    }

    #[tokio::test]
    async fn whoever_has_not_the_token_gets_nothing() {
        let world = World::new().await;
        let right = world.token.as_str();
        let bearer = format!("Bearer {right}");
        for wrong in [None, Some(""), Some("guessed"), Some(&right[1..]), Some(bearer.as_str())] {
            let (status, said) = world.asked(Method::GET, PATH, wrong).await;
            assert_eq!(status, 403, "{wrong:?}");
            assert!(said["SecretAccessKey"].is_null());
        }
        for (method, path) in [
            (Method::POST, PATH),
            (Method::PUT, PATH),
            (Method::DELETE, PATH),
            (Method::HEAD, "/"),
            (Method::GET, "/"),
            (Method::GET, "/credentials/"),
            (Method::GET, "/latest/meta-data"),
        ] {
            let asked = http::Request::builder().method(method).uri(path);
            let asked = asked.header(header::AUTHORIZATION, right);
            let asked = asked.body(axum::body::Body::empty()).unwrap();
            let answer = router(Arc::clone(&world.desk)).oneshot(asked).await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn keys_are_the_same_until_they_are_about_to_end_and_none_is_printed() {
        let world = World::new().await;
        let first = world.keys().await;
        assert_eq!(first["Expiration"], "2026-11-22T13:00:00Z");
        world.clock.advance(Duration::from_secs(39 * 60));
        assert_eq!(world.keys().await, first);
        world.clock.advance(Duration::from_secs(2 * 60));
        let second = world.keys().await;
        assert_eq!(second["Expiration"], "2026-11-22T13:41:00Z");
        assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
        for keys in [&first, &second] {
            for secret in ["SecretAccessKey", "Token"] {
                let secret = keys[secret].as_str().unwrap();
                assert!(!world.masker.mask(&format!("x{secret}y")).contains(secret));
            }
        }
    }

    #[tokio::test]
    async fn after_the_command_there_is_nothing_for_a_connection_that_stayed() {
        let world = World::new().await;
        world.keys().await;
        world.desk.close();
        let (status, said) = world.asked(Method::GET, PATH, Some(&world.token)).await;
        assert_eq!((status, &said["code"]), (404, &Value::from("NotFound")));
    }
}

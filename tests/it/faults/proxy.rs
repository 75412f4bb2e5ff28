//! Stands on a port between the agent and a server, spoils the answers it is told to, and plays the parts of a
//! service that the server lacks.

use super::wire::{Request, answer};
use jiff::{SignedDuration, Timestamp};
use relevo::clock::{Clock as _, SystemClock};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What happens to a request or its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The service fails, with a code of its own.
    Fails(u16),
    /// Too many calls; with `Retry-After` where given, in seconds.
    Throttles(Option<u32>),
    /// The connection is reset before the server hears of the request.
    ResetBefore,
    /// The connection is reset after the server has done what was asked.
    ResetAfter,
    /// The answer breaks off in the middle of its body.
    Truncated,
    /// The session is over.
    Expired,
    /// This is answered instead, and the server hears nothing.
    Replaced(&'static str),
    /// A page of a listing with nothing in it but the token of the next.
    EmptyPage(&'static str),
    /// The caller's policies do not allow it.
    Denied,
    /// The service's clock shows so many hours more, and it takes no signature of another time.
    ClockAhead { hours: i64 },
    /// The first byte of the answer takes its time.
    Slow(Duration),
    /// The answer comes in drops, with a pause after each.
    Drips(Duration),
    /// There is no answer, and the connection stays.
    Silent,
}

/// Bytes that come at once where an answer drips.
const DROP: usize = 64;
/// How far a signature's time may be from the service's (AWS's general reference, "Signature Version 4").
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// A fault for some of the requests with one operation.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The operation; all of them if it is not named.
    pub(crate) operation: Option<String>,
    /// Requests that pass before the first spoilt one.
    pub(crate) after: usize,
    /// Requests that are spoilt.
    pub(crate) times: usize,
    /// How.
    pub(crate) fault: Fault,
}

/// A proxy; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    script: Arc<Mutex<Script>>,
    parts: Arc<Mutex<BTreeMap<&'static str, Part>>>,
}

/// What plays an operation's part: told what was asked and what the server said, it acts, and answers in JSON where the
/// server's word is not to stand.
#[derive(Clone)]
struct Part(Arc<Play>);

type Play = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

#[derive(Debug, Default)]
struct Script {
    planned: Vec<Planned>,
    heard: Vec<String>,
    spoilt: usize,
}

/// What the token of an empty page is.
const TOKEN: &str = "after-nothing";

impl Proxy {
    /// In front of the server on `upstream`.
    pub(crate) async fn before(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, script: Arc::default(), parts: Arc::default() };
        let shared = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = shared.clone();
                tokio::spawn(async move { proxy.attend(client, upstream).await });
            }
        });
        proxy
    }

    /// Has `part` play `operation` from now on, between the server's answer and the client's hearing it.
    pub(crate) fn plays(
        &self,
        operation: &'static str,
        part: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) {
        self.parts.lock().unwrap().insert(operation, Part(Arc::new(part)));
    }

    /// What is said in the end to `request`, to which the server said `said`.
    async fn played(&self, request: &Request, said: Vec<u8>) -> Vec<u8> {
        let part = self.parts.lock().unwrap().get(request.operation().as_str()).cloned();
        let Some(Part(part)) = part else { return said };
        let (asked, heard) = (request.body_text(), body_of(&said));
        let played = tokio::task::spawn_blocking(move || part(&asked, &heard)).await.unwrap();
        played.map_or(said, |body| answer(200, &[("content-type", JSON)], &body))
    }

    /// Spoils what is planned from now on, and nothing else.
    pub(crate) fn plan(&self, planned: impl IntoIterator<Item = Planned>) {
        let planned = planned.into_iter().collect();
        *self.script.lock().unwrap() = Script { planned, ..Script::default() };
    }

    /// Spoils the next `times` requests with `operation`.
    pub(crate) fn spoil(&self, operation: &str, times: usize, fault: Fault) {
        let operation = Some(operation.to_owned());
        self.plan([Planned { operation, after: 0, times, fault }]);
    }

    /// Operations since the last plan, each attempt by itself.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.script.lock().unwrap().heard.clone()
    }

    /// How many requests were spoilt since the last plan.
    pub(crate) fn spoilt(&self) -> usize {
        self.script.lock().unwrap().spoilt
    }

    fn fault(&self, operation: &str) -> Option<Fault> {
        let mut script = self.script.lock().unwrap();
        script.heard.push(operation.to_owned());
        for planned in &mut script.planned {
            if planned.operation.as_deref().is_some_and(|named| named != operation) {
                continue;
            }
            if planned.after > 0 {
                planned.after -= 1;
            } else if planned.times > 0 {
                planned.times -= 1;
                let fault = planned.fault;
                script.spoilt += 1;
                return Some(fault);
            }
        }
        None
    }

    async fn attend(&self, mut client: TcpStream, upstream: u16) {
        let Ok(Some(request)) = Request::read(&mut client).await else { return };
        let fault = self.fault(&request.operation());
        let said = match fault {
            Some(Fault::ResetBefore) => Vec::new(),
            Some(Fault::Silent) => {
                // until the client gives up
                let _ = client.read(&mut [0]).await;
                return;
            }
            Some(Fault::ClockAhead { hours }) => {
                let there = SystemClock.now() + SignedDuration::from_hours(hours);
                at_another_time(&request, there, upstream).await
            }
            Some(fault) if fault.is_answer() => fault.said(&request),
            Some(_) | None => {
                let request = request.without(&format!(",\"nextToken\":\"{TOKEN}\""));
                let said = request.forward(upstream).await.unwrap_or_default();
                self.played(&request, said).await
            }
        };
        let heard = match fault {
            Some(Fault::ResetBefore | Fault::ResetAfter) => {
                // an end without the usual farewell is a reset
                let _ = client.set_zero_linger();
                return;
            }
            Some(Fault::Truncated) => half(&said),
            Some(Fault::Slow(delay)) => {
                SystemClock.sleep(delay).await;
                &said
            }
            Some(Fault::Drips(pause)) => {
                let (drops, last) = said.split_at(said.len() - said.len() % DROP);
                for drop in drops.chunks(DROP) {
                    if client.write_all(drop).await.is_err() {
                        return;
                    }
                    SystemClock.sleep(pause).await;
                }
                last
            }
            Some(_) | None => &said,
        };
        // a client that has gone needs no answer
        let _ = client.write_all(heard).await;
        let _ = client.shutdown().await;
    }
}

/// The body of an answer, as text.
fn body_of(said: &[u8]) -> String {
    String::from_utf8_lossy(&said[body_from(said)..]).into_owned()
}

fn body_from(said: &[u8]) -> usize {
    said.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4)
}

/// The answer up to the middle of its body, or of its head where it has none.
fn half(said: &[u8]) -> &[u8] {
    let head = body_from(said);
    let end = if head < said.len() { head + (said.len() - head) / 2 } else { head / 2 };
    &said[..end]
}

impl Fault {
    fn is_answer(self) -> bool {
        match self {
            Self::Fails(_)
            | Self::Throttles(_)
            | Self::Expired
            | Self::Denied
            | Self::Replaced(_)
            | Self::EmptyPage(_) => true,
            Self::ResetBefore
            | Self::ResetAfter
            | Self::Truncated
            | Self::ClockAhead { .. }
            | Self::Slow(_)
            | Self::Drips(_)
            | Self::Silent => false,
        }
    }

    /// What is answered in the server's place.
    fn said(self, request: &Request) -> Vec<u8> {
        let service = request.service();
        match self {
            Self::Fails(status) => refusal(service, status, "InternalFailure", &[]),
            Self::Throttles(after) => {
                let (status, code) = match service {
                    "s3" => (503, "SlowDown"),
                    "lambda" => (429, "TooManyRequestsException"),
                    _ => (400, "ThrottlingException"),
                };
                let seconds = after.unwrap_or_default().to_string();
                let header = [("retry-after", seconds.as_str()), ("x-amz-retry-after", "9000")];
                refusal(service, status, code, if after.is_some() { &header } else { &[] })
            }
            Self::Expired if matches!(service, "s3" | "sns" | "sts") => {
                refusal(service, 400, "ExpiredToken", &[])
            }
            Self::Expired => refusal(service, 400, "ExpiredTokenException", &[]),
            Self::Denied => {
                let code = match service {
                    "s3" | "sts" => "AccessDenied",
                    "sns" => "AuthorizationError",
                    _ => "AccessDeniedException",
                };
                let operation = request.operation();
                let words =
                    format!("User: relevo is not authorized to perform: {service}:{operation}");
                said_no((service, &words), 403, code, &[])
            }
            Self::Replaced(body) => answer(200, &[("content-type", JSON)], body),
            Self::EmptyPage(list) => {
                let body = format!("{{\"{list}\":[],\"nextToken\":\"{TOKEN}\"}}");
                answer(200, &[("content-type", JSON)], &body)
            }
            Self::ResetBefore
            | Self::ResetAfter
            | Self::Truncated
            | Self::ClockAhead { .. }
            | Self::Slow(_)
            | Self::Drips(_)
            | Self::Silent => Vec::new(),
        }
    }
}

const JSON: &str = "application/x-amz-json-1.1";

/// What a service answers whose clock shows `there`.
async fn at_another_time(request: &Request, there: Timestamp, upstream: u16) -> Vec<u8> {
    let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let signed = request.header("x-amz-date").and_then(|text| {
        let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    if signed.is_none_or(|signed| signed.duration_since(there).abs() > TOLERANCE) {
        let service = request.service();
        let code = match service {
            "s3" => "RequestTimeTooSkewed",
            "sts" | "sns" => "SignatureDoesNotMatch",
            _ => "InvalidSignatureException",
        };
        return refusal(service, 403, code, &[("date", &date)]);
    }
    let said = request.forward(upstream).await.unwrap_or_default();
    let Some(end) = said.windows(4).position(|four| four == b"\r\n\r\n") else { return said };
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    let mut dated: Vec<&str> = lines.collect();
    let line = format!("date: {date}");
    dated.push(&line);
    [dated.join("\r\n").as_bytes(), &said[end..]].concat()
}

/// An error in the service's own spelling.
fn refusal(service: &str, status: u16, code: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    said_no((service, "on purpose"), status, code, headers)
}

fn said_no(
    (service, words): (&str, &str),
    status: u16,
    code: &str,
    headers: &[(&str, &str)],
) -> Vec<u8> {
    let error = format!("<Error><Code>{code}</Code><Message>{words}</Message></Error>");
    let json = format!("{{\"__type\":\"{code}\",\"message\":\"{words}\"}}");
    let mut headers = headers.to_vec();
    match service {
        "s3" => answer(status, &headers, &error),
        "sns" | "sts" => {
            answer(status, &headers, &format!("<ErrorResponse>{error}</ErrorResponse>"))
        }
        "lambda" => {
            headers.push(("x-amzn-errortype", code));
            answer(status, &headers, &json)
        }
        _ => answer(status, &headers, &json),
    }
}

//! A run's lines: a page of one stage, or all of them as they are written.

use super::{
    Answer, Api, Lifecycle,
    input::{Asked, Named},
    models::{LogPage, LogPart},
    parts::parts,
    runs::{find, page_of},
    shapes::{OfRun, Refusal},
};
use crate::{
    ids::{RunId, StageName},
    logs::{LogLine, Places, Tail},
    web::errors::{Kind, Problem},
};
use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use std::{
    collections::{BTreeSet, VecDeque},
    convert::Infallible,
    io,
    time::Duration,
};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

/// Lines of a page if nothing is said, and lines that are read at once for who follows.
const USUAL: u32 = 500;
/// Lines of a page at most. A line is 256 KB at most, and a page ends early at …
const MOST: u32 = 2_000;
/// … this many bytes of messages.
const MOST_BYTES: usize = 1024 * 1024;
/// How often new lines are looked for: below what a person notices.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);
/// How often a silent stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Looks after which a follower has to ask again, which it does by itself: about an hour of silence.
const MOST_LOOKS: u32 = 18_000;

/// Which lines of a stage.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Byte of the stage's log from which on: `next` of the page before; 0 if absent.
    offset: Option<u64>,
    /// How many at most: 500 if absent.
    #[param(minimum = 1, maximum = 2000)]
    most: Option<u32>,
}

/// Which lines are followed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Followed {
    /// Of this stage only.
    #[param(value_type = Option<String>)]
    stage: Option<StageName>,
    /// When the stream ends; with the run if absent.
    #[param(inline)]
    until: Option<Until>,
}

/// When a stream ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Until {
    /// When the run has ended and its lines are told.
    #[default]
    End,
    /// When the lines are told that are there now.
    Now,
}

/// Lines of one stage of a run
#[utoipa::path(
    get, path = "/api/v1/runs/{run}/logs/{stage}", tag = "logs",
    params(OfRun,
           ("stage" = String, Path, description = "The stage"), Wanted),
    responses((status = 200, description = "The lines", body = LogPage), Refusal)
)]
pub(super) async fn page(
    State(api): State<Api>,
    Named((run, stage)): Named<(String, StageName)>,
    Asked(wanted): Asked<Wanted>,
) -> Answer<LogPage> {
    let most = page_of(wanted.most, USUAL, MOST)?;
    let run = find(&api, &run).await?;
    if !run.pipeline.stages.iter().any(|known| known.name == stage) {
        return Err(Problem::new(Kind::NotFound, format!("the run has no stage '{stage}'")));
    }
    let from = Places::behind(stage.clone(), wanted.offset.unwrap_or_default());
    let tail = Tail::new(api.logs.clone(), run.id.clone(), Some(stage.clone())).from(from);
    let Read { tail, lines, cut } = read(tail, most).await?;
    let (next, lines) =
        (tail.places().offset(&stage), lines.into_iter().map(|(_, line)| line).collect());
    let elsewhere = elsewhere(&api, &run.id).await?.collect();
    Ok(Json(LogPage { lines, next, more: cut || run.outcome.is_none(), elsewhere }))
}

/// The parts of a run's log that other agents keep.
async fn elsewhere(api: &Api, run: &RunId) -> Result<impl Iterator<Item = LogPart>, Problem> {
    let parts = parts(&api.store, &api.logs, run).await?;
    Ok(parts.into_iter().filter(|part| !part.here))
}

/// A run's lines as they are written
///
/// Server-sent events: `line` with a line as data; `elsewhere` with a part of the log whose lines are not told, as another
/// agent keeps it; and `end` with the run's outcome. The id of a line and of the end says how far every stage was read;
/// given back as Last-Event-ID, the stream goes on behind it.
#[utoipa::path(
    get, path = "/api/v1/runs/{run}/log-stream", tag = "logs",
    params(OfRun, Followed,
           ("Last-Event-ID" = Option<String>, Header, description = "Where to go on")),
    responses((status = 200, description = "The events, as they happen", body = String, content_type = "text/event-stream"), Refusal)
)]
pub(super) async fn stream(
    State(api): State<Api>,
    Named(run): Named<String>,
    Asked(followed): Asked<Followed>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let run = find(&api, &run).await?.id;
    let from = match headers.get("last-event-id") {
        None => Places::default(),
        Some(id) => {
            let id = id.to_str().unwrap_or("?").parse();
            id.map_err(|error: String| Problem::new(Kind::Invalid, error))?
        }
    };
    let place = api.followers.clone().try_acquire_owned().map_err(|_| {
        Problem::new(Kind::TooMany, "too many logs are being followed")
            .retry_after(Duration::from_secs(30))
    })?;
    let tail = Tail::new(api.logs.clone(), run.clone(), followed.stage).from(from);
    // Read once before the answer begins, so that a wrong place is refused as such.
    let Read { tail, lines, .. } = read(tail, 1).await?;
    let tail = Some(tail);
    let until = followed.until.unwrap_or_default();
    let (looks, ended, told, parts) = Default::default();
    let follower =
        Follower { api, run, tail, lines, until, looks, ended, told, parts, _place: place };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One who follows a run.
struct Follower {
    api: Api,
    run: RunId,
    tail: Option<Tail>,
    lines: VecDeque<(String, LogLine)>,
    until: Until,
    looks: u32,
    ended: bool,
    /// Parts that others keep: what was told of them, and what is still to be.
    told: BTreeSet<u32>,
    parts: VecDeque<LogPart>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event, or nothing if the stream is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                return Event::default().event("elsewhere").json_data(&part).ok();
            }
            if let Some((id, line)) = self.lines.pop_front() {
                return Event::default().event("line").id(id).json_data(&line).ok();
            }
            if self.ended || self.looks >= MOST_LOOKS || (self.api.lifecycle)() == Lifecycle::Ending
            {
                return None;
            }
            // Asked before reading, so that lines written before the end are read after it.
            let outcome = self.api.store.run(&self.run).await.ok()?.outcome;
            let elsewhere = elsewhere(&self.api, &self.run).await.ok()?;
            self.parts.extend(elsewhere.filter(|part| self.told.insert(part.part)));
            let tail = self.tail.take()?;
            let Read { tail, lines, .. } = read(tail, USUAL).await.ok()?;
            let id = tail.places().to_string();
            (self.tail, self.lines) = (Some(tail), lines);
            if !self.lines.is_empty() || !self.parts.is_empty() {
                self.looks = 0;
            } else if outcome.is_some() || self.until == Until::Now {
                self.ended = true;
                return Event::default().event("end").id(id).json_data(&outcome).ok();
            } else {
                self.looks += 1;
                self.api.clock.sleep(FOLLOW_INTERVAL).await;
            }
        }
    }
}

/// Lines that were read, each with the places behind it, and whether there are more.
struct Read {
    tail: Tail,
    lines: VecDeque<(String, LogLine)>,
    cut: bool,
}

/// Reads on, off the threads that serve others.
async fn read(mut tail: Tail, most: u32) -> Result<Read, Problem> {
    let read = move || -> io::Result<Read> {
        tail.look()?;
        let (mut lines, mut bytes) = (VecDeque::new(), 0);
        while lines.len() < most as usize && bytes < MOST_BYTES {
            let Some(line) = tail.next()? else { return Ok(Read { tail, lines, cut: false }) };
            bytes += line.message.len();
            lines.push_back((tail.places().to_string(), line));
        }
        Ok(Read { tail, lines, cut: true })
    };
    let read = tokio::task::spawn_blocking(read).await;
    let failed = || Problem::new(Kind::Internal, "the log cannot be read");
    read.map_err(|_| failed())?.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Problem::new(Kind::Invalid, error.to_string()),
        _ => failed(),
    })
}

//! The spans of a run: what brought it about, the run, its stages, their attempts.

use crate::{
    flow::{Ending, Outcome},
    ids::{self, StageName},
    store::{Delivery, RunRecord, StoredEvent},
    web::metrics::AttemptTime,
};
use jiff::Timestamp;
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::{borrow::Cow, collections::BTreeMap};

/// A span as it is told; texts of failures are not, for nobody knows what a command wrote into them.
struct Span {
    id: ids::SpanId,
    parent: Option<ids::SpanId>,
    name: Cow<'static, str>,
    time: (Timestamp, Timestamp),
    status: Status,
    attributes: Vec<KeyValue>,
}

/// Every span of an ended run.
pub(super) fn of(
    (run, events): (&RunRecord, &[StoredEvent]),
    delivery: Option<&Delivery>,
    attempts: &[AttemptTime],
) -> Vec<SpanData> {
    let end = events.last().map_or(run.created_at, |last| last.at);
    let cause = delivery.map(|delivery| cause(run, delivery));
    let parent = cause.as_ref().map(|cause| cause.id);
    let mut spans: Vec<Span> = cause.into_iter().collect();
    spans.push(whole(run, parent, end));
    spans.extend(stages(run, attempts, end));
    spans.extend(attempts.iter().map(|one| attempt(run, one, end)));
    let trace = ids::TraceId::of(&run.id);
    spans.into_iter().map(|span| span.told(trace)).collect()
}

fn cause(run: &RunRecord, delivery: &Delivery) -> Span {
    Span {
        id: ids::SpanId::of_cause(&run.id),
        parent: None,
        name: "delivery".into(),
        time: (delivery.received, run.created_at),
        status: Status::Ok,
        attributes: vec![
            KeyValue::new("relevo.delivery", delivery.new.id.to_string()),
            KeyValue::new("relevo.delivery.via", delivery.new.via.as_str()),
            KeyValue::new("relevo.delivery.event", delivery.new.event.clone()),
        ],
    }
}

fn whole(run: &RunRecord, parent: Option<ids::SpanId>, end: Timestamp) -> Span {
    let status = match &run.outcome {
        Some(Outcome::Succeeded) => Status::Ok,
        Some(outcome) => Status::error(outcome.to_string()),
        None => Status::Unset,
    };
    Span {
        id: ids::SpanId::of_run(&run.id),
        parent,
        name: "run".into(),
        time: (run.created_at, end),
        status,
        attributes: vec![
            KeyValue::new("relevo.run", run.id.to_string()),
            KeyValue::new("relevo.pipeline", run.pipeline.name.clone()),
            KeyValue::new("relevo.environment", run.environment.to_string()),
            KeyValue::new("vcs.ref.head.name", run.reference.clone()),
            KeyValue::new("vcs.ref.head.revision", run.commit.to_string()),
        ],
    }
}

/// One span for each stage, from its first attempt to the end of its last.
fn stages(run: &RunRecord, attempts: &[AttemptTime], end: Timestamp) -> Vec<Span> {
    let mut stages: BTreeMap<&StageName, (Timestamp, &AttemptTime)> = BTreeMap::new();
    for attempt in attempts {
        let stage = stages.entry(&attempt.stage).or_insert((attempt.began, attempt));
        stage.1 = attempt;
    }
    let span = |(stage, (began, last)): (&StageName, (Timestamp, &AttemptTime))| Span {
        id: ids::SpanId::of_stage(&run.id, stage),
        parent: Some(ids::SpanId::of_run(&run.id)),
        name: format!("stage {stage}").into(),
        time: (began, ended(last, end)),
        status: status(last),
        attributes: vec![KeyValue::new("relevo.stage", stage.to_string())],
    };
    stages.into_iter().map(span).collect()
}

fn attempt(run: &RunRecord, attempt: &AttemptTime, end: Timestamp) -> Span {
    let stage = &attempt.stage;
    Span {
        id: ids::SpanId::of_attempt(&run.id, stage, attempt.attempt),
        parent: Some(ids::SpanId::of_stage(&run.id, stage)),
        name: format!("attempt {}", attempt.attempt).into(),
        time: (attempt.began, ended(attempt, end)),
        status: status(attempt),
        attributes: vec![
            KeyValue::new("relevo.stage", stage.to_string()),
            KeyValue::new("relevo.attempt", i64::from(attempt.attempt.0)),
        ],
    }
}

fn ended(attempt: &AttemptTime, end: Timestamp) -> Timestamp {
    attempt.ended.map_or(end, |(ended, _)| ended)
}

fn status(attempt: &AttemptTime) -> Status {
    match attempt.ended {
        Some((_, Ending::Succeeded | Ending::Skipped)) => Status::Ok,
        Some((_, Ending::Failed)) => Status::error("failed"),
        Some((_, Ending::Errored)) => Status::error("errored"),
        Some((_, Ending::Aborted)) => Status::error("aborted"),
        None => Status::Unset,
    }
}

impl Span {
    fn told(self, trace: ids::TraceId) -> SpanData {
        let (flags, state) = (TraceFlags::SAMPLED, TraceState::default());
        let (trace, id) = (TraceId::from(trace.0), SpanId::from(self.id.0));
        let (start, end) = self.time;
        SpanData {
            span_context: SpanContext::new(trace, id, flags, false, state),
            parent_span_id: self.parent.map_or(SpanId::INVALID, |parent| SpanId::from(parent.0)),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: self.name,
            start_time: start.into(),
            end_time: end.max(start).into(),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.status,
            instrumentation_scope: InstrumentationScope::builder("relevo").build(),
        }
    }
}

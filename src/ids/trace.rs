//! Names of traces and spans, made of what they are about: the same run is the same trace for whoever tells of it,
//! before and after a crash.

use super::{Attempt, Digest, RunId, StageName};

/// The version of the W3C trace context that is written.
const VERSION: &str = "00";
/// The flag that says that the trace is kept.
const SAMPLED: &str = "01";

/// The trace of a run: the 128 bits of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub u128);

/// A span within the trace of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

impl TraceId {
    /// The trace of this run.
    #[must_use]
    pub fn of(run: &RunId) -> Self {
        let digits = run.as_str().bytes().filter_map(|digit| char::from(digit).to_digit(16));
        Self(digits.fold(0, |number, digit| (number << 4) | u128::from(digit)))
    }
}

impl SpanId {
    /// The span of what brought the run about.
    #[must_use]
    pub fn of_cause(run: &RunId) -> Self {
        Self::of(run, "cause")
    }

    /// The span of the run itself.
    #[must_use]
    pub fn of_run(run: &RunId) -> Self {
        Self::of(run, "run")
    }

    /// The span of one of its stages.
    #[must_use]
    pub fn of_stage(run: &RunId, stage: &StageName) -> Self {
        Self::of(run, &format!("stage {stage}"))
    }

    /// The span of one attempt at a stage.
    #[must_use]
    pub fn of_attempt(run: &RunId, stage: &StageName, attempt: Attempt) -> Self {
        Self::of(run, &format!("stage {stage} attempt {attempt}"))
    }

    fn of(run: &RunId, what: &str) -> Self {
        let digest = Digest::of(format!("{run} {what}"));
        let digits = digest.as_str().bytes().take(16);
        let digits = digits.filter_map(|digit| char::from(digit).to_digit(16));
        // Zero is no span.
        Self(digits.fold(0, |number, digit| (number << 4) | u64::from(digit)).max(1))
    }
}

/// What a command of an attempt puts its own spans under: the value of `TRACEPARENT`, as the W3C's trace context
/// spells it.
#[must_use]
pub fn traceparent(run: &RunId, stage: &StageName, attempt: Attempt) -> String {
    let (trace, span) = (TraceId::of(run).0, SpanId::of_attempt(run, stage, attempt).0);
    format!("{VERSION}-{trace:032x}-{span:016x}-{SAMPLED}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_named_like_its_run_and_spans_are_told_apart() {
        let run: RunId = "019aab00-0000-7000-8000-00000000000f".parse().unwrap();
        let (plan, gate) = ("plan".parse().unwrap(), "gate".parse().unwrap());
        let parent = traceparent(&run, &plan, Attempt::FIRST);
        assert!(parent.starts_with("00-019aab0000007000800000000000000f-"), "{parent}");
        assert_eq!((parent.len(), &parent[52..]), (55, "-01"));
        assert_eq!(parent, traceparent(&run, &plan, Attempt::FIRST), "the same after a crash");
        let mut spans = vec![
            SpanId::of_cause(&run),
            SpanId::of_run(&run),
            SpanId::of_stage(&run, &plan),
            SpanId::of_stage(&run, &gate),
            SpanId::of_attempt(&run, &plan, Attempt::FIRST),
            SpanId::of_attempt(&run, &plan, Attempt(2)),
        ];
        spans.sort_by_key(|span| span.0);
        spans.dedup();
        assert_eq!(spans.len(), 6);
    }
}

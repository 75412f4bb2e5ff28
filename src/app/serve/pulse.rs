//! Whether each task makes progress.

use jiff::{SignedDuration, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A pass that takes longer hangs. The longest, watching over an account that throttles, takes minutes.
const LONGEST_PASS: SignedDuration = SignedDuration::from_mins(20);
/// No pass is under way.
const RESTING: i64 = 0;

/// The pulse of one task: since when its pass is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(Arc<AtomicI64>);

/// Those of all tasks, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulses(Vec<(String, Pulse)>);

impl Pulse {
    /// A pass begins.
    pub(super) fn begin(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// It has ended.
    pub(super) fn rest(&self) {
        self.0.store(RESTING, Ordering::Relaxed);
    }
}

impl Pulses {
    /// The pulse of one more task.
    pub(super) fn of(&mut self, name: &str) -> Pulse {
        let pulse = Pulse::default();
        self.0.push((name.to_owned(), pulse.clone()));
        pulse
    }

    /// The first task that makes no progress, if one does not.
    pub(super) fn hanging(&self, now: Timestamp) -> Option<String> {
        let oldest = now.saturating_sub(LONGEST_PASS).unwrap_or(Timestamp::MIN).as_millisecond();
        let hangs = |pulse: &Pulse| {
            let since = pulse.0.load(Ordering::Relaxed);
            since != RESTING && since < oldest
        };
        self.0.iter().find(|(_, pulse)| hangs(pulse)).map(|(name, _)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_hangs_when_its_pass_does_not_end() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut pulses = Pulses::default();
        let (_idle, pulse) = (pulses.of("idle"), pulses.of("hearing"));
        assert_eq!(pulses.hanging(now), None);
        pulse.begin(now);
        assert_eq!(pulses.hanging(now + LONGEST_PASS), None);
        let later = now + LONGEST_PASS + SignedDuration::from_secs(1);
        assert_eq!(pulses.hanging(later).as_deref(), Some("hearing"));
        pulse.rest();
        assert_eq!(pulses.hanging(later), None);
    }
}

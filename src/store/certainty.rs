//! What this process knows of the leases it holds.
//!
//! Whoever drives a run asks before each step whether the lease can still be trusted, and need not ask the database for
//! that: the moment until which it is certain was noted, by this process's own clock, before the lease was asked for.
//! A process that was frozen past that moment therefore knows on waking, before it does anything, that it has to stop.

use crate::ids::RunId;
use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

/// How certain the holder of one lease can be of it.
#[derive(Debug)]
pub(super) struct Certainty {
    pub(super) run: RunId,
    pub(super) fence: i64,
    certain_until: AtomicI64,
    has_ended: AtomicBool,
}

/// The same of every lease that is held and has not been dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Certainties(Arc<Mutex<Vec<Weak<Certainty>>>>);

impl Certainty {
    /// For how many more milliseconds nobody else can have the run, at this moment of the holder's steady clock.
    pub(super) fn left(&self, now: i64) -> i64 {
        if self.has_ended() { 0 } else { self.certain_until.load(Ordering::Acquire) - now }
    }

    /// It was renewed until then at least.
    pub(super) fn is_renewed_until(&self, moment: i64) {
        self.certain_until.fetch_max(moment, Ordering::AcqRel);
    }

    /// Was it lost or given back?
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// It was lost, or given back.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
    }
}

impl Certainties {
    pub(super) fn add(&self, run: RunId, fence: i64, certain_until: i64) -> Arc<Certainty> {
        let certain_until = AtomicI64::new(certain_until);
        let certainty =
            Arc::new(Certainty { run, fence, certain_until, has_ended: AtomicBool::new(false) });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&certainty));
        certainty
    }

    pub(super) fn all(&self) -> Vec<Arc<Certainty>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_not_ended = |known: &Arc<Certainty>| !known.has_ended();
        all.iter().filter_map(Weak::upgrade).filter(has_not_ended).collect()
    }
}

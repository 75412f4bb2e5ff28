//! A server that leaves questions without an answer, and how long it is asked nothing more.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// How long a server that left a question without an answer is asked nothing more: whoever asks has another way, and other
/// things to do than to wait for each. Changes are tried as ever.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(60);

/// When one server last left a request without an answer, if it has answered none since.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<Timestamp>>);

impl Silence {
    /// Is nothing to be asked at this moment?
    pub(super) fn is_left_alone(&self, now: Timestamp) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Either way: a clock that was set back leaves nobody alone for longer.
        since.is_some_and(|since| now.duration_since(since).abs() < LEFT_ALONE)
    }

    /// There was no answer, up to this moment.
    pub(super) fn begins(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// There was an answer.
    pub(super) fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_left_alone_for_a_while_unless_it_answers() {
        let (start, silence) = (Timestamp::UNIX_EPOCH, Silence::default());
        assert!(!silence.is_left_alone(start));
        silence.begins(start);
        assert!(silence.is_left_alone(start + SignedDuration::from_secs(59)));
        assert!(!silence.is_left_alone(start + LEFT_ALONE));
        assert!(!silence.is_left_alone(start - LEFT_ALONE), "the clock was set back");
        silence.ends();
        assert!(!silence.is_left_alone(start));
    }
}

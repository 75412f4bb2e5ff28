//! How the rehearsal behaves where AWS leaves it open: how often an event comes, whether targets are up.

use super::ServiceError;
use crate::ids::Digest;
use http::StatusCode;

/// How often what a service tells comes to a rule. AWS promises "at least once".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeats {
    /// About one event in four comes twice. Which ones follows from their ids, so it is the same each time.
    #[default]
    Sometimes,
    /// Each event comes this many times.
    Always(u32),
}

impl Repeats {
    /// How many times the event with this id comes.
    pub(super) fn times(self, event: &str) -> u32 {
        match self {
            Self::Sometimes if Digest::of(event).as_str().starts_with(['0', '1', '2', '3']) => 2,
            Self::Sometimes => 1,
            Self::Always(times) => times,
        }
    }
}

/// Trouble that the targets of EventBridge have, whatever they are, until the rehearsal is used without it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Targets refuse more requests for now (HTTP 400, `ThrottlingException`).
    Throttled,
    /// Targets fail (HTTP 500, `InternalFailure`).
    Broken,
}

impl Fault {
    /// What a target answers.
    pub(super) fn answer(self) -> ServiceError {
        match self {
            Self::Throttled => ServiceError::refused("ThrottlingException", "Rate exceeded"),
            Self::Broken => ServiceError::with_status(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailure",
                "The request processing has failed because of an unknown error.",
            ),
        }
    }
}

/// All of it, as one handle on the rehearsal has it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manners {
    pub(super) repeats: Repeats,
    pub(super) fault: Option<Fault>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_event_in_four_comes_twice_and_always_the_same_ones() {
        let times = |n: u32| Repeats::Sometimes.times(&format!("event {n}"));
        let twice = (0..1000).filter(|n| times(*n) == 2).count();
        assert!((200..300).contains(&twice), "{twice}");
        assert!((0..1000).all(|n| times(n) == times(n)));
        assert_eq!(Repeats::Always(3).times("any"), 3);
    }
}

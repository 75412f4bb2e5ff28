//! Promises: what each beat of the story holds itself to, and what a broken one says.

use serde::Serialize;

/// One thing that was promised, and whether it is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// The day it is about.
    pub day: u32,
    /// What must hold, as a sentence.
    pub promise: String,
    /// Whether it does.
    pub kept: bool,
    /// What was found.
    pub found: String,
}

/// A promise that does not hold: the story ends here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("day {}: broken promise: {}; found: {}", promise.day, promise.promise, promise.found)]
pub struct Broken {
    /// Which one.
    pub promise: Promise,
    /// Where a person looks next, as a command.
    pub look: String,
}

/// The promises of one story, in the order they were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Promises(Vec<Promise>);

impl Promises {
    /// Notes whether `promise` holds.
    ///
    /// # Errors
    /// It does not.
    pub fn hold(
        &mut self,
        day: u32,
        promise: impl Into<String>,
        outcome: Outcome,
    ) -> Result<(), Broken> {
        let Outcome { kept, found, look } = outcome;
        let promise = Promise { day, promise: promise.into(), kept, found };
        self.0.push(promise.clone());
        if kept { Ok(()) } else { Err(Broken { promise, look: look.to_owned() }) }
    }

    /// How many were looked at.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was found, held against what was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the two agree.
    kept: bool,
    /// What was found, in words.
    found: String,
    /// The command that shows more, should they not.
    look: &'static str,
}

impl Outcome {
    /// Kept if `found` is what was `wanted`.
    #[must_use]
    pub fn equal<T: PartialEq + std::fmt::Debug>(
        found: &T,
        wanted: &T,
        look: &'static str,
    ) -> Self {
        Self { kept: found == wanted, found: format!("{found:?}"), look }
    }

    /// Kept if `holds`, which was judged by what is told as `found`.
    #[must_use]
    pub fn when(holds: Holds, found: impl Into<String>, look: &'static str) -> Self {
        Self { kept: holds == Holds::Yes, found: found.into(), look }
    }
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_promise_is_noted_and_the_story_goes_on() {
        let mut promises = Promises::default();
        promises.hold(1, "one training", Outcome::equal(&1, &1, "agent runs")).unwrap();
        assert_eq!(promises.len(), 1);
    }

    #[test]
    fn a_broken_promise_says_what_was_found_and_where_to_look() {
        let mut promises = Promises::default();
        let outcome = Outcome::equal(&2, &1, "agent watch --once --env ENV");
        let broken = promises.hold(4, "a drift starts exactly one training", outcome).unwrap_err();
        assert_eq!(broken.look, "agent watch --once --env ENV");
        let told = broken.to_string();
        assert!(
            told.contains("day 4") && told.contains("exactly one") && told.contains("found: 2")
        );
        assert!(!promises.0[0].kept);
    }
}

//! Those who hear the story while it happens.

use jiff::Timestamp;

/// One sentence of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The simulated moment.
    pub at: Timestamp,
    /// The day, counted from 0.
    pub day: u32,
    /// Who acts in it.
    pub voice: Voice,
    /// What is told.
    pub text: String,
}

/// Who acts in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A person.
    Person,
    /// The agent.
    Agent,
    /// The cloud by itself.
    Cloud,
    /// An alert reaches somebody.
    Alert,
    /// Something does not come to pass.
    Absent,
    /// A promise is broken.
    Broken,
}

impl Voice {
    /// The word before the sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Cloud => "cloud",
            Self::Alert => "alert",
            Self::Absent => "left out",
            Self::Broken => "broken",
        }
    }
}

/// Hears the story. Must not block.
pub trait Audience: Send {
    /// One sentence.
    fn hear(&mut self, sentence: &Sentence);
}

//! What people are asked before a stage goes on, and who may answer.

use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the name of an approver begins that is an account on GitHub.
const AT_GITHUB: &str = "github:";

/// What people are asked before a stage goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The plan that their answer is about; another one needs another answer.
    pub plan: Digest,
    /// How many changes it has.
    pub changes: usize,
    /// How many different people must say yes.
    pub required: u32,
    /// Who may answer; if there is none, anybody whom this machine or a token vouches for. `github:LOGIN` is an account
    /// on GitHub, any other name a user of this machine or the owner of a token.
    pub approvers: Vec<String>,
    /// May whoever asked for the run answer too?
    pub self_approval: bool,
    /// Nobody can answer from this moment on.
    pub until: Timestamp,
}

impl Request {
    /// May they answer about a run that `askers` pushed or asked for? Names are compared without regard to case, as GitHub
    /// compares them; whoever asked is told by the name alone, whoever vouches for it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_answer<'n>(
        &self,
        voice: Voice<'_>,
        askers: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), NotEntitled> {
        let is_named = self.approvers.iter().any(|entry| Voice::meant(entry).is(voice));
        match voice {
            Voice::GitHub(_) if !is_named => return Err(NotEntitled::Stranger),
            Voice::Named(_) if !is_named && !self.approvers.is_empty() => {
                return Err(NotEntitled::NoApprover);
            }
            Voice::GitHub(_) | Voice::Named(_) => {}
        }
        let mut askers = askers.into_iter();
        if !self.self_approval && askers.any(|asker| asker.eq_ignore_ascii_case(voice.name())) {
            return Err(NotEntitled::Asker);
        }
        Ok(())
    }
}

/// Why somebody's answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEntitled {
    /// They are not among those who may.
    #[error("is not among the approvers")]
    NoApprover,
    /// They are known by their account on GitHub only, and it is not among those that may.
    #[error("is no approver at GitHub, where approvers are named github:LOGIN")]
    Stranger,
    /// They pushed, or asked for the run.
    #[error("asked for this run, and somebody else must approve it")]
    Asker,
}

/// Who answers, by whoever vouches for the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice<'a> {
    /// A user of this machine, or the owner of a token.
    Named(&'a str),
    /// An account on GitHub. Anybody in the world can have one, of any name that is not taken.
    GitHub(&'a str),
}

impl<'a> Voice<'a> {
    /// Whom an entry of the approvers means.
    fn meant(entry: &'a str) -> Self {
        match entry.split_at_checked(AT_GITHUB.len()) {
            Some((prefix, login)) if prefix.eq_ignore_ascii_case(AT_GITHUB) => Self::GitHub(login),
            Some(_) | None => Self::Named(entry),
        }
    }

    /// The name, whoever vouches for it.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Named(name) | Self::GitHub(name) => name,
        }
    }

    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Named(one), Self::Named(other)) | (Self::GitHub(one), Self::GitHub(other)) => {
                one.eq_ignore_ascii_case(other)
            }
            (Self::Named(_), Self::GitHub(_)) | (Self::GitHub(_), Self::Named(_)) => false,
        }
    }
}

//! Names of our own: runs, stages, environments, commits, content digests.

use super::{is_word, text_id};
use sha2::{Digest as _, Sha256};

text_id!(
    /// One run of the stage graph: a version 7 UUID, so that ids sort by time.
    RunId,
    "a run id: a UUID",
    |text| uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
);

impl RunId {
    /// The last eight digits, which people type; the leading ones are the clock and look alike.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[self.as_str().len() - 8..]
    }
}

impl From<uuid::Uuid> for RunId {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }
}

text_id!(
    /// One agent of a fleet, from its start to its end: a version 7 UUID.
    AgentId,
    "an agent's id: a UUID",
    |text| uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
);

impl AgentId {
    /// The last eight digits.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[self.as_str().len() - 8..]
    }
}

impl From<uuid::Uuid> for AgentId {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }
}

text_id!(
    /// What people call an agent of a fleet.
    AgentName,
    "an agent's name: up to 64 letters, digits, '-', '_' and '.'",
    |text| is_word(text, "-_.", 64)
);

text_id!(
    /// A stage of pipeline.yaml; part of a log stream name, so neither ':' nor '*' nor '/'.
    StageName,
    "a stage name: up to 64 letters, digits, '-', '_' and '.'",
    |text| is_word(text, "-_.", 64)
);

text_id!(
    /// An environment such as `prod`; part of resource and log stream names.
    EnvName,
    "an environment name: up to 32 letters, digits, '-' and '_'",
    |text| is_word(text, "-_", 32)
);

text_id!(
    /// What an agent is asked to be or have, such as `prod-network`.
    Label,
    "a label: up to 64 letters, digits, '-', '_' and '.'",
    |text| is_word(text, "-_.", 64)
);

text_id!(
    /// What a sender calls one of its deliveries; GitHub uses UUIDs.
    DeliveryId,
    "a delivery id: up to 128 letters, digits, '-', '_', '.' and ':'",
    |text| is_word(text, "-_.:", 128)
);

impl DeliveryId {
    /// Of what somebody asks the agent itself for.
    #[must_use]
    pub fn asked(id: uuid::Uuid) -> Self {
        Self(format!("api:{id}"))
    }
}

text_id!(
    /// What the agent's settings call a repository.
    RepositoryName,
    "a repository's name: up to 64 letters, digits, '-', '_' and '.'",
    |text| is_word(text, "-_.", 64)
);

text_id!(
    /// A repository on GitHub. Case does not count there: compare with [`GitHubName::is`].
    GitHubName,
    "a repository on GitHub: OWNER/NAME, up to 39 and 100 letters, digits, '-', '_' and '.'",
    |text| text
        .split_once('/')
        .is_some_and(|(owner, name)| is_word(owner, "-_", 39) && is_github_repository(name))
);

/// A dot may come first there, as in `.github`.
fn is_github_repository(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=100).contains(&name.len()) && name.chars().all(legal) && name != "." && name != ".."
}

impl GitHubName {
    /// Is this what GitHub calls the repository, in whatever case?
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(name)
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(owner, _)| owner)
    }

    /// Its name there.
    #[must_use]
    pub fn name(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(_, name)| name)
    }
}

text_id!(
    /// A full git commit id: 40 lower-case hexadecimal digits.
    Sha,
    "a commit id: 40 hexadecimal digits",
    |text| text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

impl Sha {
    /// Git's name for no commit at all: forty zeros.
    #[must_use]
    pub fn null() -> Self {
        Self("0".repeat(40))
    }

    /// The first seven digits, as git prints them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[..7]
    }
}

text_id!(
    /// The SHA-256 of some content: 64 lower-case hexadecimal digits.
    Digest,
    "a SHA-256: 64 hexadecimal digits",
    |text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

text_id!(
    /// The first digits of a plan's hash: as many as are shown, or more. Fewer could be met by chance.
    PlanDigits,
    "the hash of a plan: its first 12 digits, or more",
    |text| (12..=64).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

impl Digest {
    /// The digest of `content`.
    #[must_use]
    pub fn of(content: impl AsRef<[u8]>) -> Self {
        Self(hex::encode(Sha256::digest(content.as_ref())))
    }

    /// Is it one that begins so?
    #[must_use]
    pub fn begins_with(&self, digits: &PlanDigits) -> bool {
        self.as_str().starts_with(digits.as_str())
    }

    /// The first twelve digits, enough to tell contents apart on a screen.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[..12]
    }
}

/// Which try of a stage this is: 1 for the first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The first try.
    pub const FIRST: Self = Self(1);

    /// The try after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

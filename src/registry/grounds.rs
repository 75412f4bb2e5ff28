//! What an approval rests on: the artefact, whose change it is, and what the evidence says.

use crate::{git::People, model::champion::Standing};
use serde::Serialize;

/// Everything that was looked at before a version is approved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grounds {
    /// Its model's file.
    pub artefact: Artefact,
    /// Whose change it is, where that matters.
    pub authorship: Authorship,
    /// The scores it was registered with.
    pub seal: Seal,
    /// Why the gate of the run that trained it refused it, where that is known and it did.
    pub gate_refused: Option<String>,
    /// The version that is in use until now, and how this one stands against it.
    pub champion: Option<Rival>,
}

/// The version that is to be replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rival {
    /// Its number.
    pub version: i32,
    /// How the new one stands against it.
    pub standing: Standing,
}

/// The model's file in S3, beside the ETag that the registry took when it was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Artefact {
    /// The very same.
    AsRegistered,
    /// The registry took no ETag.
    Unrecorded,
    /// Another file.
    Changed,
    /// There is none.
    Gone,
}

impl Artefact {
    /// What the ETags say.
    #[must_use]
    pub fn of(registered: Option<&str>, found: Option<&str>) -> Self {
        match (registered, found) {
            (_, None) => Self::Gone,
            (None, Some(_)) => Self::Unrecorded,
            (Some(registered), Some(found)) if registered == found => Self::AsRegistered,
            (Some(_), Some(_)) => Self::Changed,
        }
    }

    /// Why the version cannot be used, if it cannot.
    pub(super) fn flaw(self) -> Option<&'static str> {
        match self {
            Self::AsRegistered | Self::Unrecorded => None,
            Self::Changed => Some("its model was changed after it was registered"),
            Self::Gone => Some("its model is not there any more"),
        }
    }
}

/// The scores beside the digest that the registry took of them when the version was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Seal {
    /// The very same, and the figures follow from them.
    Intact,
    /// Something is not there.
    Missing {
        /// What.
        what: String,
    },
    /// Something is not what it was.
    Broken {
        /// What.
        what: String,
    },
}

/// Whose change a version is, for environments that ask for four eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Authorship {
    /// Nobody asks.
    NotAsked,
    /// Another person's than the approver's.
    Another,
    /// The approver's own.
    Own {
        /// Who is both.
        by: String,
    },
    /// It cannot be told.
    Unknown {
        /// What cannot be found.
        what: String,
    },
}

/// Compares who approves, by all the names that are known of them, with who wrote and committed the change.
#[must_use]
pub fn authorship(approvers: &[&str], people: &People) -> Authorship {
    let same = |one: &str, other: &str| {
        !other.trim().is_empty() && one.trim().to_lowercase() == other.trim().to_lowercase()
    };
    let own = approvers.iter().find(|name| people.names().any(|other| same(name, other)));
    own.map_or(Authorship::Another, |name| Authorship::Own { by: name.trim().to_owned() })
}

/// What the evidence says against a version. A person may override it, and says why.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Objection {
    /// There is no proof.
    #[error("its evidence is missing ({what})")]
    Missing {
        /// What is.
        what: String,
    },
    /// The proof is not what it was.
    #[error("its evidence was changed ({what})")]
    Changed {
        /// What was.
        what: String,
    },
    /// The gate has refused it.
    #[error("the gate refused it ({reasons})")]
    GateRefused {
        /// The gate's own reasons.
        reasons: String,
    },
    /// It is worse than what it would replace.
    #[error(
        "on the same {rows} test rows its AUC is {deficit:.4} worse than that of version {champion} (p = {p_value:.3})"
    )]
    Worse {
        /// The version in use.
        champion: i32,
        /// Champion less challenger.
        deficit: f64,
        /// Of DeLong's test.
        p_value: f64,
        /// Rows that both were judged on.
        rows: usize,
    },
}

impl Grounds {
    /// Everything that the evidence says against the version.
    #[must_use]
    pub fn objections(&self) -> Vec<Objection> {
        let seal = match &self.seal {
            Seal::Intact => None,
            Seal::Missing { what } => Some(Objection::Missing { what: what.clone() }),
            Seal::Broken { what } => Some(Objection::Changed { what: what.clone() }),
        };
        let gate = self.gate_refused.clone().map(|reasons| Objection::GateRefused { reasons });
        let worse = self.champion.as_ref().and_then(|rival| match &rival.standing {
            Standing::Worse(figures) => Some(Objection::Worse {
                champion: rival.version,
                deficit: -figures.difference.value,
                p_value: figures.difference.p_value,
                rows: figures.rows,
            }),
            Standing::Better(_) | Standing::NotDistinguishable(_) => None,
            Standing::NotComparable { .. } => None,
        });
        seal.into_iter().chain(gate).chain(worse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Person;

    fn people() -> People {
        let person = |name: &str, email: &str| Person { name: name.into(), email: email.into() };
        People {
            author: person("Ada", "ada@example.org"),
            committer: person("", "Bot@example.org"),
        }
    }

    #[test]
    fn author_and_committer_are_known_by_name_and_by_address() {
        for own in ["ada@example.org", " Ada@Example.org ", "ada", "bot@example.org"] {
            let by = own.trim().to_owned();
            assert_eq!(authorship(&["eve", own], &people()), Authorship::Own { by });
        }
        for other in ["grace@example.org", "", " "] {
            assert_eq!(authorship(&[other], &people()), Authorship::Another, "{other:?}");
        }
    }

    #[test]
    fn an_artefact_is_what_its_etag_says() {
        for (registered, found, artefact) in [
            (Some("a"), Some("a"), Artefact::AsRegistered),
            (Some("a"), Some("b"), Artefact::Changed),
            (None, Some("b"), Artefact::Unrecorded),
            (Some("a"), None, Artefact::Gone),
            (None, None, Artefact::Gone),
        ] {
            assert_eq!(Artefact::of(registered, found), artefact);
        }
    }
}

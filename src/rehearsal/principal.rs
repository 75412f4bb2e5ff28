//! Who asks: told by the access key id alone.

use super::{Item, Landscape, Policy, Service, Shelf, ShelfError, landscape, sts::tags::Tags};
use crate::ids::{AccountId, Arn, Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Access key id of the agent's own role.
pub(super) const AGENT_KEY: &str = "AKIAREHEARSALAGENT00";

/// A caller.
#[derive(Debug, Clone, PartialEq)]
pub enum Principal {
    /// The agent's own role in the tools account.
    Agent,
    /// Someone who may do everything in one account.
    Administrator(AccountId),
    /// A session of an assumed role.
    Session(Box<RoleSession>),
    /// A service that acts in one account. It has no policies of its own: what it meets must let it in.
    Service(Service, AccountId),
}

/// What AssumeRole left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleSession {
    /// The assumed role.
    pub role: Arn,
    /// The session's name.
    pub name: String,
    /// The token that must come with the key.
    pub token: String,
    /// From then on the session is refused.
    pub expires: Timestamp,
    /// Narrows what the role may do.
    pub policy: Option<Policy>,
    /// Who is behind it; sticks through chains.
    pub source_identity: Option<String>,
    /// What it is marked with.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Which of the tags the next session of a chain has too.
    #[serde(default)]
    pub transitive: BTreeSet<String>,
}

impl Item for RoleSession {
    const KIND: &'static str = "session";
}

/// Why a key does not name a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unrecognised {
    /// No such key, or not with this token.
    Unknown,
    /// The session is over.
    Expired,
}

impl Principal {
    /// The caller behind `key`.
    pub(super) async fn of_key(
        shelf: &mut Shelf<'_>,
        key: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Result<Self, Unrecognised>, ShelfError> {
        if key == AGENT_KEY {
            return Ok(Ok(Self::Agent));
        }
        if let Ok(account) = key.parse() {
            return Ok(Ok(Self::Administrator(account)));
        }
        let Some(session) = shelf.get_global::<RoleSession>(key).await? else {
            return Ok(Err(Unrecognised::Unknown));
        };
        Ok(if token != Some(session.token.as_str()) {
            Err(Unrecognised::Unknown)
        } else if session.expires <= now {
            Err(Unrecognised::Expired)
        } else {
            Ok(Self::Session(Box::new(session)))
        })
    }

    /// The account the caller acts in.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match self {
            Self::Agent => landscape::tools_account(),
            Self::Administrator(account) | Self::Service(_, account) => account.clone(),
            Self::Session(session) => {
                session.role.account().unwrap_or_else(landscape::tools_account)
            }
        }
    }

    /// The caller's ARN as GetCallerIdentity gives it.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Agent => format!("arn:aws:sts::{}:assumed-role/agent/agent", self.account()),
            Self::Administrator(account) => format!("arn:aws:iam::{account}:root"),
            Self::Session(session) => format!(
                "arn:{}:sts::{}:assumed-role/{}/{}",
                session.role.partition(),
                self.account(),
                session.role.name(),
                session.name
            ),
            Self::Service(service, _) => service.principal().to_owned(),
        }
    }

    /// The caller's unique id as GetCallerIdentity gives it.
    #[must_use]
    pub fn user_id(&self) -> String {
        let role_id = |role: &str| {
            let digest = Digest::of(role);
            let (id, _) = digest.as_str().split_at(16);
            format!("AROA{}", id.to_uppercase())
        };
        match self {
            Self::Agent => format!("{}:agent", role_id(&landscape::agent_principal())),
            Self::Administrator(account) => account.to_string(),
            Self::Session(session) => {
                format!("{}:{}", role_id(session.role.as_str()), session.name)
            }
            Self::Service(..) => self.arn(),
        }
    }

    /// The caller as a trust policy names it.
    #[must_use]
    pub fn trusted_as(&self) -> String {
        match self {
            Self::Agent => landscape::agent_principal(),
            Self::Administrator(_) | Self::Service(..) => self.arn(),
            Self::Session(session) => session.role.to_string(),
        }
    }

    /// Is the caller itself a role, so that what it assumes is chained?
    #[must_use]
    pub fn is_role(&self) -> bool {
        match self {
            Self::Agent | Self::Session(_) => true,
            Self::Administrator(_) | Self::Service(..) => false,
        }
    }

    /// Who is behind the session, where it was said.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        match self {
            Self::Agent | Self::Administrator(_) | Self::Service(..) => None,
            Self::Session(session) => session.source_identity.as_deref(),
        }
    }

    /// The tags that a role taken by the caller has from the beginning.
    pub(super) fn handed_on(&self) -> Tags {
        match self {
            Self::Agent | Self::Administrator(_) | Self::Service(..) => Tags::default(),
            Self::Session(session) => Tags {
                all: session
                    .tags
                    .iter()
                    .filter(|(key, _)| session.transitive.contains(*key))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
                transitive: session.transitive.clone(),
            },
        }
    }

    /// May the caller, by its own policies, do `action` on `resource`? Whether the resource lets a
    /// foreign account in is the resource's own question.
    #[must_use]
    pub fn may(&self, landscape: &Landscape, action: &str, resource: &str) -> bool {
        match self {
            Self::Administrator(_) => true,
            Self::Service(..) => false,
            Self::Agent => action.starts_with("sts:") || action.starts_with("logs:"),
            Self::Session(session) => landscape.role(session.role.as_str()).is_some_and(|role| {
                role.permissions.allows(action, resource)
                    && session.policy.as_ref().is_none_or(|own| own.allows(action, resource))
            }),
        }
    }
}

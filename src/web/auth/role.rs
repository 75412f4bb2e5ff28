//! Roles are a set, no ladder: whoever may start a run can thereby not approve it, and whoever approves need not be
//! able to start one. A token may have several. Each role reads; `admin` does everything.

use serde::{Deserialize, Serialize};

/// What a token is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Starts, cancels and repeats runs, locks and unlocks environments.
    Operator,
    /// Approves and rejects.
    Approver,
    /// Everything, the audit log included.
    Admin,
}

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To look at runs, logs and environments.
    Read,
    /// To move runs and locks.
    Operate,
    /// To decide about runs that wait for a person.
    Approve,
    /// To read the audit log.
    Administer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// May it?
    #[must_use]
    pub fn grants(self, right: Right) -> bool {
        match right {
            Right::Read => true,
            Right::Operate => matches!(self, Self::Operator | Self::Admin),
            Right::Approve => matches!(self, Self::Approver | Self::Admin),
            Right::Administer => self == Self::Admin,
        }
    }
}

impl Right {
    /// The least role that has it.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Operate => Role::Operator,
            Self::Approve => Role::Approver,
            Self::Administer => Role::Admin,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("'{text}' is no role: viewer, operator, approver or admin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_starts_does_not_approve_and_the_other_way_round() {
        use Right::{Administer, Approve, Operate, Read};
        for (role, rights) in [
            (Role::Viewer, vec![Read]),
            (Role::Operator, vec![Read, Operate]),
            (Role::Approver, vec![Read, Approve]),
            (Role::Admin, vec![Read, Operate, Approve, Administer]),
        ] {
            for right in [Read, Operate, Approve, Administer] {
                assert_eq!(role.grants(right), rights.contains(&right), "{role} {right:?}");
                assert!(right.role().grants(right));
            }
            assert_eq!(role.as_str().parse(), Ok(role));
        }
    }
}

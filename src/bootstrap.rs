//! Lays the foundation in accounts: looks at what is there, plans, does what was asked for, reads back.
//!
//! Looking writes nothing. Doing follows the order of [`Foundation`], one small call after the other, each of which may
//! be done again: whoever was interrupted begins anew and finds what is done. Nothing is ever deleted, and what does not
//! carry our tag is changed only if a person names it. A key's ARN is KMS's to give, so keys come first, and everything
//! that names them is derived once more when they are there.

mod observe;
mod perform;

use crate::{
    aws::{Administrator, CloudError},
    foundation::{Foundation, Item, Scope, Standing, compare},
    ids::{AccountId, Arn},
};
use std::collections::{BTreeMap, BTreeSet};

/// The administrators, one an account. Accounts that have none are not looked at.
#[derive(Debug, Clone, Default)]
pub struct Crew(BTreeMap<AccountId, Administrator>);

impl Crew {
    /// Takes in an administrator.
    pub fn add(&mut self, administrator: Administrator) {
        self.0.insert(administrator.account().clone(), administrator);
    }

    fn of(&self, item: &Item) -> Option<&Administrator> {
        self.0.get(&item.account)
    }
}

/// What is wanted, and what a person gives us of what is there.
#[derive(Debug, Clone)]
pub struct Order {
    /// What the foundation follows from.
    pub scope: Scope,
    /// Names of things that are not ours and shall be.
    pub adopted: BTreeSet<String>,
}

/// How everything stands.
#[derive(Debug, Clone)]
pub struct Survey {
    /// What should be, with the keys that are known.
    pub foundation: Foundation,
    /// Each thing of the accounts that were looked at, in order.
    pub standings: Vec<(Item, Standing)>,
    /// What stands beside what should be, and what the environment files should say.
    pub notes: Vec<String>,
}

impl Survey {
    /// Is there something that should be done, by us or by a person?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.standings.iter().any(|(_, standing)| standing.is_open())
    }

    /// Is there something that is ours to do?
    #[must_use]
    pub fn is_to_do(&self) -> bool {
        self.standings.iter().any(|(_, standing)| standing.is_to_do())
    }

    /// After everything was done: is there something left, beside what was set and cannot be read back?
    #[must_use]
    pub fn is_left_open(&self) -> bool {
        self.standings.iter().any(|(_, standing)| standing.is_open() && !standing.is_set_unseen())
    }
}

/// Why the foundation was not laid to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The accounts cannot be read.
    #[error("reading the accounts failed")]
    Unreadable(#[from] CloudError),
    /// AWS refused or failed; what came before it is done.
    #[error("{what} in account {account}")]
    Refused {
        /// What was to be done.
        what: String,
        /// Where.
        account: AccountId,
        /// What AWS said.
        source: CloudError,
    },
    /// Read back, something is not as it was set.
    #[error("read back, this is not as it was set: {}", .0.join(", "))]
    NotAsSet(Vec<String>),
}

/// Looks at everything. Writes nothing.
///
/// # Errors
/// If an account cannot be read.
pub async fn survey(crew: &Crew, order: &Order) -> Result<Survey, CloudError> {
    let first = Foundation::of(&order.scope);
    let known = known_keys(crew, &first).await?;
    let foundation = Foundation::of(&order.scope.clone().with_keys(&known));
    let mut notes: Vec<String> = known.iter().filter_map(misnamed).collect();
    let unseen = foundation.keys().filter(|(item, _)| crew.of(item).is_none());
    notes.extend(unseen.map(|(item, key)| {
        format!("account {} is not looked at; its {item} is taken to be {}", item.account, key.arn)
    }));
    let mut standings = Vec::new();
    for item in &foundation.items {
        let Some(administrator) = crew.of(item) else { continue };
        let found = match Box::pin(observe::observe(administrator, item)).await {
            Err(error) if administrator.is_elsewhere() && error.is_unheard_of() => {
                notes
                    .push(format!("{item} is not offered by this endpoint and left out ({error})"));
                continue;
            }
            found => found?,
        };
        let beside = found.iter().flat_map(|found| &found.beside);
        notes.extend(beside.map(|what| format!("{item} also has {what}; it is left alone")));
        let unoffered = found.iter().flat_map(|found| &found.unoffered);
        notes.extend(unoffered.map(|(what, why)| left_out(item, what, why)));
        standings.push((item.clone(), compare(item, found.as_ref(), &order.adopted)));
    }
    Ok(Survey { foundation, standings, notes })
}

fn left_out(item: &Item, what: &str, why: &str) -> String {
    format!("{item}: {what} is not offered by this endpoint and left out ({why})")
}

/// What the keys that the files name are really called, as far as they are there.
async fn known_keys(
    crew: &Crew,
    foundation: &Foundation,
) -> Result<BTreeMap<Arn, Arn>, CloudError> {
    let mut known = BTreeMap::new();
    for (item, key) in foundation.keys() {
        let Some(administrator) = crew.of(item) else { continue };
        if let Some(arn) = administrator.kms().find(key).await? {
            known.insert(key.written.clone(), arn);
        }
    }
    Ok(known)
}

/// An alias in a file is as good as the key; a number that KMS never gave is not.
fn misnamed((written, real): (&Arn, &Arn)) -> Option<String> {
    let wrong = written != real && written.resource().starts_with("key/");
    wrong.then(|| format!("the environment file names {written}, which is not there; write {real}"))
}

/// Does what is to be done, telling each step, and reads back.
///
/// # Errors
/// If AWS refuses something, or something is not as it was set.
pub async fn apply(
    crew: &Crew,
    order: &Order,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Survey, ApplyError> {
    make_keys(crew, order, tell).await?;
    let survey = Box::pin(self::survey(crew, order)).await?;
    for (item, standing) in survey.standings.iter().filter(|(_, one)| one.is_to_do()) {
        let Some(administrator) = crew.of(item) else { continue };
        let done = Box::pin(perform::perform(administrator, item, standing)).await;
        let unoffered = done.map_err(|source| refused(item, source))?;
        tell(&format!("account {}: {} {item}", item.account, done_to(standing)));
        for (what, why) in unoffered {
            tell(&format!("account {}: {}", item.account, left_out(item, &what, &why)));
        }
    }
    let after = Box::pin(self::survey(crew, order)).await?;
    let open = after.standings.iter();
    let open = open.filter(|(_, standing)| standing.is_to_do() && !standing.is_set_unseen());
    let open: Vec<String> = open.map(|(item, _)| item.to_string()).collect();
    if open.is_empty() { Ok(after) } else { Err(ApplyError::NotAsSet(open)) }
}

async fn make_keys(
    crew: &Crew,
    order: &Order,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<(), ApplyError> {
    let foundation = Foundation::of(&order.scope);
    for (item, key) in foundation.keys() {
        let Some(administrator) = crew.of(item) else { continue };
        let made = perform::key(administrator, item, key).await;
        if let Some(arn) = made.map_err(|source| refused(item, source))? {
            tell(&format!("account {}: made {item}, {arn}", item.account));
        }
    }
    Ok(())
}

fn refused(item: &Item, source: CloudError) -> ApplyError {
    ApplyError::Refused { what: item.to_string(), account: item.account.clone(), source }
}

fn done_to(standing: &Standing) -> &'static str {
    match standing {
        Standing::Missing => "made",
        Standing::Differs { adopting: true, .. } => "adopted",
        Standing::Differs { adopting: false, .. } => "changed",
        Standing::Unread { .. } => "set again",
        Standing::Fine | Standing::Foreign { .. } | Standing::Blocked { .. } => "looked at",
    }
}

//! The account and region an environment file is about, and whether its ARNs are there.

use super::{
    arns::Given,
    desk::{Desk, EXAMPLE_ACCOUNTS, Examples},
};
use crate::{
    ids::{AccountId, Arn, Region},
    spec::raw_environment::RawEnvironment,
};

/// The one place that an environment's writes go to.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) partition: &'static str,
    /// The key of the file that named the account.
    source: String,
}

/// Which account an ARN must be in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// The environment's own.
    Environment,
    /// That of the model package group; any, for the group itself.
    Registry(Option<&'a AccountId>),
}

/// The site, from `account_id` or else from the first ARN that names an account.
pub(super) fn derive(desk: &mut Desk<'_, '_>, raw: &RawEnvironment, given: &Given) -> Option<Site> {
    let region: Option<Region> = desk.parsed(&["aws_region"], raw.aws_region.as_ref());
    let (source, account) = account(desk, raw, given)?;
    let region = region?;
    let partition = region.partition().name;
    Some(Site { account, region, partition, source })
}

fn account(
    desk: &mut Desk<'_, '_>,
    raw: &RawEnvironment,
    given: &Given,
) -> Option<(String, AccountId)> {
    let path = ["account_id"];
    let found = if desk.reading.has(&path) {
        let account: AccountId = desk.parsed(&path, raw.account_id.as_ref())?;
        refuse_bare_digits(desk, &account);
        ("account_id".to_owned(), account)
    } else {
        let named = given.of_environment().into_iter();
        let derived = named.filter_map(|(key, arn)| Some((key.join("."), arn?.account()?))).next();
        let Some(derived) = derived else {
            desk.reading
                .error(&path, "missing-key", "the account is not known: no ARN names it")
                .help("add account_id: \"…\", twelve digits in quotes");
            return None;
        };
        derived
    };
    let path: Vec<&str> = found.0.split('.').collect();
    refuse_example(desk, &path, &found.1);
    if let Some(registry) = given.group.as_ref().and_then(Arn::account) {
        refuse_example(desk, &["model_package_group_name"], &registry);
    }
    Some(found)
}

fn refuse_example(desk: &mut Desk<'_, '_>, path: &[&str], account: &AccountId) {
    if desk.examples == Examples::Refused && EXAMPLE_ACCOUNTS.contains(&account.as_str()) {
        desk.reading
            .error(path, "placeholder", format!("account {account} is an example"))
            .help("put the real account in its place");
    }
}

/// Without quotes, leading zeros are lost or make it octal, depending on who reads the file.
fn refuse_bare_digits(desk: &mut Desk<'_, '_>, account: &AccountId) {
    let span = desk.reading.root.span_of(&["account_id"]);
    let source = desk.reading.file.text.get(span.offset..span.offset + span.length);
    if source == Some(account.as_str()) {
        desk.reading
            .error(&["account_id"], "wrong-type", "'account_id' must be a text, not a number")
            .help(format!("put it in quotes: \"{account}\""));
    }
}

impl Site {
    /// Notes where the ARN at `path` is in another account, region or partition than it must be.
    pub(super) fn must_hold(
        &self,
        desk: &mut Desk<'_, '_>,
        path: &[&str],
        arn: &Arn,
        owner: Owner<'_>,
    ) {
        let (wanted, source) = match owner {
            Owner::Environment => (Some(&self.account), self.source.as_str()),
            Owner::Registry(account) => (account, "model_package_group_name"),
        };
        let key = path.join(".");
        let actual = arn.account();
        if let (Some(wanted), Some(actual)) = (wanted, &actual)
            && wanted != actual
        {
            let message =
                format!("'{key}' is in account {actual}, but '{source}' says account {wanted}");
            desk.reading.error(path, "disagreement", message).help("correct one of the two");
        }
        if !arn.region().is_empty() && arn.region() != self.region.as_str() {
            let message = format!(
                "'{key}' is in region {}, but 'aws_region' says {}",
                arn.region(),
                self.region
            );
            desk.reading.error(path, "disagreement", message).help("correct one of the two");
        }
        if arn.partition() != self.partition {
            let message = format!(
                "'{key}' is in partition {}, but region {} is in {}",
                arn.partition(),
                self.region,
                self.partition
            );
            let help = format!("ARNs of this region begin with arn:{}:", self.partition);
            desk.reading.error(path, "disagreement", message).help(help);
        }
    }
}

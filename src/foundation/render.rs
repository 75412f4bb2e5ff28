//! A foundation as people read it: what is to be done account by account, and policies as files.

use super::{Difference, Foundation, Item, Resource, Setting, Standing};
use crate::ids::AccountId;
use serde_json::Value;
use std::collections::BTreeMap;

/// Statements of a policy that differ and are told one by one; of more, the number.
const MOST_STATEMENTS: usize = 12;

/// What is to be done, by account; `standings` in the order in which it is done.
#[must_use]
pub fn human(standings: &[(Item, Standing)]) -> String {
    let mut accounts: Vec<&AccountId> = standings.iter().map(|(item, _)| &item.account).collect();
    accounts.sort();
    accounts.dedup();
    let mut lines = Vec::new();
    for account in accounts {
        lines.push(format!("Account {account}"));
        for (item, standing) in standings.iter().filter(|(item, _)| item.account == *account) {
            lines.extend(told(item, standing));
        }
        lines.push(String::new());
    }
    lines.push(summary(standings));
    lines.join("\n")
}

fn told(item: &Item, standing: &Standing) -> Vec<String> {
    let mut lines = Vec::new();
    match standing {
        Standing::Fine => lines.push(format!("  = {item}")),
        Standing::Missing => {
            lines.push(format!("  + {item}: create"));
            lines.extend(item.settings().iter().map(|one| format!("      {}", set(one))));
        }
        Standing::Differs { differences, adopting } => {
            let verb = if *adopting { "adopt and change" } else { "change" };
            lines.push(format!("  ~ {item}: {verb}"));
            lines.extend(differences.iter().flat_map(difference));
        }
        Standing::Foreign { differences } => {
            lines.push(format!("  ! {item}: differs, and does not carry our tag; left alone"));
            lines.extend(differences.iter().flat_map(difference));
            lines.push(format!("      to have it changed: --adopt {}", item.name()));
        }
        Standing::Unread { unread, again } => {
            lines.push(format!("  ? {item}: some of it could not be read"));
            lines.extend(unread.iter().map(|(what, why)| format!("      {what}: {why}")));
            if !again.is_empty() {
                lines.push("      to be sure, --apply sets it again".to_owned());
            }
        }
        Standing::Blocked { obstacles } => {
            lines.push(format!("  ✗ {item}: cannot be changed"));
            lines.extend(obstacles.iter().map(|one| format!("      {one}")));
        }
    }
    lines
}

/// A setting of something new.
fn set(setting: &Setting) -> String {
    match setting.policy() {
        Some(policy) => format!("{}: {} statements", setting.aspect(), policy.statements().len()),
        None => format!("{}: {}", setting.aspect(), plain(&setting.wanted())),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn difference(difference: &Difference) -> Vec<String> {
    let aspect = difference.setting.aspect();
    if let Some(why) = &difference.unread {
        return vec![format!("      {aspect}: set again, for it could not be read ({why})")];
    }
    if difference.setting.policy().is_none() {
        let (from, to) = (plain(&difference.from), plain(&difference.to));
        return vec![format!("      {aspect}: {from} -> {to}")];
    }
    if difference.from.is_null() {
        return vec![format!("      {aspect}: put it there")];
    }
    let (from, to) = (statements(&difference.from), statements(&difference.to));
    let mut lines = Vec::new();
    for (sid, text) in &from {
        match to.get(sid) {
            None => lines.push(format!("      {aspect}: take out {sid}: {text}")),
            Some(wanted) if wanted != text => {
                lines.push(format!("      {aspect}: {sid} is {text}"));
                lines.push(format!("      {aspect}: {sid} becomes {wanted}"));
            }
            Some(_) => {}
        }
    }
    let added = to.iter().filter(|(sid, _)| !from.contains_key(*sid));
    lines.extend(added.map(|(sid, _)| format!("      {aspect}: add {sid}")));
    if lines.len() > MOST_STATEMENTS {
        let more = lines.len() - MOST_STATEMENTS;
        lines.truncate(MOST_STATEMENTS);
        lines.push(format!("      {aspect}: and {more} more lines, whole with --json"));
    }
    lines
}

/// A policy's statements by id; those without one by their text.
fn statements(policy: &Value) -> BTreeMap<String, String> {
    let canonical = super::canonical(policy);
    let list = canonical.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = |one: Value| {
        let text = one.to_string();
        let sid = one.get("Sid").and_then(Value::as_str).unwrap_or("a statement without an id");
        (sid.to_owned(), text)
    };
    list.into_iter().map(named).collect()
}

fn summary(standings: &[(Item, Standing)]) -> String {
    let count = |is: fn(&Standing) -> bool| standings.iter().filter(|(_, one)| is(one)).count();
    let create = count(|one| matches!(one, Standing::Missing));
    let change = count(|one| matches!(one, Standing::Differs { .. }));
    let foreign = count(|one| matches!(one, Standing::Foreign { .. }));
    let unread = count(|one| matches!(one, Standing::Unread { .. }));
    let blocked = count(|one| matches!(one, Standing::Blocked { .. }));
    if create + change + foreign + unread + blocked == 0 {
        return format!("Nothing to do: all {} are as they should be.", standings.len());
    }
    let mut parts = vec![format!("To create: {create}, to change: {change}")];
    if foreign > 0 {
        parts.push(format!("somebody else's that differ: {foreign}"));
    }
    if unread > 0 {
        parts.push(format!("not to be told: {unread}"));
    }
    if blocked > 0 {
        parts.push(format!("in the way: {blocked}"));
    }
    format!("{}.", parts.join(", "))
}

/// Every policy as a file of its own: path below a folder, and text.
#[must_use]
pub fn files(foundation: &Foundation) -> Vec<(String, String)> {
    let mut files = vec![("agent.permissions.json".to_owned(), pretty(&foundation.agent.json()))];
    for item in &foundation.items {
        let folder = match &item.resource {
            Resource::Key(_) => "keys",
            Resource::Role(_) => "roles",
            Resource::Bucket(_) => "buckets",
            Resource::Group(_) => "groups",
            Resource::LogGroup(_) => continue,
        };
        let name = item.name().trim_start_matches("alias/").replace('/', "-");
        for setting in item.settings() {
            let Some(policy) = setting.policy() else { continue };
            let what = setting.aspect().replace(' ', ".");
            let path = format!("{}/{folder}/{name}.{what}.json", item.account);
            files.push((path, pretty(&policy.json())));
        }
    }
    files
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

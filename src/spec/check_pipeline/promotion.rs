//! The `environments` section: branches, and the order of promotion.

use crate::{
    ids::{EnvName, Label},
    spec::{
        graph, notes::quoted, pipeline::EnvironmentRule, raw_pipeline::RawEnvironmentRule,
        reading::Reading, shape,
    },
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Environments of one pipeline: accounts that one team promotes through.
const MOST_ENVIRONMENTS: usize = 32;

/// Labels of one environment.
const MOST_LABELS: usize = 16;

/// The rules in promotion order: each behind the one it comes `after`.
pub(super) fn check(reading: &mut Reading<'_>, raw: Map<String, Value>) -> Vec<EnvironmentRule> {
    if reading.has(&["environments"]) && reading.root.entry(&["environments"]).is_some_and(is_empty)
    {
        reading
            .key_error(&["environments"], "no-environment", "there is no environment")
            .help("name at least one, as in: prod: { branch: main }");
    }
    if raw.len() > MOST_ENVIRONMENTS {
        let message = format!("more than {MOST_ENVIRONMENTS} environments");
        reading.key_error(&["environments"], "too-many", message);
        return Vec::new();
    }
    let mut rules = Vec::new();
    for (name, raw) in raw {
        let path = ["environments", name.as_str()];
        let span = reading.root.key_span(&path);
        if let Some(raw) = shape::raw::<RawEnvironmentRule>(raw, span, &mut reading.notes) {
            rules.extend(check_rule(reading, &name, raw));
        }
    }
    refuse_shared_branches(reading, &rules);
    in_order(reading, rules)
}

fn is_empty(entry: &crate::spec::node::Entry) -> bool {
    matches!(&entry.node.value, crate::spec::node::Value::Map(entries) if entries.is_empty())
}

fn check_rule(
    reading: &mut Reading<'_>,
    name: &str,
    raw: RawEnvironmentRule,
) -> Option<EnvironmentRule> {
    let checked: Option<EnvName> = name
        .parse()
        .map_err(|error| {
            let error: crate::ids::InvalidId = error;
            let message = format!("{} is not {}", quoted(name), error.expected);
            reading.key_error(&["environments", name], "bad-name", message);
        })
        .ok();
    if let Some(branch) = &raw.branch {
        check_branch(reading, name, branch);
    }
    let path = ["environments", name, "after"];
    let after = raw.after.and_then(|after| reading.parse(&path, "bad-name", &after));
    let runs_on = check_labels(reading, name, raw.runs_on.unwrap_or_default());
    Some(EnvironmentRule {
        name: checked?,
        branch: raw.branch.unwrap_or_default(),
        after,
        supersede: raw.supersede.unwrap_or_default(),
        windows: None,
        runs_on,
    })
}

fn check_labels(reading: &mut Reading<'_>, name: &str, labels: Vec<String>) -> BTreeSet<Label> {
    let path = ["environments", name, "runs-on"];
    if labels.len() > MOST_LABELS {
        reading.error(&path, "too-many", format!("more than {MOST_LABELS} labels"));
        return BTreeSet::new();
    }
    labels.iter().filter_map(|label| reading.parse(&path, "bad-name", label)).collect()
}

/// The rules of `git check-ref-format` that people run into.
fn check_branch(reading: &mut Reading<'_>, name: &str, branch: &str) {
    let problem = if branch.starts_with("refs/") {
        Some("leave out 'refs/heads/'")
    } else if branch.contains(['*', '?', '[']) {
        Some("one branch by its exact name; patterns are not known here")
    } else if branch.is_empty()
        || branch.starts_with(['-', '/'])
        || branch.ends_with(['/', '.'])
        || branch.contains("..")
        || branch.contains(|c: char| c.is_whitespace() || c.is_control() || "~^:\\".contains(c))
    {
        Some("a name that git takes")
    } else {
        None
    };
    if let Some(help) = problem {
        let message = format!("{} is not a branch name", quoted(branch));
        reading.error(&["environments", name, "branch"], "bad-branch", message).help(help);
    }
}

fn refuse_shared_branches(reading: &mut Reading<'_>, rules: &[EnvironmentRule]) {
    for (index, rule) in rules.iter().enumerate() {
        let shares =
            |other: &&EnvironmentRule| other.branch == rule.branch && !rule.branch.is_empty();
        if let Some(first) = rules[..index].iter().find(shares) {
            let message =
                format!("branch {} already deploys to '{}'", quoted(&rule.branch), first.name);
            reading
                .error(&["environments", rule.name.as_str(), "branch"], "duplicate-branch", message)
                .help("give each environment a branch of its own");
        }
    }
}

fn in_order(reading: &mut Reading<'_>, rules: Vec<EnvironmentRule>) -> Vec<EnvironmentRule> {
    let place = |name: &EnvName| rules.iter().position(|rule| rule.name == *name);
    let mut first: Option<&EnvName> = None;
    for rule in &rules {
        let name = rule.name.as_str();
        match (&rule.after, first) {
            (Some(after), _) if place(after).is_none() => {
                let message = format!("there is no environment '{after}'");
                let names = rules.iter().map(|rule| rule.name.as_str());
                let help =
                    reading.notes.suggestion(after.as_str(), names.filter(|other| *other != name));
                let note =
                    reading.error(&["environments", name, "after"], "unknown-environment", message);
                note.help(help.unwrap_or_else(|| "remove the key".to_owned()));
            }
            (Some(_), _) => {}
            (None, _) if reading.has(&["environments", name, "after"]) => {}
            (None, None) => first = Some(&rule.name),
            (None, Some(root)) => {
                let message = format!("both '{root}' and '{name}' come first: neither has 'after'");
                reading
                    .key_error(&["environments", name], "two-roots", message)
                    .help(format!("say what comes before '{name}', as in: after: {root}"));
            }
        }
    }
    let needs: Vec<Vec<usize>> =
        rules.iter().map(|rule| rule.after.iter().filter_map(place).collect()).collect();
    let sorted = graph::sort(&needs);
    for circle in &sorted.circles {
        let names = circle.iter().map(|index| rules[*index].name.as_str());
        let message = format!("the promotion order is a circle: {}", drawn(names));
        let name = rules[circle[0]].name.as_str();
        reading
            .error(&["environments", name, "after"], "environment-cycle", message)
            .help("remove 'after' from the environment that comes first");
    }
    sorted.order.iter().map(|index| rules[*index].clone()).collect()
}

/// `a → b → a`
pub(super) fn drawn<'n>(mut circle: impl Iterator<Item = &'n str>) -> String {
    let Some(first) = circle.next() else { return String::new() };
    let mut text = first.to_owned();
    for name in circle.chain([first]) {
        text.push_str(" → ");
        text.push_str(name);
    }
    text
}

//! Targets of rules as people read them, the words they send included.

use super::{super::resources::Target, arrow};

/// The ids of targets and their rule.
pub(super) fn of_rule(targets: &[Target], rule: &str) -> String {
    let ids: Vec<&str> = targets.iter().map(|target| target.id.as_str()).collect();
    format!("{} of rule {rule}", ids.join(", "))
}

/// What differs between targets of the same ids; a target with a new id is shown whole.
pub(super) fn target_changes(from: &[Target], to: &[Target]) -> Vec<String> {
    let role = |target: &Target| target.role.clone().unwrap_or_else(|| "none".to_owned());
    let mut lines = Vec::new();
    for after in to {
        let Some(before) = from.iter().find(|before| before.id == after.id) else {
            lines.extend(targets(std::slice::from_ref(after)));
            continue;
        };
        let pairs = [
            ("to", before.arn.clone(), after.arn.clone()),
            ("role", role(before), role(after)),
            ("retries", before.retries.to_string(), after.retries.to_string()),
            (
                "seconds",
                before.longest_age_seconds.to_string(),
                after.longest_age_seconds.to_string(),
            ),
        ];
        let differing = pairs.into_iter().filter(|(_, from, to)| from != to);
        lines.extend(differing.map(|(what, from, to)| arrow(what, &from, &to)));
        if before.message != after.message {
            lines.push("its message becomes:".to_owned());
            lines.extend(words(after));
        }
    }
    lines
}

/// Where each target's events go and, if people read them, in which words.
pub(super) fn targets(targets: &[Target]) -> Vec<String> {
    targets.iter().flat_map(|target| [vec![target.arn.clone()], words(target)].concat()).collect()
}

/// The message as it will be read, without the quotes that EventBridge wants around its lines.
fn words(target: &Target) -> Vec<String> {
    let lines = target.message.iter().flat_map(|message| message.template.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.to_owned()))
        .map(|line: String| format!("| {line}"))
        .collect()
}

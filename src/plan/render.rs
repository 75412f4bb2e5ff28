//! A plan as people read it.

mod targets;

use super::{
    change::{Change, Plan},
    resources::{Rule, Trigger},
};
use crate::{ids::Digest, schedule::Schedule};
use jiff::Timestamp;
use std::fmt::Write as _;
use targets::{of_rule, target_changes, targets};

/// Fire times shown.
const FIRE_TIMES: usize = 5;

/// Lines of difference shown for one pipeline; the rest is counted.
const MOST_DIFFERENCES: usize = 20;

/// Hexadecimal digits that are a commit (40) or a content digest (64) and not a number or a word.
const SHORTEST_HASH: usize = 40;

/// Digits shown of such a hash.
const SHOWN_DIGITS: usize = 12;

/// The whole plan as text, with the schedule's next times after `from`.
#[must_use]
pub fn human(plan: &Plan, from: Timestamp) -> String {
    let Plan { environment, account, region, commit, .. } = plan;
    let mut text = if plan.is_empty() {
        format!("No changes: {environment} is as commit {} says.\n", commit.short())
    } else {
        format!("{environment} (account {account}, {region}), commit {}\n\n", commit.short())
    };
    text.push_str(&listed(plan));
    if !plan.changes.is_empty() {
        text.push('\n');
    }
    if let Some(times) = fire_times(plan, from) {
        let _ = writeln!(text, "{times}");
    }
    text.push_str(&noted(plan));
    if !plan.is_empty() {
        let _ = writeln!(text, "{}. Plan {}.", tally(plan), plan.hash().short());
    }
    text
}

/// The changes with their old and new values, and the notes, without a time and without a hash that could be approved.
#[must_use]
pub fn difference(plan: &Plan) -> String {
    let (listed, noted) = (listed(plan), noted(plan));
    let gap = if listed.is_empty() || noted.is_empty() { "" } else { "\n" };
    format!("{listed}{gap}{noted}")
}

fn listed(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let Line { sign, verb, what, name, details } = line(change);
        let _ = writeln!(text, "  {sign} {verb:<8} {what:<13} {name}");
        for detail in details {
            let _ = writeln!(text, "      {detail}");
        }
    }
    text
}

fn noted(plan: &Plan) -> String {
    plan.notes.iter().map(|note| format!("Note: {note}.\n")).collect()
}

/// One change on one line, as in `create pipeline mammo-train`; a change of something that is there says what of it.
#[must_use]
pub fn one_line(change: &Change) -> String {
    let Line { sign, verb, what, name, details } = line(change);
    match details.first() {
        Some(detail) if sign == '~' => format!("{verb} {what} {name}: {detail}"),
        Some(_) | None => format!("{verb} {what} {name}"),
    }
}

fn fire_times(plan: &Plan, from: Timestamp) -> Option<String> {
    let expression = plan.schedule.as_deref()?;
    let times = Schedule::parse(expression).ok()?.next_after(from, FIRE_TIMES);
    let times: Vec<String> =
        times.iter().map(|time| time.strftime("%a %Y-%m-%d %H:%M").to_string()).collect();
    Some(if times.is_empty() {
        format!("Schedule {expression} never fires again.")
    } else {
        format!("Schedule {expression} fires next (UTC): {}.", times.join(", "))
    })
}

/// How many changes of each kind there are.
#[must_use]
pub fn tally(plan: &Plan) -> String {
    let count = |sign| plan.changes.iter().filter(|change| line(change).sign == sign).count();
    format!("{} to create, {} to change, {} to remove", count('+'), count('~'), count('-'))
}

struct Line {
    sign: char,
    verb: &'static str,
    what: &'static str,
    name: String,
    details: Vec<String>,
}

fn line(change: &Change) -> Line {
    let of = |sign, verb, what, name: &str, details| {
        let name = name.to_owned();
        Line { sign, verb, what, name, details }
    };
    let add = |what, name: &str, details| of('+', "create", what, name, details);
    let set = |what, name: &str, details| of('~', "change", what, name, details);
    match change {
        Change::CreateLogGroup { name, kms_key, class } => {
            let class = (!class.is_usual()).then(|| format!("class {}", class.name()));
            let key = kms_key.iter().map(|key| format!("key {key}"));
            add("log group", name, key.chain(class).collect())
        }
        Change::SetLogGroupKey { name, from, to } => {
            set("log group", name, vec![arrow("key", from.as_deref().unwrap_or("none"), to)])
        }
        Change::SetRetention { name, from, to } => {
            set("log group", name, vec![arrow("kept", &days(*from), &days(*to))])
        }
        Change::PutObject { bucket, key, kind, bytes, .. } => {
            let what = match kind {
                super::ObjectKind::Script => "script",
                super::ObjectKind::DataContract => "data contract",
                super::ObjectKind::TrainingData => "training data",
            };
            let (folder, name) = shortened(key);
            let details = vec![format!("{bytes} bytes in s3://{bucket}/{folder}")];
            Line { verb: "store", ..add(what, &name, details) }
        }
        Change::CreateFunction { name, settings, .. } => {
            add("function", name, vec![format!("{}, role {}", settings.runtime, settings.role)])
        }
        Change::UpdateFunctionCode { name, from, to } => {
            set("function", name, vec![arrow("code", from, to)])
        }
        Change::UpdateFunctionSettings { name, from, to } => {
            set("function", name, settings(from, to))
        }
        Change::PublishFunction { name, version, .. } => Line {
            verb: "publish",
            ..add("function", &format!("{name}, version {version}"), Vec::new())
        },
        Change::CreateTopic { name } => add("topic", name, Vec::new()),
        Change::SetTopicKey { name, from, to } => {
            set("topic", name, vec![arrow("key", from.as_deref().unwrap_or("none"), to)])
        }
        Change::SetTopicStatement { name, .. } => {
            set("topic", name, vec!["its policy lets events.amazonaws.com publish".to_owned()])
        }
        Change::Subscribe { topic, email } => {
            add("subscription", &format!("{email} to {topic}"), Vec::new())
        }
        Change::CreatePipeline { name, steps, .. } => {
            add("pipeline", name, vec![format!("steps {}", steps.join(", "))])
        }
        Change::UpdatePipeline { name, from, to, differences, .. } => {
            set("pipeline", name, pipeline(from, to, differences))
        }
        Change::PutRule { from: None, to } => add("rule", &to.name, vec![rule(to)]),
        Change::PutRule { from: Some(from), to } => set("rule", &to.name, rule_changes(from, to)),
        Change::PutTargets { rule, from, to } if from.is_empty() => {
            add("target", &of_rule(to, rule), targets(to))
        }
        Change::PutTargets { rule, from, to } => {
            set("target", &of_rule(to, rule), target_changes(from, to))
        }
        Change::RemoveTargets { rule, from } => {
            let arns = from.iter().map(|target| target.arn.clone()).collect();
            Line { sign: '-', verb: "remove", ..add("target", &of_rule(from, rule), arns) }
        }
        Change::RemoveRule { from } => {
            Line { sign: '-', verb: "remove", ..add("rule", &from.name, vec![rule(from)]) }
        }
    }
}

/// A key's folder, and its file name with as much of the content's digest as tells contents apart.
fn shortened(key: &str) -> (String, String) {
    let mut parts: Vec<&str> = key.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    match parts.last().map(|part| part.parse::<Digest>()) {
        Some(Ok(digest)) => {
            parts.pop();
            (parts.join("/"), format!("{file} ({})", digest.short()))
        }
        Some(Err(_)) | None => (parts.join("/"), file.to_owned()),
    }
}

fn arrow(what: &str, from: &str, to: &str) -> String {
    format!("{what} {from} -> {to}").trim_start().to_owned()
}

fn days(days: Option<i32>) -> String {
    days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"))
}

fn settings(from: &super::FunctionSettings, to: &super::FunctionSettings) -> Vec<String> {
    let figures =
        |s: &super::FunctionSettings| (s.timeout_seconds.to_string(), s.memory_mib.to_string());
    let ((from_time, from_memory), (to_time, to_memory)) = (figures(from), figures(to));
    let pairs = [
        ("runtime", &from.runtime, &to.runtime),
        ("handler", &from.handler, &to.handler),
        ("role", &from.role, &to.role),
        ("seconds", &from_time, &to_time),
        ("MiB", &from_memory, &to_memory),
        ("description", &from.description, &to.description),
    ];
    let differing = pairs.into_iter().filter(|(_, from, to)| from != to);
    differing.map(|(what, from, to)| arrow(what, from, to)).collect()
}

fn pipeline(
    from: &super::PipelineSummary,
    to: &super::PipelineSummary,
    differences: &[String],
) -> Vec<String> {
    let mut lines = Vec::new();
    if from.role != to.role {
        lines.push(arrow("role", &from.role, &to.role));
    }
    if from.description != to.description {
        lines.push(arrow("description", &from.description, &to.description));
    }
    lines.extend(differences.iter().take(MOST_DIFFERENCES).map(|line| brief(line)));
    if differences.len() > MOST_DIFFERENCES {
        lines.push(format!("and {} more differences", differences.len() - MOST_DIFFERENCES));
    }
    lines
}

fn rule(rule: &Rule) -> String {
    match &rule.trigger {
        Trigger::Schedule(expression) => format!("{expression}, {}", rule.state),
        Trigger::Pattern(_) => format!("{}, {}", rule.description, rule.state),
    }
}

fn rule_changes(from: &Rule, to: &Rule) -> Vec<String> {
    let mut lines = Vec::new();
    if from.state != to.state {
        lines.push(arrow("state", &from.state.to_string(), &to.state.to_string()));
    }
    if from.trigger != to.trigger {
        lines.push(arrow("fires on", &trigger(&from.trigger), &trigger(&to.trigger)));
    }
    if from.description != to.description {
        lines.push(arrow("description", &from.description, &to.description));
    }
    lines
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Schedule(expression) => expression.clone(),
        Trigger::Pattern(pattern) => pattern.to_string(),
    }
}

/// Long hexadecimal numbers cut to their beginning, which is enough to tell them apart on a screen.
fn brief(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if run.is_empty() {
            out.push(character);
            rest = &rest[character.len_utf8()..];
        } else {
            out.push_str(if run.len() >= SHORTEST_HASH { &run[..SHOWN_DIGITS] } else { run });
            rest = after;
        }
    }
    out
}

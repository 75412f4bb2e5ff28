//! What AWS would refuse in the middle of a deploy, or take and never act on.

use super::{
    desired::Desired,
    resources::{Message, RuleSpec, Target, Trigger},
    rules::LONGEST_NAME,
};

/// Targets of one rule, fixed (EventBridge quotas).
const MOST_TARGETS: usize = 5;

/// Characters of an event pattern (EventBridge quotas; adjustable).
const LONGEST_PATTERN: usize = 2048;

/// Characters of a message, and places in it (PutTargets, InputTransformer).
const LONGEST_TEMPLATE: usize = 8192;
const MOST_PATHS: usize = 100;

/// Characters of a topic's name (CreateTopic).
const LONGEST_TOPIC: usize = 256;

/// Bytes of an S3 key (S3 user guide, "Naming objects").
const LONGEST_KEY: usize = 1024;

/// The key that SNS brings along; its policy cannot be changed and lets no other service in.
const SNS_MANAGED_KEY: &str = "alias/aws/sns";

/// One thing that is wrong with what is desired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {problem}; {help}")]
pub struct Flaw {
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

impl Flaw {
    fn new(subject: String, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { subject, problem: problem.into(), help: help.into() }
    }
}

/// Everything that is wrong with `desired`.
#[must_use]
pub fn lint(desired: &Desired) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for spec in desired.rules.iter().chain([&desired.schedule]) {
        lint_rule(spec, &mut flaws);
    }
    lint_topic(desired, &mut flaws);
    for object in &desired.objects {
        if object.key.len() > LONGEST_KEY {
            flaws.push(Flaw::new(
                format!("{} s3://{}/{}", object.kind, object.bucket, object.key),
                format!("the key has {} bytes, S3 takes {LONGEST_KEY}", object.key.len()),
                "shorten the model's name or the file's",
            ));
        }
    }
    flaws
}

fn lint_rule(spec: &RuleSpec, flaws: &mut Vec<Flaw>) {
    let subject = || format!("rule {}", spec.rule.name);
    lint_name("rule", &spec.rule.name, flaws);
    for target in &spec.targets {
        lint_name("target", &target.id, flaws);
        lint_message(target, flaws);
    }
    if spec.targets.len() > MOST_TARGETS {
        flaws.push(Flaw::new(
            subject(),
            format!("{} targets, EventBridge takes {MOST_TARGETS}", spec.targets.len()),
            "spread them over several rules with the same pattern",
        ));
    }
    let mut ids: Vec<&str> = spec.targets.iter().map(|target| target.id.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        flaws.push(Flaw::new(subject(), "two targets with one id", "give each its own id"));
    }
    if let Trigger::Pattern(pattern) = &spec.rule.trigger {
        let length = pattern.to_string().chars().count();
        if length > LONGEST_PATTERN {
            flaws.push(Flaw::new(
                subject(),
                format!("its pattern has {length} characters, EventBridge takes {LONGEST_PATTERN}"),
                "split it over several rules",
            ));
        }
    }
}

/// EventBridge leaves an unknown place empty and says nothing.
fn lint_message(target: &Target, flaws: &mut Vec<Flaw>) {
    let Some(Message { paths, template }) = &target.message else { return };
    let subject = || format!("target {}", target.id);
    let length = template.chars().count();
    if !(1..=LONGEST_TEMPLATE).contains(&length) {
        flaws.push(Flaw::new(
            subject(),
            format!(
                "its message has {length} characters, EventBridge takes 1 to {LONGEST_TEMPLATE}"
            ),
            "shorten it",
        ));
    }
    if paths.len() > MOST_PATHS {
        flaws.push(Flaw::new(
            subject(),
            format!("its message has {} places, EventBridge takes {MOST_PATHS}", paths.len()),
            "use fewer",
        ));
    }
    let used = template.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    for place in used.filter(|place| !paths.contains_key(*place)) {
        flaws.push(Flaw::new(
            subject(),
            format!("its message has the place <{place}>, which no path fills"),
            "give the path, or leave the place out",
        ));
    }
}

fn lint_name(what: &str, name: &str, flaws: &mut Vec<Flaw>) {
    let subject = || format!("{what} {name}");
    let length = name.chars().count();
    if length > LONGEST_NAME || length == 0 {
        flaws.push(Flaw::new(
            subject(),
            format!("the name has {length} characters, EventBridge takes 1 to {LONGEST_NAME}"),
            "shorten the model's name in the environment file",
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if let Some(strange) = name.chars().find(|c| !legal(*c)) {
        flaws.push(Flaw::new(
            subject(),
            format!("'{strange}' is not legal in the name"),
            "use letters, digits, '.', '_' and '-' in the model's name",
        ));
    }
}

fn lint_topic(desired: &Desired, flaws: &mut Vec<Flaw>) {
    let topic = &desired.topic;
    let subject = || format!("topic {}", topic.name);
    if topic.kms_key.ends_with(SNS_MANAGED_KEY) {
        flaws.push(Flaw::new(
            subject(),
            format!("EventBridge cannot publish to a topic under {SNS_MANAGED_KEY}: no alert would ever arrive"),
            "use a key of your own whose policy lets events.amazonaws.com use kms:Decrypt and kms:GenerateDataKey*",
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let length = topic.name.chars().count();
    if length == 0 || length > LONGEST_TOPIC || !topic.name.chars().all(legal) {
        flaws.push(Flaw::new(
            subject(),
            format!("not a topic's name: 1 to {LONGEST_TOPIC} letters, digits, '_' and '-'"),
            "change the topic's name in the environment file",
        ));
    }
}

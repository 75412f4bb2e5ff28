//! The `stages` section: each stage by itself, then the graph they form.

use super::{action, graph_rules, machine};
use crate::{
    ids::{EnvName, InvalidId, StageName},
    spec::{
        condition::{Condition, Name},
        notes::quoted,
        pipeline::{FailureClass, Retry, Stage},
        raw_pipeline::{RawBuiltIn, RawRetry, RawStage},
        reading::Reading,
        shape,
    },
};
use serde_json::{Map, Value};
use std::time::Duration;

/// Stages of one graph: it must fit a screen, and every stage is a log stream.
const MOST_STAGES: usize = 256;

/// Longest time of one attempt where a stage does not say: SageMaker's queue and three jobs of the
/// example take about 20 minutes.
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);

/// Wait before a second attempt where a stage does not say: longer than most throttling.
const DEFAULT_BACKOFF: Duration = Duration::from_secs(10);

/// What is tried again where a stage does not say: what may be different the next time.
const DEFAULT_CLASSES: [FailureClass; 2] = [FailureClass::CloudError, FailureClass::TimedOut];

/// A stage as written, with its name.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) raw: RawStage,
}

impl Draft {
    pub(super) fn needs(&self) -> &[String] {
        self.raw.needs.as_deref().unwrap_or_default()
    }

    pub(super) fn built_in(&self) -> Option<RawBuiltIn> {
        self.raw.uses
    }
}

/// The stages in an order in which each stands behind all it needs; nothing if one is wrong.
pub(super) fn check(
    reading: &mut Reading<'_>,
    raw: Map<String, Value>,
    environments: &[String],
) -> Option<Vec<Stage>> {
    if raw.is_empty()
        && reading.root.entry(&["stages"]).is_some_and(|e| e.node.entries().is_empty())
    {
        reading
            .key_error(&["stages"], "no-stage", "there is no stage")
            .help("name at least one, as in: validate: { uses: validate }");
    }
    if raw.len() > MOST_STAGES {
        reading.key_error(&["stages"], "too-many", format!("more than {MOST_STAGES} stages"));
        return None;
    }
    let mut drafts = Vec::new();
    for (name, raw) in raw {
        let span = reading.root.key_span(&["stages", &name]);
        if let Some(raw) = shape::raw::<RawStage>(raw, span, &mut reading.notes) {
            drafts.push(Draft { name, raw });
        }
    }
    for draft in &drafts {
        check_needs(reading, draft, &drafts);
    }
    let order = graph_rules::check(reading, &drafts);
    let stages: Vec<Option<Stage>> =
        drafts.iter().map(|draft| check_stage(reading, draft, environments)).collect();
    order.into_iter().map(|index| stages.get(index).cloned().flatten()).collect()
}

fn check_needs(reading: &mut Reading<'_>, draft: &Draft, drafts: &[Draft]) {
    let path = ["stages", draft.name.as_str(), "needs"];
    for (index, need) in draft.needs().iter().enumerate() {
        let earlier = draft.needs()[..index].iter().filter(|other| *other == need).count();
        let span = reading.root.item_span(&path, need, earlier);
        let known = reading.has(&["stages", need]);
        if !known {
            let names = drafts.iter().map(|draft| draft.name.as_str());
            let help = reading.notes.suggestion(need, names.filter(|name| *name != draft.name));
            let message = format!("there is no stage {}", quoted(need));
            let note = reading.notes.error(span, "unknown-stage", message);
            note.help(help.unwrap_or_else(|| "remove it".to_owned()));
        } else if earlier > 0 {
            let message = format!("{} is needed twice", quoted(need));
            reading.notes.error(span, "duplicate-need", message).help("name it once");
        }
    }
}

fn check_stage(reading: &mut Reading<'_>, draft: &Draft, environments: &[String]) -> Option<Stage> {
    let name: &str = &draft.name;
    let raw = &draft.raw;
    let checked: Result<StageName, InvalidId> = name.parse();
    if let Err(error) = &checked {
        let message = format!("{} is not {}", quoted(name), error.expected);
        reading.key_error(&["stages", name], "bad-name", message);
    }
    let environment = check_environment(reading, name, raw.environment.as_deref(), environments);
    check_condition(reading, name, raw.when.as_deref(), environments);
    let timeout = reading.duration(&["stages", name, "timeout"], raw.timeout.as_deref());
    let silence = ["stages", name, "no-output-timeout"];
    let no_output_timeout = reading.duration(&silence, raw.no_output_timeout.as_deref());
    let retry = check_retry(reading, name, raw.retry.as_ref());
    let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
    let action = action::check(reading, name, raw);
    let runs_on = machine::check(reading, name, raw, timeout);
    Some(Stage {
        name: checked.ok()?,
        action: action?,
        needs: draft.needs().iter().filter_map(|need| need.parse().ok()).collect(),
        environment,
        when: raw.when.clone(),
        on: raw.on.unwrap_or_default(),
        variables: raw.env.clone().unwrap_or_default(),
        timeout,
        no_output_timeout,
        retry,
        outputs: raw.outputs.clone().unwrap_or_default(),
        credentials: raw.credentials,
        runs_on,
    })
}

fn check_environment(
    reading: &mut Reading<'_>,
    stage: &str,
    environment: Option<&str>,
    known: &[String],
) -> Option<EnvName> {
    let environment = environment?;
    if known.iter().any(|name| name == environment) {
        return environment.parse().ok();
    }
    // An environment with a fault of its own is there, only not usable.
    if !reading.has(&["environments", environment]) {
        let message = format!("there is no environment {}", quoted(environment));
        let help = reading.notes.suggestion(environment, known.iter().map(String::as_str));
        reading
            .error(&["stages", stage, "in"], "unknown-environment", message)
            .help(help.unwrap_or_else(|| "add it under 'environments'".to_owned()));
    }
    None
}

fn check_condition(
    reading: &mut Reading<'_>,
    stage: &str,
    when: Option<&str>,
    environments: &[String],
) {
    let Some(text) = when else { return };
    let path = ["stages", stage, "when"];
    match Condition::parse(text) {
        Ok(condition) => {
            for name in condition.compared_with(Name::Environment) {
                if !reading.has(&["environments", name]) {
                    let message = format!("there is no environment {}", quoted(name));
                    let help =
                        reading.notes.suggestion(name, environments.iter().map(String::as_str));
                    let note = reading.warning(&path, "unknown-environment", message);
                    note.help(help.unwrap_or_else(|| "this is never true".to_owned()));
                }
            }
        }
        Err(error) => {
            let span = reading.part_span(&path, text, error.span);
            let message = format!("bad condition: {}", error.message);
            let note = reading.notes.error(span, "bad-condition", message);
            if let Some(help) = error.help {
                note.help(help);
            }
        }
    }
}

fn check_retry(reading: &mut Reading<'_>, stage: &str, raw: Option<&RawRetry>) -> Retry {
    let none = Retry { attempts: 1, backoff: DEFAULT_BACKOFF, classes: Vec::new() };
    let Some(raw) = raw else { return none };
    let backoff = reading.duration(&["stages", stage, "retry", "backoff"], raw.backoff.as_deref());
    let path = ["stages", stage, "retry", "on"];
    let classes = raw.on.clone().unwrap_or_else(|| DEFAULT_CLASSES.to_vec());
    for (class, name, reason) in [
        (FailureClass::GateRefused, "gate-refused", "the gate would say the same again"),
        (FailureClass::Cancelled, "cancelled", "a person stopped it"),
    ] {
        if classes.contains(&class) {
            let span = reading.root.item_span(&path, name, 0);
            let message = format!("'{name}' cannot be tried again: {reason}");
            reading.notes.error(span, "useless-retry", message).help("remove it from the list");
        }
    }
    Retry {
        attempts: raw.attempts.unwrap_or(1),
        backoff: backoff.unwrap_or(DEFAULT_BACKOFF),
        classes,
    }
}

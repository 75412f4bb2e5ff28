//! What a stage does: `uses` with its settings, or `run` with what only commands have.

use crate::spec::{
    notes::{listed, quoted},
    pipeline::{Action, BuiltIn, Command, GatePolicy, Metric, Training},
    raw_pipeline::{RawBuiltIn, RawCommand, RawPipelineKind, RawSettings, RawStage},
    reading::Reading,
};

/// Bytes of one argument or script: Linux takes 128 KiB (`MAX_ARG_STRLEN`), and we leave room.
pub(super) const LONGEST_COMMAND: usize = 100_000;

/// Keys that mean nothing without a command.
const COMMAND_KEYS: [&str; 5] = ["env", "outputs", "no-output-timeout", "credentials", "runs-on"];

pub(super) fn check(reading: &mut Reading<'_>, stage: &str, raw: &RawStage) -> Option<Action> {
    let uses = reading.has(&["stages", stage, "uses"]);
    let run = reading.has(&["stages", stage, "run"]);
    let problem = match (uses, run) {
        (true, false) => return uses_built_in(reading, stage, raw),
        (false, true) => return runs_command(reading, stage, raw),
        (true, true) => "both 'uses' and 'run'",
        (false, false) => "neither 'uses' nor 'run'",
    };
    let message = format!("stage {} has {problem}", quoted(stage));
    reading
        .key_error(&["stages", stage], "no-action", message)
        .help("a stage is either a built-in ('uses: plan') or a command ('run: [make, test]')");
    None
}

fn uses_built_in(reading: &mut Reading<'_>, stage: &str, raw: &RawStage) -> Option<Action> {
    for key in COMMAND_KEYS {
        let path = ["stages", stage, key];
        if reading.has(&path) {
            let message = format!("'{key}' belongs to a stage with 'run', not with 'uses'");
            reading.key_error(&path, "misplaced-key", message).help("remove it");
        }
    }
    let built_in = raw.uses?;
    let nothing = RawSettings::default();
    let settings = raw.with.as_ref().unwrap_or(&nothing);
    refuse_foreign_settings(reading, stage, built_in);
    Some(Action::Uses(match built_in {
        RawBuiltIn::Validate => BuiltIn::Validate,
        RawBuiltIn::TrainTest => BuiltIn::TrainTest(training(reading, stage, settings)),
        RawBuiltIn::Gate => BuiltIn::Gate(gate(reading, stage, settings)?),
        RawBuiltIn::AssumeRole => BuiltIn::AssumeRole,
        RawBuiltIn::Plan => BuiltIn::Plan,
        RawBuiltIn::Approve => BuiltIn::Approve,
        RawBuiltIn::DeployPipelines => BuiltIn::DeployPipelines,
        RawBuiltIn::ScheduleRules => BuiltIn::ScheduleRules,
    }))
}

/// The keys a built-in takes under `with`.
fn settings_of(built_in: RawBuiltIn) -> &'static [&'static str] {
    match built_in {
        RawBuiltIn::TrainTest => &["pipeline", "data"],
        RawBuiltIn::Gate => &["metric", "at-least", "not-worse-than-baseline-by"],
        RawBuiltIn::Validate
        | RawBuiltIn::AssumeRole
        | RawBuiltIn::Plan
        | RawBuiltIn::Approve
        | RawBuiltIn::DeployPipelines
        | RawBuiltIn::ScheduleRules => &[],
    }
}

fn refuse_foreign_settings(reading: &mut Reading<'_>, stage: &str, built_in: RawBuiltIn) {
    let own = settings_of(built_in);
    let known = [settings_of(RawBuiltIn::TrainTest), settings_of(RawBuiltIn::Gate)].concat();
    for key in known.iter().filter(|key| !own.contains(*key)) {
        let path = ["stages", stage, "with", key];
        if reading.has(&path) {
            let message = format!("'{}' has no setting '{key}'", built_in.name());
            let help = if own.is_empty() {
                "it has no settings".to_owned()
            } else {
                format!("its settings are {}", listed(own))
            };
            reading.key_error(&path, "unknown-key", message).help(help);
        }
    }
}

fn training(reading: &mut Reading<'_>, stage: &str, settings: &RawSettings) -> Training {
    // The schema allows one word only; a second one must be looked at here.
    match settings.pipeline {
        Some(RawPipelineKind::Train) | None => {}
    }
    if let Some(data) = &settings.data {
        check_path(reading, &["stages", stage, "with", "data"], data, None);
    }
    Training { data: settings.data.clone() }
}

fn gate(reading: &mut Reading<'_>, stage: &str, settings: &RawSettings) -> Option<GatePolicy> {
    if !reading.has(&["stages", stage, "with", "at-least"]) {
        reading
            .key_error(&["stages", stage, "with"], "missing-key", "a gate needs 'at-least'")
            .help("name the floor for the candidate, as in: with: { metric: auc, at-least: 0.8 }");
    }
    let margin = settings.not_worse_than_baseline_by.unwrap_or(0.0);
    if !(0.0..1.0).contains(&margin) {
        reading
            .error(
                &["stages", stage, "with", "not-worse-than-baseline-by"],
                "out-of-range",
                format!("the margin must be from 0 to below 1, not {margin}"),
            )
            .help("0.02 lets the candidate be at most 0.02 worse than the baseline");
    }
    let at_least = settings.at_least?;
    let path = ["stages", stage, "with", "at-least"];
    if !(at_least > 0.0 && at_least <= 1.0) {
        let message = format!("the floor must be above 0 and at most 1, not {at_least}");
        reading.error(&path, "out-of-range", message).help("an AUC of 0.5 is a coin, 1 is perfect");
    } else if at_least <= 0.5 {
        let message = format!("a floor of {at_least} lets guessing pass: a coin reaches 0.5");
        reading.warning(&path, "low-floor", message).help("0.8 is a usual floor");
    }
    let metric = settings.metric.unwrap_or(Metric::Auc);
    Some(GatePolicy { metric, at_least, not_worse_than_baseline_by: margin })
}

fn runs_command(reading: &mut Reading<'_>, stage: &str, raw: &RawStage) -> Option<Action> {
    if reading.has(&["stages", stage, "with"]) {
        reading
            .key_error(
                &["stages", stage, "with"],
                "misplaced-key",
                "'with' belongs to a stage with 'uses', not with 'run'",
            )
            .help("pass values to a command with 'env'");
    }
    for name in raw.env.iter().flat_map(|variables| variables.keys()) {
        check_variable(reading, stage, name);
    }
    for (index, output) in raw.outputs.iter().flatten().enumerate() {
        check_path(reading, &["stages", stage, "outputs"], output, Some(index));
    }
    let (command, words) = match raw.run.as_ref()? {
        RawCommand::Argv(words) => (Command::Argv(words.clone()), words.as_slice()),
        RawCommand::Script(text) => (Command::Script(text.clone()), std::slice::from_ref(text)),
    };
    let path = ["stages", stage, "run"];
    if words.first().is_none_or(|first| first.trim().is_empty()) {
        reading.error(&path, "no-action", "the command is empty").help("as in: [make, test]");
    }
    if words.iter().any(|word| word.len() > LONGEST_COMMAND || word.contains('\0')) {
        let message = format!("the command is longer than {LONGEST_COMMAND} bytes or holds a NUL");
        reading.error(&path, "bad-command", message).help("move it into a script file");
    }
    Some(Action::Run(command))
}

/// POSIX names only: anything else is dropped by some shells without a word.
fn check_variable(reading: &mut Reading<'_>, stage: &str, name: &str) {
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !legal {
        let message = format!("{} is not a variable name", quoted(name));
        reading
            .key_error(&["stages", stage, "env", name], "bad-name", message)
            .help("use letters, digits and '_', and no digit first");
    }
}

/// Paths stay inside the work folder.
pub(super) fn check_path(
    reading: &mut Reading<'_>,
    place: &[&str],
    path: &str,
    item: Option<usize>,
) {
    let inside = !path.is_empty()
        && !path.starts_with(['/', '~'])
        && !path.contains(['\\', '\0', '\n'])
        && path.split('/').all(|part| part != ".." && !part.is_empty());
    if !inside {
        let span = match item {
            Some(_) => reading.root.item_span(place, path, 0),
            None => reading.root.span_of(place),
        };
        let message = format!("{} is not a path inside the work folder", quoted(path));
        reading
            .notes
            .error(span, "bad-path", message)
            .help("write it relative to the repository, with '/', without '..'");
    }
}

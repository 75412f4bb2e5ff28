//! What people are told: which column, by how much, whether anybody got a score, and what happens next. Pure.

use super::{
    case::{Case, Finding, Predictions},
    decide::{Action, Training, Why},
};
use crate::spec::Environment;
use jiff::Timestamp;
use std::fmt::Write as _;

/// A subject has fewer than 100 characters (Publish API, `Subject`).
const LONGEST_SUBJECT: usize = 99;
/// Lines about columns or defects; the rest is counted.
const MOST_REASONS: usize = 20;

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line of printable ASCII.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// The message about a case and what was done about it; `training` is the ARN of what was started.
#[must_use]
pub fn message(
    environment: &Environment,
    case: &Case,
    action: &Action,
    training: Option<&str>,
) -> Message {
    let env = &environment.name;
    let mut text = format!(
        "{env}: {} (inference execution {}, begun {}).\n",
        what_happened(case),
        case.id(),
        minute(case.began)
    );
    reasons(case, &mut text);
    let _ = writeln!(text, "\n{}", predictions(case));
    let _ = writeln!(text, "\nWhat happens next: {}", next(environment, case, action, training));
    let _ = writeln!(text, "\nExecution: {}", case.execution);
    if let Some(report) = &case.grounds.report {
        let _ = writeln!(text, "Report: {report}");
    }
    let _ = writeln!(
        text,
        "Its steps: aws sagemaker list-pipeline-execution-steps --region {} --pipeline-execution-arn {}",
        environment.region, case.execution
    );
    Message { subject: subject(environment, case, action), text }
}

fn what_happened(case: &Case) -> &'static str {
    match case.finding {
        Finding::Clean => "a clean batch was not scored",
        Finding::Drift => "the batch has drifted from the data the model was trained on",
        Finding::DataDefect => "the batch breaks its contract",
        Finding::TooFewRows => "the batch has too few rows to tell whether it drifted",
        Finding::InfrastructureFailure => "an inference failed, and not because of its data",
        Finding::NothingApproved => "there is no approved model to score with",
        Finding::Stopped => "an inference was stopped",
        Finding::NotChecked => "an inference ran without a data-quality check",
    }
}

fn reasons(case: &Case, text: &mut String) {
    if let Some(assessment) = &case.grounds.assessment {
        let reasons = assessment.reasons();
        if !reasons.is_empty() {
            let (rows, against) = (assessment.rows, assessment.baseline_rows);
            let _ =
                writeln!(text, "\n{rows} rows against {against} that the model was trained on:");
        }
        for reason in reasons.iter().take(MOST_REASONS) {
            let _ = writeln!(text, "  {reason}");
        }
        if reasons.len() > MOST_REASONS {
            let _ = writeln!(text, "  and {} more", reasons.len() - MOST_REASONS);
        }
    }
    // A failed check says no more than that there is a report.
    let told_by_report =
        case.grounds.report.is_some() && case.finding != Finding::InfrastructureFailure;
    if let Some(failed) = case
        .grounds
        .failed
        .as_ref()
        .filter(|_| !told_by_report || case.finding == Finding::DataDefect)
    {
        let reason =
            failed.reason.as_deref().unwrap_or("its reason may repeat data; see its steps");
        let _ = writeln!(text, "\nStep {} failed: {reason}", failed.step);
    }
}

fn predictions(case: &Case) -> &'static str {
    match case.grounds.predictions {
        Predictions::Made => "Predictions were made all the same: the batch is scored.",
        Predictions::Withheld => "Predictions were withheld: nothing of this batch is scored.",
    }
}

/// What happens next, in a sentence or two.
pub(super) fn next(
    environment: &Environment,
    case: &Case,
    action: &Action,
    training: Option<&str>,
) -> String {
    let env = &environment.name;
    match action {
        Action::StartTraining(started) => {
            let arn = training.unwrap_or(&started.name);
            format!(
                "a training has been started: {arn}. {} Once it has registered version N: agent models show N \
                 --env {env}, then agent models approve N --env {env} --reason '...'.",
                trained_on(started)
            )
        }
        Action::Alert(why) | Action::Nothing(why) => because(environment, case, why),
    }
}

fn trained_on(training: &Training) -> String {
    let supply = &training.supply;
    match (supply.arrived, supply.left_out) {
        (0, _) => {
            "No labelled data has arrived, so it trains on the same data as before, which cannot cure drift.".to_owned()
        }
        (arrived, 0) => format!("It trains on the base data and {arrived} files that arrived."),
        (arrived, more) => format!(
            "It trains on the base data and the newest {arrived} files that arrived; {more} older ones are left out."
        ),
    }
}

fn because(environment: &Environment, case: &Case, why: &Why) -> String {
    let env = &environment.name;
    match why {
        Why::Cooldown { until } => format!(
            "no training is started, there was one lately: in cooldown until {}.",
            minute(*until)
        ),
        Why::UnderWay { training } => format!("a training is under way already: {training}."),
        Why::WithAnother { execution } => {
            format!("the training that is started for execution {execution} answers this one too.")
        }
        Why::Answered { training } => format!("it has been answered by training {training}."),
        Why::TooManyWaiting { versions } => {
            let numbers: Vec<String> = versions.iter().map(ToString::to_string).collect();
            format!(
                "stopped: {} versions wait for approval ({}). No training is started until one of them is decided \
                 on: agent models approve N --env {env}, or agent models reject N --env {env}.",
                versions.len(),
                numbers.join(", ")
            )
        }
        Why::NoTrainPipeline => {
            format!("no training is started: there is no pipeline {}.", environment.train_pipeline)
        }
        Why::RuleRetrains => {
            "the agent starts nothing: a rule starts a training on any failure (retrain.on: any-failure).".to_owned()
        }
        Why::NothingApproved => format!(
            "nothing until a version is approved: agent models list --env {env}, then agent models approve N \
             --env {env}. Later nights without a model are not told again."
        ),
        Why::FalseAlarm => format!(
            "nothing by itself. The analyser's distance test failed the step; a test that knows the number of rows \
             sees no drift. To have such batches scored: monitor: {{ fail_on_violation: false }} in the file of {env}."
        ),
        Why::Policy => match case.finding {
            Finding::Drift => {
                "no training is started: respond.drift says so. Somebody has to decide.".to_owned()
            }
            Finding::DataDefect => {
                "no training is started, it would learn the defect. Whoever sends the batches has to look.".to_owned()
            }
            _ => "no training is started: it would cure nothing. Somebody has to look.".to_owned(),
        },
        Why::KnownLack | Why::AllWell | Why::Stopped => "nothing.".to_owned(),
    }
}

fn subject(environment: &Environment, case: &Case, action: &Action) -> String {
    let drifted = case.grounds.assessment.iter().flat_map(|assessment| assessment.drifted());
    let names: Vec<&str> = drifted.map(|feature| feature.name.as_str()).collect();
    let of = match (case.finding, names.as_slice()) {
        (Finding::Drift, [_, ..]) => format!(" of {}", names.join(", ")),
        _ => String::new(),
    };
    let done = match action {
        Action::StartTraining(_) => ": a training has been started",
        Action::Alert(Why::Cooldown { .. }) => ": in cooldown",
        Action::Alert(Why::UnderWay { .. } | Why::WithAnother { .. }) => {
            ": a training is under way"
        }
        Action::Alert(Why::TooManyWaiting { .. }) => ": stopped, versions wait for approval",
        Action::Alert(_) | Action::Nothing(_) => "",
    };
    let subject = format!("{}: {}", environment.name, case.finding);
    let plain = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
    let room = LONGEST_SUBJECT.saturating_sub(subject.len() + done.len());
    let of: String = of.chars().map(plain).take(room).collect();
    format!("{subject}{of}{done}").chars().map(plain).take(LONGEST_SUBJECT).collect()
}

fn minute(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::fixture::environment,
        watch::{FailedStep, Grounds, Supply},
    };

    fn case(finding: Finding) -> Case {
        Case {
            execution: "arn:aws:sagemaker:us-east-1:2:pipeline/i/execution/abc".to_owned(),
            began: "2026-11-22T23:00:00Z".parse().unwrap(),
            finding,
            grounds: Grounds {
                predictions: Predictions::Withheld,
                assessment: None,
                report: None,
                failed: None,
            },
        }
    }

    fn every_reason() -> Vec<Why> {
        let arn = || "arn:aws:sagemaker:us-east-1:2:pipeline/t/execution/def".to_owned();
        vec![
            Why::Cooldown { until: "2026-11-23T23:00:00Z".parse().unwrap() },
            Why::UnderWay { training: arn() },
            Why::WithAnother { execution: arn() },
            Why::Answered { training: arn() },
            Why::TooManyWaiting { versions: vec![7, 8, 9] },
            Why::NoTrainPipeline,
            Why::RuleRetrains,
            Why::Policy,
            Why::NothingApproved,
            Why::KnownLack,
            Why::FalseAlarm,
            Why::AllWell,
            Why::Stopped,
        ]
    }

    #[test]
    fn sns_takes_every_subject() {
        let long = "größe-".repeat(30);
        let mut environment = environment();
        environment.name = "e".repeat(32).parse().unwrap();
        for finding in Finding::ALL {
            for why in every_reason() {
                let subject =
                    message(&environment, &case(finding), &Action::Alert(why), None).subject;
                assert!((1..100).contains(&subject.len()), "{subject}");
                assert!(
                    subject.chars().all(|c| c.is_ascii() && !c.is_ascii_control()),
                    "{subject}"
                );
            }
        }
        let shortened: String = subject_of(&environment, &long);
        assert!(shortened.len() < 100 && shortened.ends_with(": in cooldown"), "{shortened}");
        assert!(shortened.is_ascii(), "{shortened}");
    }

    /// The subject of a drift of a column with this name.
    fn subject_of(environment: &Environment, column: &str) -> String {
        let mut case = case(Finding::Drift);
        case.grounds.assessment = Some(drifted(column));
        let until = "2026-11-23T23:00:00Z".parse().unwrap();
        message(environment, &case, &Action::Alert(Why::Cooldown { until }), None).subject
    }

    fn drifted(column: &str) -> crate::monitor::Assessment {
        let feature = serde_json::json!({
            "name": column, "column": "_c0", "test": "kolmogorov-smirnov", "statistic": 0.6, "p_value": 1e-9,
            "adjusted_p_value": 1e-8, "distance": 0.6, "threshold": 0.1, "drifted": true,
            "change": { "kind": "mean", "baseline": 55.0, "batch": 85.0, "deviations": 2.0 },
        });
        serde_json::from_value(serde_json::json!({
            "verdict": "drift", "rows": 48, "baseline_rows": 580,
            "limits": { "minimum_rows": 20, "significance": 0.01 },
            "features": [feature], "not_compared": [], "defects": [], "by_chance": [], "violations": [],
        }))
        .unwrap()
    }

    #[test]
    fn people_read_what_changed_and_what_happens_next() {
        let mut case = case(Finding::Drift);
        case.grounds.assessment = Some(drifted("Age"));
        let training = Training {
            token: "t".repeat(64),
            name: "drift-abc".to_owned(),
            supply: Supply { arrived: 3, ..Supply::default() },
        };
        let action = Action::StartTraining(training);
        let told = message(&environment(), &case, &action, Some("arn:training"));
        assert_eq!(told.subject, "prod: drift of Age: a training has been started");
        insta::assert_snapshot!("drift", told.text);
    }

    #[test]
    fn every_reason_is_said_in_words_of_its_own() {
        let said: std::collections::BTreeSet<String> = every_reason()
            .into_iter()
            .map(|why| because(&environment(), &case(Finding::Drift), &why))
            .collect();
        // Three have nothing to say: nothing happened that people would be told.
        assert_eq!(said.len(), every_reason().len() - 2, "{said:#?}");
    }

    #[test]
    fn a_failure_names_its_step_and_its_reason() {
        let mut case = case(Finding::InfrastructureFailure);
        let reason = Some("CapacityError: none left".to_owned());
        case.grounds.failed = Some(FailedStep { step: "Mammo-Transform".to_owned(), reason });
        let text = message(&environment(), &case, &Action::Alert(Why::Policy), None).text;
        assert!(text.contains("Step Mammo-Transform failed: CapacityError: none left"), "{text}");
        case.grounds.failed.as_mut().unwrap().reason = None;
        let text = message(&environment(), &case, &Action::Alert(Why::Policy), None).text;
        assert!(text.contains("its reason may repeat data; see its steps"), "{text}");
    }
}

//! Is everything there that a scheduled prediction needs, and will somebody hear of it if one fails?
//!
//! Before the first deployment most of this is missing, which is no failure: the deployment makes it.

use super::Outcome;
use crate::{
    plan::{LogGroupRecord, Rule, RuleState, SubscriptionState, Topic},
    schedule::Schedule,
    spec::{Environment, LogGroup},
};
use jiff::Timestamp;

/// Fire times that are told.
const FIRE_TIMES: usize = 5;

/// Where a deployment would go, and by a push to which branch.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The branch that deploys to it.
    pub branch: &'a str,
}

/// The next times at which a schedule fires.
#[must_use]
pub fn fire_times(expression: &str, now: Timestamp) -> Outcome {
    let fix = "write a schedule with a time to come, such as cron(0 23 * * ? *)";
    match Schedule::parse(expression) {
        Err(error) => Outcome::failed(error.to_string(), error.hint),
        Ok(schedule) => {
            let times = schedule.next_after(now, FIRE_TIMES);
            let times: Vec<String> =
                times.iter().map(|time| time.strftime("%F %H:%M").to_string()).collect();
            if times.is_empty() {
                return Outcome::failed(format!("{expression} never fires again"), fix);
            }
            Outcome::ok(format!("{expression}: {} UTC", times.join(", ")))
        }
    }
}

/// The rule of the schedule, as it stands there.
#[must_use]
pub fn scheduled(rule: Option<&Rule>, destination: Destination<'_>) -> Outcome {
    let name = &destination.environment.name;
    match rule.map(|rule| rule.state) {
        Some(RuleState::Enabled) => Outcome::ok("enabled"),
        Some(RuleState::Disabled) => Outcome::warning(
            "it is disabled: nothing is predicted",
            format!(
                "approve a model and store a batch, then deploy again: agent plan --env {name}"
            ),
        ),
        None => not_deployed("no schedule", destination),
    }
}

fn deploy_to(destination: Destination<'_>) -> String {
    let (name, branch) = (&destination.environment.name, destination.branch);
    format!(
        "deploy to {name}: agent plan --env {name} shows what, agent run --branch {branch} does it"
    )
}

fn not_deployed(what: &str, destination: Destination<'_>) -> Outcome {
    Outcome::warning(format!("there is {what} yet"), deploy_to(destination))
}

/// Who hears of failures.
#[must_use]
pub fn alert_path(topic: Option<&Topic>, destination: Destination<'_>) -> Outcome {
    let Some(topic) = topic else { return not_deployed("no alert topic", destination) };
    let environment = destination.environment;
    let email = &environment.alerts.email;
    if topic.kms_key.as_deref() != Some(environment.kms_key.as_str()) {
        let found = topic.kms_key.as_deref().unwrap_or("no key");
        return Outcome::failed(
            format!("the topic is encrypted with {found}, not with the environment's key"),
            format!("deploy again, which sets it: agent plan --env {}", environment.name),
        );
    }
    let own =
        topic.subscriptions.iter().find(|one| one.protocol == "email" && one.endpoint == *email);
    match own.map(|one| one.state) {
        Some(SubscriptionState::Confirmed) => Outcome::ok(format!("{email} has confirmed")),
        Some(SubscriptionState::Pending) => Outcome::warning(
            format!("{email} has not confirmed: nobody hears of failures"),
            format!(
                "open the link in the mail that AWS sent to {email}; after two days deploy again for a new one"
            ),
        ),
        None => Outcome::warning(
            format!("{email} is not subscribed: nobody hears of failures"),
            format!("deploy again, which subscribes it: agent plan --env {}", environment.name),
        ),
    }
}

/// The model that predictions use.
#[must_use]
pub fn approved_model(
    newest: Option<i32>,
    waiting: usize,
    destination: Destination<'_>,
) -> Outcome {
    let (name, branch) = (&destination.environment.name, destination.branch);
    match (newest, waiting) {
        (Some(version), _) => Outcome::ok(format!("version {version}")),
        (None, 0) => Outcome::warning(
            "no model is approved, and none waits for it",
            format!("train one, by a run into {name}: agent run --branch {branch}"),
        ),
        (None, waiting) => Outcome::warning(
            format!("no model is approved; {waiting} wait for it"),
            format!(
                "look and decide: agent models list --env {name}, agent models approve VERSION --env {name} --reason WHY"
            ),
        ),
    }
}

/// The batch that predictions are made for.
#[must_use]
pub fn batch(size: Option<u64>, address: &str) -> Outcome {
    match size {
        Some(0) => Outcome::warning(
            format!("{address} is empty"),
            format!("store the rows to predict at {address}"),
        ),
        Some(bytes) => Outcome::ok(format!("{address}, {bytes} bytes")),
        None => Outcome::warning(
            format!("there is no {address}"),
            format!("aws s3 cp BATCH.csv {address}"),
        ),
    }
}

/// Where log lines go.
#[must_use]
pub fn log_group(
    found: Option<&LogGroupRecord>,
    wanted: &LogGroup,
    destination: Destination<'_>,
) -> Outcome {
    let environment = destination.environment;
    let Some(found) = found else {
        return Outcome::warning(
            format!("there is no log group {} yet", wanted.name),
            deploy_to(destination),
        );
    };
    let days =
        |days: Option<i32>| days.map_or("for ever".to_owned(), |days| format!("for {days} days"));
    let deploy = || format!("deploy again, which sets it: agent plan --env {}", environment.name);
    if found.retention_days != wanted.retention_days {
        let (is, should) = (days(found.retention_days), days(wanted.retention_days));
        return Outcome::warning(
            format!("{} keeps lines {is}, it should {should}", wanted.name),
            deploy(),
        );
    }
    if found.kms_key.as_deref() != wanted.kms_key.as_ref().map(crate::ids::Arn::as_str)
        && wanted.kms_key.is_some()
    {
        return Outcome::warning(
            format!("{} is not encrypted with the key it should be", wanted.name),
            deploy(),
        );
    }
    Outcome::ok(format!("{} keeps lines {}", wanted.name, days(found.retention_days)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Subscription, fixture};
    use serde_json::json;

    fn from_main(environment: &Environment) -> Destination<'_> {
        Destination { environment, branch: "main" }
    }

    fn topic(key: &str, state: Option<SubscriptionState>) -> Topic {
        let email = fixture::environment().alerts.email;
        let one =
            |state| Subscription { protocol: "email".to_owned(), endpoint: email.clone(), state };
        Topic {
            kms_key: Some(key.to_owned()),
            policy: json!({}),
            subscriptions: state.map(one).into_iter().collect(),
        }
    }

    #[test]
    fn five_times_are_told_and_a_year_gone_by_never_fires() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let Outcome::Ok { detail } = fire_times("cron(0 23 * * ? *)", now) else { panic!() };
        assert_eq!(detail.matches("23:00").count(), 5, "{detail}");
        assert!(detail.contains("2026-11-22 23:00, 2026-11-23 23:00"), "{detail}");
        assert!(fire_times("cron(0 23 * * ? 2020)", now).is_failure());
        assert!(fire_times("every day", now).is_failure());
    }

    #[test]
    fn nobody_hears_of_failures_until_somebody_has_confirmed() {
        let environment = fixture::environment();
        let key = environment.kms_key.as_str();
        let judged = |topic: Option<&Topic>| alert_path(topic, from_main(&environment));
        assert!(matches!(
            judged(Some(&topic(key, Some(SubscriptionState::Confirmed)))),
            Outcome::Ok { .. }
        ));
        for state in [None, Some(SubscriptionState::Pending)] {
            assert!(matches!(judged(Some(&topic(key, state))), Outcome::Warning { .. }));
        }
        assert!(
            judged(Some(&topic("alias/aws/sns", Some(SubscriptionState::Confirmed)))).is_failure()
        );
        assert!(matches!(judged(None), Outcome::Warning { .. }));
    }

    #[test]
    fn retention_is_compared_for_ever_included() {
        let environment = fixture::environment();
        let found = |days| LogGroupRecord {
            retention_days: days,
            kms_key: None,
            class: Default::default(),
        };
        let judged =
            |days| log_group(Some(&found(days)), &environment.log_group, from_main(&environment));
        assert!(matches!(judged(Some(90)), Outcome::Ok { .. }));
        assert!(matches!(judged(None), Outcome::Warning { .. }));
        assert!(matches!(judged(Some(30)), Outcome::Warning { .. }));
    }

    #[test]
    fn a_model_that_waits_is_told_with_how_to_approve_it() {
        let environment = fixture::environment();
        let judged = |newest, waiting| approved_model(newest, waiting, from_main(&environment));
        let Outcome::Warning { fix, .. } = judged(None, 2) else { panic!() };
        assert!(fix.contains("agent models approve"), "{fix}");
        assert!(matches!(judged(Some(3), 0), Outcome::Ok { .. }));
        for missing in [judged(None, 0), scheduled(None, from_main(&environment))] {
            let Outcome::Warning { fix, .. } = missing else { panic!() };
            assert!(fix.contains("agent run --branch main"), "{fix}");
        }
    }
}

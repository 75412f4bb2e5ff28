//! The policy sections: how batches are judged and what each verdict leads to.

use super::desk::Desk;
use crate::spec::{
    duration,
    notes::quoted,
    policy::{Approval, DeploymentApproval, Monitor, Respond, Retrain, Significance},
    raw_environment::RawEnvironment,
    raw_policy::{RawApproval, RawMonitor, RawRespond, RawRetrain},
};
use std::collections::BTreeSet;

/// From here on, false alarms are so frequent that people stop reading them.
const HIGH_SIGNIFICANCE: f64 = 0.1;

/// All four sections.
pub(super) struct Policy {
    pub(super) monitor: Monitor,
    pub(super) respond: Respond,
    pub(super) retrain: Retrain,
    pub(super) approval: Approval,
}

pub(super) fn read(desk: &mut Desk<'_, '_>, raw: &RawEnvironment) -> Policy {
    Policy {
        monitor: raw.monitor.as_ref().map_or_else(Monitor::default, |raw| monitor(desk, raw)),
        respond: raw.respond.as_ref().map_or_else(Respond::default, respond),
        retrain: raw.retrain.as_ref().map_or_else(Retrain::default, |raw| retrain(desk, raw)),
        approval: raw.approval.as_ref().map_or_else(Approval::default, |raw| approval(desk, raw)),
    }
}

fn monitor(desk: &mut Desk<'_, '_>, raw: &RawMonitor) -> Monitor {
    let usual = Monitor::default();
    let significance = raw.significance.and_then(|share| significance(desk, share));
    Monitor {
        fail_on_violation: raw.fail_on_violation.unwrap_or(usual.fail_on_violation),
        minimum_rows: raw.minimum_rows.unwrap_or(usual.minimum_rows),
        significance: significance.unwrap_or(usual.significance),
    }
}

fn significance(desk: &mut Desk<'_, '_>, share: f64) -> Option<Significance> {
    let path = ["monitor", "significance"];
    let significance = Significance::new(share);
    if significance.is_none() {
        let message = format!("'monitor.significance' must be above 0 and below 1, not {share}");
        desk.reading
            .error(&path, "out-of-range", message)
            .help("0.01 lets the drift test flag one clean batch in a hundred");
    } else if share > HIGH_SIGNIFICANCE {
        let message =
            format!("about {:.0} % of clean batches will be called drifted", share * 100.0);
        desk.reading.warning(&path, "high-significance", message).help("0.01 is a usual value");
    }
    significance
}

fn respond(raw: &RawRespond) -> Respond {
    let usual = Respond::default();
    Respond {
        drift: raw.drift.unwrap_or(usual.drift),
        data_defect: raw.data_defect.unwrap_or(usual.data_defect),
        infrastructure_failure: raw.infrastructure_failure.unwrap_or(usual.infrastructure_failure),
        too_few_rows: raw.too_few_rows.unwrap_or(usual.too_few_rows),
    }
}

fn retrain(desk: &mut Desk<'_, '_>, raw: &RawRetrain) -> Retrain {
    let usual = Retrain::default();
    let cooldown = ["retrain", "cooldown"];
    let text = desk.text(&cooldown, raw.cooldown.as_ref());
    let cooldown = desk.reading.duration(&cooldown, text);
    let window = ["retrain", "window"];
    let text = desk.text(&window, raw.window.as_ref());
    let window = desk.reading.duration_up_to(duration::LONGEST_WINDOW, &window, text);
    Retrain {
        on: raw.on.unwrap_or(usual.on),
        cooldown: cooldown.unwrap_or(usual.cooldown),
        max_unapproved: raw.max_unapproved.unwrap_or(usual.max_unapproved),
        window: window.unwrap_or(usual.window),
    }
}

/// Whoever writes one of the four keys wants deployments to be approved.
fn approval(desk: &mut Desk<'_, '_>, raw: &RawApproval) -> Approval {
    let four_eyes = raw.four_eyes.unwrap_or_default();
    let path = ["approval", "expires"];
    let text = desk.text(&path, raw.expires.as_ref());
    let expires = desk.reading.duration(&path, text);
    let is_wanted = raw.approvers.is_some()
        || raw.required.is_some()
        || raw.self_approval.is_some()
        || raw.expires.is_some();
    if !is_wanted {
        return Approval { four_eyes, deployment: None };
    }
    let usual = DeploymentApproval::default();
    let approvers = raw.approvers.clone().unwrap_or_default();
    let required = raw.required.unwrap_or(usual.required);
    check_approvers(desk, &approvers, required);
    Approval {
        four_eyes,
        deployment: Some(DeploymentApproval {
            approvers,
            required,
            self_approval: raw.self_approval.unwrap_or(usual.self_approval),
            expires: expires.unwrap_or(usual.expires),
        }),
    }
}

/// How the name of an approver begins that is an account on GitHub.
const AT_GITHUB: &str = "github:";
/// Characters of a GitHub account's name.
const LONGEST_LOGIN: usize = 39;

/// There must be as many as are required, and each must have a name of their own. Somebody may be named twice, once as an
/// account on GitHub, and is one person all the same.
fn check_approvers(desk: &mut Desk<'_, '_>, approvers: &[String], required: u32) {
    let path = ["approval", "approvers"];
    for (index, name) in approvers.iter().enumerate() {
        let again = approvers[..index].iter().any(|other| other.eq_ignore_ascii_case(name));
        if again || name.trim().is_empty() || name.chars().any(char::is_control) {
            let message = format!("{} is nobody's name, or stands here twice", quoted(name));
            desk.reading.error(&path, "bad-approver", message).help("name each person once");
        } else if login(name).is_some_and(|login| !is_login(login)) {
            let message = format!("{} is no account on GitHub", quoted(name));
            desk.reading
                .error(&path, "bad-approver", message)
                .help("github:LOGIN, up to 39 letters, digits and '-'; no teams");
        }
    }
    let bare = |name: &String| login(name).unwrap_or(name).to_lowercase();
    let people: BTreeSet<String> = approvers.iter().map(bare).collect();
    let there = u32::try_from(people.len()).unwrap_or(u32::MAX);
    if there > 0 && there < required {
        let message = format!("{required} people must approve, but only {there} may");
        desk.reading
            .error(&["approval", "required"], "too-few-approvers", message)
            .help("name more under 'approvers', or leave 'approvers' out to let anybody");
    }
}

/// The account on GitHub that an approver is named by, if by one.
fn login(name: &str) -> Option<&str> {
    let (prefix, login) = name.split_at_checked(AT_GITHUB.len())?;
    prefix.eq_ignore_ascii_case(AT_GITHUB).then_some(login)
}

fn is_login(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=LONGEST_LOGIN).contains(&text.len()) && text.chars().all(legal) && !text.starts_with('-')
}

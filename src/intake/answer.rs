//! What people say at GitHub to runs that ask them: a comment that begins with `/approve` or `/reject`, or the button of a
//! check run.
//!
//! Who says it is whom GitHub names as the sender of a delivery, and nothing else in it. A comment counts when it is
//! written: one that is edited says something that nobody may have read. It names the plan that it is about.

use super::{
    Meaning,
    meaning::{Malformed, not, nothing, parse},
};
use crate::ids::PlanDigits;
use serde::Deserialize;

/// Characters of a GitHub account's name.
const LONGEST_LOGIN: usize = 39;
/// Digits that people type for a run: the last ones of its id.
const SHORT_RUN: usize = 8;
/// Characters of a whole run id.
const WHOLE_RUN: usize = 36;

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    /// Their account on GitHub.
    pub login: String,
    /// Yes or no.
    pub says: Saying,
    /// Where, and about what.
    pub about: About,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Go on.
    Approve,
    /// Do not, for this reason; empty if none was given.
    Reject(String),
}

/// Where something was said, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// By a button.
    Button {
        /// What the check run says it is about.
        external: String,
        /// The first digits of the plan that stood beside the button.
        plan: PlanDigits,
        /// The App whose check run it is.
        app: Option<u64>,
    },
    /// In a comment.
    Comment {
        /// On what.
        place: Place,
        /// The comment's number.
        id: u64,
        /// What it names.
        named: Named,
    },
}

/// What a comment is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A pull request.
    Proposal,
    /// A commit.
    Commit,
}

/// What a comment names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The run, or the last digits of its id.
    pub run: Option<String>,
    /// The first digits of the plan's hash.
    pub plan: Option<PlanDigits>,
}

#[derive(Deserialize)]
struct Commented {
    action: String,
    comment: Comment,
    issue: Option<Issue>,
    sender: Account,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    user: Option<Account>,
    commit_id: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Issue {
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Account {
    login: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    check_run: PressedCheck,
    requested_action: Option<Button>,
    sender: Account,
}

#[derive(Deserialize)]
struct PressedCheck {
    external_id: Option<String>,
    app: Option<App>,
}

#[derive(Deserialize)]
struct App {
    id: Option<u64>,
}

#[derive(Deserialize)]
struct Button {
    identifier: String,
}

/// What a comment asks for.
pub(super) fn comment(event: &str, body: &str) -> Result<Meaning, Malformed> {
    let commented: Commented = parse(event, body)?;
    let Commented { action, comment, issue, sender } = commented;
    if action != "created" {
        return nothing("a comment counts when it is written, not when it is edited or deleted");
    }
    let Some((says, named)) = command(comment.body.as_deref().unwrap_or_default()) else {
        return nothing("the comment asks for nothing");
    };
    if comment.user.is_none_or(|user| user.login != sender.login) {
        return nothing("the comment is not its sender's own");
    }
    let place = match (issue, comment.commit_id) {
        (Some(issue), _) if issue.pull_request.is_none() => {
            return nothing("runs are answered on pull requests and commits, not on issues");
        }
        (Some(_), _) => Place::Proposal,
        (None, Some(_)) => Place::Commit,
        (None, None) => return Err(not(event, "it is on nothing")),
    };
    let about = About::Comment { place, id: comment.id, named };
    said(event, sender, (says, about))
}

/// What the button of a check run asks for.
pub(super) fn button(body: &str) -> Result<Meaning, Malformed> {
    const EVENT: &str = "check_run";
    let Pressed { check_run, requested_action, sender } = parse(EVENT, body)?;
    let button = requested_action.map(|button| button.identifier).unwrap_or_default();
    let named = button.split_once('-').map(|(word, plan)| (word, plan.parse::<PlanDigits>()));
    let (says, plan) = match named {
        Some(("approve", Ok(plan))) => (Saying::Approve, plan),
        Some(("reject", Ok(plan))) => (Saying::Reject(String::new()), plan),
        Some(_) | None => return nothing("the button is none of this agent"),
    };
    let about = About::Button {
        external: check_run.external_id.unwrap_or_default(),
        plan,
        app: check_run.app.and_then(|app| app.id),
    };
    said(EVENT, sender, (says, about))
}

fn said(
    event: &str,
    sender: Account,
    (says, about): (Saying, About),
) -> Result<Meaning, Malformed> {
    if sender.kind.as_deref() != Some("User") {
        return nothing("only people can answer, not programs");
    }
    if !is_login(&sender.login) {
        return Err(not(event, "'sender' is no account on GitHub"));
    }
    Ok(Meaning::Answered(Box::new(Answering { login: sender.login, says, about })))
}

/// The command in the first line of a comment: `/approve [RUN] PLAN`, `/reject [RUN] PLAN [REASON]`.
fn command(text: &str) -> Option<(Saying, Named)> {
    let line = text.trim_start().lines().next()?.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (mut named, mut rest) = (Named::default(), rest.trim_start());
    while let Some(next) = rest.split_whitespace().next() {
        let lower = next.to_ascii_lowercase();
        if named.run.is_none() && is_run(&lower) {
            named.run = Some(lower);
        } else if named.plan.is_none()
            && let Ok(plan) = lower.parse()
        {
            named.plan = Some(plan);
        } else {
            break;
        }
        rest = rest.get(next.len()..).unwrap_or_default().trim_start();
    }
    match word {
        // More words may mean that it is no command.
        "/approve" if rest.is_empty() => Some((Saying::Approve, named)),
        "/reject" => Some((Saying::Reject(rest.to_owned()), named)),
        _ => None,
    }
}

fn is_run(text: &str) -> bool {
    let is_whole = || text.len() == WHOLE_RUN && text.bytes().all(|b| b == b'-' || is_digit(b));
    (text.len() == SHORT_RUN && text.bytes().all(is_digit)) || is_whole()
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_login(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=LONGEST_LOGIN).contains(&text.len()) && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::meaning;
    use serde_json::{Value, json};

    const PLAN: &str = "1a2b3c4d5e6f";

    fn named(run: Option<&str>, plan: Option<&str>) -> Named {
        let plan = plan.map(|digits| digits.parse().unwrap());
        Named { run: run.map(str::to_owned), plan }
    }

    #[test]
    fn a_command_is_the_first_line_and_nothing_else_is_one() {
        let yes = |run, plan| Some((Saying::Approve, named(run, plan)));
        assert_eq!(command("/approve"), yes(None, None));
        assert_eq!(command("\r\n /approve 3F2A1C9E \r\nthank you"), yes(Some("3f2a1c9e"), None));
        assert_eq!(command("/approve 3f2a1c9e 1a2b3c4d5e6f"), yes(Some("3f2a1c9e"), Some(PLAN)));
        assert_eq!(command("/approve 1a2b3c4d5e6f"), yes(None, Some(PLAN)));
        let no = |text: &str, run| Some((Saying::Reject(text.to_owned()), named(run, None)));
        assert_eq!(command("/reject"), no("", None));
        assert_eq!(command("/reject 3f2a1c9e not  today"), no("not  today", Some("3f2a1c9e")));
        assert_eq!(command("/reject not today"), no("not today", None));
        for text in [
            "",
            "> /approve",
            "please /approve",
            "/approved",
            "/approve?",
            "/APPROVE",
            "`/approve`",
            "/approve 3f2a1c9e please",
            "/approve 3f2a1c9",
            "/approve 3f2a1c9e 3f2a1c9e",
            "looks good\n/approve",
        ] {
            assert_eq!(command(text), None, "{text:?}");
        }
    }

    fn on_proposal(text: &str) -> Value {
        let ada = json!({ "login": "Ada", "type": "User" });
        json!({
            "action": "created", "sender": ada, "issue": { "number": 7, "pull_request": {} },
            "comment": { "id": 5, "body": text, "user": ada, "author_association": "OWNER" },
        })
    }

    fn of(event: &str, body: &Value) -> Meaning {
        meaning(event, &body.to_string()).unwrap()
    }

    #[test]
    fn a_new_comment_of_a_person_is_an_answer() {
        let at = |place, run| About::Comment { place, id: 5, named: named(run, Some(PLAN)) };
        let about = at(Place::Proposal, Some("3f2a1c9e"));
        let expected = Answering { login: "Ada".to_owned(), says: Saying::Approve, about };
        let said = of("issue_comment", &on_proposal("/approve 3f2a1c9e 1a2b3c4d5e6f"));
        assert_eq!(said, Meaning::Answered(Box::new(expected)));
        let mut commit = on_proposal("/approve 1a2b3c4d5e6f");
        commit["issue"] = Value::Null;
        commit["comment"]["commit_id"] = json!("6113728f27ae82c7b1a177c8d03f9e96e0adf246");
        let Meaning::Answered(answering) = of("commit_comment", &commit) else { panic!("none") };
        assert_eq!(answering.about, at(Place::Commit, None));
    }

    #[test]
    fn whatever_is_not_a_persons_own_new_word_on_a_pull_request_is_none() {
        for (pointer, value, why) in [
            ("/action", json!("edited"), "when it is written"),
            ("/action", json!("deleted"), "when it is written"),
            ("/sender/type", json!("Bot"), "only people"),
            ("/sender/type", json!("Organization"), "only people"),
            ("/sender/type", Value::Null, "only people"),
            ("/sender/login", json!("eve"), "not its sender's own"),
            ("/comment/user", Value::Null, "not its sender's own"),
            ("/issue/pull_request", Value::Null, "not on issues"),
            ("/comment/body", json!("looks good"), "asks for nothing"),
            ("/comment/body", Value::Null, "asks for nothing"),
        ] {
            let mut body = on_proposal("/approve");
            *body.pointer_mut(pointer).unwrap() = value;
            let Meaning::Nothing(reason) = of("issue_comment", &body) else { panic!("{pointer}") };
            assert!(reason.contains(why), "{pointer}: {reason}");
        }
        let mut odd = on_proposal("/approve");
        for who in ["/sender/login", "/comment/user/login"] {
            *odd.pointer_mut(who).unwrap() = json!("dependabot[bot]");
        }
        assert!(meaning("issue_comment", &odd.to_string()).is_err());
    }

    #[test]
    fn a_button_is_pressed_about_the_plan_that_stood_beside_it() {
        let pressed = |identifier: &str| {
            json!({
                "action": "requested_action", "requested_action": { "identifier": identifier },
                "sender": { "login": "ada", "type": "User" },
                "check_run": { "head_sha": "", "external_id": "run/approve/plan", "app": { "id": 4711 } },
            })
        };
        let Meaning::Answered(answering) = of("check_run", &pressed("approve-1a2b3c4d5e6f")) else {
            panic!("it is none")
        };
        let external = "run/approve/plan".to_owned();
        let about = About::Button { external, plan: PLAN.parse().unwrap(), app: Some(4711) };
        assert_eq!((answering.says, answering.about), (Saying::Approve, about));
        for other in ["approve", "approve-", "approve-1a2b", "fix-1a2b3c4d5e6f", "reject-xyz"] {
            assert!(matches!(of("check_run", &pressed(other)), Meaning::Nothing(_)), "{other}");
        }
    }
}

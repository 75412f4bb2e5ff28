//! Runs that ask people, and runs that give way to younger ones.

use super::*;

pub(super) fn request() -> Request {
    Request {
        plan: crate::ids::Digest::of("plan"),
        changes: 2,
        required: 1,
        approvers: vec!["Ada".to_owned()],
        self_approval: false,
        until: NOW,
    }
}

impl Play {
    pub(super) fn park(&mut self, text: &str) {
        let stage = name(text);
        let attempt = self.state.stage(&stage).unwrap().attempt.unwrap();
        self.add(Event::StageParked { stage, attempt, request: request() });
        self.settle();
    }

    pub(super) fn awake(&mut self) {
        for event in self.state.awoken() {
            self.add(event);
        }
        self.settle();
    }
}

fn asking() -> Play {
    begin(vec![
        stage("ask", &[], On::Success),
        stage("beside", &[], On::Success),
        stage("deploy", &["ask"], On::Success),
        stage("tidy", &["deploy"], On::Always),
    ])
}

#[test]
fn a_parked_stage_keeps_nothing_but_what_needs_it_and_goes_on_by_another_attempt() {
    let mut play = asking();
    play.park("ask");
    assert_eq!(play.running_names(), ["beside"]);
    play.end("beside", None);
    assert_eq!(play.effects(), [], "nothing is to be done until people answer");
    assert_eq!(play.state.requests().count(), 1);
    let mut later = Play::after(play.pipeline.clone(), &play.log);
    assert_eq!(later.log, play.log, "a crash meanwhile changes nothing");
    later.awake();
    assert_eq!(later.running(), [(name("ask"), Attempt(2))]);
    later.end("ask", None);
    later.end("deploy", None);
    later.end("tidy", None);
    assert_eq!(later.outcome(), Some(&Outcome::Succeeded));
}

#[test]
fn who_says_no_and_who_says_nothing_end_the_run_each_in_their_way_and_are_not_asked_again() {
    for (class, outcome) in
        [(FailureClass::Rejected, Outcome::Rejected), (FailureClass::Expired, Outcome::Expired)]
    {
        let classes = vec![class];
        let retry = Retry { attempts: 3, backoff: Duration::from_secs(1), classes };
        let mut play = begin(vec![Stage { retry, ..stage("ask", &[], On::Success) }]);
        play.park("ask");
        play.awake();
        play.end("ask", Some(class));
        assert_eq!(play.outcome(), Some(&outcome));
    }
}

#[test]
fn a_cancel_ends_what_waits_for_people() {
    for (stop, tidies) in [(Stop::Gentle, true), (Stop::Forced, false)] {
        let mut play = asking();
        play.park("ask");
        play.end("beside", None);
        play.add(Event::CancelRequested { stop });
        play.settle();
        if tidies {
            assert_eq!(play.running_names(), ["tidy"]);
            play.end("tidy", None);
        }
        assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
    }
}

#[test]
fn a_run_is_superseded_only_while_nobody_works_for_it() {
    let by: crate::ids::RunId = uuid::Uuid::nil().into();
    let why = Withdrawal::Superseded { by: by.clone() };
    let withdrawn = Event::RunWithdrawn { why };
    let mut play = asking();
    assert!(play.state.apply(&withdrawn).is_err(), "two stages are running");
    play.park("ask");
    play.end("beside", None);
    play.add(withdrawn);
    play.settle();
    assert_eq!(play.outcome(), Some(&Outcome::Superseded { by }));
}

#[test]
fn who_may_answer_is_told_by_name_whatever_its_case() {
    use Voice::Named;
    let asked = request();
    assert_eq!(asked.may_answer(Named("ADA"), ["bob"]), Ok(()));
    assert_eq!(asked.may_answer(Named("ada"), ["Ada"]), Err(NotEntitled::Asker));
    assert_eq!(asked.may_answer(Named("eve"), []), Err(NotEntitled::NoApprover));
    let anybody = Request { approvers: Vec::new(), self_approval: true, ..request() };
    assert_eq!(anybody.may_answer(Named("eve"), ["eve"]), Ok(()));
}

#[test]
fn an_account_on_github_answers_only_where_it_is_named_as_one() {
    use Voice::{GitHub, Named};
    let named = |names: &[&str]| Request {
        approvers: names.iter().map(|name| (*name).to_owned()).collect(),
        ..request()
    };
    let may = |names: &[&str], voice| named(names).may_answer(voice, ["bob"]);
    assert_eq!(may(&["GitHub:Ada"], GitHub("aDa")), Ok(()));
    assert_eq!(
        may(&["ada"], GitHub("ada")),
        Err(NotEntitled::Stranger),
        "anybody may be called so"
    );
    assert_eq!(may(&[], GitHub("ada")), Err(NotEntitled::Stranger), "anybody is not the world");
    assert_eq!(may(&["github:ada"], Named("ada")), Err(NotEntitled::NoApprover));
    assert_eq!(may(&["github:ada"], Named("github:ada")), Err(NotEntitled::NoApprover));
    assert_eq!(may(&["github:bob"], GitHub("Bob")), Err(NotEntitled::Asker));
}

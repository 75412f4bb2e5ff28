//! What IAM must allow so that the changes of one plan can be made, and what its simulation says to that.
//!
//! Asked before the first write, so that a permission that is missing stops a deployment while nothing has happened. Only
//! what is certain stops it: a denial, or a permission that the simulation knows everything about and no policy gives.

use super::{Decision, Permission, Simulated, permissions::Names};
use crate::{
    ids::Arn,
    plan::{Change, alert_topic_arn},
    spec::Environment,
};
use std::collections::{BTreeMap, BTreeSet};

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Act {
    /// The action.
    pub action: String,
    /// Its resource.
    pub resource: String,
}

/// Acts that one simulation answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is simulated: all actions on all resources.
    pub permission: Permission,
    /// What of that is wanted.
    pub acts: BTreeSet<Act>,
    /// Something that the role has just done. A simulation that says it may not do that knows less than it says.
    pub done: Option<Act>,
}

/// What a simulation says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// Nothing of it is refused.
    Given,
    /// These acts are.
    Lacking(Vec<Act>),
    /// It says that the role may not do what it has just done.
    Implausible,
}

/// What `changes` ask of the deploy role: first all that it does itself, then the roles it hands over, each service apart.
/// Nothing where there are no changes.
#[must_use]
pub fn questions(environment: &Environment, changes: &[&Change]) -> Vec<Question> {
    let names = Names(environment);
    let mut acts = BTreeSet::new();
    let mut handed: BTreeMap<&str, BTreeSet<&Arn>> = BTreeMap::new();
    for change in changes {
        let (actions, resources) = own(&names, change);
        for resource in resources {
            let act =
                |action: &&str| Act { action: (*action).to_owned(), resource: resource.clone() };
            acts.extend(actions.iter().map(act));
        }
        if let Change::PutObject { .. } = change {
            acts.insert(Act { action: ENCRYPT.to_owned(), resource: names.0.kms_key.to_string() });
        }
        if let Some((service, role)) = hands_over(environment, change) {
            handed.entry(service).or_default().insert(role);
        }
    }
    let passes = handed.into_iter().map(|(service, roles)| {
        let pass = |role: &&Arn| Act { action: PASS.to_owned(), resource: role.to_string() };
        let permission = names.pass(service, &roles.iter().copied().collect::<Vec<_>>());
        Question { permission, acts: roles.iter().map(pass).collect(), done: None }
    });
    let own = (!acts.is_empty()).then(|| whole(&names, acts.clone()));
    own.into_iter().chain(passes).collect()
}

const PASS: &str = "iam:PassRole";
/// What storing an object that a key encrypts takes.
const ENCRYPT: &str = "kms:GenerateDataKey";

/// Reading the train pipeline is what every survey begins with.
fn whole(names: &Names<'_>, acts: BTreeSet<Act>) -> Question {
    let [train, _] = names.pipelines();
    let done = Act { action: "sagemaker:DescribePipeline".to_owned(), resource: train };
    let all = || acts.iter().chain([&done]);
    let actions: BTreeSet<&str> = all().map(|act| act.action.as_str()).collect();
    let resources: BTreeSet<String> = all().map(|act| act.resource.clone()).collect();
    let actions: Vec<&str> = actions.into_iter().collect();
    let mut permission = names.ask("make the changes", &actions, resources.into_iter().collect());
    names.with_target(&mut permission);
    Question { permission, acts, done: Some(done) }
}

/// The actions that a change takes, and what they are done to. Objects stand for all in their folder.
fn own(names: &Names<'_>, change: &Change) -> (&'static [&'static str], Vec<String>) {
    let pipeline =
        |name: &str| names.arn("sagemaker", &format!("pipeline/{}", name.to_lowercase()));
    let rule = |name: &str| vec![names.arn("events", &format!("rule/{name}"))];
    match change {
        Change::CreateLogGroup { .. } => (&["logs:CreateLogGroup"], vec![names.log_group()]),
        Change::SetLogGroupKey { .. } => (&["logs:AssociateKmsKey"], vec![names.log_group()]),
        Change::SetRetention { to: Some(_), .. } => {
            (&["logs:PutRetentionPolicy"], vec![names.log_group()])
        }
        Change::SetRetention { to: None, .. } => {
            (&["logs:DeleteRetentionPolicy"], vec![names.log_group()])
        }
        Change::PutObject { bucket, key, .. } => {
            (&["s3:PutObject"], vec![names.object(bucket, folder(key))])
        }
        Change::CreateFunction { .. } => {
            (&["lambda:CreateFunction", "lambda:TagResource"], vec![names.function()])
        }
        Change::UpdateFunctionCode { .. } => {
            (&["lambda:UpdateFunctionCode"], vec![names.function()])
        }
        Change::UpdateFunctionSettings { .. } => {
            (&["lambda:UpdateFunctionConfiguration"], vec![names.function()])
        }
        Change::PublishFunction { .. } => (&["lambda:PublishVersion"], vec![names.function()]),
        Change::CreateTopic { .. } => {
            (&["sns:CreateTopic", "sns:TagResource"], vec![alert_topic_arn(names.0)])
        }
        Change::SetTopicKey { .. } | Change::SetTopicStatement { .. } => {
            (&["sns:SetTopicAttributes"], vec![alert_topic_arn(names.0)])
        }
        Change::Subscribe { .. } => (&["sns:Subscribe"], vec![alert_topic_arn(names.0)]),
        Change::CreatePipeline { name, .. } => {
            (&["sagemaker:CreatePipeline", "sagemaker:AddTags"], vec![pipeline(name)])
        }
        Change::UpdatePipeline { name, .. } => {
            (&["sagemaker:UpdatePipeline", "sagemaker:AddTags"], vec![pipeline(name)])
        }
        Change::PutRule { from: None, to } => {
            (&["events:PutRule", "events:TagResource"], rule(&to.name))
        }
        Change::PutRule { from: Some(_), to } => (&["events:PutRule"], rule(&to.name)),
        Change::PutTargets { rule: name, .. } => (&["events:PutTargets"], rule(name)),
        Change::RemoveTargets { rule: name, .. } => (&["events:RemoveTargets"], rule(name)),
        Change::RemoveRule { from } => (&["events:DeleteRule"], rule(&from.name)),
    }
}

/// The folder of an object whose key ends with its digest and its name.
fn folder(key: &str) -> &str {
    key.rsplitn(3, '/').last().unwrap_or(key)
}

/// The role that a change gives to a service.
fn hands_over<'e>(
    environment: &'e Environment,
    change: &Change,
) -> Option<(&'static str, &'e Arn)> {
    match change {
        Change::CreateFunction { .. } | Change::UpdateFunctionSettings { .. } => {
            Some(("lambda", &environment.lambda_role))
        }
        Change::CreatePipeline { kind, .. } | Change::UpdatePipeline { kind, .. } => {
            Some(("sagemaker", kind.role(environment)))
        }
        Change::PutTargets { to, .. } => {
            let started = to.iter().any(|target| target.role.is_some());
            started.then_some(("events", &environment.events_role))
        }
        Change::CreateLogGroup { .. }
        | Change::SetLogGroupKey { .. }
        | Change::SetRetention { .. }
        | Change::PutObject { .. }
        | Change::UpdateFunctionCode { .. }
        | Change::PublishFunction { .. }
        | Change::CreateTopic { .. }
        | Change::SetTopicKey { .. }
        | Change::SetTopicStatement { .. }
        | Change::Subscribe { .. }
        | Change::PutRule { .. }
        | Change::RemoveTargets { .. }
        | Change::RemoveRule { .. } => None,
    }
}

impl Question {
    /// What `simulated` says to it.
    #[must_use]
    pub fn judge(&self, simulated: &[Simulated]) -> Leave {
        let refused = |act: &Act| {
            let answer = simulated.iter().find(|one| one.action.eq_ignore_ascii_case(&act.action));
            answer.is_some_and(|answer| is_refused(answer.on(&act.resource), answer))
        };
        if self.done.as_ref().is_some_and(refused) {
            return Leave::Implausible;
        }
        let lacking: Vec<Act> = self.acts.iter().filter(|act| refused(act)).cloned().collect();
        if lacking.is_empty() { Leave::Given } else { Leave::Lacking(lacking) }
    }

    /// Whose leave it is that is asked for.
    #[must_use]
    pub fn role(&self) -> &Arn {
        &self.permission.role
    }
}

/// What was not answered, or depends on what only a real call has, is not refused; and a key's own policy may give what
/// no policy of the role does.
fn is_refused(decision: Option<Decision>, answer: &Simulated) -> bool {
    match decision {
        Some(Decision::Denied) => true,
        Some(Decision::NotAllowed) => {
            answer.missing_context.is_empty() && !answer.action.eq_ignore_ascii_case(ENCRYPT)
        }
        Some(Decision::Allowed) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Observed, desired, fixture, plan};

    fn first() -> Vec<Change> {
        let (environment, commit) = (fixture::environment(), fixture::Commit::first());
        let desired = desired(&commit.blueprint(&environment), 1).unwrap();
        plan(&desired, &Observed::default()).changes
    }

    fn all() -> Vec<Question> {
        questions(&fixture::environment(), &first().iter().collect::<Vec<_>>())
    }

    /// All on all is allowed, except for one action on one resource.
    fn answers(question: &Question, but: Option<(&Act, Decision)>) -> Vec<Simulated> {
        let Permission { actions, resources, .. } = &question.permission;
        let decision = |action: &String, resource: &String| match but {
            Some((act, decision)) if act.action == *action && act.resource == *resource => decision,
            Some(_) | None => Decision::Allowed,
        };
        let answer = |action: &String| Simulated {
            action: action.clone(),
            decision: Decision::NotAllowed,
            resources: resources.iter().map(|one| (one.clone(), decision(action, one))).collect(),
            missing_context: Vec::new(),
        };
        actions.iter().map(answer).collect()
    }

    #[test]
    fn a_first_deployment_asks_for_what_it_does_and_for_each_service_apart() {
        let questions = all();
        let what: Vec<&str> = questions.iter().map(|one| one.permission.what.as_str()).collect();
        let passes = ["pass roles to events", "pass roles to lambda", "pass roles to sagemaker"];
        assert_eq!(what[0], "make the changes");
        assert_eq!(what[1..], passes);
        let asked =
            |action: &str| questions[0].acts.iter().filter(|act| act.action == action).count();
        assert_eq!((asked("s3:PutObject"), asked("events:PutTargets")), (2, 4), "{questions:?}");
        assert_eq!((asked("sagemaker:UpdatePipeline"), asked("sns:Subscribe")), (0, 1));
        assert!(questions.iter().all(|one| one.judge(&answers(one, None)) == Leave::Given));
    }

    #[test]
    fn one_change_asks_for_its_own_permission_and_no_change_for_none() {
        let environment = fixture::environment();
        assert_eq!(questions(&environment, &[]), []);
        let retention =
            Change::SetRetention { name: "jenkins-log".to_owned(), from: None, to: None };
        let [question] = &questions(&environment, &[&retention])[..] else { panic!() };
        let acts: Vec<&str> = question.acts.iter().map(|act| act.action.as_str()).collect();
        assert_eq!(acts, ["logs:DeleteRetentionPolicy"]);
    }

    #[test]
    fn what_is_refused_for_certain_is_lacking_and_nothing_else_is() {
        let question = &all()[0];
        for act in &question.acts {
            let judged = |decision| question.judge(&answers(question, Some((act, decision))));
            assert_eq!(judged(Decision::Denied), Leave::Lacking(vec![act.clone()]));
            let implicit = judged(Decision::NotAllowed);
            match act.action.as_str() {
                ENCRYPT => assert_eq!(implicit, Leave::Given, "the key's policy may allow it"),
                _ => assert_eq!(implicit, Leave::Lacking(vec![act.clone()])),
            }
            let mut unsure = answers(question, Some((act, Decision::NotAllowed)));
            for answer in &mut unsure {
                answer.missing_context.push("aws:PrincipalTag/team".to_owned());
            }
            assert_eq!(question.judge(&unsure), Leave::Given, "only a real call has the tag");
        }
        assert_eq!(question.judge(&[]), Leave::Given, "nothing was answered");
    }

    #[test]
    fn a_simulation_that_denies_what_was_just_done_is_not_believed() {
        let question = &all()[0];
        let done = question.done.as_ref().unwrap();
        let mut answers = answers(question, Some((done, Decision::NotAllowed)));
        assert_eq!(question.judge(&answers), Leave::Implausible);
        for answer in &mut answers {
            answer.resources.values_mut().for_each(|one| *one = Decision::NotAllowed);
        }
        assert_eq!(question.judge(&answers), Leave::Implausible, "as if the role had no policy");
    }
}

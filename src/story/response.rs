//! The morning after: what the agent did about a verdict, held against the environment's policy.

use super::{
    audience::Voice,
    performance::{Performance, Stop},
    promises::{Holds, Outcome},
    record::Turn,
};
use crate::{
    app::{Fate, Message},
    aws::ExecutionStatus,
    spec::{DriftResponse, Respond, Response, RetrainOn},
    watch::{Action, Answered, Finding, Training},
};
use jiff::Timestamp;

/// Shows what the agent decided.
const LOOK: &str = "agent watch --once --env ENV";
/// Shows what was sent.
const INBOX: &str = "agent rehearsal inbox";
/// Shows the versions.
const MODELS: &str = "agent models list --env ENV";

impl Performance<'_> {
    /// Holds what was done about a night against the policy; nothing more happens when the agent looks again.
    pub(super) async fn respond(&mut self, answered: &Answered, at: Timestamp) -> Result<(), Stop> {
        let finding = answered.case.finding;
        self.demanded(answered)?;
        let again = self.stage.watch().await?;
        let outcome = Outcome::equal(&again.answered.len(), &0, LOOK);
        self.hold("what was answered once is not answered again", outcome)?;
        self.mail(answered, at).await?;
        let trainings = self.stage.trainings(at).await?;
        match &answered.action {
            Action::StartTraining(training) => {
                let one = Outcome::equal(&trainings.len(), &1, LOOK);
                self.hold("one drift starts exactly one training", one)?;
                let status = trainings.first().map(|training| training.status);
                self.trained(training, (answered, status)).await
            }
            Action::Alert(_) | Action::Nothing(_) => {
                // In this mode a rule starts it, and what it makes of failures is the replaced system's own.
                if self.stage.environment.retrain.on == RetrainOn::Drift {
                    let none = Outcome::equal(&trainings.len(), &0, LOOK);
                    self.hold(&format!("after '{finding}' no training is started"), none)?;
                }
                if finding == Finding::Drift {
                    self.leave_out(&format!("no training: {}", answered.message));
                }
                Ok(())
            }
        }
    }

    /// The policy demands what was done.
    fn demanded(&mut self, answered: &Answered) -> Result<(), Stop> {
        let done = match &answered.action {
            Action::StartTraining(_) => "a training",
            Action::Alert(_) => "an alert",
            Action::Nothing(_) => "nothing",
        };
        let Some(demanded) = demanded(answered.case.finding, &self.stage.environment.respond)
        else {
            return Ok(());
        };
        // A training may have to wait for another; then people hear of it.
        let waits = demanded == "a training" && self.trained_before && done == "an alert";
        let outcome = Outcome::when(Holds::from(done == demanded || waits), done, LOOK);
        let finding = answered.case.finding;
        self.hold(&format!("the policy's answer to '{finding}' is {demanded}"), outcome)
    }

    /// Whoever is to be told is told.
    async fn mail(&mut self, answered: &Answered, at: Timestamp) -> Result<(), Stop> {
        let address = self.stage.environment.alerts.email.clone();
        let mut subjects: Vec<String> = self
            .stage
            .cloud
            .inbox()
            .await?
            .into_iter()
            .filter(|message| is_alert(message, &address, at))
            .map(|message| message.subject)
            .collect();
        subjects.sort();
        subjects.dedup();
        if answered.told.is_some() {
            let outcome = Outcome::when(Holds::from(!subjects.is_empty()), "no mail", INBOX);
            self.hold("the alert is in the inbox", outcome)?;
        }
        for subject in subjects {
            self.tell(Voice::Alert, format!("mail to {address}: {subject}"));
            if !self.alerts.contains(&subject) {
                self.alerts.push(subject);
            }
            if answered.told.is_some() {
                self.note_once(Turn::Alerted);
            }
        }
        Ok(())
    }

    /// The training read what arrived, and has left a version for people to decide about.
    async fn trained(
        &mut self,
        training: &Training,
        (answered, status): (&Answered, Option<ExecutionStatus>),
    ) -> Result<(), Stop> {
        self.trained_before = true;
        let arrived = training.supply.copies.iter().filter(|copy| copy.from.contains("/arrived/"));
        let arrived = arrived.count();
        if self.days.last().is_some_and(|day| self.is_question(day.day)) {
            let reads = Outcome::when(Holds::from(arrived > 0), format!("{arrived} files"), LOOK);
            self.hold("the training reads the data that arrived", reads)?;
        }
        self.tell(
            Voice::Agent,
            format!("starts one training, on the base data and {arrived} file(s) that arrived"),
        );
        let arn = answered.training.as_deref();
        let versions = self.stage.versions().await?;
        let version = versions.iter().find(|package| package.generated_by.as_deref() == arn);
        let Some(version) = version.map(|package| package.summary.version) else {
            self.note(Turn::Retrained { version: None });
            let stopped = Holds::from(status == Some(ExecutionStatus::Failed));
            let outcome = Outcome::when(stopped, format!("{status:?}"), MODELS);
            self.hold("a training registers a version, or its threshold stops it", outcome)?;
            self.leave_out(
                "the training was stopped by its own threshold, so there is no challenger",
            );
            return Ok(());
        };
        self.note(Turn::Retrained { version: Some(version) });
        self.tell(Voice::Cloud, format!("the training registers version {version}, pending"));
        if self.days.last().is_some_and(|day| self.is_question(day.day)) {
            self.challenger = Some(version);
            return Ok(());
        }
        self.reject(version).await
    }
}

/// What the policy demands first of all, where it says anything.
fn demanded(finding: Finding, respond: &Respond) -> Option<&'static str> {
    let by = |response| match response {
        Response::Alert => "an alert",
        Response::Ignore => "nothing",
    };
    Some(match finding {
        Finding::Drift => match respond.drift {
            DriftResponse::Retrain => "a training",
            DriftResponse::Alert => "an alert",
            DriftResponse::Ignore => "nothing",
        },
        Finding::DataDefect => by(respond.data_defect),
        Finding::TooFewRows => by(respond.too_few_rows),
        Finding::InfrastructureFailure => by(respond.infrastructure_failure),
        Finding::Clean | Finding::NothingApproved | Finding::Stopped | Finding::NotChecked => {
            return None;
        }
    })
}

fn is_alert(message: &Message, address: &str, at: Timestamp) -> bool {
    message.time >= at
        && message.fate == Fate::Delivered
        && message.endpoint.as_deref() == Some(address)
}

//! Answers to runs that ask people.

use super::{
    Desk, DeskError, Person,
    desk::{bounded, given},
};
use crate::{
    engine::{Order, end_at_rest, stages},
    flow::{Request, RunState},
    ids::{DeliveryId, Digest, PlanDigits, RunId, StageName},
    store::{Answer, Answered, RunRecord, Says},
};
use serde_json::json;

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Accepted {
    /// The stage that asked.
    pub stage: StageName,
    /// What was approved.
    pub request: Request,
    /// How many have approved, this one included.
    pub have: u32,
}

impl Accepted {
    /// Does the run go on now?
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.have >= self.request.required
    }
}

/// A run, the stage of it that asks, and what it asks.
pub type Asked = (RunRecord, StageName, Request);

/// What somebody says.
struct Said {
    says: Says,
    reason: Option<String>,
    /// What it came with, if it came from afar.
    delivery: Option<DeliveryId>,
}

impl Desk {
    /// Approves what a run asks about now. When enough have, the next agent that looks goes on with it.
    ///
    /// # Errors
    /// [`DeskError::NobodyAsked`], [`DeskError::NotEntitled`], [`DeskError::AnsweredBefore`], [`DeskError::Enough`],
    /// [`DeskError::TooLate`], [`DeskError::OtherPlan`] if it is not `seen`, [`DeskError::Over`], or the store failed.
    pub async fn approve(
        &self,
        person: &Person,
        (run, seen): (&RunId, Option<&PlanDigits>),
        comment: Option<&str>,
    ) -> Result<Accepted, DeskError> {
        let (record, stage, request) = self.asked_about(run, seen).await?;
        let said = Said { says: Says::Approve, reason: comment.map(bounded), delivery: None };
        let answer = self.answer(person, &record, (&stage, &request), said).await?;
        let answers = self.store.answers(run).await?;
        let have = approvals(&record, (&answer.stage, &request), &answers);
        Ok(Accepted { stage, request, have })
    }

    /// Approves the plan that a delivery names, if it is the one that the run asks about now. One delivery is one answer.
    ///
    /// # Errors
    /// As [`Desk::approve`], and [`DeskError::OtherPlan`].
    pub async fn approve_plan(
        &self,
        person: &Person,
        run: &RunId,
        (plan, delivery): (&Digest, &DeliveryId),
    ) -> Result<(), DeskError> {
        let (record, stage, request) = about(self.asked(run).await?, plan)?;
        let said = Said { says: Says::Approve, reason: None, delivery: Some(delivery.clone()) };
        self.answer(person, &record, (&stage, &request), said).await?;
        Ok(())
    }

    /// Rejects what a run asks about now, which ends it; an agent tidies up if a stage is there for that.
    ///
    /// # Errors
    /// As [`Desk::approve`], and [`DeskError::NoReason`].
    pub async fn reject(
        &self,
        person: &Person,
        (run, seen): (&RunId, Option<&PlanDigits>),
        reason: &str,
    ) -> Result<(), DeskError> {
        let reason = given(reason)?;
        let asked = self.asked_about(run, seen).await?;
        self.reject_asked(person, asked, (reason, None)).await
    }

    /// Rejects the plan that a delivery names, if it is the one that the run asks about now. One delivery is one answer.
    ///
    /// # Errors
    /// As [`Desk::reject`], and [`DeskError::OtherPlan`].
    pub async fn reject_plan(
        &self,
        person: &Person,
        run: &RunId,
        (plan, delivery): (&Digest, &DeliveryId),
        reason: &str,
    ) -> Result<(), DeskError> {
        let reason = given(reason)?;
        let asked = about(self.asked(run).await?, plan)?;
        self.reject_asked(person, asked, (reason, Some(delivery.clone()))).await
    }

    async fn reject_asked(
        &self,
        person: &Person,
        (record, stage, request): Asked,
        (reason, delivery): (String, Option<DeliveryId>),
    ) -> Result<(), DeskError> {
        let said = Said { says: Says::Reject, reason: Some(reason), delivery };
        let answer = self.answer(person, &record, (&stage, &request), said).await?;
        let order = Order::Fail(stage, stages::rejected(&answer));
        // What an agent has to do is done by the next that looks.
        end_at_rest(&self.store, &record.id, order, self.clock.now()).await?;
        Ok(())
    }

    /// What the run asks about now.
    ///
    /// # Errors
    /// [`DeskError::NobodyAsked`], [`DeskError::TooLate`], [`DeskError::Over`], or the store failed.
    pub async fn asked(&self, run: &RunId) -> Result<Asked, DeskError> {
        let record = self.store.run(run).await?;
        if let Some(outcome) = record.outcome {
            return Err(DeskError::Over { run: run.clone(), outcome });
        }
        let events = self.store.events(run).await?;
        let state = RunState::of(&record.pipeline, events.iter().map(|stored| &stored.event))
            .map_err(crate::engine::EngineError::from)?;
        let asked = state.requests().next();
        let (stage, request) = asked.ok_or_else(|| DeskError::NobodyAsked { run: run.clone() })?;
        if request.until <= self.clock.now() {
            return Err(DeskError::TooLate);
        }
        Ok((record, stage.clone(), request.clone()))
    }

    /// What the run asks about now, if that is the plan whose first digits somebody has `seen`.
    async fn asked_about(
        &self,
        run: &RunId,
        seen: Option<&PlanDigits>,
    ) -> Result<Asked, DeskError> {
        let asked = self.asked(run).await?;
        if seen.is_none_or(|digits| asked.2.plan.begins_with(digits)) {
            return Ok(asked);
        }
        Err(DeskError::OtherPlan { now: asked.2.plan })
    }

    async fn answer(
        &self,
        person: &Person,
        record: &RunRecord,
        (stage, request): (&StageName, &Request),
        Said { says, reason, delivery }: Said,
    ) -> Result<Answer, DeskError> {
        let name = || person.name.clone();
        request
            .may_answer(person.voice(), record.facts.askers())
            .map_err(|why| DeskError::NotEntitled { person: name(), why })?;
        let answer = Answer {
            run: record.id.clone(),
            stage: stage.clone(),
            plan: request.plan.clone(),
            // One person is one vote, however they spell themselves.
            person: person.name.to_lowercase(),
            via: person.via.as_str().to_owned(),
            says,
            reason,
            at: self.clock.now(),
            void: None,
            delivery,
        };
        // A rejection counts as long as the run has not gone on.
        let enough = |before: &[Answer]| match says {
            Says::Approve => approvals(record, (stage, request), before) >= request.required,
            Says::Reject => false,
        };
        match self.store.keep_answer(&answer, enough).await? {
            Answered::Enough => Err(DeskError::Enough),
            Answered::Before => Err(DeskError::AnsweredBefore { person: name() }),
            Answered::Now => {
                let act = match says {
                    Says::Approve => "approve",
                    Says::Reject => "reject",
                };
                let detail = json!({
                    "stage": stage, "plan": request.plan, "commit": record.commit,
                    "environment": record.environment, "reason": answer.reason,
                });
                self.note(person, act, (record.id.as_str(), detail)).await?;
                Ok(answer)
            }
        }
    }
}

/// What is asked, if it is about this plan.
fn about(asked: Asked, plan: &Digest) -> Result<Asked, DeskError> {
    if asked.2.plan == *plan { Ok(asked) } else { Err(DeskError::OtherPlan { now: asked.2.plan }) }
}

/// How many have approved what is asked now.
fn approvals(
    record: &RunRecord,
    (stage, request): (&StageName, &Request),
    answers: &[Answer],
) -> u32 {
    let counts = |answer: &&Answer| {
        answer.stage == *stage
            && answer.plan == request.plan
            && answer.void.is_none()
            && answer.says == Says::Approve
            && request.may_answer(answer.voice(), record.facts.askers()).is_ok()
    };
    u32::try_from(answers.iter().filter(counts).count()).unwrap_or(u32::MAX)
}

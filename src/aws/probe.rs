//! Who the agent is before it takes a role, what time it is there, and whether the role's door is locked.

use super::{Access, CloudError, ErrorClass, error::Act};
use crate::{
    ids::{AccountId, RunId},
    spec::Environment,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept, context::BeforeDeserializationInterceptorContextRef, dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{Timestamp, fmt::rfc2822};
use std::sync::{Arc, Mutex, PoisonError};

/// Nothing can be done with a session of this policy, should the role give one.
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
/// The shortest session there is, in seconds (AssumeRole, `DurationSeconds`).
const SHORTEST_SESSION: i32 = 900;

/// Whom AWS says the agent is, before it takes any role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account of its own credentials.
    pub account: AccountId,
    /// Its ARN, as GetCallerIdentity gives it.
    pub arn: String,
}

impl Caller {
    /// The name of the role behind the credentials, where it is one.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        let (_, session) = self.arn.split_once(":assumed-role/")?;
        session.split('/').next()
    }
}

/// What became of asking for the role without its external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// It was refused.
    No,
    /// It was given: the external id protects nothing.
    Yes,
}

impl Access {
    /// Whom AWS says the agent is, and beside it what time it is there, as far as anything answered. A clock that is
    /// far off makes AWS refuse the question; its answer tells the time all the same.
    pub async fn caller(
        &self,
        environment: &Environment,
    ) -> (Result<Caller, CloudError>, Option<Timestamp>) {
        const OPERATION: &str = "GetCallerIdentity";
        let date = AnswerDate::default();
        let client = aws_sdk_sts::Client::new(&self.base_in(environment));
        let request = client.get_caller_identity().customize().interceptor(date.clone());
        let caller = request.send().await.act(OPERATION, "the agent's own credentials");
        let caller = caller.and_then(|answer| {
            let account = answer.account.as_deref().unwrap_or_default().parse();
            let account = account.map_err(|error: crate::ids::InvalidId| {
                CloudError::broken_answer(
                    OPERATION,
                    "the agent's own credentials",
                    error.to_string(),
                )
            })?;
            Ok(Caller { account, arn: answer.arn.unwrap_or_default() })
        });
        (caller, date.seen())
    }

    /// Asks for the deploy role without the environment's external id. A session that is given after all is one that
    /// can do nothing, and is dropped.
    ///
    /// # Errors
    /// If STS does not answer, or refuses for another reason than that the role is not given.
    pub async fn without_external_id(
        &self,
        environment: &Environment,
        run: &RunId,
    ) -> Result<Unlocked, CloudError> {
        let role = environment.deploy_role.as_str();
        let request = aws_sdk_sts::Client::new(&self.base_in(environment)).assume_role();
        let request = request.role_arn(role).role_session_name(format!("agent-{run}"));
        let answer = request.policy(NOTHING).duration_seconds(SHORTEST_SESSION).send().await;
        match answer.act("AssumeRole", role) {
            Ok(_) => Ok(Unlocked::Yes),
            Err(error) if error.class == ErrorClass::Denied => Ok(Unlocked::No),
            Err(error) => Err(error),
        }
    }
}

/// Remembers the Date header of the last answer.
#[derive(Debug, Clone, Default)]
pub(super) struct AnswerDate(Arc<Mutex<Option<String>>>);

impl AnswerDate {
    pub(super) fn seen(&self) -> Option<Timestamp> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        rfc2822::parse(&seen).ok().map(|date| date.timestamp())
    }
}

#[dyn_dispatch_hint]
impl Intercept for AnswerDate {
    fn name(&self) -> &'static str {
        "AnswerDate"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

//! What CloudWatch would count for each rule (namespace AWS/Events).

use crate::rehearsal::{Call, Item, Rehearsal, ServiceError, Shelf};
use serde::{Deserialize, Serialize};

/// Most rules that are listed: ten accounts with a full bus each.
const MOST_RULES: u32 = 3_000;

/// The metrics of one rule, since it first met an event; kept under its ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMetrics {
    /// The rule's ARN.
    pub rule: String,
    /// `Invocations`: tries, the failed ones among them.
    pub invocations: u64,
    /// `FailedInvocations`: events that never reached their target.
    pub failed_invocations: u64,
    /// `InvocationsSentToDlq`: those of them that lie in a dead-letter queue.
    pub sent_to_dead_letter_queue: u64,
}

impl Item for RuleMetrics {
    const KIND: &'static str = "rule metrics";
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Invoked,
    Failed,
    SentToDeadLetterQueue,
}

pub(super) async fn count(
    call: &mut Call<'_>,
    rule: &str,
    outcome: Outcome,
) -> Result<(), ServiceError> {
    let kept = call.shelf.get_global::<RuleMetrics>(rule).await?;
    let mut metrics =
        kept.unwrap_or_else(|| RuleMetrics { rule: rule.to_owned(), ..RuleMetrics::default() });
    match outcome {
        Outcome::Invoked => metrics.invocations += 1,
        Outcome::Failed => metrics.failed_invocations += 1,
        Outcome::SentToDeadLetterQueue => metrics.sent_to_dead_letter_queue += 1,
    }
    Ok(call.shelf.put_global(rule, &metrics).await?)
}

impl Rehearsal {
    /// What CloudWatch would count for each rule that met an event, by ARN.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn rule_metrics(&self) -> Result<Vec<RuleMetrics>, ServiceError> {
        let mut connection = self.inside.connection.lock().await;
        let listed = Shelf::new(&mut connection).list_global("".."~", MOST_RULES).await?;
        Ok(listed.into_iter().map(|(_, metrics)| metrics).collect())
    }
}

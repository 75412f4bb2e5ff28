//! Log groups, streams and events.
//!
//! PutLogEvents answers 200 while it drops events, and storing twice what was sent twice is its rule:
//! so the drops are an answer of their own, and nothing here sends an event a second time.

mod filter;
mod groups;
mod tail;

pub use filter::LogFilter;

use super::{CloudError, ErrorClass, MOST_PAGES, error::Act};
use crate::{
    plan::LogGroupRecord,
    spec::{LogGroup, LogGroupClass},
};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

/// One event to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The line; CloudWatch takes no empty one.
    pub message: String,
}

/// What became of a batch: `accepted` and the rejected add up to its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOutcome {
    /// Events that are stored.
    pub accepted: usize,
    /// Events that are not, by reason.
    pub rejected: Rejected,
}

/// Events CloudWatch dropped although it answered 200.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// At the batch's head: older than 14 days.
    pub too_old: usize,
    /// At the batch's head: older than the group's retention.
    pub expired: usize,
    /// At the batch's end: more than two hours ahead.
    pub too_new: usize,
}

/// One stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEvent {
    /// The stream it is in.
    pub stream: String,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The line.
    pub message: String,
}

/// CloudWatch Logs as one session sees it.
#[derive(Debug, Clone)]
pub struct Logs {
    client: aws_sdk_cloudwatchlogs::Client,
}

impl Logs {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_cloudwatchlogs::Client::new(config) }
    }

    /// A group, if there is one.
    ///
    /// # Errors
    /// If CloudWatch refuses, or there is no end of pages.
    pub async fn group(&self, name: &str) -> Result<Option<LogGroupRecord>, CloudError> {
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .describe_log_groups()
                .log_group_name_prefix(name)
                .set_next_token(token)
                .send()
                .await
                .act("DescribeLogGroups", name)?;
            let groups = page.log_groups.unwrap_or_default();
            if let Some(found) = groups.into_iter().find(|g| g.log_group_name() == Some(name)) {
                return Ok(Some(LogGroupRecord {
                    retention_days: found.retention_in_days,
                    kms_key: found.kms_key_id,
                    class: class(found.log_group_class.as_ref()),
                }));
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(None);
            }
        }
        Err(CloudError::endless("DescribeLogGroups", name))
    }

    /// Makes sure that a group exists, with its retention and key if it is new. A group that exists is
    /// left as it is: changing it is for a plan.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn ensure_group(&self, group: &LogGroup) -> Result<(), CloudError> {
        match self.create_group(group).await {
            // A new group keeps its events for ever unless told otherwise.
            Ok(()) if group.retention_days.is_none() => Ok(()),
            Ok(()) => self.set_retention(&group.name, group.retention_days).await,
            Err(error) if error.class == ErrorClass::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Creates a group, encrypted with its key if it names one; retention is set apart.
    ///
    /// # Errors
    /// If CloudWatch refuses, for instance because the name is taken.
    pub async fn create_group(&self, group: &LogGroup) -> Result<(), CloudError> {
        self.client
            .create_log_group()
            .log_group_name(&group.name)
            .set_kms_key_id(group.kms_key.as_ref().map(|key| key.as_str().to_owned()))
            .set_log_group_class((!group.class.is_usual()).then(|| group.class.name().into()))
            .send()
            .await
            .act("CreateLogGroup", &group.name)
            .map(drop)
    }

    /// Keeps a group's events this many days from now on, or for ever.
    ///
    /// # Errors
    /// If CloudWatch refuses, for instance a number of days it does not know.
    pub async fn set_retention(&self, name: &str, days: Option<i32>) -> Result<(), CloudError> {
        match days {
            Some(days) => self
                .client
                .put_retention_policy()
                .log_group_name(name)
                .retention_in_days(days)
                .send()
                .await
                .act("PutRetentionPolicy", name)
                .map(drop),
            None => self
                .client
                .delete_retention_policy()
                .log_group_name(name)
                .send()
                .await
                .act("DeleteRetentionPolicy", name)
                .map(drop),
        }
    }

    /// Encrypts a group's new events with `key` from now on.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn set_key(&self, name: &str, key: &str) -> Result<(), CloudError> {
        self.client
            .associate_kms_key()
            .log_group_name(name)
            .kms_key_id(key)
            .send()
            .await
            .act("AssociateKmsKey", name)
            .map(drop)
    }

    /// Makes sure that a stream exists in a group that does.
    ///
    /// # Errors
    /// If CloudWatch refuses; [`ErrorClass::NotFound`] if there is no such group.
    pub async fn ensure_stream(&self, group: &str, stream: &str) -> Result<(), CloudError> {
        let created = self
            .client
            .create_log_stream()
            .log_group_name(group)
            .log_stream_name(stream)
            .send()
            .await
            .act("CreateLogStream", &address(group, stream));
        match created {
            Ok(_) => Ok(()),
            Err(error) if error.class == ErrorClass::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends one batch, once. The batch must be legal: at most 10,000 events and 1,048,576 bytes (26 added
    /// for each event), in order of time, within 24 hours.
    ///
    /// # Errors
    /// If CloudWatch refuses the batch as a whole or does not answer; then nobody knows whether it is stored.
    pub async fn put(
        &self,
        group: &str,
        stream: &str,
        events: &[LogEvent],
    ) -> Result<PutOutcome, CloudError> {
        let address = address(group, stream);
        let inputs: Result<Vec<InputLogEvent>, _> = events
            .iter()
            .map(|event| {
                InputLogEvent::builder()
                    .timestamp(event.timestamp_ms)
                    .message(&event.message)
                    .build()
            })
            .collect();
        let inputs =
            inputs.map_err(|error| CloudError::not_built("PutLogEvents", &address, &error))?;
        let once = aws_sdk_cloudwatchlogs::Config::builder().retry_config(RetryConfig::disabled());
        let answer = self
            .client
            .put_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .set_log_events(Some(inputs))
            .customize()
            .config_override(once)
            .send()
            .await
            .act("PutLogEvents", &address)?;
        let rejected = answer.rejected_log_events_info.map(|info| Indices {
            too_old_end: info.too_old_log_event_end_index,
            expired_end: info.expired_log_event_end_index,
            too_new_start: info.too_new_log_event_start_index,
        });
        Ok(outcome(events.len(), rejected.unwrap_or_default()))
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Indices {
    too_old_end: Option<i32>,
    expired_end: Option<i32>,
    too_new_start: Option<i32>,
}

/// Ends are exclusive, the start is inclusive; stored is what lies between them. An event that is both
/// too old and expired counts as too old.
fn outcome(sent: usize, indices: Indices) -> PutOutcome {
    let index = |given: Option<i32>, absent: usize| {
        given.map_or(absent, |given| usize::try_from(given).unwrap_or(0).min(sent))
    };
    let too_old = index(indices.too_old_end, 0);
    let head = index(indices.expired_end, 0).max(too_old);
    let tail = index(indices.too_new_start, sent).max(head);
    PutOutcome {
        accepted: tail - head,
        rejected: Rejected { too_old, expired: head - too_old, too_new: sent - tail },
    }
}

fn class(shown: Option<&aws_sdk_cloudwatchlogs::types::LogGroupClass>) -> LogGroupClass {
    match shown.map(aws_sdk_cloudwatchlogs::types::LogGroupClass::as_str) {
        Some("INFREQUENT_ACCESS") => LogGroupClass::InfrequentAccess,
        Some(_) | None => LogGroupClass::Standard,
    }
}

fn address(group: &str, stream: &str) -> String {
    format!("{group}:{stream}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(indices: Indices) -> (usize, Rejected) {
        let outcome = outcome(10, indices);
        (outcome.accepted, outcome.rejected)
    }

    #[test]
    fn every_event_is_stored_or_rejected_for_a_reason() {
        let all = Indices::default();
        assert_eq!(rejected(all), (10, Rejected::default()));
        let mixed = Indices { too_old_end: Some(2), expired_end: Some(5), too_new_start: Some(9) };
        assert_eq!(rejected(mixed), (4, Rejected { too_old: 2, expired: 3, too_new: 1 }));
        let old = Indices { too_old_end: Some(10), ..all };
        assert_eq!(rejected(old), (0, Rejected { too_old: 10, ..Rejected::default() }));
        let new = Indices { too_new_start: Some(0), ..all };
        assert_eq!(rejected(new), (0, Rejected { too_new: 10, ..Rejected::default() }));
    }

    #[test]
    fn indices_that_make_no_sense_still_add_up() {
        for (too_old, too_new) in [(-3, 40), (40, -3), (7, 3)] {
            let indices = Indices {
                too_old_end: Some(too_old),
                expired_end: None,
                too_new_start: Some(too_new),
            };
            let (accepted, Rejected { too_old, expired, too_new }) = rejected(indices);
            assert_eq!(accepted + too_old + expired + too_new, 10);
        }
    }
}

//! Reading a group: FilterLogEvents, page by page.

use super::{Logs, MOST_PAGES, ReadEvent, address};
use crate::aws::{
    CloudError,
    error::{Act as _, Maybe as _},
};

/// Which events of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFilter<'a> {
    /// The group's name.
    pub group: &'a str,
    /// How the streams' names begin; all streams if empty.
    pub stream_prefix: &'a str,
    /// Milliseconds since 1970 from which on.
    pub from_ms: i64,
    /// CloudWatch's filter pattern; every event if empty.
    pub pattern: &'a str,
}

impl Logs {
    /// One page of events in the order of time, and the token of the next page. Pages may be empty; only where there is
    /// no token there is no more. A group that does not exist has no events.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn page(
        &self,
        filter: LogFilter<'_>,
        token: Option<String>,
    ) -> Result<(Vec<ReadEvent>, Option<String>), CloudError> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let page = self
            .client
            .filter_log_events()
            .log_group_name(filter.group)
            .set_log_stream_name_prefix(some(filter.stream_prefix))
            .set_filter_pattern(some(filter.pattern))
            .start_time(filter.from_ms)
            .set_next_token(token)
            .send()
            .await
            .act("FilterLogEvents", &address(filter.group, filter.stream_prefix))
            .maybe()?;
        let Some(page) = page else { return Ok((Vec::new(), None)) };
        let read = page.events.unwrap_or_default().into_iter().map(|event| ReadEvent {
            stream: event.log_stream_name.unwrap_or_default(),
            timestamp_ms: event.timestamp.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        });
        // a server that knows no prefixes would give the lines of others
        let asked = |event: &ReadEvent| event.stream.starts_with(filter.stream_prefix);
        Ok((read.filter(asked).collect(), page.next_token))
    }

    /// The stored events of all streams whose names begin with `stream_prefix`, from `from_ms` on, in
    /// order of time, at most `most` of them. CloudWatch gives empty pages; they do not end the listing.
    ///
    /// # Errors
    /// If CloudWatch refuses, or there is no end of pages.
    pub async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        from_ms: i64,
        most: usize,
    ) -> Result<Vec<ReadEvent>, CloudError> {
        let filter = LogFilter { group, stream_prefix, from_ms, pattern: "" };
        let (mut events, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let (page, next) = self.page(filter, token).await?;
            events.extend(page);
            if next.is_none() || events.len() >= most {
                events.truncate(most);
                return Ok(events);
            }
            token = next;
        }
        Err(CloudError::endless("FilterLogEvents", address(group, stream_prefix)))
    }
}

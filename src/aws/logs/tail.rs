//! A SageMaker job's own log: its end, and all of it as it grows.

use super::{Logs, MOST_PAGES, address};
use crate::aws::{
    CloudError,
    error::{Act as _, Maybe as _},
};
use aws_sdk_cloudwatchlogs::types::LogStream;

/// How the names of jobs begin that a pipeline starts; the execution's id follows, in lower case.
const OF_A_PIPELINE: &str = "pipelines-";

impl Logs {
    /// The last events of the newest stream of `job`, oldest first, at most `most`. The job's name may be in lower case,
    /// as it stands in ARNs, while streams have it as it was given.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn tail(
        &self,
        group: &str,
        job: &str,
        most: usize,
    ) -> Result<Vec<String>, CloudError> {
        let address = address(group, job);
        let streams = self.streams_of(group, job).await?;
        let newest = streams.into_iter().max_by_key(|stream| stream.last_event_timestamp);
        let Some(stream) = newest.and_then(|stream| stream.log_stream_name) else {
            return Ok(Vec::new());
        };
        let request = self.client.get_log_events().log_group_name(group).log_stream_name(stream);
        let request = request.start_from_head(false).limit(i32::try_from(most).unwrap_or(i32::MAX));
        let page = request.send().await.act("GetLogEvents", &address)?;
        let events = page.events.unwrap_or_default().into_iter();
        Ok(events.filter_map(|event| event.message).collect())
    }

    /// The stream of a job that runs on one machine, as soon as there is one.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn job_stream(&self, group: &str, job: &str) -> Result<Option<String>, CloudError> {
        let streams = self.streams_of(group, job).await?;
        Ok(streams.into_iter().filter_map(|stream| stream.log_stream_name).min())
    }

    /// The events of a stream that come after `token`, oldest first, from the first one on if there is none; and the
    /// token for those to come. One page: where it is empty, there is nothing more yet.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn events_after(
        &self,
        group: &str,
        stream: &str,
        token: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), CloudError> {
        let request = self.client.get_log_events().log_group_name(group).log_stream_name(stream);
        let request = request.start_from_head(true).set_next_token(token.clone());
        let page = request.send().await.act("GetLogEvents", &address(group, stream))?;
        let events = page.events.unwrap_or_default().into_iter();
        let events = events.map(|event| event.message.unwrap_or_default()).collect();
        Ok((events, page.next_forward_token.or(token)))
    }

    async fn streams_of(&self, group: &str, job: &str) -> Result<Vec<LogStream>, CloudError> {
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let request = self.client.describe_log_streams().log_group_name(group);
            let request = request.log_stream_name_prefix(sure(job)).set_next_token(token);
            let page = request.send().await.act("DescribeLogStreams", &address(group, job));
            let Some(page) = page.maybe()? else { return Ok(found) };
            let streams = page.log_streams.unwrap_or_default().into_iter();
            found.extend(streams.filter(|stream| is_of(stream.log_stream_name(), job)));
            token = page.next_token;
            if token.is_none() {
                return Ok(found);
            }
        }
        Err(CloudError::endless("DescribeLogStreams", address(group, job)))
    }
}

fn is_of(stream: Option<&str>, job: &str) -> bool {
    let owner = stream.and_then(|name| name.split_once('/')).map(|(owner, _)| owner);
    owner.is_some_and(|owner| owner.eq_ignore_ascii_case(job))
}

/// The beginning of a job's name that is the same however its letters are written in an ARN.
fn sure(job: &str) -> &str {
    let id = job.strip_prefix(OF_A_PIPELINE).and_then(|rest| rest.split_once('-'));
    id.map_or(job, |(id, _)| &job[..OF_A_PIPELINE.len() + id.len() + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_job_s_whatever_the_case() {
        let job = "pipelines-c7cnbu1yadvx-mammo-train-a1b2";
        assert_eq!(sure(job), "pipelines-c7cnbu1yadvx-");
        assert!(is_of(Some("pipelines-c7cnbu1yadvx-Mammo-Train-a1B2/algo-1-17"), job));
        for other in ["pipelines-c7cnbu1yadvx-Mammo-Train-a1B23/algo-1", job, ""] {
            assert!(!is_of(Some(other), job), "{other}");
        }
        assert_eq!((sure("my-job"), sure("pipelines-")), ("my-job", "pipelines-"));
    }
}

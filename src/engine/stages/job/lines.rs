//! The lines of a job, as they come to its log in CloudWatch: each becomes one line of the stage's log, masked, once.
//!
//! How far they were read is kept as evidence, first and after each look that brought some. From the moment that was kept
//! last nobody but the job adds lines to the stage's log. So whoever goes on after a crash counts what stands behind that
//! moment, and passes over as many events. An agent elsewhere, which does not have those lines, goes on at the moment: what
//! the dead one had taken since is there twice then, in a part of the log each.

use super::Job;
use crate::{
    aws::{CloudError, JobKind},
    engine::stages::failure,
    exec::{Ending, Line, Source},
    flow::Failure,
    logs::{Level, StageLog},
};
use serde::{Deserialize, Serialize};

/// Pages that one look takes at most, of up to 1 MB each; the next look goes on.
const MOST_PAGES: usize = 20;
/// Bytes of one line; CloudWatch takes longer ones, containers hardly write them.
const LONGEST: usize = 64 * 1024;

/// How far the lines of a job were read, first kept before the first of them is.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// The job.
    job: String,
    /// Events of it that stand in the stage's log up to `after`.
    events: u64,
    /// The line of the stage's log behind which there are lines of the job only.
    after: u64,
}

impl Mark {
    /// Events that stand in the log of the stage, as far as it is here.
    fn known(&self, log: &StageLog) -> u64 {
        let is_here = self.after > log.part().before_first_line();
        self.events + if is_here { log.last_seq().saturating_sub(self.after) } else { 0 }
    }
}

/// The lines of a job.
pub(super) struct Lines<'a> {
    job: &'a Job<'a>,
    stream: Option<String>,
    token: Option<String>,
    /// Events that were read before the agent died, all in all …
    known: u64,
    /// … and those of them that have come by again.
    passed: u64,
    /// Events that were read since.
    new: u64,
    trouble: Option<CloudError>,
}

impl<'a> Lines<'a> {
    /// The lines of `job`, as far as an earlier attempt has read them. Nothing may be said before.
    pub(super) async fn of(job: &'a Job<'a>) -> Result<Self, Failure> {
        let mark: Option<Mark> = job.work.kept(&evidence(job)).await?;
        let mark = mark.filter(|mark| mark.job == job.name);
        let known = mark.map_or(0, |mark| mark.known(&job.work.context.log));
        let (stream, token, trouble) = (None, None, None);
        Ok(Self { job, stream, token, known, passed: 0, new: 0, trouble })
    }

    /// Says one line. From now on nothing is said until the job is over.
    pub(super) async fn announce(&self, message: &str) -> Result<(), Failure> {
        self.mark(self.job.work.context.log.last_seq() + 1).await?;
        self.job.work.tell(message)
    }

    async fn mark(&self, after: u64) -> Result<(), Failure> {
        let mark = Mark { job: self.job.name.clone(), events: self.known + self.new, after };
        self.job.work.keep(&evidence(self.job), &mark).await
    }

    /// Takes what is new; answers how many lines it was. A log that cannot be read just now is read the next time.
    pub(super) async fn look(&mut self) -> Result<usize, Failure> {
        let before = self.new;
        let taken = self.take_new().await?;
        if self.new > before {
            self.mark(self.job.work.context.log.last_seq()).await?;
        }
        Ok(taken)
    }

    async fn take_new(&mut self) -> Result<usize, Failure> {
        let mut taken = 0;
        for _ in 0..MOST_PAGES {
            match self.page().await {
                Ok(Some(events)) => {
                    taken += events.len();
                    self.take(events)?;
                }
                Ok(None) => {
                    self.trouble = None;
                    return Ok(taken);
                }
                Err(error) => {
                    self.trouble = Some(error);
                    return Ok(taken);
                }
            }
        }
        Ok(taken)
    }

    /// Why the log could not be read to its end, if that was so.
    pub(super) fn trouble(&self) -> Option<&CloudError> {
        self.trouble.as_ref()
    }

    /// The next page; nothing if there is no more yet. Empty pages are no end: the same token again is.
    async fn page(&mut self) -> Result<Option<Vec<String>>, CloudError> {
        let (logs, group) = (self.job.session.logs(), JobKind::Processing.log_group());
        if self.stream.is_none() {
            self.stream = logs.job_stream(group, &self.job.name).await?;
        }
        let Some(stream) = &self.stream else { return Ok(None) };
        let before = self.token.clone();
        let (events, next) = logs.events_after(group, stream, before.clone()).await?;
        self.token = next;
        let is_end = events.is_empty() && self.token == before;
        Ok((!is_end).then_some(events))
    }

    fn take(&mut self, events: Vec<String>) -> Result<(), Failure> {
        let again = usize::try_from(self.known - self.passed).unwrap_or(usize::MAX);
        let again = again.min(events.len());
        self.passed += again as u64;
        let lines: Vec<Line> = events.iter().skip(again).map(|event| line(event)).collect();
        let mut stream = self.job.work.context.log.stream(Level::Info);
        stream.pieces(&lines).map_err(failure::agent("write the log"))?;
        self.new += lines.len() as u64;
        Ok(())
    }
}

/// One event is one line, so that events can be counted by lines.
fn line(event: &str) -> Line {
    let cut = event.floor_char_boundary(LONGEST);
    let text = event[..cut].trim_end_matches(['\r', '\n']).replace(['\r', '\n'], " ");
    Line { source: Source::Output, text, ending: Ending::Complete }
}

fn evidence(job: &Job<'_>) -> String {
    format!("job-of-{}", job.work.context.stage.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_however_it_looks() {
        assert_eq!(line("a\r\n").text, "a");
        assert_eq!(line("50%\r100%\nnext").text, "50% 100% next");
        assert_eq!(line(&"é".repeat(LONGEST)).text.len(), LONGEST);
        assert_eq!(line("").text, "");
    }
}

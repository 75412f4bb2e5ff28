//! A function that runs: its code unpacked beside our boto3, and the conversation in which the agent answers what it asks.

use super::{
    RealScripts,
    folder::JobFolder,
    process::{Process, Runner},
};
use crate::{
    exec::{Ending, Line},
    rehearsal::{Cloud, Invocation, InvokeError, JobFailure, Question, Raised, ServiceError},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{io, path::Path, time::Duration};
use tokio::sync::mpsc;

/// Longest line of a conversation in bytes: the largest payload of a synchronous invocation (Lambda quotas).
const LONGEST_LINE: usize = 6 * 1024 * 1024;

/// The modules that functions find before any installed one.
const MODULES: [(&str, &str); 4] = [
    ("boto3.py", include_str!("python/modules/boto3.py")),
    ("botocore/__init__.py", include_str!("python/modules/botocore/__init__.py")),
    ("botocore/config.py", include_str!("python/modules/botocore/config.py")),
    ("botocore/exceptions.py", include_str!("python/modules/botocore/exceptions.py")),
];

/// What a runner says, a line of JSON each.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Question(Asked),
    Result(Value),
    Failure(Failure),
}

#[derive(Debug, Deserialize)]
struct Asked {
    service: String,
    operation: String,
    region: Option<String>,
    input: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    error_type: String,
    error_message: String,
}

/// One side of the conversation: what was said so far, and who answers.
struct Hearing {
    line: String,
    questions: mpsc::Sender<Asked>,
    end: Option<Result<Value, Raised>>,
}

impl Hearing {
    fn hear(&mut self, line: &Line) -> io::Result<()> {
        self.line.push_str(&line.text);
        if self.line.len() > LONGEST_LINE {
            return Err(io::Error::other("a line of the function's answer is too long"));
        }
        if line.ending == Ending::Continued {
            return Ok(());
        }
        match serde_json::from_str(&std::mem::take(&mut self.line)).map_err(io::Error::other)? {
            // A function asks one thing at a time.
            Said::Question(asked) => self.questions.try_send(asked).map_err(io::Error::other)?,
            Said::Result(result) => self.end = Some(Ok(result)),
            Said::Failure(Failure { error_type, error_message }) => {
                self.end = Some(Err(Raised::new(error_type, error_message)));
            }
        }
        Ok(())
    }
}

impl RealScripts {
    /// Calls the function's handler with the event.
    pub(super) async fn call(
        &self,
        invocation: Invocation<'_>,
        cloud: &mut dyn Cloud,
    ) -> Result<Value, InvokeError> {
        let folder = JobFolder::new(&self.jobs).map_err(not_run)?;
        let process = prepare(&folder, invocation).map_err(not_run)?;
        let longest = process.longest;
        let (questions, mut asked) = mpsc::channel(1);
        let (answer, answers) = mpsc::channel(1);
        let mut hearing = Hearing { line: String::new(), questions, end: None };
        let ended = {
            let mut hear = |line: Line| hearing.hear(&line);
            let answering = async {
                while let Some(question) = asked.recv().await {
                    let told = told(cloud, question).await?;
                    if answer.send(told).await.is_err() {
                        break;
                    }
                }
                std::future::pending().await
            };
            tokio::select! {
                ended = self.converse(process, answers, &mut hear) => ended,
                broken = answering => return broken,
            }
        };
        match (ended, hearing.end) {
            (Ok(()), Some(end)) => Ok(end?),
            (Ok(()), None) => {
                Err(Raised::new("Runtime.ExitError", "Runtime exited without providing a reason")
                    .into())
            }
            (Err(JobFailure(reason)), _) if reason.contains("MaxRuntimeExceeded") => {
                let text = format!("Task timed out after {:.2} seconds", longest.as_secs_f64());
                Err(Raised::new("Sandbox.Timedout", text).into())
            }
            (Err(failure), _) => Err(Raised::new("Runtime.ExitError", failure.0).into()),
        }
    }
}

fn prepare<'f>(
    folder: &'f JobFolder,
    invocation: Invocation<'_>,
) -> Result<Process<'f>, JobFailure> {
    let Invocation { function, arn, event } = invocation;
    folder.write(Path::new("function.zip"), &function.zip)?;
    for (name, text) in MODULES {
        folder.write(&Path::new("runner/modules").join(name), text.as_bytes())?;
    }
    let mut parts = arn.resource().splitn(3, ':').skip(1);
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("$LATEST"));
    let facts = json!({
        "handler": function.handler,
        "event": event,
        "context": {
            "name": name,
            "version": version,
            "arn": arn.as_str(),
            "request_id": folder.path().file_name().map(|id| id.to_string_lossy()),
            "memory_mb": function.memory_mb,
            "timeout_seconds": function.timeout.as_secs(),
        },
    });
    let own = [("AWS_REGION", arn.region()), ("AWS_LAMBDA_FUNCTION_NAME", name)];
    let own = own.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let variables = function.variables.clone().into_iter().chain(own).collect();
    let longest = Duration::from_secs(function.timeout.as_secs());
    Ok(Process { variables, longest, ..Process::of(folder, Runner::Function, facts) })
}

/// The answer to a question as a line; nothing if the rehearsal itself failed.
async fn told(cloud: &mut dyn Cloud, asked: Asked) -> Result<String, InvokeError> {
    let Asked { service, operation, region, input } = asked;
    let answer = match region.map(|region| region.parse()).transpose() {
        Ok(region) => cloud.ask(Question { service, operation, region, input }).await,
        Err(_) => Err(ServiceError::refused("InvalidRegionError", "there is no such region")),
    };
    match answer {
        Ok(output) => Ok(json!({ "output": output }).to_string()),
        Err(error) if error.status.is_server_error() => Err(InvokeError::Rehearsal(error)),
        Err(ServiceError { code, status, message }) => {
            let error = json!({ "code": code, "message": message, "status": status.as_u16() });
            Ok(json!({ "error": error }).to_string())
        }
    }
}

fn not_run(failure: impl Into<JobFailure>) -> InvokeError {
    InvokeError::NotRun(failure.into().0)
}

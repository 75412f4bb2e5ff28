//! How a command fails: a kind that decides the exit code, a message with its causes, a hint.

use crate::aws::CloudError;
use crate::spec::{FailureClass, Findings, SourceFile};
use std::{fmt, process::ExitCode};

/// What a command's end means to the shell. `agent --help` lists these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done what was asked.
    Done = 0,
    /// Tried and failed.
    Failed = 1,
    /// The command line or the files are wrong.
    Usage = 2,
    /// The gate said no.
    Refused = 3,
    /// A person stopped it.
    Cancelled = 4,
    /// What was compared is not the same.
    Differs = 5,
    /// The run waits for people, and goes on when they have answered.
    Waiting = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<FailureClass> for Exit {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::UserError => Self::Usage,
            FailureClass::GateRefused | FailureClass::Rejected => Self::Refused,
            FailureClass::Cancelled => Self::Cancelled,
            FailureClass::CloudError
            | FailureClass::AgentError
            | FailureClass::TimedOut
            | FailureClass::Expired => Self::Failed,
        }
    }
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub(crate) enum CliError {
    /// Something went wrong; the causes are in the chain.
    Plain {
        /// How the shell hears of it.
        exit: Exit,
        /// What was attempted, and the chain of causes.
        error: anyhow::Error,
        /// What a person can do about it.
        hint: Option<String>,
    },
    /// Files have findings; they are drawn, not told.
    Files {
        /// Everything found.
        findings: Findings,
        /// The files, for drawing.
        sources: Vec<SourceFile>,
    },
}

impl CliError {
    /// The command was used wrongly.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Plain { exit: Exit::Usage, error: anyhow::anyhow!("{message}"), hint: None }
    }

    /// With what a person can do about it.
    pub(crate) fn hint(self, text: impl Into<String>) -> Self {
        match self {
            Self::Plain { exit, error, .. } => Self::Plain { exit, error, hint: Some(text.into()) },
            Self::Files { .. } => self,
        }
    }

    /// The code that the shell gets.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Plain { exit, .. } => *exit,
            Self::Files { .. } => Exit::Usage,
        }
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        let cloud = error.chain().find_map(|cause| cause.downcast_ref::<CloudError>());
        let hint = cloud.and_then(CloudError::remedy).map(str::to_owned);
        Self::Plain { exit: Exit::Failed, error, hint }
    }
}

/// What every command answers.
pub(crate) type CliResult = Result<Exit, CliError>;

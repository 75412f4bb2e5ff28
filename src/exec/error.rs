//! Why a command could not be run to an exit.

use std::{io, path::PathBuf};

/// The command was not run, or not to an exit of its own.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is nothing to run.
    #[error("the command is empty")]
    Empty,
    /// The program is not to be found.
    #[error("no program '{program}' in {searched}")]
    NoProgram {
        /// As it was written.
        program: String,
        /// The folders of `PATH`, or the work folder.
        searched: String,
    },
    /// A variable that makes programs load or run code, or that is not a legal name.
    #[error("variable '{0}' may not be set for a command")]
    ForbiddenVariable(String),
    /// The program is there but does not start.
    #[error("cannot start {}", program.display())]
    Start {
        /// Which program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The child's output could not be read or its exit not be waited for.
    #[error("lost touch with the command")]
    Lost(#[source] io::Error),
    /// The sink took no more lines; the command was killed.
    #[error("the command's output could not be kept")]
    Sink(#[source] io::Error),
    /// Processes of the command's group outlive a kill, stuck in the kernel.
    #[error("processes of group {0} do not die")]
    Survivors(i32),
}

//! The environment's name once more, before something is done to it that cannot be taken back by the same command.

use super::{failure::CliError, output::Output};
use anyhow::Context as _;
use std::io::{self, IsTerminal as _};

/// The environment, the name as given on the command line, and what a person is asked to agree to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'q> {
    pub(crate) environment: &'q str,
    pub(crate) given: Option<&'q str>,
    /// Behind "to": an infinitive.
    pub(crate) purpose: &'q str,
    /// What is told if the answer is another name.
    pub(crate) otherwise: &'q str,
}

/// The environment's name, typed again by a person or given on the command line.
pub(crate) fn confirmed(question: Question<'_>, output: &Output) -> Result<(), CliError> {
    let Question { environment: name, given, purpose, otherwise } = question;
    let typed = match given {
        Some(given) => given.to_owned(),
        None if io::stdin().is_terminal() => {
            output.talk(&format!("Type the environment's name ({name}) to {purpose}:"));
            let mut line = String::new();
            io::stdin().read_line(&mut line).context("read the answer")?;
            line
        }
        None => {
            return Err(CliError::usage("nobody is there to be asked")
                .hint(format!("in a script say it twice: --env {name} --confirm {name}")));
        }
    };
    if typed.trim() == name {
        return Ok(());
    }
    let typed = typed.trim();
    Err(CliError::usage(format!("'{typed}' is not '{name}': {otherwise}")))
}

//! Where the links lead that are told elsewhere. There are no pages: who follows one learns how to look, and nothing that
//! the address does not say already.

use super::{input::Named, shapes::Refusal};
use crate::{ids::EnvName, web::errors::Problem};

/// Characters of a run's id.
const LONGEST_RUN: usize = 36;

/// How to look at a run
#[utoipa::path(
    get, path = "/runs/{run}", tag = "about", security(()),
    params(("run" = String, Path, description = "Its id, or the last digits of it")),
    responses((status = 200, description = "In words", body = String, content_type = "text/plain"), Refusal)
)]
pub(super) async fn run(Named(run): Named<String>) -> Result<String, Problem> {
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == '-';
    if !(1..=LONGEST_RUN).contains(&run.len()) || !run.chars().all(is_digit) {
        return Err(Problem::no_such_path());
    }
    Ok(text(&[format!("agent show {run}"), format!("agent logs {run}")]))
}

/// How to look at an environment
#[utoipa::path(
    get, path = "/environments/{environment}", tag = "about", security(()),
    params(("environment" = String, Path, description = "Its name")),
    responses((status = 200, description = "In words", body = String, content_type = "text/plain"), Refusal)
)]
pub(super) async fn environment(Named(_checked): Named<EnvName>) -> String {
    text(&["agent runs".to_owned(), "agent queue".to_owned()])
}

fn text(commands: &[String]) -> String {
    let commands: String =
        commands.iter().map(|command| format!("  {command} --server URL\n")).collect();
    format!(
        "There is no page here. At a command line:\n\n{commands}
URL is this address up to the first slash after the host. A token of the role viewer is needed, in AGENT_TOKEN or a file
(--token-file); where the agent runs, `agent token new --role viewer --name NAME` makes one.\n"
    )
}

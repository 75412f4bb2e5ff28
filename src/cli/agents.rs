//! `agent agents`: who takes runs.

use super::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{store::Presence, web::api::Agent};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// List the agents that take runs, in the order they began
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent agents\n  agent agents --store postgres://relevo@db/relevo --json"
)]
pub(crate) struct Args {
    /// The repository whose agents are listed
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn agents(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let agents = app.store.agents().await.context("list the agents")?;
    tell(&agents.iter().map(Agent::from).collect::<Vec<_>>(), output)
}

/// Shows agents, wherever they were listed.
pub(super) fn tell(agents: &[Agent], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&agents)?,
        Format::Text if agents.is_empty() => output.talk("No agent takes runs."),
        Format::Text => output.data(&table(agents))?,
    }
    Ok(Exit::Done)
}

fn table(agents: &[Agent]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "AGENT",
        "NAME",
        "PROCESS",
        "VERSION",
        "LABELS",
        "BEGUN",
        "LAST SEEN",
        "STATE",
        "RUNS",
    ]);
    for agent in agents {
        let labels: Vec<&str> = agent.labels.iter().map(crate::ids::Label::as_str).collect();
        table.add_row([
            agent.agent.short().to_owned(),
            agent.name.clone(),
            format!("process {} on {}", agent.process, agent.host),
            agent.version.clone(),
            labels.join(", "),
            agent.begun.strftime("%F %T").to_string(),
            agent.last_seen.strftime("%F %T").to_string(),
            state(agent.state).to_owned(),
            agent.runs.to_string(),
        ]);
    }
    table.to_string()
}

fn state(presence: Presence) -> &'static str {
    match presence {
        Presence::Working => "working",
        Presence::Draining => "draining",
        Presence::Lost => "lost",
    }
}

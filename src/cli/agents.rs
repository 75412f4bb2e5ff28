//! `agent agents`: who takes runs.

use super::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{
    ids::AgentName,
    store::{AgentRecord, Presence},
};
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
    match output.format {
        Format::Json => output.json(&agents.iter().map(as_json).collect::<Vec<_>>())?,
        Format::Text if agents.is_empty() => output.talk("No agent takes runs."),
        Format::Text => output.data(&table(&agents))?,
    }
    Ok(Exit::Done)
}

fn table(agents: &[AgentRecord]) -> String {
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
            agent.id.short().to_owned(),
            name(agent).to_owned(),
            agent.owner.to_string(),
            agent.version.clone(),
            labels.join(", "),
            agent.started.strftime("%F %T").to_string(),
            agent.seen.strftime("%F %T").to_string(),
            state(agent.presence).to_owned(),
            agent.runs.to_string(),
        ]);
    }
    table.to_string()
}

/// What people call it; its machine's name as a rule.
fn name(agent: &AgentRecord) -> &str {
    agent.name.as_ref().map_or(&agent.owner.host, AgentName::as_str)
}

fn state(presence: Presence) -> &'static str {
    match presence {
        Presence::Working => "working",
        Presence::Draining => "draining",
        Presence::Lost => "lost",
    }
}

fn as_json(agent: &AgentRecord) -> serde_json::Value {
    serde_json::json!({
        "agent": agent.id, "name": name(agent), "process": agent.owner.pid, "host": agent.owner.host,
        "version": agent.version, "labels": agent.labels, "begun": agent.started,
        "last_seen": agent.seen, "state": agent.presence, "runs": agent.runs,
    })
}

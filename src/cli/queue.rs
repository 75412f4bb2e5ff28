//! `agent queue`: the open runs, and why those that wait do.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::refused,
    output::{Format, Output},
    runs::as_json,
    source::{open_app, state_folder},
};
use crate::dispatch::{Desk, Stand};
use comfy_table::{Table, presets::NOTHING};
use serde_json::{Value, json};

/// List the runs that have not ended, in the order they came, and why those that wait do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent queue\n  agent queue --json")]
pub(crate) struct Args {
    /// The repository whose runs are listed
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

pub(crate) async fn queue(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    let stands = desk.queue().await.map_err(refused)?;
    match output.format {
        Format::Json => output.json(&stands.iter().map(for_programs).collect::<Vec<_>>())?,
        Format::Text if stands.is_empty() => output.talk("No run is open."),
        Format::Text => output.data(&table(&stands))?,
    }
    Ok(Exit::Done)
}

fn for_programs(stand: &Stand) -> Value {
    json!({ "run": as_json(&stand.run), "standing": stand.standing, "asks": stand.request })
}

fn table(stands: &[Stand]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["RUN", "BRANCH", "ENVIRONMENT", "COMMIT", "STANDING"]);
    for Stand { run, standing, .. } in stands {
        table.add_row([
            run.id.short().to_owned(),
            run.reference.clone(),
            run.environment.to_string(),
            run.commit.short().to_owned(),
            standing.to_string(),
        ]);
    }
    table.to_string()
}

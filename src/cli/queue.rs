//! `agent queue`: the open runs, and why those that wait do.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::refused,
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{dispatch::Desk, web::api::InLine};
use comfy_table::{Table, presets::NOTHING};

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
    tell(&stands.into_iter().map(InLine::from).collect::<Vec<_>>(), output)
}

/// Shows the line, wherever it was read.
pub(super) fn tell(line: &[InLine], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&line)?,
        Format::Text if line.is_empty() => output.talk("No run is open."),
        Format::Text => output.data(&table(line))?,
    }
    Ok(Exit::Done)
}

fn table(line: &[InLine]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["RUN", "BRANCH", "ENVIRONMENT", "COMMIT", "STANDING"]);
    for InLine { run, standing, .. } in line {
        table.add_row([
            run.run.short().to_owned(),
            run.branch.clone(),
            run.environment.to_string(),
            run.commit.short().to_owned(),
            standing.to_string(),
        ]);
    }
    table.to_string()
}

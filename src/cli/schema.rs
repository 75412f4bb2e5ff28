//! `agent schema`: what editors need to complete the files.

use super::{
    failure::{CliResult, Exit},
    output::Output,
};
use crate::{spec, web::openapi};

/// Print the JSON Schema of pipeline.yaml or of an environment file
///
/// Put `# yaml-language-server: $schema=pipeline.schema.json` on the first line of pipeline.yaml and most editors
/// complete and check it as you type.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent schema > pipeline.schema.json\n  agent schema --api > openapi.json"
)]
pub(crate) struct Args {
    /// Which file's schema
    #[arg(value_enum, default_value = "pipeline")]
    of: Of,
    /// The API's instead: its OpenAPI document
    #[arg(long, conflicts_with = "of")]
    api: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    /// pipeline.yaml
    Pipeline,
    /// environments/NAME.yaml and NAME.tfvars.json
    Environment,
}

pub(crate) fn schema(args: &Args, output: &Output) -> CliResult {
    output.json(&match args.of {
        _ if args.api => openapi::document(),
        Of::Pipeline => spec::json_schema(),
        Of::Environment => spec::environment_schema(),
    })?;
    Ok(Exit::Done)
}

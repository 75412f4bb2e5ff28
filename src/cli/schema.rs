//! `agent schema`: what editors need to complete the files.

use super::{
    failure::{CliResult, Exit},
    output::Output,
};
use crate::spec;

/// Print the JSON Schema of pipeline.yaml or of an environment file
///
/// Put `# yaml-language-server: $schema=pipeline.schema.json` on the first line of pipeline.yaml and most editors
/// complete and check it as you type.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  agent schema > pipeline.schema.json")]
pub(crate) struct Args {
    /// Which file's schema
    #[arg(value_enum, default_value = "pipeline")]
    of: Of,
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
        Of::Pipeline => spec::json_schema(),
        Of::Environment => spec::environment_schema(),
    })?;
    Ok(Exit::Done)
}

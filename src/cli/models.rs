//! `agent models`: registered versions, and a person's word on them.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, AppClouds},
    aws::{Approval, Decision, ModelPackage, ModelPackageSummary, Purpose, SageMaker},
    engine::stages::Clouds as _,
    ids::EnvName,
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// List registered model versions, look at one, approve or reject it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  agent models list --env prod
  agent models show 3 --env prod
  agent models approve 3 --env prod --reason 'AUC 0.86 on 125 rows; reviewed with the clinic'";

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List versions, newest first
    #[command(after_help = "Example:\n  agent models list --env prod")]
    List(Of),
    /// Show one version with its evidence
    #[command(after_help = "Example:\n  agent models show 1 --env prod")]
    Show(One),
    /// Approve a version: the next inference of its environment uses it
    #[command(
        after_help = "Example:\n  agent models approve 1 --env prod --reason 'reviewed with the clinic'"
    )]
    Approve(Decide),
    /// Reject a version: no inference uses it
    #[command(
        after_help = "Example:\n  agent models reject 1 --env prod --reason 'worse for women under 40'"
    )]
    Reject(Decide),
}

#[derive(Debug, clap::Args)]
struct Of {
    /// The environment whose registry is meant
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Number of the version, as `agent models list` shows it
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    version: i32,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, clap::Args)]
struct Decide {
    #[command(flatten)]
    one: One,
    /// Why; kept with the version
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn models(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    match &args.what {
        What::List(of) => list(&Registry::open(of, shared, Purpose::Read).await?, output).await,
        What::Show(one) => {
            let registry = Registry::open(&one.of, shared, Purpose::Read).await?;
            let package = registry.version(one.version).await?;
            show(&package, output)
        }
        What::Approve(decide) => decided(decide, Approval::Approved, shared, output).await,
        What::Reject(decide) => decided(decide, Approval::Rejected, shared, output).await,
    }
}

/// The registry of one environment, reached with a session for one purpose.
struct Registry {
    sagemaker: SageMaker,
    group: String,
}

impl Registry {
    async fn open(of: &Of, shared: &Shared, purpose: Purpose) -> Result<Self, CliError> {
        let state = state_folder(shared, &of.repo)?;
        let source = SourceArgs::of(&of.repo, Some(of.env.clone()));
        let Source { project, environment, .. } = source.resolve(&state)?;
        let app = open_app(&state).await?;
        let clouds =
            AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone())
                .await?;
        let environment = project.environments.get(&environment).context("find the environment")?;
        let access = clouds.access(environment).context("reach the registry")?;
        let who = app::ad_hoc_run();
        let session =
            access.assume(environment, &who, purpose).await.context("reach the registry")?;
        let group = environment.model_package_group.to_string();
        Ok(Self { sagemaker: session.sagemaker(), group })
    }

    async fn all(&self) -> Result<Vec<ModelPackageSummary>, CliError> {
        Ok(self.sagemaker.packages(&self.group, None).await.context("list the versions")?)
    }

    async fn version(&self, version: i32) -> Result<ModelPackage, CliError> {
        let all = self.all().await?;
        let Some(found) = all.iter().find(|package| package.version == version) else {
            let known: Vec<String> = all.iter().map(|p| p.version.to_string()).collect();
            let hint = if known.is_empty() {
                "no version is registered yet; a run's train-test stage registers one".to_owned()
            } else {
                format!("there are: {}", known.join(", "))
            };
            return Err(CliError::usage(format!("there is no version {version}")).hint(hint));
        };
        let package = self.sagemaker.package(&found.arn).await.context("read the version")?;
        Ok(package.context("the version was removed meanwhile")?)
    }
}

async fn list(registry: &Registry, output: &Output) -> CliResult {
    let packages = registry.all().await?;
    match output.format {
        Format::Json => output.json(&packages)?,
        Format::Text if packages.is_empty() => {
            output.talk("No version is registered yet: agent run --branch main");
        }
        Format::Text => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["VERSION", "STATUS", "REGISTERED"]);
            for package in &packages {
                let registered = package.created.map(|at| at.strftime("%F %T").to_string());
                table.add_row([
                    package.version.to_string(),
                    package.approval.to_string(),
                    registered.unwrap_or_default(),
                ]);
            }
            output.data(&table.to_string())?;
        }
    }
    Ok(Exit::Done)
}

fn show(package: &ModelPackage, output: &Output) -> CliResult {
    if output.format == Format::Json {
        output.json(package)?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![
        ("version", Some(package.summary.arn.clone())),
        ("status", Some(package.summary.approval.to_string())),
        ("reason", package.approval_description.clone()),
        ("commit", package.commit.clone()),
        ("repository", package.repository.clone()),
        ("made by", package.generated_by.clone()),
        ("image", package.image.clone()),
        ("model", package.model_data.clone()),
        ("evaluation", package.evaluation.clone()),
        ("baseline statistics", package.baseline_statistics.clone()),
        ("baseline constraints", package.baseline_constraints.clone()),
    ];
    // Commit and repository stand in the metadata twice.
    let notes = package.notes.iter().filter(|(key, _)| *key != "commit" && *key != "repository");
    rows.extend(notes.map(|(key, value)| (key.as_str(), Some(value.clone()))));
    for (name, value) in rows {
        if let Some(value) = value {
            output.data(&format!("{name:<21} {value}"))?;
        }
    }
    Ok(Exit::Done)
}

async fn decided(decide: &Decide, to: Approval, shared: &Shared, output: &Output) -> CliResult {
    if decide.reason.trim().is_empty() {
        return Err(CliError::usage("a reason is needed")
            .hint("it is what an auditor reads: --reason 'AUC 0.86; reviewed with the clinic'"));
    }
    let Decide { one, reason } = decide;
    let reader = Registry::open(&one.of, shared, Purpose::Read).await?;
    let package = reader.version(one.version).await?;
    let approver = Registry::open(&one.of, shared, Purpose::Approve).await?;
    let arn = &package.summary.arn;
    let decision =
        Decision { approval: Some(to), reason: Some(reason.clone()), ..Decision::default() };
    approver.sagemaker.decide(arn, &decision).await.context("record the decision")?;
    let package = reader.version(one.version).await?;
    match output.format {
        Format::Json => output.json(&package)?,
        Format::Text => {
            output.data(&format!("{arn} is {}", package.summary.approval))?;
            output.talk(&format!("Next: agent plan --env {}", one.of.env));
        }
    }
    Ok(Exit::Done)
}

//! `agent bootstrap`: what accounts must hold before the first deployment, planned, written out, made.

use super::{
    Shared,
    confirm::{Question, confirmed},
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    source::{Source, SourceArgs, open_app, state_folder},
    state::State,
};
use crate::{
    app::{self, AppClouds},
    aws::{CloudError, ErrorClass},
    bootstrap::{self, ApplyError, Crew, Order, Survey},
    foundation::{Foundation, People, Scope, render, terraform},
    ids::{AccountId, Arn, EnvName},
    project::Project,
    spec::{Cloud, Environment},
};
use anyhow::Context as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// Plan, and with --apply make, what accounts must hold before the first deployment
///
/// Keys, roles, buckets, the model package group and the log group of the environment, of those before it in the
/// promotion order, and of the registry, with the least privilege that the agent's stages need. Nothing is deleted. What
/// is there and does not carry our tag is told and left alone, unless --adopt names it. May be repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
    /// The role that the agent runs under, which the deploy roles let in
    #[arg(long, value_name = "ARN")]
    agent_role: Option<Arn>,
    /// Who may decide about models; without it whom the registry's account lets, with a second factor
    #[arg(long, value_name = "ARN")]
    approver: Vec<Arn>,
    /// A role to administer each account with, where your credentials are another account's
    #[arg(long, value_name = "NAME")]
    admin_role: Option<String>,
    /// Look at this account only; may be given more than once
    #[arg(long, value_name = "ID")]
    account: Vec<AccountId>,
    /// Make what is missing, and change what is ours and differs
    #[arg(long, conflicts_with_all = ["terraform", "out"])]
    apply: bool,
    /// Change what is there under this name and not ours, from now on too; what others wrote in its policies stays
    #[arg(long, value_name = "NAME")]
    adopt: Vec<String>,
    /// The environment's name once more, where nobody can be asked
    #[arg(long, value_name = "NAME", requires = "apply")]
    confirm: Option<String>,
    /// Print all of it as Terraform, asking no cloud
    #[arg(long)]
    terraform: bool,
    /// Write each policy into a file of this folder, and all of it as Terraform, asking no cloud
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  agent bootstrap --env prod --agent-role arn:aws:iam::444444444444:role/agent --admin-role Admin
  agent bootstrap --env prod --agent-role ARN --admin-role Admin --apply
  agent bootstrap --env prod --agent-role ARN --terraform > foundation.tf
  agent bootstrap --env prod --agent-role ARN --out review/       one file a policy
  agent bootstrap --env prod --agent-role ARN --account 333333333333      the registry's administrator

Signs: = as it should be, + missing, ~ ours and differs, ! somebody else's and differs, ✗ in the way
Exit codes: 0 all is as it should be, 5 something is to be done, 1 failed, 2 wrong usage or invalid files";

pub(crate) async fn bootstrap(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let source = SourceArgs::of(&args.repo, Some(args.env.clone())).resolve(&state)?;
    let scope = scope(args, &source)?;
    if args.terraform || args.out.is_some() {
        return written_out(args, &Foundation::of(&scope), output);
    }
    let order = Order { scope, adopted: args.adopt.iter().cloned().collect() };
    let crew = crew(args, (&source.project, &order.scope), &state).await?;
    let survey = Box::pin(bootstrap::survey(&crew, &order)).await;
    let survey = survey.map_err(|error| unread(error, "read the accounts"))?;
    known_names(args, &survey)?;
    if !args.apply || !survey.is_to_do() {
        shown(args, &survey, output)?;
        return Ok(if survey.is_open() { Exit::Differs } else { Exit::Done });
    }
    if output.format == Format::Text {
        output.data(&told(&survey))?;
    }
    let name = args.env.as_str();
    let (purpose, otherwise) = ("do this", "nothing was changed");
    let given = args.confirm.as_deref();
    confirmed(Question { environment: name, given, purpose, otherwise }, output)?;
    let tell = |line: &str| output.talk(&harmless(line));
    let after = Box::pin(bootstrap::apply(&crew, &order, &tell)).await.map_err(stopped)?;
    output.talk("read back: all is as it was set");
    shown(args, &after, output)?;
    Ok(if after.is_left_open() { Exit::Differs } else { Exit::Done })
}

/// The environments of the same cloud: rehearsed accounts and real ones share nothing.
fn scope(args: &Args, source: &Source) -> Result<Scope, CliError> {
    let Project { environments, pipeline, .. } = &source.project;
    let target = environments.get(&args.env).context("find the environment")?;
    let same = |(_, other): &(&EnvName, &Environment)| other.cloud == target.cloud;
    let environments: BTreeMap<EnvName, Environment> = environments
        .iter()
        .filter(same)
        .map(|(name, environment)| (name.clone(), environment.clone()))
        .collect();
    let people = people(args, target)?;
    Ok(Scope::of(pipeline, &environments, &args.env, people))
}

/// On a laptop the agent's role is known, and one person is all there is.
fn people(args: &Args, target: &Environment) -> Result<People, CliError> {
    let rehearsed = || match target.cloud {
        Cloud::Rehearsal => app::rehearsed_agent(),
        Cloud::Aws => None,
    };
    let agent = args.agent_role.clone().or_else(rehearsed);
    let agent = agent.ok_or_else(|| {
        CliError::usage("it is not said which role the agent runs under").hint(
            "--agent-role arn:aws:iam::ACCOUNT:role/NAME: the deploy roles let this role in and nobody else",
        )
    })?;
    if !agent.resource().starts_with("role/") || agent.service() != "iam" {
        return Err(CliError::usage(format!("'{agent}' is not the ARN of a role"))
            .hint("a deploy role lets in one role, not a user and not a whole account"));
    }
    if args.approver.contains(&agent) {
        return Err(CliError::usage("who deploys must not approve")
            .hint("name another --approver than the --agent-role"));
    }
    let approvers = match (args.approver.as_slice(), target.cloud) {
        ([], Cloud::Rehearsal) => vec![agent.clone()],
        (named, Cloud::Rehearsal | Cloud::Aws) => named.to_vec(),
    };
    Ok(People { agent, approvers })
}

/// An administrator for each account that is to be looked at.
async fn crew(
    args: &Args,
    (project, scope): (&Project, &Scope),
    state: &State,
) -> Result<Crew, CliError> {
    let app = open_app(state).await?;
    let clouds = AppClouds::open_for(scope, &app.rehearsal_file(), app.clock.clone()).await?;
    let foundation = Foundation::of(scope);
    let accounts = foundation.accounts();
    if let Some(stranger) = args.account.iter().find(|one| !accounts.contains(one)) {
        let known: Vec<&str> = accounts.iter().map(|one| one.as_str()).collect();
        return Err(CliError::usage(format!("'{}' needs nothing in account {stranger}", args.env))
            .hint(format!("its accounts are {}", known.join(", "))));
    }
    let mut crew = Crew::default();
    let run = app::ad_hoc_run();
    for account in accounts {
        if !args.account.is_empty() && !args.account.contains(account) {
            continue;
        }
        let item = foundation.items.iter().find(|item| item.account == *account);
        let environment = item.and_then(|item| project.environments.get(&item.environment));
        let environment = environment.context("find the account's environment")?;
        let access = clouds.administrator(environment, account).context("reach the cloud")?;
        let role = args.admin_role.as_deref();
        let administrator = access.administrator(environment, account, role, &run).await;
        let what = format!("become the administrator of account {account}");
        crew.add(administrator.map_err(|error| unread(error, &what))?);
    }
    Ok(crew)
}

/// A name that adopts nothing is a mistyped one.
fn known_names(args: &Args, survey: &Survey) -> Result<(), CliError> {
    let names: BTreeSet<&str> = survey.standings.iter().map(|(item, _)| item.name()).collect();
    match args.adopt.iter().find(|name| !names.contains(name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<&str> = names.into_iter().collect();
            Err(CliError::usage(format!("there is no '{name}' to adopt"))
                .hint(format!("there are {}", names.join(", "))))
        }
    }
}

/// The plan, without what names and policies of others could do to a screen.
fn told(survey: &Survey) -> String {
    let text = render::human(&survey.standings);
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

fn shown(args: &Args, survey: &Survey, output: &Output) -> Result<(), CliError> {
    if output.format == Format::Json {
        let steps = survey.standings.iter().map(|(item, standing)| {
            serde_json::json!({
                "kind": item.kind(), "name": item.name(), "account": item.account,
                "arn": item.address(), "how": standing,
            })
        });
        return output.json(&serde_json::json!({
            "environment": args.env, "open": survey.is_open(), "hash": survey.foundation.hash(),
            "steps": steps.collect::<Vec<_>>(), "notes": survey.notes,
            "foundation": survey.foundation.json(),
        }));
    }
    output.data(&told(survey))?;
    for note in &survey.notes {
        output.talk(&harmless(&format!("note: {note}")));
    }
    if survey.is_to_do() && !args.apply {
        output.talk("To do it: the same command with --apply");
    }
    Ok(())
}

fn written_out(args: &Args, foundation: &Foundation, output: &Output) -> CliResult {
    let terraform = terraform::terraform(foundation);
    let Some(folder) = &args.out else {
        match output.format {
            Format::Text => output.data(&terraform)?,
            Format::Json => output.json(&foundation.json())?,
        }
        return Ok(Exit::Done);
    };
    let mut files = render::files(foundation);
    files.push(("foundation.tf".to_owned(), terraform));
    for (name, text) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    output.talk(&format!("{} files are in {}", files.len(), folder.display()));
    Ok(Exit::Done)
}

fn unread(error: CloudError, what: &str) -> CliError {
    let hint = hint(&error);
    CliError::from(anyhow::Error::new(error).context(what.to_owned())).hint(hint)
}

fn stopped(error: ApplyError) -> CliError {
    let hint = match &error {
        ApplyError::Unreadable(source) | ApplyError::Refused { source, .. } => hint(source),
        ApplyError::NotAsSet(_) => {
            "somebody else changes it at the same time, or AWS is slow to show it: do this again"
        }
    };
    CliError::from(anyhow::Error::new(error)).hint(hint)
}

fn hint(error: &CloudError) -> &'static str {
    match error.class {
        ErrorClass::WrongAccount => {
            "name a role that your credentials may take in each account: --admin-role NAME; or look at your own account alone: --account ID"
        }
        ErrorClass::Denied if error.operation == "AssumeRole" => {
            "let the administrator's role trust your credentials, or come with those of the account itself and --account ID"
        }
        ErrorClass::Denied => {
            "the administrator may not do this: give the role what it lacks, or hand the policies over with --out or --terraform"
        }
        ErrorClass::Expired => {
            "renew your credentials, for instance: aws sso login; then do this again"
        }
        ErrorClass::Invalid => {
            "a policy may name a role that is not there: see that --agent-role and --approver exist"
        }
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Conflict
        | ErrorClass::Throttled
        | ErrorClass::LimitExceeded
        | ErrorClass::Unavailable
        | ErrorClass::Other => "what came before it is done; do this again for the rest",
    }
}

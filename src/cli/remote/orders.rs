//! What can be ordered elsewhere. The order is given under the name of the token.

use super::server::{Server, escaped, new_key};
use crate::{
    cli::{
        Command, approve, cancel,
        failure::{CliError, CliResult, Exit},
        lock,
        orders::Which,
        output::{Format, Output},
        queue, reject, run, unlock,
    },
    dispatch::Accepted,
    flow::Stop,
    ids::{EnvName, RunId},
    intake::Verdict,
    queue::Hold,
    web::api::{
        Again, Approval, Cancellation, Cancelled, Delivery, InLine, Locking, Place, Plainly,
        Rejected, Rejection, Run, RunDetail, Start,
    },
};

use std::time::Duration;

/// How often, and how many times, a delivery is looked at: a minute in all.
const LOOK: Duration = Duration::from_millis(200);
const MOST_LOOKS: u32 = 300;

/// Can an agent elsewhere do it?
pub(super) fn is_remote(command: &Command) -> bool {
    matches!(
        command,
        Command::Queue(_)
            | Command::Approve(_)
            | Command::Reject(_)
            | Command::Cancel(_)
            | Command::Retry(_)
            | Command::Redeploy(_)
            | Command::Lock(_)
            | Command::Unlock(_)
            | Command::Run(_)
    )
}

/// Does it elsewhere.
pub(super) async fn perform(
    command: &Command,
    server: &Server,
    output: &Output,
) -> Result<Option<Exit>, CliError> {
    let done = match command {
        Command::Queue(_) => queue::tell(&server.get::<Vec<InLine>>("/queue").await?, output),
        Command::Approve(args) => approve(args, server, output).await,
        Command::Reject(args) => reject(args, server, output).await,
        Command::Cancel(args) => cancel(args, server, output).await,
        Command::Retry(args) => {
            let again = Again { from: args.from.clone() };
            repeat(server, &args.which, ("retry", &again), output).await
        }
        Command::Redeploy(args) => {
            repeat(server, &args.which, ("redeploy", &Plainly {}), output).await
        }
        Command::Lock(args) => lock(args, server, output).await,
        Command::Unlock(args) => {
            let hold: Hold = server.post(&of(&args.env, "unlock"), &Plainly {}, &new_key()).await?;
            unlock::tell(&hold, output)
        }
        Command::Run(args) => start(args, server, output).await,
        _ => return Ok(None),
    };
    done.map(Some)
}

/// Asks for a run of a branch, and waits until it is known what became of that.
async fn start(args: &run::Args, server: &Server, output: &Output) -> CliResult {
    let source = &args.source;
    let hint = "agent --server URL run --branch BRANCH [--commit SHA] [--repo NAME]";
    let branch = source.branch.as_deref();
    let branch = branch.ok_or_else(|| CliError::usage("which branch is meant?").hint(hint))?;
    if args.dry_run || args.from.is_some() || source.env.is_some() {
        return Err(CliError::usage("elsewhere a branch is run as a push would run it").hint(hint));
    }
    let order = Start {
        // A name in the server's settings; the folder that is meant here means nothing there.
        repository: Some(source.repo.clone()).filter(|repo| repo != "."),
        branch: branch.parse().map_err(CliError::usage)?,
        commit: source.commit.as_deref().map(str::parse).transpose().map_err(CliError::usage)?,
    };
    let mut delivery: Delivery = server.post("/runs", &order, &new_key()).await?;
    for _ in 0..MOST_LOOKS {
        match delivery.verdict {
            Some(Verdict::Run { run }) => {
                return tell_queued(&server.get(&format!("/runs/{run}")).await?, output);
            }
            Some(
                Verdict::Answered { reason, .. }
                | Verdict::Ignored { reason }
                | Verdict::Refused { reason },
            ) => {
                return Err(CliError::usage(reason));
            }
            None => server.clock.sleep(LOOK).await,
        }
        delivery = server.get(&format!("/deliveries/{}", escaped(delivery.id.as_str()))).await?;
    }
    Err(CliError::from(anyhow::anyhow!("the server has not judged it yet"))
        .hint("agent --server URL runs"))
}

fn tell_queued(detail: &RunDetail, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&detail.run)?,
        Format::Text => output.data(&format!("queued run {}", detail.run.run.short()))?,
    }
    Ok(Exit::Done)
}

async fn approve(args: &approve::Args, server: &Server, output: &Output) -> CliResult {
    let order = Approval { plan: args.plan.clone(), comment: args.comment.clone() };
    let run = meant(server, &args.which).await?;
    let accepted: Accepted = server.post(&about(&run, "approve"), &order, &new_key()).await?;
    approve::tell(&run, &accepted, output)
}

async fn reject(args: &reject::Args, server: &Server, output: &Output) -> CliResult {
    let order = Rejection { plan: args.plan.clone(), reason: args.reason.clone() };
    let run = meant(server, &args.which).await?;
    let rejected: Rejected = server.post(&about(&run, "reject"), &order, &new_key()).await?;
    reject::tell(&run, rejected.outcome.as_ref(), output)
}

async fn cancel(args: &cancel::Args, server: &Server, output: &Output) -> CliResult {
    let stop = if args.force { Stop::Forced } else { Stop::Gentle };
    let order = Cancellation { stop };
    let run = meant(server, &args.which).await?;
    let cancelled: Cancelled = server.post(&about(&run, "cancel"), &order, &new_key()).await?;
    cancel::tell(&cancelled.run, &cancelled.cancel, output)
}

async fn repeat(
    server: &Server,
    which: &Which,
    (order, body): (&str, &impl serde::Serialize),
    output: &Output,
) -> CliResult {
    let run: Run =
        server.post(&about(&meant(server, which).await?, order), body, &new_key()).await?;
    match output.format {
        Format::Json => output.json(&run)?,
        Format::Text => output.data(&format!("queued run {}", run.run.short()))?,
    }
    Ok(Exit::Done)
}

async fn lock(args: &lock::Args, server: &Server, output: &Output) -> CliResult {
    let (Some(env), Some(reason)) = (&args.env, &args.reason) else {
        let places: Vec<Place> = server.get("/environments").await?;
        let locks: Vec<Hold> = places.into_iter().filter_map(|place| place.lock).collect();
        return lock::tell_all(&locks, output);
    };
    let until = args.until.as_deref().map(|text| lock::moment(text, server.clock.now()));
    let order = Locking { reason: reason.clone(), until: until.transpose()? };
    let places: Vec<Place> = server.get("/environments").await?;
    let known: Vec<EnvName> = places.into_iter().map(|place| place.environment).collect();
    let hold: Hold = server.post(&of(env, "lock"), &order, &new_key()).await?;
    lock::tell_unknown(env, &known, output);
    lock::tell(&hold, output)
}

/// The run that is meant, by its whole id: between two requests another could get the same last digits.
async fn meant(server: &Server, which: &Which) -> Result<RunId, CliError> {
    let detail: RunDetail = server.get(&format!("/runs/{}", escaped(&which.run))).await?;
    Ok(detail.run.run)
}

fn about(run: &RunId, order: &str) -> String {
    format!("/runs/{run}/{order}")
}

fn of(environment: &EnvName, order: &str) -> String {
    format!("/environments/{environment}/{order}")
}

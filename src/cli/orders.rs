//! What the commands that give orders share: which run is meant, and how a refusal is told.

use super::{
    Shared,
    failure::CliError,
    person::person,
    show::find,
    source::{open_app, state_folder},
};
use crate::{
    app::App,
    dispatch::{Desk, DeskError},
    ids::StageName,
    store::{Ask, Found, NewRun, RunRecord, StoreError},
};
use anyhow::Context as _;

/// A run, and whose.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The run, by the last digits of its id
    pub(crate) run: String,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    pub(crate) repo: String,
}

impl Which {
    /// Opens the store and finds the run.
    pub(crate) async fn open(&self, shared: &Shared) -> Result<(App, Desk, RunRecord), CliError> {
        let app = open_app(&state_folder(shared, &self.repo)?).await?;
        let run = find(&app, Some(&self.run)).await?;
        let desk = Desk::new(app.store.clone(), app.clock.clone());
        Ok((app, desk, run))
    }
}

/// The run of a commit: the one there is, if it is to go on, or else a new one, which the audit log knows of.
pub(crate) async fn begin(
    app: &App,
    new: NewRun,
    goes_on: impl Fn(&RunRecord) -> bool,
) -> Result<RunRecord, CliError> {
    let found = app.store.create_or_find(new.clone(), Ask::Once).await;
    let run = match found.context("create the run")? {
        Found::New(run) => run,
        Found::Existing(run) if goes_on(&run) => return Ok(run),
        Found::Existing(_) => {
            let again = app.store.create_or_find(new, Ask::Again).await;
            again.context("create the run")?.into_run()
        }
    };
    let detail = serde_json::json!({
        "branch": run.reference, "commit": run.commit, "environment": run.environment,
        "event": run.facts.event,
    });
    note(app, "start", (run.id.as_str(), detail)).await?;
    Ok(run)
}

/// Keeps in the audit log what was done here, and to what.
pub(crate) async fn note(
    app: &App,
    act: &str,
    about: (&str, serde_json::Value),
) -> Result<(), CliError> {
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    desk.note(&person(), act, about).await.context("keep it in the audit log")?;
    Ok(())
}

/// An order that was not done: wrong usage, but for what failed.
pub(crate) fn refused(error: DeskError) -> CliError {
    let hint = match &error {
        DeskError::NoSuchStage { known, .. } => {
            let known: Vec<&str> = known.iter().map(StageName::as_str).collect();
            return CliError::usage(&error).hint(format!("the stages: {}", known.join(", ")));
        }
        DeskError::Store(StoreError::NoSuchRun(_) | StoreError::AmbiguousRun(_)) => {
            "`agent runs` lists them"
        }
        DeskError::Store(_) | DeskError::Engine(_) => {
            return CliError::from(anyhow::Error::new(error).context("do what was ordered"));
        }
        DeskError::NobodyAsked { .. } | DeskError::TooLate => {
            "`agent queue` lists what waits for whom"
        }
        DeskError::NotEntitled { .. } => {
            "`approval` in the environment's file on the default branch says who may; AGENT_USER names you"
        }
        DeskError::AnsweredBefore { .. } => "somebody else must answer",
        DeskError::OtherPlan { .. } => "look at the plan as it is now: agent show RUN",
        DeskError::Enough => "`agent serve` goes on with it; without one: agent resume RUN",
        DeskError::Over { .. } => "agent retry RUN runs it again",
        DeskError::Open { .. } => "wait for its end, or: agent cancel RUN",
        DeskError::NeverSucceeded { .. } => "run it without --from, or from that stage",
        DeskError::NotDeployed { .. } => {
            "only what was deployed with success can be deployed again"
        }
        DeskError::LockedBefore(_) => "unlock it first: agent unlock ENV",
        DeskError::NotLocked(_) => "`agent lock` lists the locks",
        DeskError::NoTime => "name a time to come: --until 4h",
        DeskError::NoReason => "say why: --reason TEXT",
    };
    CliError::usage(error).hint(hint)
}

/// Refuses what would only wait: a locked environment, a closed window. What cannot be read counts as locked.
pub(crate) async fn refuse_closed(app: &App, run: &RunRecord) -> Result<(), CliError> {
    let environment = &run.environment;
    let holds = app.store.holds().await.context("read which environments are locked")?;
    if let Some(hold) = holds.iter().find(|hold| hold.environment == *environment) {
        return Err(CliError::from(anyhow::anyhow!("{hold}"))
            .hint(format!("agent unlock {environment}, then: agent resume {}", run.id.short())));
    }
    if let crate::queue::Opening::Closed { opens } = crate::engine::opening(run, app.clock.now()) {
        let why = crate::queue::Reason::Window { opens };
        return Err(CliError::from(anyhow::anyhow!("{environment} is closed: {why}"))
            .hint(format!("agent resume {} then", run.id.short())));
    }
    Ok(())
}

//! `agent lock`: no run begins to work in an environment.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    person::person,
    source::{open_app, state_folder},
};
use crate::{
    dispatch::{Desk, DeskError},
    ids::EnvName,
    queue::Hold,
};
use jiff::{Timestamp, ToSpan as _, civil::DateTime, tz::TimeZone};

/// Lock an environment: no run begins to work there until it is unlocked
///
/// What works there goes on; cancel it if it should not. Without a name, the locks there are are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment [default: list the locks]
    #[arg(requires = "reason")]
    pub(super) env: Option<EnvName>,
    /// Why; whoever waits is told
    #[arg(long, value_name = "TEXT", requires = "env")]
    pub(super) reason: Option<String>,
    /// Until when: a length such as 4h or 2d, or a time such as 2026-12-24T18:00 of this machine
    #[arg(long, value_name = "WHEN", requires = "env")]
    pub(super) until: Option<String>,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent lock prod --reason 'migration of the registry'
  agent lock prod --reason 'holidays' --until 2026-12-27T08:00
  agent lock prod --reason 'looking at drift' --until 4h
  agent lock                       the locks there are

Exit codes: 0 locked, 1 failed, 2 wrong usage, or locked before";

pub(crate) async fn lock(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    let (Some(env), Some(reason)) = (&args.env, &args.reason) else {
        return list(&desk, output).await;
    };
    let until = args.until.as_deref().map(|text| moment(text, app.clock.now())).transpose()?;
    let known = app.store.environments().await.map_err(anyhow::Error::from)?;
    let hold = desk.lock(&person(), env, reason, until).await.map_err(|error| {
        let hint = match &error {
            DeskError::LockedBefore(hold) => format!("agent unlock {}", hold.environment),
            _ => "agent lock ENV --reason TEXT [--until 4h]".to_owned(),
        };
        super::orders::refused(error).hint(hint)
    })?;
    tell_unknown(env, &known, output);
    tell(&hold, output)
}

/// Says that nothing was ever deployed to what is locked: the name may be another. It counts even so, for runs to come.
pub(super) fn tell_unknown(env: &EnvName, known: &[EnvName], output: &Output) {
    if !known.contains(env) {
        let known: Vec<_> = known.iter().map(EnvName::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        output
            .talk(&format!("note: no run was ever made for '{env}' here; there were for: {known}"));
    }
}

/// Says what was locked.
pub(super) fn tell(hold: &Hold, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(hold)?,
        Format::Text => output.data(&hold.to_string())?,
    }
    Ok(Exit::Done)
}

async fn list(desk: &Desk, output: &Output) -> CliResult {
    tell_all(&desk.locks().await.map_err(super::orders::refused)?, output)
}

/// Lists locks.
pub(super) fn tell_all(locks: &[Hold], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&locks)?,
        Format::Text if locks.is_empty() => output.talk("Nothing is locked."),
        Format::Text => {
            for lock in locks {
                output.data(&lock.to_string())?;
            }
        }
    }
    Ok(Exit::Done)
}

/// A length from now, or a time: with an offset or `Z` that moment, without one as this machine's clock shows it.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    let zone = TimeZone::system();
    let length = || {
        let span: jiff::Span = text.parse().ok()?;
        now.to_zoned(zone.clone()).checked_add(span).ok().map(|zoned| zoned.timestamp())
    };
    let wall = || {
        let civil: DateTime = text.parse().ok()?;
        zone.to_ambiguous_timestamp(civil).compatible().ok()
    };
    let found = text.parse::<Timestamp>().ok().or_else(wall).or_else(length);
    let found = found.filter(|moment| *moment > now);
    found.ok_or_else(|| {
        let example = now.to_zoned(zone.clone()).checked_add(4.hours());
        let example = example.map(|zoned| zoned.strftime("%FT%H:%M").to_string());
        CliError::usage(format!("'{text}' is no time to come"))
            .hint(format!("as in --until 4h or --until {}", example.unwrap_or_default()))
    })
}

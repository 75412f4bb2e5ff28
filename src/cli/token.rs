//! `agent token`: who may use the API.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    person::person,
    source::{open_app, state_folder},
};
use crate::{
    app::App,
    audit::Act,
    web::auth::{Role, Secret, TokenError, TokenFile, TokenRecord, Tokens},
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};
use jiff::{Span, Timestamp, tz::TimeZone};
use std::path::PathBuf;

/// Make, list and take back the tokens of the API
///
/// Only hashes are kept, in a file that nobody else can read; the agent that serves sees a change at once.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// The file of tokens [default: tokens.json in the state folder]
    #[arg(long, value_name = "FILE", global = true)]
    file: Option<PathBuf>,
    /// The repository whose agent is meant
    #[arg(long, value_name = "PATH", default_value = ".", global = true)]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent token new --role operator --name ci --expires 90d
  agent token new --role viewer --role approver --name grace
  agent token list
  agent token revoke ci

Roles: viewer reads; operator starts, cancels and repeats runs and locks environments; approver approves and
rejects; admin does everything. Who starts a run cannot thereby approve it; a token may have several roles.";

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a token; it is shown this once
    New(New),
    /// List the tokens
    List,
    /// Take a token back
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct New {
    /// Whose it is: what approvals and the audit log say
    #[arg(long)]
    name: String,
    /// What it is for: viewer, operator, approver or admin; may be given several times
    #[arg(long, required = true)]
    role: Vec<Role>,
    /// How long it counts, such as 90d [default: until it is taken back]
    #[arg(long, value_name = "TIME")]
    expires: Option<Span>,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    /// The token's name
    name: String,
}

pub(crate) async fn token(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let file = TokenFile::at(args.file.clone().unwrap_or_else(|| app.tokens()));
    let tokens = Tokens::clone(&*file.current().map_err(refused)?);
    match &args.what {
        What::New(new) => make(new, (&app, &file), tokens, output).await,
        What::Revoke(revoke) => take_back(&revoke.name, (&app, &file), tokens, output).await,
        What::List => list(&tokens, app.clock.now(), output),
    }
}

async fn make(
    new: &New,
    (app, file): (&App, &TokenFile),
    mut tokens: Tokens,
    output: &Output,
) -> CliResult {
    let now = app.clock.now();
    let expires = new.expires.map(|time| end(now, time)).transpose()?;
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let secret = Secret::of(chance);
    let roles = new.role.iter().copied().collect();
    let (name, sha256) = (new.name.clone(), secret.hash());
    let record = TokenRecord { name, roles, sha256, created: now, expires, revoked: None };
    let detail = serde_json::json!({ "roles": record.roles, "expires": record.expires });
    tokens.add(record, now).map_err(refused)?;
    note(app, "token-new", &new.name, detail).await?;
    file.keep(&tokens).map_err(refused)?;
    match output.format {
        Format::Json => {
            output.json(&serde_json::json!({ "name": new.name, "token": secret.reveal() }))?;
        }
        Format::Text => output.data(secret.reveal())?,
    }
    output.talk("This is the only time it is shown. AGENT_TOKEN or --token-file hands it to agent --server.");
    Ok(Exit::Done)
}

async fn take_back(
    name: &str,
    (app, file): (&App, &TokenFile),
    mut tokens: Tokens,
    output: &Output,
) -> CliResult {
    tokens.revoke(name, app.clock.now()).map_err(refused)?;
    file.keep(&tokens).map_err(refused)?;
    note(app, "token-revoke", name, serde_json::json!({})).await?;
    output.talk(&format!("{name} counts no more"));
    Ok(Exit::Done)
}

fn list(tokens: &Tokens, now: Timestamp, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&tokens.list())?,
        Format::Text if tokens.list().is_empty() => {
            output.talk("No token yet: agent token new --role viewer --name NAME");
        }
        Format::Text => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["NAME", "ROLES", "MADE", "STATE"]);
            for token in tokens.list() {
                let roles: Vec<&str> = token.roles.iter().map(|role| role.as_str()).collect();
                let made = token.created.strftime("%F").to_string();
                table.add_row([token.name.clone(), roles.join(" "), made, state(token, now)]);
            }
            output.data(&table.to_string())?;
        }
    }
    Ok(Exit::Done)
}

fn state(token: &TokenRecord, now: Timestamp) -> String {
    match (token.revoked, token.expires) {
        (Some(revoked), _) => format!("taken back {}", revoked.strftime("%F")),
        (None, Some(end)) if end <= now => format!("ended {}", end.strftime("%F")),
        (None, Some(end)) => format!("until {}", end.strftime("%F")),
        (None, None) => "counts".to_owned(),
    }
}

/// The moment that is `time` from now.
fn end(now: Timestamp, time: Span) -> Result<Timestamp, CliError> {
    let end = now.to_zoned(TimeZone::UTC).checked_add(time).ok().map(|zoned| zoned.timestamp());
    let end = end.filter(|end| *end > now);
    end.ok_or_else(|| CliError::usage("the token would have ended already").hint("as in 90d"))
}

async fn note(app: &App, act: &str, name: &str, detail: serde_json::Value) -> Result<(), CliError> {
    let (who, act, object) = (person().to_string(), act.to_owned(), name.to_owned());
    let kept = app.store.keep_act(Act { who, act, object, detail }).await;
    kept.context("keep it in the audit log")?;
    Ok(())
}

fn refused(error: TokenError) -> CliError {
    match error {
        TokenError::File { .. } => anyhow::Error::new(error).into(),
        TokenError::Writable(ref path) => {
            let hint = format!("chmod 600 {path}, after a look at what is in it");
            CliError::usage(error).hint(hint)
        }
        TokenError::Taken(_) => {
            CliError::usage(error).hint("take it back first, or use another name")
        }
        TokenError::Unknown(_) => CliError::usage(error).hint("`agent token list` lists them"),
        TokenError::Name(_) | TokenError::Full => CliError::usage(error),
    }
}

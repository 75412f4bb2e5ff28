//! `agent token`: who may use the API.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    orders::note,
    output::{Format, Output},
    source::{open_app, state_folder},
    state::State,
};
use crate::{
    app::App,
    clock::{Clock as _, SystemClock},
    web::auth::{Role, Secret, TokenError, TokenFile, TokenRecord, Tokens},
};
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
    let book = Book::open(args, shared).await?;
    let tokens = Tokens::clone(&*book.file.current().map_err(refused)?);
    match &args.what {
        What::New(new) => make(new, &book, tokens, output).await,
        What::Revoke(revoke) => take_back(&revoke.name, &book, tokens, output).await,
        What::List => list(&tokens, book.now, output),
    }
}

/// The file of tokens, and where it is kept what is done to it.
struct Book {
    file: TokenFile,
    audited: Option<App>,
    now: Timestamp,
}

impl Book {
    /// A file that is named needs no repository and no state folder. If there is none of them, no audit log knows.
    async fn open(args: &Args, shared: &Shared) -> Result<Self, CliError> {
        let now = SystemClock.now();
        let audited = match (state_folder(shared, &args.repo), &args.file) {
            (Ok(state), Some(_)) if !is_known(&state, shared) => None,
            (Ok(state), _) => Some(open_app(&state).await?),
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(error),
        };
        let usual = || audited.as_ref().map(App::tokens);
        let file = args.file.clone().or_else(usual).map(TokenFile::at);
        let file = file.ok_or_else(|| CliError::usage("which file?").hint("--file FILE"))?;
        Ok(Self { file, audited, now })
    }

    async fn note(
        &self,
        act: &str,
        name: &str,
        detail: serde_json::Value,
        output: &Output,
    ) -> Result<(), CliError> {
        let Some(app) = &self.audited else {
            output
                .talk("note: no audit log says so, for there is no state folder here: --state DIR");
            return Ok(());
        };
        note(app, act, (name, detail)).await
    }
}

/// Did somebody name this state, or is it there?
fn is_known(state: &State, shared: &Shared) -> bool {
    shared.state.is_some() || shared.store.is_some() || state.exists()
}

async fn make(new: &New, book: &Book, mut tokens: Tokens, output: &Output) -> CliResult {
    let now = book.now;
    let expires = new.expires.map(|time| end(now, time)).transpose()?;
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let secret = Secret::of(chance);
    let roles = new.role.iter().copied().collect();
    let (name, sha256) = (new.name.clone(), secret.hash());
    let record = TokenRecord { name, roles, sha256, created: now, expires, revoked: None };
    let detail = serde_json::json!({ "roles": record.roles, "expires": record.expires });
    tokens.add(record, now).map_err(refused)?;
    book.note("token-new", &new.name, detail, output).await?;
    book.file.keep(&tokens).map_err(refused)?;
    match output.format {
        Format::Json => {
            output.json(&serde_json::json!({ "name": new.name, "token": secret.reveal() }))?;
        }
        Format::Text => output.data(secret.reveal())?,
    }
    output.talk("This is the only time it is shown. AGENT_TOKEN or --token-file hands it to agent --server.");
    Ok(Exit::Done)
}

async fn take_back(name: &str, book: &Book, mut tokens: Tokens, output: &Output) -> CliResult {
    tokens.revoke(name, book.now).map_err(refused)?;
    book.file.keep(&tokens).map_err(refused)?;
    book.note("token-revoke", name, serde_json::json!({}), output).await?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "name": name, "revoked": book.now }))?,
        Format::Text => output.talk(&format!("{name} counts no more")),
    }
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

//! `agent rehearsal inbox`: who was told what, and what never arrived.

use super::Opened;
use crate::{
    app::{Fate, Message, RuleMetrics},
    cli::{
        Shared,
        failure::{CliResult, Exit},
        output::{Format, Output, harmless},
    },
    ids::Arn,
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;

/// Show the mail that the rehearsed cloud sent, and what it could not deliver and why
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent rehearsal inbox\n  agent rehearsal inbox --full --most 1\n  agent rehearsal inbox --json"
)]
pub(super) struct Args {
    /// Show what the messages say, too
    #[arg(long)]
    full: bool,
    /// How many at most; the newest are shown, oldest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
    /// The repository whose rehearsal is meant
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

pub(super) async fn inbox(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let rehearsal = Opened::of(&args.repo, shared).await?.rehearsal;
    let messages = rehearsal.inbox().await.context("read the inbox")?;
    let rules = rehearsal.rule_metrics().await.context("read the metrics of rules")?;
    let most = usize::try_from(args.most).unwrap_or(usize::MAX);
    let shown = messages.get(messages.len().saturating_sub(most)..).unwrap_or_default();
    if output.format == Format::Json {
        output.json(&json!({ "messages": shown, "rules": rules }))?;
        return Ok(Exit::Done);
    }
    if shown.is_empty() {
        output.talk("Nothing was sent yet.");
    } else if args.full {
        output.data(&shown.iter().map(letter).collect::<Vec<_>>().join("\n"))?;
    } else {
        output.data(&table(shown))?;
    }
    for rule in rules.iter().filter(|rule| rule.failed_invocations > 0) {
        output.talk(&failures(rule));
    }
    if shown.iter().any(|message| matches!(message.fate, Fate::ConfirmationAsked { .. })) {
        output.talk("Subscriptions that still wait are confirmed by: agent rehearsal confirm");
    }
    Ok(Exit::Done)
}

fn table(messages: &[Message]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["SENT (UTC)", "TO", "SUBJECT", "FATE"]);
    for message in messages {
        table.add_row([
            message.time.strftime("%F %T").to_string(),
            to(message),
            harmless(&message.subject),
            harmless(&message.fate.to_string()),
        ]);
    }
    table.to_string()
}

/// One message with all it says.
fn letter(message: &Message) -> String {
    let time = message.time.strftime("%F %T");
    let Message { topic, subject, fate, .. } = message;
    let (to, subject, fate) = (to(message), harmless(subject), harmless(&fate.to_string()));
    let body: Vec<String> = message.body.lines().map(harmless).collect();
    let body = body.join("\n  ");
    format!("{subject}\n  sent {time} UTC to {to} through {topic}\n  {fate}\n\n  {body}\n")
}

/// The address, or what else should have had it.
fn to(message: &Message) -> String {
    let thing = || match message.topic.parse::<Arn>() {
        Ok(arn) => format!("{} {}", arn.service(), arn.resource()),
        Err(_) => message.topic.clone(),
    };
    message.endpoint.as_deref().map_or_else(thing, harmless)
}

fn failures(metrics: &RuleMetrics) -> String {
    let RuleMetrics { rule, failed_invocations, sent_to_dead_letter_queue, .. } = metrics;
    format!(
        "{rule}: failed invocations: {failed_invocations}, of them in a dead-letter queue: {sent_to_dead_letter_queue}"
    )
}

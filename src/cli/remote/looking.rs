//! What can be looked at elsewhere: runs, their logs, deliveries, agents, the audit log.

use super::server::{Server, escaped};
use crate::{
    audit::{Check, Record},
    cli::{
        agents,
        audit::{self, Sheet},
        deliveries::{self, Body},
        elsewhere::Elsewhere,
        failure::{CliError, CliResult, Exit},
        logs::{self, Shown},
        output::Output,
        runs, show,
    },
    logs::LogLine,
    web::api::{Agent, Delivery, LogPart, Run, RunDetail, RunPage},
};
use anyhow::Context as _;
use std::time::Duration;

/// Records that are asked for at once.
const PAGE: u32 = 500;
/// Runs that the server lists at once.
const MOST_RUNS: u32 = 200;
/// How often in a row a log that is followed may break off.
const MOST_BREAKS: u32 = 5;
/// The pause before it is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn runs(args: &runs::Args, server: &Server, output: &Output) -> CliResult {
    let mut found = Vec::new();
    let mut before = String::new();
    while (found.len() as u64) < u64::from(args.most) {
        let most = args.most.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let path = format!("/runs?most={}{before}", most.min(MOST_RUNS));
        let page: RunPage = server.get(&path).await?;
        found.extend(page.runs);
        let Some(next) = page.next else { break };
        before = format!("&before={next}");
    }
    runs::tell(&found, output)
}

pub(super) async fn show(args: &show::Args, server: &Server, output: &Output) -> CliResult {
    show::tell(&detail(server, args.run.as_deref()).await?, output)
}

/// The run that was named, or the newest.
async fn detail(server: &Server, digits: Option<&str>) -> Result<RunDetail, CliError> {
    match digits {
        Some(digits) => server.get(&format!("/runs/{}", escaped(digits))).await,
        None => {
            let page: RunPage = server.get("/runs?most=1").await?;
            let newest = page.runs.first().map(|run| run.run.clone());
            let newest = newest.ok_or_else(|| CliError::usage("there is no run yet"))?;
            server.get(&format!("/runs/{newest}")).await
        }
    }
}

pub(super) async fn logs(args: &logs::Args, server: &Server, output: &Output) -> CliResult {
    if args.is_of_cloud() {
        return Err(
            CliError::usage("CloudWatch is read from this machine only").hint("leave --server out")
        );
    }
    let Run { run, environment, .. } = detail(server, args.run.as_deref()).await?.run;
    let shown = if args.stage.is_some() { Shown::OneStage } else { Shown::WithStage };
    let until = if args.follow { "end" } else { "now" };
    let stage = args.stage.as_ref().map(|stage| format!("&stage={stage}")).unwrap_or_default();
    let path = format!("/runs/{run}/log-stream?until={until}{stage}");
    let (mut last, mut breaks, mut elsewhere) = (None::<String>, 0, Elsewhere::default());
    loop {
        let mut events = match server.follow(&path, last.as_deref()).await {
            Ok(events) => events,
            Err(error) if last.is_none() || breaks >= MOST_BREAKS => return Err(error),
            Err(_) => {
                breaks += 1;
                server.clock.sleep(PAUSE).await;
                continue;
            }
        };
        while let Ok(Some(event)) = events.next().await {
            if event.name == "end" {
                return Ok(Exit::Done);
            }
            if event.name == "elsewhere" {
                let part: LogPart =
                    serde_json::from_str(&event.data).context("understand a part")?;
                elsewhere.say(&[part], (&environment, &run), output);
                continue;
            }
            let line: LogLine = serde_json::from_str(&event.data).context("understand a line")?;
            logs::print(&line, shown, output)?;
            (last, breaks) = (event.id.or(last), 0);
        }
        breaks += 1;
        if breaks > MOST_BREAKS {
            return Err(anyhow::anyhow!("the log broke off {MOST_BREAKS} times in a row").into());
        }
        server.clock.sleep(PAUSE).await;
    }
}

pub(super) async fn agents(server: &Server, output: &Output) -> CliResult {
    agents::tell(&server.get::<Vec<Agent>>("/agents").await?, output)
}

pub(super) async fn deliveries(
    args: &deliveries::Args,
    server: &Server,
    output: &Output,
) -> CliResult {
    let Some(id) = &args.id else {
        let newest: Vec<Delivery> = server.get(&format!("/deliveries?most={}", args.most)).await?;
        return deliveries::tell(&newest, output);
    };
    let found: Delivery = server.get(&format!("/deliveries/{}", escaped(id.as_str()))).await?;
    deliveries::tell_one(&found, &Body::Elsewhere, output)
}

pub(super) async fn audit(args: &audit::Args, server: &Server, output: &Output) -> CliResult {
    if args.verify {
        // Computed here: who asks need not believe the server.
        let check = args.head.clone().map_or_else(Check::default, Check::expecting);
        return audit::verified(check_all(server, check).await?, output);
    }
    let Some(file) = &args.export else {
        let records: Vec<Record> = server.get(&format!("/audit?most={}", args.most)).await?;
        return audit::list(&records, output);
    };
    let mut sheet = Sheet::new(file)?;
    let mut from = 1;
    loop {
        let records = page(server, from).await?;
        let Some(last) = records.last() else { return sheet.finish(output) };
        from = last.seq + 1;
        for record in records {
            sheet.add(record)?;
        }
    }
}

async fn check_all(
    server: &Server,
    mut check: Check,
) -> Result<Result<Option<Record>, crate::audit::Broken>, CliError> {
    loop {
        let records = page(server, check.next()).await?;
        if records.is_empty() {
            return Ok(check.end());
        }
        for record in records {
            if let Err(broken) = check.record(record) {
                return Ok(Err(broken));
            }
        }
    }
}

async fn page(server: &Server, from: u64) -> Result<Vec<Record>, CliError> {
    server.get(&format!("/audit?from={from}&most={PAGE}")).await
}

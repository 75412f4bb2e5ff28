//! The log group and its lines.

use super::{Found, Ground, Otherwise, refused, same};
use relevo::{
    aws::{ErrorClass, LogEvent, Logs, Purpose, Rejected},
    clock::{Clock as _, SystemClock},
    spec::LogGroup,
};

const STREAM: &str = "prod/mammo/run/plan";
const DAY: i64 = 24 * 60 * 60 * 1000;

fn now() -> i64 {
    SystemClock.now().as_millisecond()
}

fn event(timestamp_ms: i64, message: &str) -> LogEvent {
    LogEvent { timestamp_ms, message: message.to_owned() }
}

async fn made(ground: &Ground) -> Result<(Logs, String), Otherwise> {
    let logs = ground.assume(&ground.prod, Purpose::Logs).await?.logs();
    let group = &ground.prod.log_group;
    let missing = refused("CreateLogStream", logs.ensure_stream(&group.name, STREAM).await)?;
    same("CreateLogStream", missing.class, ErrorClass::NotFound)?;
    same("lines before", logs.read(&group.name, STREAM, 0, 10).await?, Vec::new())?;
    for _ in 0..2 {
        logs.ensure_group(group).await?;
        logs.ensure_stream(&group.name, STREAM).await?;
    }
    Ok((logs, group.name.clone()))
}

pub(super) async fn lines_come_back_in_order(ground: Ground) -> Found {
    let (logs, group) = made(&ground).await?;
    let now = now();
    let first = [event(now, "first"), event(now, "second"), event(now + 1, "ünïcode \u{1f642}")];
    same("accepted", logs.put(&group, STREAM, &first).await?.accepted, 3)?;
    same("accepted", logs.put(&group, STREAM, &[event(now + 1, "fourth")]).await?.accepted, 1)?;
    logs.ensure_stream(&group, "prod/mammo/other/plan").await?;
    logs.put(&group, "prod/mammo/other/plan", &[event(now, "of another run")]).await?;
    let read = logs.read(&group, "prod/mammo/run", now, 10).await?;
    let lines: Vec<&str> = read.iter().map(|event| event.message.as_str()).collect();
    same("lines", lines, vec!["first", "second", "ünïcode \u{1f642}", "fourth"])?;
    same("later lines", logs.read(&group, STREAM, now + 1, 10).await?.len(), 2)?;
    same("at most", logs.read(&group, STREAM, now, 2).await?.len(), 2)
}

pub(super) async fn a_group_keeps_its_retention(ground: Ground) -> Found {
    let (_, group) = made(&ground).await?;
    let logs = ground.deployer().await?.logs();
    let days = |record: Option<relevo::plan::LogGroupRecord>| record.and_then(|r| r.retention_days);
    same("retention", days(logs.group(&group).await?), Some(90))?;
    logs.set_retention(&group, Some(30)).await?;
    same("shorter", days(logs.group(&group).await?), Some(30))?;
    logs.set_retention(&group, None).await?;
    same("for ever", days(logs.group(&group).await?), None)?;
    let key = ground.prod.kms_key.as_str();
    logs.set_key(&group, key).await?;
    let found = logs.group(&group).await?.and_then(|record| record.kms_key);
    same("key", found.as_deref() == Some(key), true)?;
    same("a group by half its name", logs.group("jenkins").await?, None)?;
    let again = refused("CreateLogGroup", logs.create_group(&ground.prod.log_group).await)?;
    same("CreateLogGroup", again.class, ErrorClass::AlreadyExists)
}

pub(super) async fn a_retention_of_thirteen_days_is_refused(ground: Ground) -> Found {
    let logs = ground.assume(&ground.prod, Purpose::Logs).await?.logs();
    let group = LogGroup { retention_days: Some(13), ..ground.prod.log_group.clone() };
    let error = refused("PutRetentionPolicy", logs.ensure_group(&group).await)?;
    same("PutRetentionPolicy", error.class, ErrorClass::Invalid)
}

pub(super) async fn a_line_too_old_is_counted(ground: Ground) -> Found {
    let (logs, group) = made(&ground).await?;
    let old = [event(now() - 15 * DAY, "old"), event(now() - 15 * DAY + 1, "old too")];
    let outcome = logs.put(&group, STREAM, &old).await?;
    let all = Rejected { too_old: 2, ..Rejected::default() };
    same("too old", (outcome.accepted, outcome.rejected), (0, all))?;
    let new = logs.put(&group, STREAM, &[event(now() + DAY / 8, "new")]).await?;
    same("too new", (new.accepted, new.rejected.too_new), (0, 1))
}

pub(super) async fn a_batch_out_of_order_is_refused(ground: Ground) -> Found {
    let (logs, group) = made(&ground).await?;
    let events = [event(now() + 1, "second"), event(now(), "first")];
    let error = refused("PutLogEvents", logs.put(&group, STREAM, &events).await)?;
    same("PutLogEvents", error.class, ErrorClass::Invalid)
}

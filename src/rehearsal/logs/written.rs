//! What services write themselves: their groups appear with the first line, and keep it for ever.

use super::{Group, Stream};
use crate::rehearsal::{Call, ServiceError};

/// Keeps lines that a service writes to a stream of its own in the caller's account.
pub(in crate::rehearsal) async fn keep(
    call: &mut Call<'_>,
    (group, stream): (&str, &str),
    lines: &[String],
) -> Result<(), ServiceError> {
    let now = call.now.as_millisecond();
    if call.shelf.get::<Group>(&call.place, group).await?.is_none() {
        let made = Group {
            created: call.now,
            class: "STANDARD".to_owned(),
            retention_days: None,
            kms_key: None,
            tags: Default::default(),
        };
        call.shelf.put(&call.place, group, &made).await?;
    }
    let record = Stream {
        created: call.now,
        first_event: Some(now),
        last_event: Some(now),
        last_ingestion: Some(now),
    };
    call.shelf.put(&call.place, &format!("{group}:{stream}"), &record).await?;
    let lines: Vec<(i64, &str)> = lines.iter().map(|line| (now, line.as_str())).collect();
    Ok(call.shelf.append_log_lines(&call.place, (group, stream), now, &lines).await?)
}

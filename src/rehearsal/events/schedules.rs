//! Schedules: when a rule fires next, and whether it fires now.
//!
//! All times are UTC, to the minute, as EventBridge's. A schedule fires only if someone looks within a minute after
//! its time, once for each time; what was missed is not made up for.

use super::{Rule, State, agenda::Task, bus};
use crate::{
    rehearsal::{Call, Item, ServiceError},
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A time that nobody looked at for so long is missed.
const LOOKED_AT_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// The schedule of an enabled rule; kept under the rule's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timetable {
    expression: String,
    /// Rates count from then.
    since: Timestamp,
    /// The last time it fired for.
    fired: Option<Timestamp>,
}

impl Item for Timetable {
    const KIND: &'static str = "timetable";
}

/// Follows a rule that was put, enabled or disabled. A rule that stays enabled with its schedule goes on counting.
pub(super) async fn follow(
    call: &mut Call<'_>,
    name: &str,
    rule: &Rule,
) -> Result<(), ServiceError> {
    let (State::Enabled, Some(expression)) = (rule.state, &rule.schedule) else {
        return forget(call, name).await;
    };
    let kept = call.shelf.get::<Timetable>(&call.place, name).await?;
    if kept.is_some_and(|kept| kept.expression == *expression) {
        return Ok(());
    }
    let expression = expression.clone();
    let timetable = Timetable { expression, since: call.now, fired: None };
    call.shelf.put(&call.place, name, &timetable).await?;
    plan_next(call, name, &timetable).await
}

/// Forgets the schedule of a rule that is deleted, disabled or has none.
pub(super) async fn forget(call: &mut Call<'_>, name: &str) -> Result<(), ServiceError> {
    call.shelf.delete::<Timetable>(&call.place, name).await?;
    Ok(())
}

/// Fires a rule of the call's place if it is time, and plans when to look again.
pub(super) async fn look(call: &mut Call<'_>, name: &str) -> Result<(), ServiceError> {
    let Some(mut timetable) = call.shelf.get::<Timetable>(&call.place, name).await? else {
        return Ok(());
    };
    if let Some(time) = timetable.due(call.now)
        && let Some(rule) = call.shelf.get::<Rule>(&call.place, name).await?
    {
        timetable.fired = Some(time);
        call.shelf.put(&call.place, name, &timetable).await?;
        bus::fire(call, (name, &rule), time).await?;
    }
    plan_next(call, name, &timetable).await
}

async fn plan_next(
    call: &mut Call<'_>,
    name: &str,
    timetable: &Timetable,
) -> Result<(), ServiceError> {
    if let Some(next) = timetable.next(call.now) {
        let task = Task::Fire { place: call.place.clone(), rule: name.to_owned() };
        task.plan(&mut call.shelf, next).await?;
    }
    Ok(())
}

impl Timetable {
    /// The time for which the rule fires now: not yet missed, and not fired for.
    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let missed = now.checked_sub(LOOKED_AT_WITHIN).ok()?;
        let after = self.fired.map_or(missed, |fired| fired.max(missed));
        self.next(after).filter(|time| *time <= now)
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        Schedule::parse(&self.expression).ok()?.next_since(self.since, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn timetable(expression: &str) -> Timetable {
        let since = time("2026-11-22T12:00:30Z");
        Timetable { expression: expression.to_owned(), since, fired: None }
    }

    #[test]
    fn a_time_is_due_for_less_than_a_minute_and_once() {
        let mut table = timetable("cron(0 23 * * ? *)");
        let fires = time("2026-11-22T23:00:00Z");
        for (now, due) in [
            ("2026-11-22T22:59:59.999Z", None),
            ("2026-11-22T23:00:00Z", Some(fires)),
            ("2026-11-22T23:00:59.999Z", Some(fires)),
            ("2026-11-22T23:01:00Z", None),
            ("2026-11-23T22:00:00Z", None),
        ] {
            assert_eq!(table.due(time(now)), due, "{now}");
        }
        table.fired = Some(fires);
        assert_eq!(table.due(time("2026-11-22T23:00:30Z")), None);
        assert_eq!(table.next(fires), Some(time("2026-11-23T23:00:00Z")));
    }

    #[test]
    fn rates_count_from_when_the_rule_was_enabled() {
        let table = timetable("rate(5 minutes)");
        assert_eq!(table.due(time("2026-11-22T12:05:29Z")), None);
        assert_eq!(table.due(time("2026-11-22T12:05:30Z")), Some(time("2026-11-22T12:05:30Z")));
        // An hour later than it began nobody has looked for long; only the newest time counts.
        let now = time("2026-11-22T13:00:45Z");
        assert_eq!(table.due(now), Some(time("2026-11-22T13:00:30Z")));
        assert_eq!(table.next(now), Some(time("2026-11-22T13:05:30Z")));
    }
}

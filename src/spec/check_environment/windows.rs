//! The deploy windows: each period is one of three kinds, in a time zone that is known here.

use super::desk::Desk;
use crate::{
    schedule::{LONGEST_WINDOW, Period, Windows},
    spec::{
        notes::quoted,
        raw_windows::{RawPeriod, RawWindows},
    },
};
use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

/// What a period may look like.
const KINDS: &str = "as in { cron: 'cron(0 9 ? * MON-FRI *)', for: 8h }, \
                     { days: [mon, fri], hours: '09:00-17:00' } or { from: 2026-12-20, to: 2027-01-07 }";
/// Every day, 1 for Monday.
const EVERY_DAY: [i8; 7] = [1, 2, 3, 4, 5, 6, 7];

pub(super) fn read(desk: &mut Desk<'_, '_>, raw: Option<&RawWindows>) -> Option<Windows> {
    let raw = raw?;
    let zone = desk.text(&["windows", "time_zone"], raw.time_zone.as_ref());
    if let Some(name) = zone
        && TimeZone::get(name).is_err()
    {
        let message = format!("{} is no time zone that is known here", quoted(name));
        desk.reading
            .error(&["windows", "time_zone"], "bad-time-zone", message)
            .help("a name of the IANA database, as in Europe/Madrid or UTC");
    }
    if raw.allow.as_ref().is_some_and(Vec::is_empty) {
        let message = "an empty 'windows.allow' could mean never and always";
        desk.reading
            .error(&["windows", "allow"], "bad-period", message)
            .help("leave it out for always; `agent lock` closes an environment");
    }
    let allow = periods(desk, "allow", raw.allow.as_deref());
    let deny = periods(desk, "deny", raw.deny.as_deref());
    Some(Windows { time_zone: zone?.to_owned(), allow, deny })
}

fn periods(desk: &mut Desk<'_, '_>, key: &str, raw: Option<&[RawPeriod]>) -> Vec<Period> {
    let mut periods = Vec::new();
    for (index, raw) in raw.unwrap_or_default().iter().enumerate() {
        match period(raw) {
            Ok(period) => periods.push(period),
            Err(problem) => {
                let message = format!("'windows.{key}', period {}: {problem}", index + 1);
                desk.reading.error(&["windows", key], "bad-period", message).help(KINDS);
            }
        }
    }
    periods
}

fn period(raw: &RawPeriod) -> Result<Period, String> {
    let RawPeriod { cron, length, hours, days, from, to } = raw;
    match (cron, length, hours, days, from, to) {
        (Some(cron), Some(length), None, None, None, None) => {
            let length = crate::spec::duration::parse(length, LONGEST_WINDOW)
                .map_err(|problem| format!("{} is {problem}", quoted(length)))?;
            let refused = |error| format!("{}: {error}", quoted(cron));
            Period::cron(cron, length).map_err(refused)
        }
        (None, None, Some(hours), days, None, None) => {
            let wrong = || format!("{} are no hours", quoted(hours));
            let (from, to) = hours.split_once('-').ok_or_else(wrong)?;
            let from = time(from).ok_or_else(wrong)?;
            let to = time(to).ok_or_else(wrong)?;
            if from == to {
                return Err(format!("{} is no time at all", quoted(hours)));
            }
            if days.as_ref().is_some_and(Vec::is_empty) {
                return Err("it has no day".to_owned());
            }
            let days = days.as_ref().map_or_else(
                || EVERY_DAY.to_vec(),
                |days| days.iter().map(|day| day.number()).collect(),
            );
            Ok(Period::Hours { days, from, to })
        }
        (None, None, None, None, Some(from), Some(to)) => {
            let wrong = |text: &str| format!("{} is no date", quoted(text));
            let (begin, end) =
                (moment(from).ok_or_else(|| wrong(from))?, moment(to).ok_or_else(|| wrong(to))?);
            if end <= begin {
                return Err(format!("{} is not after {}", quoted(to), quoted(from)));
            }
            Ok(Period::Dates { from: begin, to: end })
        }
        _ => Err("its keys do not belong together".to_owned()),
    }
}

/// `09:00`; `24:00` is midnight.
fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    if text == "24:00" { Some(Time::midnight()) } else { text.parse().ok() }
}

/// A date means its beginning.
fn moment(text: &str) -> Option<DateTime> {
    text.parse::<DateTime>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.to_datetime(Time::midnight()))
    })
}

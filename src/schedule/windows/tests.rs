//! Deploy windows, on the days that are not like the others too.

use super::*;
use proptest::prelude::*;

const HOUR: Duration = Duration::from_hours(1);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(days: &[i8], from: &str, to: &str) -> Period {
    Period::Hours { days: days.to_vec(), from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn madrid(allow: Vec<Period>, deny: Vec<Period>) -> Windows {
    Windows { time_zone: "Europe/Madrid".to_owned(), allow, deny }
}

const WORKDAYS: [i8; 5] = [1, 2, 3, 4, 5];

#[test]
fn office_hours_are_those_of_the_office_in_summer_and_winter() {
    let windows = madrid(vec![hours(&WORKDAYS, "09:00", "17:00")], Vec::new());
    // 2026-01-16 is a Friday; Madrid is one hour ahead in winter and two in summer.
    for (moment, is_open) in [
        ("2026-01-16T07:59:59Z", false),
        ("2026-01-16T08:00:00Z", true),
        ("2026-01-16T15:59:59Z", true),
        ("2026-01-16T16:00:00Z", false),
        ("2026-07-17T07:00:00Z", true),
        ("2026-07-17T15:00:00Z", false),
        ("2026-01-17T10:00:00Z", false),
    ] {
        assert_eq!(windows.is_open(at(moment)), is_open, "{moment}");
    }
    let next = windows.next_opening(at("2026-01-16T16:00:00Z"));
    assert_eq!(next, Some(at("2026-01-19T08:00:00Z")), "after the weekend");
    let over_the_change = windows.next_opening(at("2026-03-27T16:00:00Z"));
    assert_eq!(over_the_change, Some(at("2026-03-30T07:00:00Z")), "the clocks went forward");
}

#[test]
fn a_time_that_is_left_out_comes_later_and_one_that_comes_twice_the_first_time() {
    let windows = madrid(vec![hours(&[7], "02:30", "04:30")], Vec::new());
    // 2026-03-29: from 02:00 to 03:00, so 02:30 is taken as 03:30, which is 01:30 UTC.
    assert_eq!(windows.next_opening(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
    // 2026-10-25: 02:30 comes at 00:30 and at 01:30 UTC.
    assert_eq!(windows.next_opening(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
    let night = madrid(vec![hours(&[6], "22:00", "04:00")], Vec::new());
    assert!(night.is_open(at("2026-10-25T02:30:00Z")), "03:30 in winter time");
    assert!(!night.is_open(at("2026-10-25T03:00:00Z")));
}

#[test]
fn what_is_denied_is_closed_and_the_next_opening_is_behind_it() {
    let from = "2026-12-20".parse::<Date>().unwrap().to_datetime(Time::midnight());
    let to = "2027-01-07".parse::<Date>().unwrap().to_datetime(Time::midnight());
    let freeze = Period::Dates { from, to };
    let always = madrid(Vec::new(), vec![freeze.clone()]);
    assert!(always.is_open(at("2026-12-19T22:59:59Z")));
    assert!(!always.is_open(at("2026-12-19T23:00:00Z")));
    assert_eq!(always.next_opening(at("2026-12-24T12:00:00Z")), Some(at("2027-01-06T23:00:00Z")));
    let both = madrid(vec![hours(&[1], "09:00", "10:00")], vec![freeze]);
    assert_eq!(both.next_opening(at("2026-12-20T12:00:00Z")), Some(at("2027-01-11T08:00:00Z")));
}

#[test]
fn a_cron_begins_a_window_of_its_length() {
    let nightly = Period::cron("cron(0 22 ? * SUN-THU *)", 8 * HOUR).unwrap();
    let windows = madrid(vec![nightly], Vec::new());
    assert!(windows.is_open(at("2026-01-15T21:00:00Z")), "Thursday at ten");
    assert!(windows.is_open(at("2026-01-16T04:59:59Z")));
    assert!(!windows.is_open(at("2026-01-16T05:00:00Z")));
    assert_eq!(windows.next_opening(at("2026-01-16T05:00:00Z")), Some(at("2026-01-18T21:00:00Z")));
    let error = Period::cron("0 22 * * * *", HOUR).unwrap_err();
    assert!(error.hint.contains('?'), "{error:?}");
}

#[test]
fn without_an_opening_there_is_none_to_tell_and_an_unknown_zone_is_closed() {
    let never = madrid(vec![hours(&[], "09:00", "10:00")], Vec::new());
    let past = "2020-01-01".parse::<Date>().unwrap().to_datetime(Time::midnight());
    let once = Period::Dates { from: past, to: past.checked_add(1.day()).unwrap() };
    assert_eq!(madrid(vec![once], Vec::new()).next_opening(at("2026-01-01T00:00:00Z")), None);
    assert!(!never.is_open(at("2026-01-01T00:00:00Z")));
    let nowhere = Windows { time_zone: "Mars/Olympus".to_owned(), allow: vec![], deny: vec![] };
    assert!(!nowhere.is_open(at("2026-01-01T00:00:00Z")));
}

proptest! {
    #[test]
    fn the_next_opening_is_the_first_open_minute(
        days in proptest::collection::vec(1..8_i8, 1..4), opens in 0..24_i8, closes in 0..24_i8,
        denied in 1..8_i8, start in 0..400_i64,
    ) {
        prop_assume!(opens != closes);
        let time = |hour| Time::constant(hour, 0, 0, 0);
        let allow = Period::Hours { days, from: time(opens), to: time(closes) };
        let deny = hours(&[denied], "00:00", "12:00");
        let windows = madrid(vec![allow], vec![deny]);
        let now = at("2026-03-20T00:00:00Z") + HOUR * u32::try_from(start).unwrap();
        // Edges are at full hours, so looking each half hour misses none.
        let naive = (0..14 * 48).map(|half| now + HOUR / 2 * half).find(|at| windows.is_open(*at));
        if let Some(naive) = naive {
            prop_assert_eq!(windows.next_opening(now), Some(naive));
        }
    }
}

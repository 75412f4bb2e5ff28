use super::Schedule;
use jiff::Timestamp;

/// A Sunday.
const FROM: &str = "2026-11-22T13:30:00Z";

fn next(expression: &str, count: usize) -> Vec<String> {
    let from: Timestamp = FROM.parse().unwrap();
    let schedule = Schedule::parse(expression).unwrap();
    schedule.next_after(from, count).iter().map(Timestamp::to_string).collect()
}

#[test]
fn what_eventbridge_takes_fires_when_eventbridge_fires_it() {
    let table = [
        ("cron(0 23 * * ? *)", "2026-11-22T23:00:00Z"),
        ("cron(0/15 * * * ? *)", "2026-11-22T13:45:00Z"),
        ("cron(5/20 14 ? * SUN *)", "2026-11-22T14:05:00Z"),
        ("cron(30 13 * * ? *)", "2026-11-23T13:30:00Z"),
        ("cron(15 10 ? * 6L 2026-2027)", "2026-11-27T10:15:00Z"),
        ("cron(0 9 ? * 2#1 *)", "2026-12-07T09:00:00Z"),
        ("cron(0 9 ? * mon#1 *)", "2026-12-07T09:00:00Z"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00:00Z"),
        ("cron(0 18 L * ? *)", "2026-11-30T18:00:00Z"),
        ("cron(0 18 LW * ? *)", "2026-11-30T18:00:00Z"),
        ("cron(0 8 15W * ? *)", "2026-12-15T08:00:00Z"),
        ("cron(0 8 1 JAN,JUL ? *)", "2027-01-01T08:00:00Z"),
        ("cron(0 0 ? * 1 *)", "2026-11-29T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"),
        ("cron(59 23 31 12 ? 2199)", "2199-12-31T23:59:00Z"),
        ("rate(1 minute)", "2026-11-22T13:31:00Z"),
        ("rate(5 minutes)", "2026-11-22T13:35:00Z"),
        ("rate(1 hour)", "2026-11-22T14:30:00Z"),
        ("rate(7 days)", "2026-11-29T13:30:00Z"),
    ];
    for (expression, first) in table {
        assert_eq!(next(expression, 1), [first], "{expression}");
    }
}

#[test]
fn the_next_five_follow_each_other() {
    assert_eq!(
        next("cron(0 23 ? * TUE,SAT *)", 5),
        [
            "2026-11-24T23:00:00Z",
            "2026-11-28T23:00:00Z",
            "2026-12-01T23:00:00Z",
            "2026-12-05T23:00:00Z",
            "2026-12-08T23:00:00Z"
        ]
    );
    assert_eq!(next("rate(1 day)", 2), ["2026-11-23T13:30:00Z", "2026-11-24T13:30:00Z"]);
}

#[test]
fn a_schedule_that_never_fires_again_has_no_next_times() {
    assert!(next("cron(0 23 * * ? 1999)", 5).is_empty());
    assert!(next("cron(0 0 30 2 ? *)", 5).is_empty());
    assert_eq!(next("cron(0 0 1 1 ? 2198-2199)", 5).len(), 2);
}

#[test]
fn what_eventbridge_refuses_is_refused_with_a_way_out() {
    let table = [
        ("0 23 * * ? *", "neither cron(…) nor rate(…)"),
        ("Cron(0 23 * * ? *)", "neither cron(…) nor rate(…)"),
        ("cron(0 23 * * ?)", "5 fields"),
        ("cron(0 23 * * * *)", "neither day-of-month nor day-of-week is '?'"),
        ("cron(0 23 ? * ? *)", "both '?'"),
        ("cron(0 23 ? * L *)", "'L' alone"),
        ("cron(60 23 * * ? *)", "'60' in minutes"),
        ("cron(0 24 * * ? *)", "'24' in hours"),
        ("cron(0 0 0 * ? *)", "'0' in day-of-month"),
        ("cron(0 0 ? * 8 *)", "'8' in day-of-week"),
        ("cron(0 0 ? * 0 *)", "'0' in day-of-week"),
        ("cron(0 0 1 13 ? *)", "'13' in month"),
        ("cron(0 0 1 1 ? 2200)", "'2200' in year"),
        ("cron(0 0 1 1 ? 1969)", "'1969' in year"),
        ("cron(0 0 1,,2 1 ? *)", "'' in day-of-month"),
        ("cron(0 0 L-3 * ? *)", ""),
        ("cron(0 0 ? * 3#6 *)", ""),
        ("cron(MON 0 * * ? *)", "'M' in minutes"),
        ("cron(0 0 1 ? ? *)", "'?' in month"),
        ("cron(0 0 ? * +2 *)", "'+' in day-of-week"),
        ("cron(@daily)", "1 fields"),
        ("cron(0/0 0 * * ? *)", ""),
        ("rate(1 minutes)", "1 takes 'minute'"),
        ("rate(5 minute)", "5 takes 'minutes'"),
        ("rate(0 days)", "'0' is not a positive"),
        ("rate(-1 days)", "'-1' is not a positive"),
        ("rate(+2 days)", "'+2' is not a positive"),
        ("rate(1.5 hours)", "'1.5' is not a positive"),
        ("rate(2 weeks)", "'weeks' is not a unit"),
        ("rate(5)", "a number, one blank and a unit"),
        ("rate(9999999999999999 days)", "beyond any calendar"),
    ];
    for (expression, part) in table {
        let error = Schedule::parse(expression).expect_err(expression);
        assert!(error.problem.contains(part), "{expression}: {error}");
        assert!(!error.hint.is_empty(), "{expression}");
    }
    let long = format!("cron(0 0 {} * ? *)", "1,".repeat(200));
    assert!(Schedule::parse(&long).unwrap_err().problem.contains("the limit is 256"));
}

#[test]
fn a_rate_counts_from_its_beginning_and_a_cron_does_not_care() {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    for (expression, after, next) in [
        ("rate(5 minutes)", "2026-11-22T12:00:00Z", "2026-11-22T13:35:00Z"),
        ("rate(5 minutes)", "2026-11-22T13:34:59.999Z", "2026-11-22T13:35:00Z"),
        ("rate(5 minutes)", "2026-11-22T13:35:00Z", "2026-11-22T13:40:00Z"),
        ("rate(1 day)", "2028-02-28T20:00:00Z", "2028-02-29T13:30:00Z"),
        ("rate(1 hour)", "2027-03-28T01:30:00Z", "2027-03-28T02:30:00Z"),
        ("cron(0 23 * * ? *)", "2026-11-20T12:00:00Z", "2026-11-22T23:00:00Z"),
        ("cron(0 23 * * ? *)", "2026-11-22T22:59:59.5Z", "2026-11-22T23:00:00Z"),
        ("cron(0 23 * * ? *)", "2026-11-22T23:00:00.5Z", "2026-11-23T23:00:00Z"),
    ] {
        let schedule = Schedule::parse(expression).unwrap();
        assert_eq!(schedule.next_since(time(FROM), time(after)), Some(time(next)), "{after}");
    }
    let over = Schedule::parse("cron(0 23 * * ? 2026)").unwrap();
    assert_eq!(over.next_since(time(FROM), time("2027-01-01T00:00:00Z")), None);
}

//! `cron(minutes hours day-of-month month day-of-week year)`, in EventBridge's dialect.
//!
//! croner knows `L`, `W`, `#`, names and 1 = Sunday; what it takes more or less than EventBridge is
//! put right here before it reads the fields.

use super::Problem;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};

/// One field: what people call it, its range, and the characters it may hold beside digits and `,-*/`.
struct Field {
    name: &'static str,
    least: u16,
    most: u16,
    also: &'static str,
    names: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field { name: "minutes", least: 0, most: 59, also: "", names: &[] },
    Field { name: "hours", least: 0, most: 23, also: "", names: &[] },
    Field { name: "day-of-month", least: 1, most: 31, also: "?LW", names: &[] },
    Field { name: "month", least: 1, most: 12, also: "", names: &MONTHS },
    Field { name: "day-of-week", least: 1, most: 7, also: "?L#", names: &DAYS },
    Field { name: "year", least: 1970, most: 2199, also: "", names: &[] },
];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Reads what stands inside `cron(…)`.
pub(super) fn parse(fields: &str) -> Result<Cron, Problem> {
    let given: Vec<&str> = fields.split(' ').filter(|field| !field.is_empty()).collect();
    if given.len() != FIELDS.len() {
        return Err(Problem::new(
            format!("{} fields, EventBridge wants six", given.len()),
            "minutes hours day-of-month month day-of-week year, as in cron(0 23 * * ? *)",
        ));
    }
    check_days(given[2], given[4])?;
    let mut pattern = String::from("0");
    for (field, text) in FIELDS.iter().zip(&given) {
        pattern.push(' ');
        pattern.push_str(&field.translate(text)?);
    }
    CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Required)
        .alternative_weekdays(true)
        .dom_and_dow(true)
        .build()
        .parse(&pattern)
        .map_err(|error| Problem::new(error.to_string(), RANGES))
}

const RANGES: &str = "minutes 0-59, hours 0-23, day-of-month 1-31, month 1-12 or JAN-DEC, day-of-week 1-7 or SUN-SAT, year 1970-2199";

/// EventBridge wants exactly one of the two day fields to be `?`.
fn check_days(day_of_month: &str, day_of_week: &str) -> Result<(), Problem> {
    let one_is = "exactly one of day-of-month and day-of-week is '?': the one you do not choose by";
    match (day_of_month == "?", day_of_week == "?") {
        (true, false) | (false, true) => {}
        (true, true) => {
            return Err(Problem::new("day-of-month and day-of-week are both '?'", one_is));
        }
        (false, false) => {
            return Err(Problem::new(
                "neither day-of-month nor day-of-week is '?'",
                format!("{one_is}, as in cron(0 23 * * ? *)"),
            ));
        }
    }
    if day_of_week.eq_ignore_ascii_case("L") {
        return Err(Problem::new(
            "'L' alone in day-of-week",
            "say the last of which weekday: 6L or FRIL is the month's last Friday",
        ));
    }
    Ok(())
}

impl Field {
    /// The field as croner reads it: names as numbers, `a/b` as `a-MAX/b`, years within EventBridge's.
    fn translate(&self, text: &str) -> Result<String, Problem> {
        let numbers = self.numbered(&text.to_ascii_uppercase());
        let legal = |c: char| c.is_ascii_digit() || ",-*/".contains(c) || self.also.contains(c);
        if let Some(strange) = numbers.chars().find(|c| !legal(*c)) {
            return Err(Problem::new(
                format!("'{strange}' in {} '{text}'", self.name),
                format!(
                    "{} takes {}-{} and , - * / {}",
                    self.name, self.least, self.most, self.also
                ),
            ));
        }
        let parts: Result<Vec<String>, Problem> =
            numbers.split(',').map(|part| self.part(part, text)).collect();
        parts.map(|parts| parts.join(","))
    }

    fn numbered(&self, text: &str) -> String {
        self.names
            .iter()
            .zip(self.least..)
            .fold(text.to_owned(), |text, (name, number)| text.replace(name, &number.to_string()))
    }

    fn part(&self, part: &str, whole: &str) -> Result<String, Problem> {
        let outside = |number: &str| {
            number.parse::<u16>().is_ok_and(|n| !(self.least..=self.most).contains(&n))
        };
        let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
        if part.is_empty() || range.split('-').any(outside) {
            return Err(Problem::new(
                format!("'{part}' in {} '{whole}'", self.name),
                format!("{} goes from {} to {}", self.name, self.least, self.most),
            ));
        }
        let range = match range {
            "*" if self.name == "year" => format!("{}-{}", self.least, self.most),
            single if step.is_some() && single.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{single}-{}", self.most)
            }
            other => other.to_owned(),
        };
        Ok(step.map_or_else(|| range.clone(), |step| format!("{range}/{step}")))
    }
}

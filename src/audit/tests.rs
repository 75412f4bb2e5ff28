//! Whatever is done to a kept log is found.

use super::*;
use proptest::prelude::*;

fn act(number: usize) -> Act {
    let who = ["ada (api)", "grace (command line)", "agent"][number % 3].to_owned();
    Act {
        who,
        act: "approve".to_owned(),
        object: format!("run {number}"),
        detail: json!({ "reason": format!("looked at {number}"), "number": number }),
    }
}

fn log(length: usize) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for number in 0..length {
        let at = Timestamp::from_second(1_700_000_000 + number as i64).unwrap();
        records.push(Record::after(records.last(), act(number), at));
    }
    records
}

fn checked(records: &[Record], kept: Option<Digest>) -> Result<Option<Record>, Broken> {
    let mut check = kept.map_or_else(Check::default, Check::expecting);
    for record in records {
        check.record(record.clone())?;
    }
    check.end()
}

/// Ways to change one record. Each is told by a number.
fn change(record: &mut Record, how: usize) {
    match how {
        0 => record.act.who.push('x'),
        1 => record.act.act = "reject".to_owned(),
        2 => record.act.object.clear(),
        3 => record.act.detail = json!({}),
        4 => record.at = Timestamp::from_second(record.at.as_second() + 1).unwrap(),
        5 => record.seq += 1,
        6 => record.previous = Digest::of("another"),
        _ => record.hash = Digest::of("another"),
    }
}

proptest! {
    #[test]
    fn a_changed_record_is_named(length in 1_usize..30, place in 0_usize..30, how in 0_usize..8) {
        let mut records = log(length);
        let place = place % length;
        change(&mut records[place], how);
        let seq = place as u64 + 1;
        prop_assert_eq!(checked(&records, None), Err(Broken::Record { seq }));
    }

    #[test]
    fn a_changed_record_with_a_new_hash_of_its_own_breaks_the_next(length in 2_usize..30, place in 0_usize..30) {
        let mut records = log(length);
        let place = place % (length - 1);
        let before = place.checked_sub(1).map(|before| records[before].clone());
        let forged = Act { who: "mallory".to_owned(), ..records[place].act.clone() };
        records[place] = Record::after(before.as_ref(), forged, records[place].at);
        prop_assert_eq!(checked(&records, None), Err(Broken::Record { seq: place as u64 + 2 }));
    }

    #[test]
    fn a_removed_record_is_named(length in 1_usize..30, place in 0_usize..30) {
        let mut records = log(length);
        let head = records[length - 1].hash.clone();
        let place = place % length;
        records.remove(place);
        let found = checked(&records, Some(head.clone()));
        if place == length - 1 {
            prop_assert_eq!(found, Err(Broken::Cut(head)));
            prop_assert!(checked(&records, None).is_ok(), "without the kept hash nobody could know");
        } else {
            prop_assert_eq!(found, Err(Broken::Record { seq: place as u64 + 1 }));
        }
    }

    #[test]
    fn records_in_another_order_are_named(length in 2_usize..30, one in 0_usize..30, other in 0_usize..30) {
        let mut records = log(length);
        let (one, other) = (one % length, other % length);
        prop_assume!(one != other);
        records.swap(one, other);
        prop_assert_eq!(checked(&records, None), Err(Broken::Record { seq: one.min(other) as u64 + 1 }));
    }
}

#[test]
fn an_untouched_log_holds_with_any_hash_that_was_kept() {
    let records = log(5);
    for kept in &records {
        let head = checked(&records, Some(kept.hash.clone())).unwrap();
        assert_eq!(head.as_ref(), records.last());
    }
    assert_eq!(checked(&[], None), Ok(None));
}

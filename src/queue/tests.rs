//! The queue: by hand where a rule is to be seen, by chance against a naive model where one must always hold.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const OPEN: Room = Room { slots: 9, shortage: None };

fn id(number: usize) -> RunId {
    uuid::Uuid::from_u128(number as u128).into()
}

fn prod() -> EnvName {
    "prod".parse().unwrap()
}

fn entry(number: usize, progress: Progress) -> Entry {
    Entry {
        run: id(number),
        lane: Lane::deploying("p", &prod()),
        environment: prod(),
        repository: "/srv/one".to_owned(),
        reference: "main".to_owned(),
        progress,
        supersede: Supersede::Every,
        opening: Opening::Open,
        setback: None,
        labels: BTreeSet::new(),
        takers: Takers::Us,
        turn: 0,
    }
}

fn newest(number: usize, progress: Progress) -> Entry {
    Entry { supersede: Supersede::Newest, ..entry(number, progress) }
}

fn hold() -> Hold {
    Hold {
        environment: prod(),
        reason: "migration".to_owned(),
        who: "ada (cli)".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        until: None,
    }
}

fn behind(number: usize) -> Verdict {
    Verdict::Wait(Reason::Run { run: id(number) })
}

#[test]
fn the_oldest_starts_and_the_others_say_whom_they_wait_for() {
    let line = [entry(1, Progress::Fresh), entry(2, Progress::Fresh), entry(3, Progress::Begun)];
    assert_eq!(decide(&line, &[], OPEN), [Verdict::Start, behind(1), behind(1)]);
    let line = [entry(1, Progress::Fresh), entry(2, Progress::Driven)];
    assert_eq!(decide(&line, &[], OPEN), [behind(2), Verdict::Driven]);
}

#[test]
fn the_newest_takes_the_place_of_all_that_wait_and_of_none_that_has_begun() {
    let line = [
        newest(1, Progress::Driven),
        newest(2, Progress::Begun),
        newest(3, Progress::Parked),
        newest(4, Progress::Awoken),
        newest(5, Progress::Fresh),
        newest(6, Progress::Fresh),
    ];
    let by = || Verdict::Supersede { by: id(6) };
    let expected = [Verdict::Driven, behind(1), by(), behind(1), by(), behind(1)];
    assert_eq!(decide(&line, &[], OPEN), expected);
    let other = Entry { reference: "hotfix".to_owned(), ..newest(2, Progress::Fresh) };
    let line = [newest(1, Progress::Fresh), other];
    assert_eq!(decide(&line, &[], OPEN), [Verdict::Start, behind(1)], "another branch");
    // Two repositories whose pipelines have one name share the lane and nothing else.
    let other = Entry { repository: "/srv/two".to_owned(), ..newest(2, Progress::Fresh) };
    let line = [newest(1, Progress::Fresh), other];
    assert_eq!(decide(&line, &[], OPEN), [Verdict::Start, behind(1)], "another repository");
}

#[test]
fn who_waits_for_people_lets_younger_ones_pass() {
    let line = [entry(1, Progress::Parked), entry(2, Progress::Overdue), entry(3, Progress::Fresh)];
    let asks = || Verdict::Wait(Reason::Approval);
    assert_eq!(decide(&line, &[], OPEN), [asks(), asks(), Verdict::Start]);
    let line = [entry(1, Progress::Awoken), entry(2, Progress::Fresh)];
    assert_eq!(decide(&line, &[], OPEN), [Verdict::Start, behind(1)]);
}

#[test]
fn locks_windows_and_the_machine_keep_the_first_and_say_so() {
    let line = [entry(1, Progress::Fresh), entry(2, Progress::Fresh)];
    let locked = Verdict::Wait(Reason::Lock { lock: hold() });
    assert_eq!(decide(&line, &[hold()], OPEN), [locked, behind(1)]);
    assert_eq!(hold().to_string(), "prod is locked by ada (cli): migration");

    let opens = Some(Timestamp::UNIX_EPOCH);
    let closed = |progress| {
        let opening = Opening::Closed { opens };
        decide(&[Entry { opening, ..entry(1, progress) }], &[], OPEN)
    };
    assert_eq!(closed(Progress::Fresh), [Verdict::Wait(Reason::Window { opens })]);
    assert_eq!(closed(Progress::Begun), [Verdict::Start], "half a deployment goes on");
    assert_eq!(closed(Progress::Awoken), [Verdict::Wait(Reason::Window { opens })]);

    let full = Room { slots: 0, shortage: None };
    assert_eq!(decide(&line, &[], full), [Verdict::Wait(Reason::Slot), behind(1)]);
    let shortage = Shortage::Disk { free: 10 << 20, least: 512 << 20 };
    let poor = Room { slots: 1, shortage: Some(shortage) };
    assert_eq!(decide(&line, &[], poor)[0], Verdict::Wait(Reason::Room { shortage }));
    assert_eq!(shortage.to_string(), "10 MiB free on the disk, 512 wanted");
}

#[test]
fn a_run_waits_for_an_agent_with_its_labels_and_others_do_not_wait_for_it() {
    let labels: BTreeSet<Label> = ["gpu", "vpc"].map(|label| label.parse().unwrap()).into();
    let for_agents = |number, takers| Entry {
        labels: labels.clone(),
        takers,
        lane: Lane::deploying("q", &prod()),
        ..entry(number, Progress::Fresh)
    };
    let told = |takers| decide(&[for_agents(1, takers), entry(2, Progress::Fresh)], &[], OPEN);
    let nobody = Reason::Labels { labels: labels.clone() };
    assert_eq!(nobody.to_string(), "no agent has the labels gpu, vpc");
    assert_eq!(told(Takers::Nobody), [Verdict::Wait(nobody), Verdict::Start]);
    assert_eq!(told(Takers::Others), [Verdict::Wait(Reason::Elsewhere), Verdict::Start]);
    let locked = decide(&[for_agents(1, Takers::Others)], &[hold()], OPEN);
    assert_eq!(locked, [Verdict::Wait(Reason::Lock { lock: hold() })], "there as here");
}

#[test]
fn few_slots_are_given_in_turn_and_only_to_the_first_of_each_lane() {
    let there = |number, place: &str, turn| {
        let environment: EnvName = place.parse().unwrap();
        let lane = Lane::deploying("p", &environment);
        Entry { lane, environment, turn, ..entry(number, Progress::Fresh) }
    };
    let line = [there(1, "dev", 2), there(2, "dev", 0), there(3, "test", 1), there(4, "prod", 2)];
    let slot = || Verdict::Wait(Reason::Slot);
    let with = |slots| decide(&line, &[], Room { slots, shortage: None });
    assert_eq!(with(1), [slot(), behind(1), Verdict::Start, slot()]);
    assert_eq!(with(2), [Verdict::Start, behind(1), Verdict::Start, slot()], "the older of a turn");
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let progress = prop_oneof![
        1 => Just(Progress::Driven), 5 => Just(Progress::Fresh), 1 => Just(Progress::Begun),
        1 => Just(Progress::Parked), 1 => Just(Progress::Awoken), 1 => Just(Progress::Overdue),
    ];
    let place = proptest::sample::select(vec!["dev", "test", "prod"]);
    let branch = proptest::sample::select(vec!["main", "hotfix"]);
    let supersede = proptest::sample::select(vec![Supersede::Newest, Supersede::Every]);
    let opening = prop_oneof![
        4 => Just(Opening::Open), 1 => Just(Opening::Closed { opens: None }),
    ];
    let one = (progress, place, branch, supersede, opening);
    proptest::collection::vec(one, 0..14).prop_map(|line| {
        let mut entries = Vec::new();
        for (number, (progress, place, branch, supersede, opening)) in line.into_iter().enumerate()
        {
            let environment: EnvName = place.parse().unwrap();
            entries.push(Entry {
                lane: Lane::deploying("p", &environment),
                environment,
                reference: branch.to_owned(),
                supersede,
                opening,
                ..entry(number, progress)
            });
        }
        entries
    })
}

/// Who starts, said as plainly as possible: the oldest that could, of each lane in which nobody works.
fn naive_starts(
    line: &[Entry],
    gone: &BTreeSet<RunId>,
    holds: &[Hold],
    slots: usize,
) -> Vec<RunId> {
    let could = |entry: &&Entry| {
        matches!(entry.progress, Progress::Fresh | Progress::Begun | Progress::Awoken)
            && !gone.contains(&entry.run)
    };
    let mut starts = Vec::new();
    for entry in line.iter().filter(could) {
        let mut lane = line.iter().filter(|other| other.lane == entry.lane);
        let works = lane.clone().any(|other| other.progress == Progress::Driven);
        let first = lane.find(could).is_some_and(|first| first.run == entry.run);
        let is_open = entry.opening == Opening::Open || entry.progress == Progress::Begun;
        let is_free = holds.is_empty() || entry.environment != prod();
        if !works && first && is_open && is_free && starts.len() < slots {
            starts.push(entry.run.clone());
        }
    }
    starts
}

proptest! {
    #[test]
    fn the_decision_is_the_naive_one(
        line in entries(), locked in any::<bool>(), slots in 0..4_usize,
    ) {
        let holds = if locked { vec![hold()] } else { Vec::new() };
        let verdicts = decide(&line, &holds, Room { slots, shortage: None });
        prop_assert_eq!(verdicts.len(), line.len(), "nothing is lost");
        let (mut gone, mut starts, mut lanes) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for (place, (entry, verdict)) in line.iter().zip(&verdicts).enumerate() {
            match verdict {
                Verdict::Driven => prop_assert_eq!(entry.progress, Progress::Driven),
                Verdict::Supersede { by } => {
                    gone.insert(entry.run.clone());
                    prop_assert!(matches!(entry.progress, Progress::Fresh | Progress::Parked));
                    let successor = line.iter().position(|other| other.run == *by).unwrap();
                    prop_assert!(successor > place && line[successor].lane == entry.lane);
                    let its = &verdicts[successor];
                    prop_assert!(!matches!(its, Verdict::Supersede { .. }), "the youngest stays");
                }
                Verdict::Start => {
                    starts.push(entry.run.clone());
                    prop_assert!(lanes.insert(&entry.lane), "two in {}", entry.lane);
                }
                Verdict::Wait(_) => {}
            }
        }
        prop_assert_eq!(&starts, &naive_starts(&line, &gone, &holds, slots));
    }

    #[test]
    fn played_to_its_end_every_run_works_once_or_is_superseded(
        line in entries(), slots in 1..4_usize,
    ) {
        let open = |entry| Entry { opening: Opening::Open, ..entry };
        let mut line: Vec<Entry> = line.into_iter().map(open).collect();
        let (all, mut worked, mut gone) = (line.len(), BTreeSet::new(), BTreeSet::new());
        for _ in 0..100 {
            let verdicts = decide(&line, &[], Room { slots, shortage: None });
            let mut next = Vec::new();
            for (entry, verdict) in line.into_iter().zip(verdicts) {
                let then = match verdict {
                    // What worked is done by the next look.
                    Verdict::Driven => {
                        prop_assert!(worked.insert(entry.run), "twice");
                        continue;
                    }
                    Verdict::Supersede { .. } => {
                        gone.insert(entry.run);
                        continue;
                    }
                    Verdict::Start => Progress::Driven,
                    // People answer at once.
                    Verdict::Wait(Reason::Approval) => Progress::Awoken,
                    Verdict::Wait(_) => entry.progress,
                };
                next.push(Entry { progress: then, ..entry });
            }
            line = next;
        }
        prop_assert!(line.is_empty(), "left: {line:?}");
        prop_assert_eq!(worked.len() + gone.len(), all);
    }
}

#[test]
fn what_could_not_be_driven_waits_and_says_for_what_and_nobody_younger_passes_it() {
    let setback = Setback::after(None, "cannot fetch it", Timestamp::UNIX_EPOCH);
    let set_back = |progress| Entry { setback: Some(setback.clone()), ..entry(1, progress) };
    for progress in [Progress::Fresh, Progress::Begun, Progress::Awoken] {
        let why = Reason::Setback { why: "cannot fetch it".to_owned(), again: setback.due };
        assert_eq!(why.to_string(), "cannot fetch it; tried again at 1970-01-01 00:00:05 UTC");
        let line = [set_back(progress), entry(2, Progress::Fresh)];
        assert_eq!(decide(&line, &[], OPEN), [Verdict::Wait(why), behind(1)]);
    }
    let line = [set_back(Progress::Fresh), newest(2, Progress::Fresh)];
    assert_eq!(decide(&line, &[], OPEN), [Verdict::Supersede { by: id(2) }, Verdict::Start]);
}

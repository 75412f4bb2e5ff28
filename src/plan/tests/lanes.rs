//! What may be done at the same time.

use super::*;
use crate::plan::waves;

/// The lines of each lane of each wave.
fn told(plan: &Plan, part: Part, desired: &Desired) -> Vec<Vec<Vec<String>>> {
    let lane = |lane: Lane<'_>| lane.into_iter().map(render::one_line).collect();
    let wave = |wave: Vec<Lane<'_>>| wave.into_iter().map(lane).collect();
    waves(plan, part, &desired.schedule.rule.name).into_iter().map(wave).collect()
}

#[test]
fn pipelines_wait_for_what_they_name_and_each_thing_is_changed_in_order() {
    let desired = first();
    let plan = plan(&desired, &Observed::default());
    let waves = told(&plan, Part::Pipelines, &desired);
    let lanes: Vec<usize> = waves[0].iter().map(Vec::len).collect();
    assert_eq!(lanes, [2, 1, 1, 1, 1, 1, 2, 4], "{waves:?}");
    assert!(waves[0][6][0].starts_with("create function"), "{waves:?}");
    assert!(waves[0][6][1].starts_with("publish function"), "{waves:?}");
    let lanes: Vec<usize> = waves[1].iter().map(Vec::len).collect();
    assert_eq!((lanes, waves.len()), (vec![1, 1], 2), "{waves:?}");
}

#[test]
fn the_schedule_is_last_and_unwanted_rules_go_behind_the_wanted_ones() {
    let (_, observed) = converged();
    let retrain = Retrain { on: RetrainOn::AnyFailure, ..environment().retrain };
    let changed =
        Environment { retrain, schedule: "cron(0 6 * * ? *)".to_owned(), ..environment() };
    let desired = wanted(&Commit::first(), &changed, &observed);
    let plan = plan(&desired, &observed);
    let waves = told(&plan, Part::Schedule, &desired);
    let name = "mammography-severity-model-prod";
    let last = waves.last().unwrap();
    assert!(
        last.len() == 1 && last[0][0].contains(&format!("{name}-inference-schedule")),
        "{waves:?}"
    );
    let gone = format!("remove rule {name}-drift");
    let at = waves.iter().position(|wave| wave.iter().any(|lane| lane.contains(&gone))).unwrap();
    let made = format!("create rule {name}-retrain");
    let before =
        waves.iter().position(|wave| wave.iter().any(|lane| lane.contains(&made))).unwrap();
    assert!(before < at && at + 1 < waves.len(), "{waves:?}");
}

proptest! {
    // each case renders both definitions
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_change_of_a_part_is_in_one_lane(kept in subsequence((0..23).collect::<Vec<usize>>(), 0..23)) {
        let desired = first();
        let mut plan = plan(&desired, &Observed::default());
        let all = std::mem::take(&mut plan.changes);
        plan.changes = kept.into_iter().filter_map(|index| all.get(index).cloned()).collect();
        for part in [Part::Training, Part::Pipelines, Part::Schedule] {
            let mut told: Vec<String> = told(&plan, part, &desired).concat().concat();
            let mut wanted: Vec<String> = plan.changes_of(part).map(render::one_line).collect();
            told.sort();
            wanted.sort();
            prop_assert_eq!(told, wanted);
        }
    }
}

//! Whatever people have changed in an account, one plan mends it or says that it cannot.

use super::*;

/// Ways in which an account may have been changed by hand.
const TAMPERINGS: [fn(&mut Observed); 12] = [
    |o| o.log_group = None,
    |o| o.log_group.iter_mut().for_each(|group| group.retention_days = Some(3)),
    |o| drop(o.objects.pop_first()),
    |o| o.function = ObservedFunction::default(),
    |o| o.function.versions.clear(),
    |o| o.function.versions.values_mut().for_each(|v| v.settings.timeout_seconds = 3),
    |o| o.topic = None,
    |o| o.topic.iter_mut().for_each(|topic| topic.kms_key = Some("alias/aws/sns".to_owned())),
    |o| drop(o.pipelines.pop_last()),
    |o| drop(o.rules.pop_first()),
    |o| o.rules.values_mut().for_each(|rule| rule.rule.state = RuleState::Disabled),
    |o| {
        for rule in o.rules.values_mut() {
            let extra = rule.targets.iter().cloned().map(|t| Target { id: t.id + "-2", ..t });
            rule.targets = extra.collect();
        }
    },
];

proptest! {
    // each case renders both definitions several times
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_changed_by_hand_one_plan_mends_it(
        which in subsequence((0..TAMPERINGS.len()).collect::<Vec<_>>(), 0..=TAMPERINGS.len())
    ) {
        let (_, mut observed) = converged();
        for index in &which {
            TAMPERINGS[*index](&mut observed);
        }
        let desired = wanted(&Commit::first(), &environment(), &observed);
        let mending = plan(&desired, &observed);
        prop_assert_eq!(mending.is_empty(), which.is_empty());
        let mended = applied(&mending, observed, &desired);
        let desired = wanted(&Commit::first(), &environment(), &mended);
        prop_assert!(plan(&desired, &mended).is_empty());
    }
}

#[test]
fn a_log_group_of_another_class_is_told_and_left() {
    let (desired, mut observed) = converged();
    observed.log_group.as_mut().unwrap().class = LogGroupClass::InfrequentAccess;
    let plan = plan(&desired, &observed);
    assert!(plan.is_empty());
    assert!(plan.notes.iter().any(|note| note.contains("and cannot become STANDARD")));
}

//! Many deliveries at once: none is lost, none is doubled.

use super::{Setup, server::push};
use serde_json::Value;
use std::{collections::BTreeSet, thread};

/// Deliveries in all, from …
const DELIVERIES: usize = 2_000;
/// … so many senders at once.
const SENDERS: usize = 100;

#[test]
fn two_thousand_deliveries_from_a_hundred_senders_are_all_kept_once() {
    let setup = Setup::new();
    let server = setup.start();
    // The agent's own first look is a delivery too, and must not come among these.
    setup.until("the first look", || (!setup.deliveries().is_empty()).then_some(()));
    let commit = "1".repeat(40);
    let answers: Vec<(usize, u16)> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (server, commit) = (&server, &commit);
                scope.spawn(move || {
                    let own = (0..DELIVERIES).skip(sender).step_by(SENDERS);
                    // Each tenth is delivered twice.
                    let sent = own.map(|number| {
                        let id = format!("flood-{}", number - number % 10 / 9);
                        (number, server.deliver(&id, "push", &push("nowhere", commit)).0)
                    });
                    sent.collect::<Vec<_>>()
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    assert_eq!(answers.len(), DELIVERIES);
    let of = |status: u16| answers.iter().filter(|(_, told)| *told == status).count();
    assert_eq!((of(202), of(200)), (DELIVERIES - DELIVERIES / 10, DELIVERIES / 10), "{answers:?}");
    setup.until("the last verdict", || {
        setup.deliveries().iter().all(|delivery| !delivery["verdict"].is_null()).then_some(())
    });
    let listed = setup.deliveries();
    let ids: BTreeSet<&str> =
        listed.iter().map(|delivery: &Value| delivery["delivery"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1_000, "as many as the list shows");
    let reason = "branch 'nowhere' deploys nowhere";
    for delivery in &listed {
        assert_eq!(delivery["verdict"]["reason"], reason, "{delivery}");
    }
}

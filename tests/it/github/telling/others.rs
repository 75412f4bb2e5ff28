//! Beside other runs: of the same commit, and of other repositories.

use super::*;

#[tokio::test]
async fn an_older_run_of_the_commit_does_not_speak_over_a_newer() {
    let desk = Desk::new(token()).await;
    let older = desk.run(Ask::Once).await;
    desk.happen(&older, &[started("validate")]).await;
    desk.fake.clock.sleep(Duration::from_secs(1)).await;
    let newer = desk.run(Ask::Again).await;
    desk.happen(&newer, &promotion()).await;
    let outcome = Outcome::Failed { stage: name("validate"), class: FailureClass::UserError };
    desk.tell().await;
    let rest = [
        failed("validate", "wrong"),
        skipped("lint"),
        skipped("deploy"),
        Event::RunFinished { outcome },
    ];
    desk.happen(&older, &rest).await;
    desk.tell().await;
    let newest = desk.fake.see(|m| {
        let newest = m.statuses.iter().rev().find(|s| s["context"] == "relevo/prod").cloned();
        newest.unwrap()["state"].clone()
    });
    assert_eq!(newest, json!("success"));
    let states = desk.states(&older).await;
    assert!(states.iter().any(|(_, state)| state == "overtaken"), "{states:?}");
}

#[tokio::test]
async fn a_run_of_another_repository_is_left_to_an_agent_that_knows_it() {
    let mut desk = Desk::new(token()).await;
    let known = std::mem::take(&mut desk.teller.addressees);
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &promotion()).await;
    desk.tell().await;
    assert_eq!((desk.fake.changes().len(), desk.states(&run).await), (0, vec![]));
    desk.teller.addressees = known;
    desk.tell().await;
    let states = desk.states(&run).await;
    assert!(!states.is_empty() && states.iter().all(|(_, state)| state == "sent"), "{states:?}");
}

#[tokio::test]
async fn what_an_agent_that_knows_the_repository_wanted_to_say_is_kept_for_it() {
    let mut desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    let lease = desk.store.acquire_outbox().await.unwrap().unwrap();
    // It is put off, and then another agent has the outbox for a while.
    for _ in 0..8 {
        let broken = Fault::Refuse(502, vec![], json!({}));
        desk.fake.fail("POST", "/statuses/", broken);
    }
    desk.teller.pass(&lease).await.unwrap();
    let known = std::mem::take(&mut desk.teller.addressees);
    for _ in 0..3 * 24 {
        desk.fake.clock.sleep(Duration::from_hours(1)).await;
        let told = desk.teller.pass(&lease).await.unwrap();
        assert_eq!((told.troubles, told.left), (vec![], true));
    }
    desk.teller.addressees = known;
    desk.store.release_outbox(&lease).await.unwrap();
    desk.tell().await;
    let states = desk.states(&run).await;
    assert!(!states.is_empty() && states.iter().all(|(_, state)| state == "sent"), "{states:?}");
}

#[tokio::test]
async fn what_no_agent_came_for_in_a_week_is_given_up() {
    let mut desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    desk.fake.fail("POST", "/statuses/", Fault::Refuse(502, vec![], json!({})));
    let lease = desk.store.acquire_outbox().await.unwrap().unwrap();
    desk.teller.pass(&lease).await.unwrap();
    desk.teller.addressees.clear();
    let states = desk.states(&run).await;
    let left = states.iter().filter(|(_, state)| state == "wanted").count();
    assert_eq!(left, 1, "{states:?}");
    desk.fake.clock.sleep(Duration::from_hours(8 * 24)).await;
    let lease = desk.store.acquire_outbox().await.unwrap().unwrap();
    let told = desk.teller.pass(&lease).await.unwrap();
    assert_eq!((told.said, told.troubles.len(), told.next), (0, left, None), "{told:?}");
    let states = desk.states(&run).await;
    assert!(states.iter().any(|(_, state)| state == "given-up"), "{states:?}");
}

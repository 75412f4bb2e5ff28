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
async fn runs_of_other_repositories_are_not_told() {
    let mut desk = Desk::new(token()).await;
    desk.teller.addressees.clear();
    let run = desk.run(Ask::Once).await;
    desk.tell().await;
    assert_eq!((desk.fake.changes().len(), desk.states(&run).await), (0, vec![]));
}

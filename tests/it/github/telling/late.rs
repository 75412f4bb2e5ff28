//! What is told late: of runs that wait for weeks behind a lock, outside of windows, until somebody approves; and with a
//! token that was replaced.

use super::*;

const DAY: Duration = Duration::from_hours(24);

impl Desk {
    /// How the run as a whole was said to stand, in turn.
    fn overall(&self) -> Vec<Value> {
        self.fake.see(|m| {
            let overall = m.statuses.iter().filter(|status| status["context"] == "relevo/prod");
            overall.map(|status| status["state"].clone()).collect()
        })
    }
}

#[tokio::test]
async fn what_was_told_of_once_is_told_to_its_end_however_late_that_is() {
    let desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    desk.tell().await;
    assert_eq!(desk.overall(), ["pending"]);
    desk.fake.clock.sleep(10 * DAY).await;
    desk.happen(&run, &promotion()).await;
    desk.tell().await;
    assert_eq!(desk.overall(), ["pending", "success"]);
}

#[tokio::test]
async fn what_nobody_heard_of_is_told_as_long_as_it_is_not_over() {
    let desk = Desk::new(token()).await;
    let over = desk.run(Ask::Once).await;
    desk.happen(&over, &promotion()).await;
    desk.fake.clock.sleep(Duration::from_secs(1)).await;
    let open = desk.run(Ask::Again).await;
    desk.fake.clock.sleep(10 * DAY).await;
    desk.tell().await;
    assert_eq!((desk.overall(), desk.states(&over).await), (vec![json!("pending")], vec![]));
    desk.happen(&open, &promotion()).await;
    desk.tell().await;
    assert_eq!(desk.overall(), ["pending", "success"]);
}

#[tokio::test]
async fn what_a_token_that_ended_could_not_say_is_said_with_the_next() {
    let desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    let tries = 60;
    for _ in 0..tries {
        let ended = Fault::Refuse(401, vec![], json!({"message": "Bad credentials"}));
        desk.fake.fail("POST", "/statuses/", ended);
    }
    let began = desk.fake.clock.now();
    desk.tell().await;
    let states = desk.states(&run).await;
    assert!(states.iter().all(|(_, state)| state == "sent"), "{states:?}");
    assert_eq!(desk.fake.count("POST", "/statuses/"), tries + states.len());
    assert!(desk.fake.clock.now().duration_since(began).as_hours() >= 1);
}

#[tokio::test]
async fn a_refusal_after_a_long_silence_is_not_the_last() {
    let desk = Desk::new(token()).await;
    let run = desk.run(Ask::Once).await;
    let silent = [401; 8].into_iter().chain([502; 8]);
    for status in silent.chain([403, 404]).flat_map(|status| [status; 2]) {
        desk.fake.fail("POST", "/statuses/", Fault::Refuse(status, vec![], json!({})));
    }
    desk.tell().await;
    let states = desk.states(&run).await;
    assert!(states.iter().all(|(_, state)| state == "sent"), "{states:?}");
}

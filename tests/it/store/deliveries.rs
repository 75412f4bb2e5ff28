//! Deliveries: kept once, and judged in the order in which they came.

use super::{on_both, *};

on_both!(those_kept_in_one_write_are_judged_in_the_order_in_which_they_came);

async fn those_kept_in_one_write_are_judged_in_the_order_in_which_they_came(memory: Memory) {
    let new = |id: &str| NewDelivery {
        id: id.parse().unwrap(),
        via: Via::Webhook,
        repository: "r".to_owned(),
        event: "push".to_owned(),
        body: "{}".to_owned(),
    };
    let kept = memory.store.keep_deliveries(&["9", "1", "5"].map(new)).await.unwrap();
    assert_eq!(kept, [Kept::New; 3]);
    memory.clock.advance(Duration::from_millis(1));
    let kept = memory.store.keep_deliveries(&["0", "1"].map(new)).await.unwrap();
    assert_eq!(kept, [Kept::New, Kept::Known]);
    let deliveries = memory.store.unjudged_deliveries("r", 10).await.unwrap();
    let order: Vec<&str> = deliveries.iter().map(|delivery| delivery.new.id.as_str()).collect();
    assert_eq!(order, ["9", "1", "5", "0"]);
}

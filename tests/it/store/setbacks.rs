//! A run that could not be driven: what was wrong, and when it is tried again.

use super::*;
use relevo::queue::Setback;

on_both!(setbacks_are_kept_with_the_run_and_grow,);

async fn setbacks_are_kept_with_the_run_and_grow(memory: Memory) {
    let (run, store) = (memory.run().await.id, &memory.store);
    let kept = async || -> Option<Setback> { store.line().await.unwrap().remove(0).setback };
    assert_eq!(kept().await, None);
    let stale = store.acquire(&run).await.unwrap();
    let first = store.set_back(&stale, "no network").await.unwrap();
    assert_eq!((first.failures, kept().await), (1, Some(first)));
    memory.clock.advance(LEASE_DURATION);
    let lease = memory.elsewhere("other").acquire(&run).await.unwrap();
    let second = store.set_back(&lease, "no credentials").await.unwrap();
    assert_eq!((second.failures, second.why.as_str()), (2, "no credentials"));
    let lost = store.set_back(&stale, "what a frozen agent thinks").await;
    assert!(matches!(lost, Err(StoreError::LeaseLost(_))), "{lost:?}");
    assert_eq!(kept().await, Some(second));
}

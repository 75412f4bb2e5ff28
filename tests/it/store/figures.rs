//! What is counted.

use super::*;
use relevo::intake::Verdict;

on_both!(deliveries_are_counted_by_what_became_of_them);

async fn deliveries_are_counted_by_what_became_of_them(memory: Memory) {
    let run = memory.run().await.id;
    let verdicts = [
        Some(Verdict::Run { run: run.clone() }),
        Some(Verdict::answered(run.clone(), "ada approved")),
        Some(Verdict::answered(run, "bob approved")),
        Some(Verdict::ignored("a tag deploys nowhere")),
        Some(Verdict::refused("no valid pipeline.yaml")),
        None,
    ];
    for (number, verdict) in verdicts.into_iter().enumerate() {
        let new = NewDelivery {
            id: format!("d-{number}").parse().unwrap(),
            via: Via::Webhook,
            repository: "mammography".to_owned(),
            event: "push".to_owned(),
            body: "{}".to_owned(),
        };
        memory.store.keep_delivery(&new).await.unwrap();
        if let Some(verdict) = verdict {
            memory.store.keep_verdict(&new.id, &verdict).await.unwrap();
        }
    }
    let counted = memory.store.figures().await.unwrap().deliveries;
    let counted: Vec<_> = counted.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    let expected = [("answered", 2), ("ignored", 1), ("refused", 1), ("run", 1), ("unjudged", 1)];
    assert_eq!(counted, expected);
}

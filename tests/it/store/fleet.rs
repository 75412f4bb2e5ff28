//! Agents, and which runs they may take.

use super::*;
use relevo::ids::Label;
use relevo::spec::{EnvironmentRule, Pipeline};
use std::collections::BTreeSet;

on_both!(
    agents_are_known_until_they_are_forgotten,
    a_run_is_offered_to_who_may_take_it_and_only_while_nobody_has_it,
    repositories_take_turns,
);

fn labels(names: &[&str]) -> BTreeSet<Label> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn agents_are_known_until_they_are_forgotten(memory: Memory) {
    let new = NewAgent { version: "0.1.0".to_owned(), labels: labels(&["vpc"]) };
    let (one, other) = (memory.elsewhere("one"), memory.elsewhere("other"));
    let first = one.enlist(&new).await.unwrap();
    memory.clock.advance(Duration::from_secs(1));
    let second = other.enlist(&new).await.unwrap();
    one.acquire(&memory.run().await.id).await.unwrap();
    other.drains(&second).await.unwrap();
    let told = |agents: Vec<AgentRecord>| -> Vec<_> {
        agents.into_iter().map(|agent| (agent.id, agent.presence, agent.runs)).collect()
    };
    let agents = memory.store.agents().await.unwrap();
    assert_eq!(
        (agents[0].labels.clone(), agents[0].version.as_str()),
        (new.labels.clone(), "0.1.0")
    );
    let both = [(first.clone(), Presence::Working, 1), (second.clone(), Presence::Draining, 0)];
    assert_eq!(told(agents), both);
    memory.clock.advance(LEASE_DURATION * 2);
    other.is_there().await.unwrap();
    let lost = [(first, Presence::Lost, 0), (second.clone(), Presence::Draining, 0)];
    assert_eq!(told(memory.store.agents().await.unwrap()), lost);
    memory.clock.advance(Duration::from_secs(24 * 60 * 60));
    other.is_there().await.unwrap();
    let third = memory.elsewhere("third").enlist(&new).await.unwrap();
    memory.store.discharge(&second).await.unwrap();
    let left = [(third, Presence::Working, 0)];
    assert_eq!(told(memory.store.agents().await.unwrap()), left);
}

async fn a_run_is_offered_to_who_may_take_it_and_only_while_nobody_has_it(memory: Memory) {
    let rule = EnvironmentRule {
        supersede: relevo::spec::Supersede::default(),
        windows: None,
        name: prod(),
        branch: "main".to_owned(),
        after: None,
        runs_on: labels(&["vpc"]),
    };
    let pipeline = Pipeline { environments: vec![rule], ..new_run().pipeline };
    let run = NewRun { pipeline, ..new_run() };
    let run = memory.store.create_or_find(run, Ask::Once).await.unwrap().into_run();
    let offered = async |names: &[&str]| memory.store.claimable_runs(&labels(names), 9).await;
    assert!(offered(&[]).await.unwrap().is_empty());
    assert_eq!(offered(&["gpu", "vpc"]).await.unwrap(), std::slice::from_ref(&run));
    let lease = memory.elsewhere("one").acquire(&run.id).await.unwrap();
    assert!(offered(&["vpc"]).await.unwrap().is_empty());
    memory.clock.advance(LEASE_DURATION);
    assert_eq!(offered(&["vpc"]).await.unwrap(), std::slice::from_ref(&run), "its agent is lost");
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    assert!(offered(&["vpc"]).await.unwrap().is_empty());
}

async fn repositories_take_turns(memory: Memory) {
    let mut made = Vec::new();
    for repository in ["/busy", "/busy", "/rare"] {
        memory.clock.advance(Duration::from_secs(1));
        let new = NewRun { repository: repository.to_owned(), ..new_run() };
        made.push(memory.store.create_or_find(new, Ask::Again).await.unwrap().into_run());
    }
    let offered = async |most| {
        let runs = memory.store.claimable_runs(&BTreeSet::new(), most).await.unwrap();
        runs.into_iter().map(|run| made.iter().position(|made| *made == run).unwrap()).collect()
    };
    let at_first: Vec<usize> = offered(9).await;
    assert_eq!(at_first, [0, 2, 1]);
    let lease = memory.store.acquire(&made[0].id).await.unwrap();
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    let then: Vec<usize> = offered(1).await;
    assert_eq!(then, [2], "the others were served last");
}

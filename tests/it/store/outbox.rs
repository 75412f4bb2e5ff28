//! Which runs are still to be told of, and what is to be said about them.

use super::*;
use relevo::{clock::Clock as _, ids::RunId};
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

on_both!(
    a_run_is_untold_while_more_has_happened_than_was_told,
    age_ends_the_telling_only_of_what_was_over_before_anybody_heard_of_it,
    runs_of_other_repositories_keep_no_place,
    sayings_about_other_repositories_keep_no_place,
    tries_are_counted_until_it_was_said_or_given_up,
    what_was_told_to_its_end_is_not_read_through
);

impl Memory {
    /// The runs to be told of, whatever came of those of the last day.
    async fn untold(&self) -> Vec<RunId> {
        let since = self.clock.now() - Duration::from_hours(24);
        self.store.untold_runs(&["/repo"].into(), since, 3).await.unwrap().runs
    }

    /// The outbox, with one thing to be said about a run, which is due.
    async fn saying(&self, run: &RunRecord, content: &str) -> OutboxLease {
        let lease = self.store.acquire_outbox().await.unwrap().unwrap();
        let tale = Tale { run: run.id.clone(), seen: 1, finished: false };
        let (name, content) = ("status".to_owned(), content.to_owned());
        let wanted = Wanted { name, about: None, silence: Silence::Never, content };
        self.store.want(&lease, &tale, &[wanted]).await.unwrap();
        self.store.release_outbox(&lease).await.unwrap();
        lease
    }

    /// What is to be said about runs of the repository now, and what has waited for a day.
    async fn due(&self) -> Vec<Due> {
        let repositories = ["/repo"].into();
        let forsaken_before = self.clock.now() - Duration::from_hours(24);
        let which = Which { repositories: &repositories, forsaken_before };
        self.store.due_sayings(&which, 2).await.unwrap()
    }

    async fn told(&self, run: &RunRecord, seen: u64, finished: bool) {
        let lease = self.store.acquire_outbox().await.unwrap().unwrap();
        let tale = Tale { run: run.id.clone(), seen, finished };
        self.store.want(&lease, &tale, &[]).await.unwrap();
        self.store.release_outbox(&lease).await.unwrap();
    }

    async fn happened(&self, run: &RunRecord, event: relevo::flow::Event) {
        let lease = self.store.acquire(&run.id).await.unwrap();
        let known = self.store.events(&run.id).await.unwrap().len() as u64;
        self.store.append(&lease, known, &[event]).await.unwrap();
        self.store.release(&lease).await.unwrap();
    }
}

async fn a_run_is_untold_while_more_has_happened_than_was_told(memory: Memory) {
    let run = memory.run().await;
    assert_eq!(memory.untold().await, std::slice::from_ref(&run.id));
    memory.told(&run, 1, false).await;
    assert_eq!(memory.untold().await, [], "so that it keeps no other from being looked at");
    memory.happened(&run, finished()).await;
    assert_eq!(memory.untold().await, std::slice::from_ref(&run.id));
    memory.told(&run, 2, true).await;
    assert_eq!(memory.untold().await, []);
}

async fn age_ends_the_telling_only_of_what_was_over_before_anybody_heard_of_it(memory: Memory) {
    let (unheard, told, open) = (memory.run().await, memory.run().await, memory.run().await);
    memory.told(&told, 1, false).await;
    memory.happened(&unheard, finished()).await;
    memory.happened(&told, finished()).await;
    memory.clock.advance(Duration::from_hours(25));
    let untold = memory.untold().await;
    assert!(untold.contains(&told.id) && untold.contains(&open.id), "{untold:?}");
    assert!(!untold.contains(&unheard.id));
}

async fn runs_of_other_repositories_keep_no_place(memory: Memory) {
    for _ in 0..4 {
        let elsewhere = NewRun { repository: "/other".into(), ..new_run() };
        memory.store.create_or_find(elsewhere, Ask::Again).await.unwrap();
    }
    memory.clock.advance(Duration::from_secs(1));
    let mut own = Vec::new();
    for _ in 0..4 {
        own.push(memory.run().await.id);
        memory.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(memory.untold().await, own[..3]);
    let now = memory.clock.now();
    let untold = memory.store.untold_runs(&["/repo", "/other"].into(), now, 9).await.unwrap();
    assert_eq!((untold.runs.len(), untold.others), (8, false));
    assert!(memory.store.untold_runs(&["/repo"].into(), now, 9).await.unwrap().others);
}

async fn sayings_about_other_repositories_keep_no_place(memory: Memory) {
    let elsewhere = NewRun { repository: "/other".into(), ..new_run() };
    for _ in 0..3 {
        let other = memory.store.create_or_find(elsewhere.clone(), Ask::Again).await.unwrap();
        memory.saying(&other.into_run(), "{}").await;
    }
    memory.clock.advance(Duration::from_secs(1));
    let own = memory.run().await;
    memory.saying(&own, "{}").await;
    let due = memory.due().await;
    assert_eq!(due.iter().map(|due| &due.run).collect::<Vec<_>>(), [&own.id]);
    let next = memory.store.next_sayings().await.unwrap();
    assert_eq!(next.keys().collect::<Vec<_>>(), ["/other", "/repo"]);
    memory.clock.advance(Duration::from_hours(25));
    assert!(memory.due().await.iter().all(|due| due.run != own.id), "the others are older");
}

async fn tries_are_counted_until_it_was_said_or_given_up(memory: Memory) {
    let run = memory.run().await;
    let tries = Tries { all: 5, refused: 3 };
    for (again, kept) in [(Some(memory.clock.now()), tries), (None, Tries::default())] {
        let lease = memory.saying(&run, &format!("{again:?}")).await;
        let due = memory.due().await.remove(0);
        let unsaid = Unsaid { problem: "no", doubt: false, tries, again };
        memory.store.unsaid(&lease, &due, unsaid).await.unwrap();
        // With new words.
        memory.saying(&run, &format!("{kept:?}")).await;
        assert_eq!(memory.due().await.remove(0).tries, kept);
    }
    let (lease, due) = (memory.saying(&run, "a").await, memory.due().await.remove(0));
    let unsaid = Unsaid { problem: "no", doubt: false, tries, again: Some(memory.clock.now()) };
    memory.store.unsaid(&lease, &due, unsaid).await.unwrap();
    let due = memory.due().await.remove(0);
    memory.store.said(&lease, &due, "").await.unwrap();
    memory.saying(&run, "b").await;
    assert_eq!(memory.due().await.remove(0).tries, Tries::default());
}

async fn what_was_told_to_its_end_is_not_read_through(memory: Memory) {
    let mut connection = AnyConnection::connect(&memory.url).await.unwrap();
    // As it would be with many rows.
    let explain = if memory.url.starts_with("sqlite") {
        "EXPLAIN QUERY PLAN"
    } else {
        connection.execute("SET enable_seqscan = off").await.unwrap();
        "EXPLAIN"
    };
    let query = format!("{explain} SELECT run FROM told WHERE finished = 0");
    let rows = connection.fetch_all(sqlx::AssertSqlSafe(query)).await.unwrap();
    let plan = rows.iter().map(|row| row.get::<String, _>(row.len() - 1)).collect::<String>();
    assert!(plan.contains("told_unfinished"), "{plan}");
}

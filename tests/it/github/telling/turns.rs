//! Agents of one store that do not know the same repositories.

use super::*;
use jiff::Timestamp;
use relevo::{
    store::{NewAgent, Owner},
    telling::{Asked, Turn},
};

const OTHER: &str = "https://github.com/octo/other.git";

/// An agent of a fleet, as it comes to tell.
struct Agent {
    teller: Teller,
    turn: Turn,
    due: Timestamp,
    /// How often it was not its turn.
    passed_over: usize,
}

impl Agent {
    async fn knowing(desk: &Desk, repository: &str) -> Self {
        let owner = Owner { boot: repository.to_owned(), ..Owner::this_process().unwrap() };
        let store = desk.store.clone().as_seen_by(owner);
        let new = NewAgent { name: None, version: "1".to_owned(), labels: [].into() };
        store.enlist(&new).await.unwrap();
        let client = client(&desk.fake, token());
        let mut teller = teller(&store, &desk.fake.clock, Some(client), Stages::Statuses);
        let addressee = teller.addressees.remove(REPOSITORY).unwrap();
        teller.addressees.insert(repository.to_owned(), addressee);
        Self { teller, turn: Turn::default(), due: Timestamp::MIN, passed_over: 0 }
    }

    async fn look(&mut self) {
        let clock = Arc::clone(&self.teller.clock);
        self.teller.store.is_there().await.unwrap();
        if clock.now() < self.due {
            return;
        }
        let wait = match self.teller.in_turn(&mut self.turn).await.unwrap() {
            Asked::Told(_) => Duration::from_secs(2),
            Asked::Later(wait) => {
                self.passed_over += 1;
                wait
            }
        };
        self.due = relevo::clock::later(clock.now(), wait);
    }
}

impl Desk {
    async fn run_of(&self, repository: &str) -> RunRecord {
        let new = NewRun { repository: repository.to_owned(), ..self.new_run() };
        let run = self.store.create_or_find(new, Ask::Again).await.unwrap().into_run();
        self.happen(&run, &promotion()).await;
        run
    }

    async fn pass(&self, agents: &mut [&mut Agent], time: Duration) {
        let end = relevo::clock::later(self.fake.clock.now(), time);
        while self.fake.clock.now() < end {
            for agent in &mut *agents {
                agent.look().await;
            }
            self.fake.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    async fn is_told(&self, run: &RunRecord) -> bool {
        let states = self.states(run).await;
        !states.is_empty() && states.iter().all(|(_, state)| state == "sent")
    }
}

#[tokio::test]
async fn each_agent_tells_of_the_repositories_that_it_knows() {
    let desk = Desk::new(token()).await;
    let mut old = Agent::knowing(&desk, OTHER).await;
    old.look().await;
    let mut new = Agent::knowing(&desk, REPOSITORY).await;
    for _ in 0..3 {
        for repository in [REPOSITORY, OTHER] {
            let run = desk.run_of(repository).await;
            desk.pass(&mut [&mut old, &mut new], Duration::from_mins(2)).await;
            assert!(desk.is_told(&run).await, "{repository}");
        }
    }
}

#[tokio::test]
async fn an_agent_whose_only_company_has_died_keeps_the_outbox() {
    let desk = Desk::new(token()).await;
    let mut one = Agent::knowing(&desk, OTHER).await;
    let mut other = Agent::knowing(&desk, REPOSITORY).await;
    other.look().await;
    // It has died, and what it knew stays.
    desk.fake.clock.sleep(Duration::from_mins(2)).await;
    desk.run_of(REPOSITORY).await;
    desk.pass(&mut [&mut one], Duration::from_mins(10)).await;
    assert_eq!(one.passed_over, 0);
    let run = desk.run_of(OTHER).await;
    desk.pass(&mut [&mut one], Duration::from_secs(10)).await;
    assert!(desk.is_told(&run).await);
}

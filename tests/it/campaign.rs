//! `kill -9` over and over: agents that hear of pushes die while they store, check out, train, apply, ship and tell, and
//! others go on; now and then a person stops what trains, and the job beside it. What is there in the end is what would be there had they lived.
//!
//! As a test it is a round of a few kills. `RELEVO_KILLS=1000 RELEVO_SEED=7 cargo test --test it campaign::` makes it a
//! campaign: rounds of `RELEVO_ROUND` kills, each in a world of its own, drawn from the seeds that follow. With an even
//! seed the agents are a GitHub App, with an odd one the bearers of a token. What a round
//! finds wrong is told with its seed and its folder, and the folder stays.
//!
//! Nothing is asserted about time. What happens in the agents is looked at until it is so; only the moments of the kills
//! are waited for, which are what chance draws.
//!
//! The clouds and GitHub outlive every kill: this process serves them, and runs the commands of Processing jobs. Both are
//! reached through a [wiretap](wiretap::Wiretap) that sees who says what and kills in the middle of it.

mod aim;
mod agent;
mod clouds;
mod ground;
mod jobs;
mod round;
mod rows;
mod telling;
mod traces;
mod trainings;
mod verdict;
mod wiretap;

use crate::postgres;
use ground::Audience;
use round::Round;

/// Kills of the test.
const KILLS: usize = 12;
/// Kills of the test on Postgres, where agents are also frozen, and nobody is told, which takes a second a word.
const KILLS_IN_A_FLEET: usize = 6;
/// Kills in one world of a campaign.
const ROUND: usize = 50;

/// A number that the environment names.
fn asked(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Rounds until there were `kills`; `store` is each round's own.
async fn campaign(kills: usize, store: impl AsyncFn() -> Option<Store>) {
    let (seed, round) = (asked("RELEVO_SEED", 1), asked("RELEVO_ROUND", ROUND));
    let (mut done, mut seed) = (0, seed as u64);
    while done < kills {
        let Some(store) = store().await else { return };
        let number = round.min(kills - done);
        let at_github = if seed % 2 == 0 { Audience::App } else { Audience::GitHub };
        let audience = match store {
            Store::Postgres(_) if number < ROUND => Audience::Nobody,
            Store::File | Store::Postgres(_) => at_github,
        };
        let told = Round::new(seed, store, audience).await.fought(number).await;
        println!("{told}");
        (done, seed) = (done + told.kills, seed + 1);
    }
}

/// Where the agents of a round keep what they know.
#[derive(Debug, Clone)]
enum Store {
    /// One agent with its own.
    File,
    /// Three agents with one database.
    Postgres(String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_that_is_killed_over_and_over_leaves_no_trace() {
    campaign(asked("RELEVO_KILLS", KILLS), async || Some(Store::File)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_agents_that_are_killed_and_frozen_leave_no_trace() {
    let kills = asked("RELEVO_KILLS", KILLS_IN_A_FLEET);
    campaign(kills, async || postgres::fresh().await.map(Store::Postgres)).await;
}

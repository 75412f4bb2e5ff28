//! Taking turns at the outbox: one agent has it at a time, and agents of one store need not know the same repositories,
//! least of all while settings are changed. So whoever leaves something to others lets them have it now and then.

use super::{TellError, Teller, Told};
use crate::store::{OutboxLease, Presence, StoreError};
use std::time::Duration;

/// How often an agent that has not the outbox asks for it.
const ASKED_EVERY: Duration = Duration::from_secs(15);
/// How long one that leaves something to others has it at least: most of the time is for saying, not for waiting.
const TURN: Duration = Duration::from_mins(1);
/// How long it then does not ask: the others do meanwhile, with time for one that is slow.
const AWAY: Duration = ASKED_EVERY.saturating_add(Duration::from_secs(5));

/// Whether an agent has the outbox. Moments are those of [`Clock::steady`](crate::clock::Clock::steady).
#[derive(Debug, Default)]
pub struct Turn {
    held: Option<Held>,
    away_until: Duration,
}

/// What came of asking for a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A pass was made.
    Told(Told),
    /// It is the others'. It is to be asked for again after this time.
    Later(Duration),
}

#[derive(Debug)]
struct Held {
    lease: OutboxLease,
    since: Duration,
}

impl Turn {
    /// The last turn, which is not left to others: there is no later one.
    pub fn is_last(&mut self) {
        self.away_until = Duration::ZERO;
    }
}

impl Teller {
    /// One pass, if this agent has the outbox or gets it.
    ///
    /// # Errors
    /// If the store fails. The outbox is another's then, or free within the duration of its lease.
    pub async fn in_turn(&self, turn: &mut Turn) -> Result<Asked, TellError> {
        let now = self.clock.steady();
        let held = match turn.held.take() {
            Some(held) => held,
            None if now < turn.away_until => return Ok(Asked::Later(turn.away_until - now)),
            None => match self.store.acquire_outbox().await? {
                Some(lease) => Held { lease, since: now },
                None => return Ok(Asked::Later(ASKED_EVERY)),
            },
        };
        let told = match self.pass(&held.lease).await {
            Err(TellError::Store(StoreError::OutboxLost)) => return Ok(Asked::Later(ASKED_EVERY)),
            told => told?,
        };
        turn.held = Some(held);
        if told.left {
            self.let_others(turn).await?;
        }
        Ok(Asked::Told(told))
    }

    /// Gives the outbox back, if this agent has it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end_turn(&self, turn: &mut Turn) -> Result<(), StoreError> {
        match turn.held.take() {
            Some(held) => self.store.release_outbox(&held.lease).await,
            None => Ok(()),
        }
    }

    /// Ends the turn if it was long enough and there is anybody else.
    async fn let_others(&self, turn: &mut Turn) -> Result<(), StoreError> {
        let now = self.clock.steady();
        let is_over = turn.held.as_ref().is_some_and(|held| held.since + TURN <= now);
        if is_over && self.has_company().await? {
            self.end_turn(turn).await?;
            turn.away_until = now + AWAY;
        }
        Ok(())
    }

    async fn has_company(&self) -> Result<bool, StoreError> {
        let agents = self.store.agents().await?;
        Ok(agents.iter().filter(|agent| agent.presence != Presence::Lost).count() > 1)
    }
}

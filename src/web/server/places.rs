//! Places for connections. There are so many; where none is free, one of those makes room that have been waited for.
//!
//! Nobody is counted out by address: behind a proxy all peers have the same one. But who fills the places with connections
//! that say nothing gives them up first: of the address with most of them, the one that was waited for longest.

use crate::clock::{Clock, until};
use crate::web::peer::network;
use jiff::Timestamp;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Connections at a time. Each takes a file descriptor (1,024 is the usual limit of a process) and a few KiB; one more
/// waits with us for its place, the others in the kernel's queue, where they cost us nothing.
const MOST_CONNECTIONS: usize = 512;
/// How long a peer is waited for however many others want its place. Requests come within a second and are answered in
/// milliseconds; machines that ask for our health wait a few seconds.
const GRACE: Duration = Duration::from_secs(2);
/// How long one that was told to make room may take to do so before the next is told.
const PAUSE: Duration = Duration::from_millis(100);

/// All places; clones share them.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
    clock: Arc<dyn Clock>,
}

/// Who has places.
#[derive(Default)]
struct Taken {
    next: u64,
    seats: BTreeMap<u64, Seat>,
}

/// One place that is taken.
struct Seat {
    from: IpAddr,
    /// Since when the peer is waited for: the beginning, or our last answer.
    since: Timestamp,
    /// Tells it to make room; gone once it was told.
    leave: Option<oneshot::Sender<()>>,
}

/// A place; free again when it is dropped.
pub(super) struct Place {
    number: u64,
    places: Places,
    told: oneshot::Receiver<()>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// All of them free.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self::of(MOST_CONNECTIONS, clock)
    }

    fn of(number: usize, clock: Arc<dyn Clock>) -> Self {
        Self { free: Arc::new(Semaphore::new(number)), taken: Arc::default(), clock }
    }

    /// Takes a place, as soon as there is one or somebody has made room.
    pub(super) async fn take(&self, from: IpAddr) -> Place {
        loop {
            // None is ever closed.
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return self.seat(from, permit);
            }
            let pause = self.taken().make_room(self.clock.now());
            tokio::select! {
                Ok(permit) = Arc::clone(&self.free).acquire_owned() => return self.seat(from, permit),
                () = self.clock.sleep(pause) => {}
            }
        }
    }

    fn seat(&self, from: IpAddr, permit: OwnedSemaphorePermit) -> Place {
        let (leave, told) = oneshot::channel();
        let seat = Seat { from: network(from), since: self.clock.now(), leave: Some(leave) };
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, seat);
        Place { number, places: self.clone(), told, _permit: permit }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Tells one to make room, if there is one that was waited for long enough. Answers when to look again.
    fn make_room(&mut self, now: Timestamp) -> Duration {
        let waited = |seat: &Seat| until(seat.since, now);
        let untold = || self.seats.iter().filter(|(_, seat)| seat.leave.is_some());
        let stuck = || untold().filter(|(_, seat)| waited(seat) >= GRACE);
        let mut held = BTreeMap::<IpAddr, usize>::new();
        for (_, seat) in stuck() {
            *held.entry(seat.from).or_default() += 1;
        }
        let first = |(number, seat): &(&u64, &Seat)| {
            let number = Reverse(**number);
            (held.get(&seat.from).copied().unwrap_or_default(), waited(seat), number)
        };
        let Some(number) = stuck().max_by_key(first).map(|(number, _)| *number) else {
            let longest = untold().map(|(_, seat)| waited(seat)).max().unwrap_or_default();
            return GRACE.saturating_sub(longest).max(PAUSE);
        };
        let leave = self.seats.get_mut(&number).and_then(|seat| seat.leave.take());
        // One that has gone by itself has made room as well.
        let _gone = leave.map(|leave| leave.send(()));
        PAUSE
    }
}

impl Place {
    /// The peer took an answer: it is waited for anew.
    pub(super) fn answered(&self) {
        let now = self.places.clock.now();
        if let Some(seat) = self.places.taken().seats.get_mut(&self.number) {
            seat.since = now;
        }
    }

    /// Ready once somebody else needs the place more.
    pub(super) fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.told).poll(context).map(drop)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use futures_util::{FutureExt as _, task::noop_waker};

    const FEW: &str = "192.0.2.1";
    const MANY: &str = "198.51.100.7";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_told(place: &mut Place) -> bool {
        place.poll_told(&mut Context::from_waker(&noop_waker())).is_ready()
    }

    #[test]
    fn room_is_made_by_the_address_with_most_stuck_connections_and_by_its_oldest() {
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let places = Places::of(4, Arc::new(clock.clone()));
        let take = |from: &str| places.take(ip(from)).now_or_never().unwrap();
        let mut oldest_of_all = take(FEW);
        clock.advance(Duration::from_secs(1));
        let (mut answered, mut stuck, mut later) = (take(MANY), take(MANY), take(MANY));
        clock.advance(Duration::from_secs(1));
        answered.answered();
        let mut waiting = Box::pin(places.take(ip(FEW)));
        assert!((&mut waiting).now_or_never().is_none());
        // By now the first was waited for long enough, and is alone in that.
        assert!(is_told(&mut oldest_of_all));
        clock.advance(Duration::from_secs(1));
        assert!((&mut waiting).now_or_never().is_none(), "those who are told may take a moment");
        assert!(is_told(&mut stuck) && !is_told(&mut answered) && !is_told(&mut later));
        drop(stuck);
        let taken = waiting.now_or_never().expect("room was made");
        drop((oldest_of_all, answered, later, taken));
        assert_eq!((places.free.available_permits(), places.taken().seats.len()), (4, 0));
    }

    #[test]
    fn a_few_old_connections_stay_while_another_address_holds_many() {
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let places = Places::of(3, Arc::new(clock.clone()));
        let take = |from: &str| places.take(ip(from)).now_or_never().unwrap();
        let mut old = take(FEW);
        clock.advance(Duration::from_secs(1));
        let (mut one, mut other) = (take("2001:db8::1"), take("2001:db8::2"));
        clock.advance(GRACE);
        assert!(places.take(ip(FEW)).now_or_never().is_none());
        assert!(!is_told(&mut old) && is_told(&mut one) && !is_told(&mut other));
    }

    #[test]
    fn nobody_makes_room_who_was_not_waited_for() {
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let places = Places::of(1, Arc::new(clock.clone()));
        let mut only = places.take(ip(MANY)).now_or_never().unwrap();
        clock.advance(GRACE - Duration::from_millis(1));
        assert!(places.take(ip(FEW)).now_or_never().is_none());
        assert!(!is_told(&mut only));
    }
}

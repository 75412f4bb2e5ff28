//! Serving on a port: a bounded number of connections, each with bounded patience.

mod patient;

use crate::clock::Clock;
use axum::{Router, serve::Listener};
use patient::Patient;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Connections at a time. Each takes a file descriptor (1,024 is the usual limit of a process) and a few KiB; more wait in
/// the kernel's queue, where they cost us nothing.
const MOST_CONNECTIONS: usize = 512;
/// Pause after a connection could not be taken, as when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `ended` completes and the requests under way are answered.
///
/// # Errors
/// The system fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    clock: Arc<dyn Clock>,
    ended: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let bounded = Bounded { listener, clock, places: Arc::new(Semaphore::new(MOST_CONNECTIONS)) };
    axum::serve(bounded, router).with_graceful_shutdown(ended).await
}

/// Takes a connection when there is a place for it.
struct Bounded {
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
}

impl Bounded {
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        self.places.clone().acquire_owned().await.ok()
    }
}

impl Listener for Bounded {
    type Io = Patient<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let place = self.place().await;
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Answers are small and one at a time: waiting for more to send would only delay them.
                    let _slower_at_most = stream.set_nodelay(true);
                    return (Patient::new(stream, self.clock.clone(), place), address);
                }
                // The peer's trouble, or ours that passes.
                Err(_) => self.clock.sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

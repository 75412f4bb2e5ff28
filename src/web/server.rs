//! Serving on a port: a bounded number of connections, each with bounded patience.

mod patient;
mod places;

use super::peer::Peer;
use crate::clock::Clock;
use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures_util::FutureExt as _;
use patient::Patient;
use places::Places;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};

/// Pause after a connection could not be taken, as when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the requests under way may take once the end has come. An answer takes milliseconds, and what was taken is
/// kept by then: who is not answered within this is a peer that dribbles, or one that may ask again.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Serves `router` until `ended` completes and the requests under way are answered, or have taken too long for that.
///
/// # Errors
/// The system fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    clock: Arc<dyn Clock>,
    ended: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let ended = ended.shared();
    let (at_last, alarm) = (ended.clone(), clock.clone());
    let bounded = Bounded { listener, places: Places::new(clock.clone()), clock };
    let service = router.into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(bounded, service).with_graceful_shutdown(ended).into_future();
    tokio::select! {
        served = served => served,
        () = async { at_last.await; alarm.sleep(LAST_ANSWERS).await } => Ok(()),
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Takes a connection, and serves it once there is a place for it.
struct Bounded {
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    places: Places,
}

impl Listener for Bounded {
    type Io = Patient<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Answers are small and one at a time: waiting for more to send would only delay them.
                    let _slower_at_most = stream.set_nodelay(true);
                    let place = self.places.take(address.ip()).await;
                    return (Patient::new(stream, self.clock.clone(), Some(place)), address);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use tokio::{
        io::AsyncWriteExt as _,
        sync::{Notify, oneshot},
        task::yield_now,
    };

    #[tokio::test]
    async fn a_request_that_does_not_end_keeps_no_agent_from_ending() {
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        peer.write_all(b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n").await.unwrap();
        let asked = Arc::new(Notify::new());
        let heard = Arc::clone(&asked);
        let router = Router::new().fallback(move || async move {
            heard.notify_one();
            std::future::pending::<()>().await;
        });
        let (end, ended) = oneshot::channel::<()>();
        let ended = async { ended.await.unwrap() };
        let time = async {
            asked.notified().await;
            end.send(()).unwrap();
            // The peer's patience, and ours.
            while clock.sleepers() < 2 {
                yield_now().await;
            }
            clock.advance(LAST_ANSWERS);
        };
        let (served, ()) =
            tokio::join!(serve(listener, router, Arc::new(clock.clone()), ended), time);
        served.unwrap();
    }
}

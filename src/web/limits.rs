//! How much of what strangers send is held at a time.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a delivery's body. GitHub sends up to 25 MiB, but a push of a hundred commits has 200 KiB; a larger one than
/// this is found by the next look at the repository, which asks for no list of its commits.
pub const LARGEST_BODY: usize = 5 * 1024 * 1024;
/// Bytes of a body that need no room: most deliveries have fewer, and there are no more of them at a time than connections
/// (32 MiB). So whoever fills the room with large bodies that never end keeps out other large ones, and no usual delivery.
const FREE: usize = 64 * 1024;
/// What all bodies together may take beyond that, so that no number of senders can use up the memory.
const ROOM: usize = 32 * 1024 * 1024;
/// Room is counted in pieces of this size.
const PIECE: usize = 1024;

/// The room for bodies that are on their way; clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A body that was read, and the room it takes.
#[derive(Debug, Default)]
pub struct Held {
    /// The body.
    pub body: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Larger than [`LARGEST_BODY`].
    #[error("the body is larger than {LARGEST_BODY} bytes")]
    TooLarge,
    /// The connection broke, or what came was no body.
    #[error("the body ended too early")]
    Broken,
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM / PIECE)))
    }
}

impl Room {
    /// Reads a body. Beyond what is [free](FREE) it waits for room for all that it says it has, so that two of them never
    /// wait for each other; what it says before that takes none. One that says it is too large is not read at all.
    ///
    /// # Errors
    /// [`NotRead`].
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, NotRead> {
        let announced = headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        // One that does not say how large it is may become as large as any.
        let length = announced.unwrap_or(LARGEST_BODY);
        if length > LARGEST_BODY {
            return Err(NotRead::TooLarge);
        }
        let (mut held, mut body) = (Held::default(), Limited::new(body, LARGEST_BODY));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let is_length = error.downcast_ref::<LengthLimitError>().is_some();
                if is_length { NotRead::TooLarge } else { NotRead::Broken }
            })?;
            // Trailers say nothing that is asked for.
            let Ok(data) = frame.into_data() else { continue };
            if held.room.is_none() && held.body.len() + data.len() > FREE {
                held.room = Some(self.take(length.saturating_sub(FREE)).await?);
            }
            held.body.extend_from_slice(&data);
        }
        Ok(held)
    }

    async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, NotRead> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).map_err(|_| NotRead::TooLarge)?;
        self.0.clone().acquire_many_owned(pieces).await.map_err(|_| NotRead::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use std::convert::Infallible;

    /// A body of so many bytes; `then` comes after them.
    fn body(bytes: usize, then: impl stream::Stream<Item = Bytes> + Send + 'static) -> Body {
        let begun = stream::iter([Bytes::from(vec![b' '; bytes])]);
        Body::from_stream(begun.chain(then).map(Ok::<_, Infallible>))
    }

    #[test]
    fn bodies_that_never_end_take_what_they_sent_and_nothing_of_usual_ones() {
        let (room, headers) = (Room::default(), HeaderMap::new());
        // As many as there may be say nothing of their length and send little.
        let mut stuck: Vec<_> = (0..512)
            .map(|_| Box::pin(room.read(&headers, body(FREE, stream::pending()))))
            .collect();
        assert!(stuck.iter_mut().all(|reading| reading.now_or_never().is_none()));
        assert_eq!(room.0.available_permits(), ROOM / PIECE);
        // These have begun to send more, and fill the room.
        let mut large: Vec<_> = (0..ROOM / LARGEST_BODY)
            .map(|_| Box::pin(room.read(&headers, body(FREE + 1, stream::pending()))))
            .collect();
        assert!(large.iter_mut().all(|reading| reading.now_or_never().is_none()));
        let mut another = Box::pin(room.read(&headers, body(LARGEST_BODY, stream::empty())));
        assert!((&mut another).now_or_never().is_none(), "there is no room left");
        let usual = room.read(&headers, body(FREE, stream::empty())).now_or_never();
        assert_eq!(usual.unwrap().unwrap().body.len(), FREE);
        drop((stuck, large));
        assert_eq!(another.now_or_never().unwrap().unwrap().body.len(), LARGEST_BODY);
        assert_eq!(room.0.available_permits(), ROOM / PIECE, "all is given back");
    }

    #[tokio::test]
    async fn bodies_that_come_at_once_take_turns_and_never_wait_for_each_other() {
        const LENGTH: usize = 200 * 1024;
        let (room, mut headers) = (Room::default(), HeaderMap::new());
        headers.insert(header::CONTENT_LENGTH, LENGTH.into());
        // Each sends a little while the others do.
        let bit =
            || stream::once(tokio::task::yield_now().map(|()| Bytes::from(vec![b' '; PIECE])));
        let bits = || stream::iter(0..LENGTH / PIECE).flat_map(move |_| bit());
        let reading = (0..512).map(|_| room.read(&headers, body(0, bits())));
        let read = futures_util::future::join_all(
            reading.map(|reading| async { reading.await.map(|held| held.body.len()) }),
        );
        assert!(read.await.into_iter().all(|length| length == Ok(LENGTH)));
    }

    #[test]
    fn a_body_that_grows_too_large_is_refused_wherever_it_is() {
        let (room, headers) = (Room::default(), HeaderMap::new());
        let grown = body(LARGEST_BODY, stream::iter([Bytes::from_static(b"x")]));
        let refused = room.read(&headers, grown).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err(), NotRead::TooLarge);
    }
}

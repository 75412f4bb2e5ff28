//! How much of what strangers send is held at a time.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a delivery's body. GitHub sends up to 25 MiB, but a push of a hundred commits has 200 KiB; a larger one than
/// this is found by the next look at the repository, which asks for no list of its commits.
pub const LARGEST_BODY: usize = 5 * 1024 * 1024;
/// What all bodies together may take, so that no number of senders can use up the memory.
const ROOM: usize = 64 * 1024 * 1024;
/// Room is counted in pieces of this size.
const PIECE: usize = 1024;

/// The room for bodies that are on their way; clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A body that was read, and the room it takes.
#[derive(Debug)]
pub struct Held {
    /// The body.
    pub body: Bytes,
    _room: OwnedSemaphorePermit,
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
    /// Reads a body once there is room for it. A body that says it is too large is not waited for, let alone read.
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
        let pieces = u32::try_from(length / PIECE + 1).map_err(|_| NotRead::TooLarge)?;
        let room = self.0.clone().acquire_many_owned(pieces).await;
        let room = room.map_err(|_| NotRead::Broken)?;
        let read = Limited::new(body, LARGEST_BODY).collect().await;
        let body = read.map_err(|error| {
            let is_length = error.downcast_ref::<LengthLimitError>().is_some();
            if is_length { NotRead::TooLarge } else { NotRead::Broken }
        })?;
        Ok(Held { body: body.to_bytes(), _room: room })
    }
}

//! A connection that is waited for, but not for ever.

use super::places::Place;
use crate::clock::Clock;
use futures_util::future::BoxFuture;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a peer may be silent between two answers of ours. Somebody who sends a byte now and then has no longer: the
/// time runs from the answer before (or the beginning) to the next one, headers and body included.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream that ends when its peer is waited for too long, or sooner if others need its place.
pub(super) struct Patient<S> {
    stream: S,
    clock: Arc<dyn Clock>,
    /// Nothing once it has run out.
    patience: Option<BoxFuture<'static, ()>>,
    place: Option<Place>,
}

impl<S> Patient<S> {
    /// Waits for `stream` from now on; `place` is given back with it.
    pub(super) fn new(stream: S, clock: Arc<dyn Clock>, place: Option<Place>) -> Self {
        let patience = Some(clock.sleep(PATIENCE));
        Self { stream, clock, patience, place }
    }

    /// Fails once the peer was waited for too long, for ever.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let is_left =
            |patience: &mut BoxFuture<'_, ()>| patience.as_mut().poll(context).is_pending();
        if self.patience.as_mut().is_some_and(is_left) {
            return Ok(());
        }
        self.patience = None;
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Fails, and so ends it, once its place is needed by others. Not looked at while it is answered.
    fn may_stay(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let is_told = |place: &mut Place| place.poll_told(context).is_ready();
        if !self.place.as_mut().is_some_and(is_told) {
            return Ok(());
        }
        self.patience = None;
        Err(io::ErrorKind::TimedOut.into())
    }

    /// The peer took something, so it is waited for anew.
    fn took(&mut self, bytes: usize) -> Poll<io::Result<usize>> {
        self.patience = Some(self.clock.sleep(PATIENCE));
        self.place.as_ref().inspect(|place| place.answered());
        Poll::Ready(Ok(bytes))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        self.may_stay(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.took(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, parts))?;
        self.took(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn a_peer_that_speaks_too_slowly_is_left_however_often_it_does() {
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let (mut peer, ours) = duplex(64);
        let mut patient = Patient::new(ours, Arc::new(clock.clone()), None);
        for _ in 0..29 {
            peer.write_all(b"x").await.unwrap();
            clock.advance(Duration::from_secs(1));
            assert_eq!(patient.read_u8().await.unwrap(), b'x');
        }
        patient.write_all(b"answer").await.unwrap();
        clock.advance(Duration::from_secs(29));
        peer.write_all(b"y").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'y', "waited for anew since the answer");
        clock.advance(Duration::from_secs(1));
        peer.write_all(b"z").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(patient.write(b"late").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}

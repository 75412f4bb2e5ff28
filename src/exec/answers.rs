//! What a command reads: answers to the questions it asked, line by line.

use std::{future::pending, io};
use tokio::{
    io::AsyncWriteExt as _,
    process::ChildStdin,
    sync::mpsc::{self, Receiver},
};

/// The standard input of a command that is spoken with.
pub(super) struct Answers {
    pipe: Option<ChildStdin>,
    lines: Receiver<String>,
    unsent: Vec<u8>,
}

impl Answers {
    /// For a command that is told nothing.
    pub(super) fn none() -> Self {
        Self::into(None, mpsc::channel(1).1)
    }

    pub(super) fn into(pipe: Option<ChildStdin>, lines: Receiver<String>) -> Self {
        Self { pipe, lines, unsent: Vec::new() }
    }

    /// Hands on what there is, or waits for more. Dropping the future loses nothing. A command that reads no more
    /// is none of our business: its end will tell.
    pub(super) async fn feed(&mut self) {
        let Some(pipe) = &mut self.pipe else { return pending().await };
        if self.unsent.is_empty() {
            match self.lines.recv().await {
                Some(line) => {
                    self.unsent.extend_from_slice(line.as_bytes());
                    self.unsent.push(b'\n');
                }
                None => self.pipe = None,
            }
            return;
        }
        match pipe.write(&self.unsent).await {
            Ok(written) => drop(self.unsent.drain(..written)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.pipe = None,
        }
    }
}

//! When a command is to be stopped, and how.

use super::{Cancel, CommandSpec, Exit};
use crate::clock::Clock;
use crate::flow::Stop;
use futures_util::future::BoxFuture;
use std::future::pending;

/// What is to be done to the command's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Ask it to end.
    Terminate,
    /// End it.
    Kill,
}

/// Watches the time, the silence and the cancel of one command.
pub(super) struct Watchdog<'a> {
    spec: &'a CommandSpec,
    clock: &'a dyn Clock,
    cancel: &'a Cancel,
    deadline: BoxFuture<'static, ()>,
    silence: BoxFuture<'static, ()>,
    stage: Stage,
}

enum Stage {
    Watching,
    Terminated(Exit, BoxFuture<'static, ()>),
    Killed(Exit),
}

impl<'a> Watchdog<'a> {
    pub(super) fn new(spec: &'a CommandSpec, clock: &'a dyn Clock, cancel: &'a Cancel) -> Self {
        let deadline = clock.sleep(spec.timeout);
        let stage = Stage::Watching;
        let mut watchdog =
            Self { spec, clock, cancel, deadline, silence: Box::pin(pending()), stage };
        watchdog.heard();
        watchdog
    }

    /// The command has written something.
    pub(super) fn heard(&mut self) {
        if let Some(longest) = self.spec.no_output_timeout {
            self.silence = self.clock.sleep(longest);
        }
    }

    /// The end that the command was brought to, if it did not end by itself.
    pub(super) fn verdict(&self) -> Option<Exit> {
        match &self.stage {
            Stage::Watching => None,
            Stage::Terminated(exit, _) | Stage::Killed(exit) => Some(*exit),
        }
    }

    /// Waits until something is to be done. Dropping the future loses nothing.
    pub(super) async fn order(&mut self) -> Order {
        let (order, exit) = match &mut self.stage {
            Stage::Watching => tokio::select! {
                biased;
                () = self.cancel.requested(Stop::Forced) => (Order::Kill, Exit::Cancelled),
                () = self.cancel.requested(Stop::Gentle) => (Order::Terminate, Exit::Cancelled),
                () = &mut self.deadline => (Order::Terminate, Exit::TimedOut),
                () = &mut self.silence => (Order::Terminate, Exit::Silent),
            },
            Stage::Terminated(exit, grace) => {
                tokio::select! {
                    () = self.cancel.requested(Stop::Forced) => {}
                    () = grace => {}
                }
                (Order::Kill, *exit)
            }
            Stage::Killed(_) => pending().await,
        };
        self.stage = match order {
            Order::Terminate => Stage::Terminated(exit, self.clock.sleep(self.spec.grace)),
            Order::Kill => Stage::Killed(exit),
        };
        order
    }
}

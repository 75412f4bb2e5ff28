//! How far the agent's end has come.

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// How far the agent's end has come. Each signal to the process moves it on by one, up to [`Phase::Killing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It works.
    Serving,
    /// No run is begun any more; those under way go on for a while. Deliveries are still kept.
    Draining,
    /// Runs under way are stopped gently.
    Stopping,
    /// Runs under way are killed.
    Killing,
    /// No run is under way any more: what is left to say is said, the web face closes.
    Ending,
}

impl Phase {
    fn next(self) -> Self {
        match self {
            Self::Serving => Self::Draining,
            Self::Draining => Self::Stopping,
            Self::Stopping | Self::Killing => Self::Killing,
            Self::Ending => Self::Ending,
        }
    }
}

/// Where a task sees the phase.
#[derive(Debug, Clone)]
pub struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// The phase as it begins, and the end that moves it on.
    #[must_use]
    pub fn begin() -> (watch::Sender<Phase>, Self) {
        let (sender, receiver) = watch::channel(Phase::Serving);
        (sender, Self(receiver))
    }

    /// The present phase.
    #[must_use]
    pub fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Completes once `phase` or a later one is reached.
    pub async fn reached(&self, phase: Phase) {
        let told = self.0.clone().wait_for(|now| *now >= phase).await.is_ok();
        if !told {
            // Nobody is left who could move it on.
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that end the agent, SIGTERM and Ctrl-C, and SIGHUP, which has it read its secrets and settings anew.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system gives no handler.
    pub fn listen() -> std::io::Result<Self> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { hangup: signal(SignalKind::hangup())?, interrupt, terminate })
    }

    /// Moves the phase on with each signal that ends the agent, for ever, and calls `hung_up` with each that does not; `say`
    /// hears what it leads to.
    pub(super) async fn move_on(
        mut self,
        phase: &watch::Sender<Phase>,
        hung_up: &(dyn Fn() + Sync),
        say: &super::Say,
    ) {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    hung_up();
                    continue;
                }
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            phase.send_modify(|phase| *phase = phase.next());
            match *phase.borrow() {
                Phase::Serving | Phase::Ending => {}
                Phase::Draining => say(
                    "Ending: no run is begun any more; those under way may finish. Again to stop them.",
                ),
                Phase::Stopping => say("Stopping what runs. Again to kill it."),
                Phase::Killing => say("Killing what runs."),
            }
        }
    }
}

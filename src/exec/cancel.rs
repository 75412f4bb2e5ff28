//! Telling running work to stop.

use crate::flow::Stop;
use tokio::sync::watch;

/// The end that stops; dropping it stops nothing.
#[derive(Debug)]
pub struct Canceller(watch::Sender<Option<Stop>>);

/// The end that is told; clones are told the same.
#[derive(Debug, Clone)]
pub struct Cancel {
    told: watch::Receiver<Option<Stop>>,
    hears: Stop,
}

impl Canceller {
    /// A pair whose work goes on.
    #[must_use]
    pub fn new() -> (Self, Cancel) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Cancel { told: receiver, hears: Stop::Gentle })
    }

    /// Stops the work. A gentle stop does not take a forced one back.
    pub fn stop(&self, stop: Stop) {
        self.0.send_modify(|known| *known = (*known).max(Some(stop)));
    }

    /// The next harder stop than the last: first gentle, then forced, as for Ctrl-C pressed once and twice.
    pub fn press(&self) -> Stop {
        let stop = if self.0.borrow().is_some() { Stop::Forced } else { Stop::Gentle };
        self.stop(stop);
        stop
    }
}

impl Cancel {
    /// A cancel that never comes.
    #[must_use]
    pub fn never() -> Self {
        Canceller::new().1
    }

    /// The same cancel for work that a gentle stop leaves alone.
    #[must_use]
    pub fn only_forced(&self) -> Self {
        Self { told: self.told.clone(), hears: Stop::Forced }
    }

    /// Whether and how the work is to stop.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.told.borrow().filter(|stop| *stop >= self.hears)
    }

    /// Completes when the work is to stop at least this hard.
    pub async fn requested(&self, least: Stop) {
        let least = Some(least.max(self.hears));
        let told = self.told.clone().wait_for(|stop| *stop >= least).await.is_ok();
        if !told {
            // Nobody is left who could stop the work.
            std::future::pending::<()>().await;
        }
    }
}

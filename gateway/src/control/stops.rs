//! What tells a running gateway to end, step by step.

use tokio_util::sync::CancellationToken;

/// Told to all connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    /// Take no more connections, and let each carry no request beyond the next.
    pub(crate) drain: CancellationToken,
    /// Close what carries no request; comes some time after `drain`, as a request may be on its way.
    pub(crate) idle: CancellationToken,
    /// Close now.
    pub(crate) abort: CancellationToken,
    /// Another process has the listeners.
    pub(crate) handed: CancellationToken,
}

impl Stops {
    /// The same for one worker, so that looking at them touches nothing that others look at.
    pub(crate) fn of_worker(&self) -> Self {
        let (drain, idle) = (self.drain.child_token(), self.idle.child_token());
        let (abort, handed) = (self.abort.child_token(), self.handed.clone());
        Self { drain, idle, abort, handed }
    }
}

//! Accepting connections, no more than the limit at once.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

use super::connection::{Rules, Stops, connection};
use crate::exchange::House;
use crate::telemetry::Metrics;

/// What accepts share.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) house: Arc<House>,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) stops: Stops,
    /// As many permits as connections may be open.
    pub(super) seats: Arc<Semaphore>,
    pub(super) metrics: Arc<Metrics>,
    /// Held by each connection, so that the end of all can be waited for.
    pub(super) alive: mpsc::Sender<()>,
}

/// Accepts until told to drain; the listener closes then, so that no connection waits in its queue.
pub(super) async fn listen(listener: TcpListener, door: Door) {
    loop {
        let seat = tokio::select! {
            seat = Arc::clone(&door.seats).acquire_owned() => seat,
            () = door.stops.drain.cancelled() => return,
        };
        let Ok(seat) = seat else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.stops.drain.cancelled() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // out of file descriptors, mostly: it passes, and spinning would not help
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let (house, stops) = (Arc::clone(&door.house), door.stops.clone());
        let rules = **door.rules.load();
        let (metrics, alive) = (Arc::clone(&door.metrics), door.alive.clone());
        metrics.connections.inc();
        tokio::spawn(async move {
            connection(stream, address, house, rules, stops).await;
            metrics.connections.dec();
            drop((seat, alive));
        });
    }
}

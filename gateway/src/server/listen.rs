//! Accepting connections on one worker, no more than the limit of all workers at once.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

use super::connection::{Rules, Stops, arrive, connection};
use super::transport::Refused;
use crate::exchange::House;
use crate::snapshot::Listener;
use crate::telemetry::Metrics;

/// What the accepts of one worker share.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) house: Arc<House>,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) stops: Stops,
    /// As many permits as connections may be open.
    pub(super) seats: Arc<Semaphore>,
    /// As many permits as TLS handshakes may be under way.
    pub(super) handshakes: Arc<Semaphore>,
    pub(super) metrics: Arc<Metrics>,
    /// Held by each connection, so that the end of all can be waited for.
    pub(super) alive: mpsc::Sender<()>,
}

/// Accepts until told to drain; the listener closes then, so that no connection waits in its queue.
pub(super) async fn listen(listener: TcpListener, place: Arc<Listener>, index: usize, door: Door) {
    let mut place = place;
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
        let (house, drain) = (Arc::clone(&door.house), door.stops.drain.clone());
        let rules = **door.rules.load();
        // an address that the file has no more is served as it was: addresses are read at the start
        if let Some(found) = house.snapshot().load().listener(index, place.address) {
            place = Arc::clone(found);
        }
        let (place, handshakes) = (Arc::clone(&place), Arc::clone(&door.handshakes));
        let (metrics, alive) = (Arc::clone(&door.metrics), door.alive.clone());
        metrics.connections.inc();
        tokio::spawn(async move {
            let arriving = arrive((stream, address), &place, &handshakes, rules);
            let arrival = tokio::select! {
                arrival = arriving => arrival,
                () = drain.cancelled() => Err(Refused::Stopping),
            };
            match arrival {
                Ok(arrival) => {
                    connection(arrival, house, rules, drain, metrics.tunnels.clone()).await;
                }
                Err(refused) => {
                    debug!(%address, %refused, "a connection is refused");
                    metrics.turn_away(refused.word());
                }
            }
            metrics.connections.dec();
            drop((seat, alive));
        });
    }
}

//! Accepting connections on one worker, no more than the limit of all workers at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::{debug, warn};

use super::connection::{Rules, Stops, arrive, connection};
use super::transport::{Gates, Refused};
use super::worker::BACKLOG;
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
    pub(super) gates: Gates,
    pub(super) metrics: Arc<Metrics>,
    /// Held by each connection, so that the end of all can be waited for.
    pub(super) alive: mpsc::Sender<()>,
}

/// Accepts until told to drain, then what waits in the queue, and closes: what waits there then would be reset.
pub(super) async fn listen(listener: TcpListener, place: Arc<Listener>, index: usize, door: Door) {
    let mut place = place;
    loop {
        let seat = tokio::select! {
            seat = Arc::clone(&door.seats).acquire_owned() => seat,
            () = door.stops.drain.cancelled() => break,
        };
        let Ok(seat) = seat else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.stops.drain.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                // an address that the file has no more is served as it was: addresses are read at the start
                if let Some(found) = door.house.snapshot().load().listener(index, place.address) {
                    place = Arc::clone(found);
                }
                door.welcome((stream, address), Arc::clone(&place), seat);
            }
            Err(error) => {
                // out of file descriptors, mostly: it passes, and spinning would not help
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    // what the runtime has heard of the socket may be old, so the system itself is asked
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..BACKLOG {
        let Ok(seat) = Arc::clone(&door.seats).try_acquire_owned() else { return };
        let Ok((stream, address)) = listener.accept() else { return };
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        if let Ok(stream) = stream {
            door.welcome((stream, address), Arc::clone(&place), seat);
        }
    }
}

impl Door {
    /// Serves a connection beside the others.
    fn welcome(
        &self,
        (stream, address): (TcpStream, SocketAddr),
        place: Arc<Listener>,
        seat: OwnedSemaphorePermit,
    ) {
        let (house, stops) = (Arc::clone(&self.house), self.stops.clone());
        let rules = **self.rules.load();
        let gates = self.gates.clone();
        let (metrics, alive) = (Arc::clone(&self.metrics), self.alive.clone());
        metrics.connections.inc();
        tokio::spawn(async move {
            let counted = |address| {
                let most = rules.per_address?;
                (!house.snapshot().load().trust.is_proxy(address)).then_some(most)
            };
            let arriving = arrive((stream, address), &place, (&gates, counted), rules);
            let arrival = tokio::select! {
                arrival = arriving => arrival,
                () = stops.idle.cancelled() => Err(Refused::Stopping),
            };
            match arrival {
                Ok(arrival) => {
                    connection(arrival, house, rules, stops, metrics.tunnels.clone()).await;
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

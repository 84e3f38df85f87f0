//! Accepting connections on one worker, no more than the limit of all workers at once.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::{debug, warn};

use super::connection::{Rules, arrive, connection};
use super::transport::{Arrival, Gates, Refused};
use super::worker::BACKLOG;
use crate::control::Stops;
use crate::exchange::House;
use crate::snapshot::Listener;
use crate::telemetry::Metrics;

/// What the connections of one worker share. Each holds it by one count, which no other worker touches.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) house: Arc<House>,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) stops: Stops,
    /// As many permits as connections may be open.
    pub(super) seats: Arc<Semaphore>,
    pub(super) gates: Gates,
    pub(super) metrics: Arc<Metrics>,
    /// Goes with the last connection, so that the end of all can be waited for.
    pub(super) _alive: mpsc::Sender<()>,
}

/// Accepts until told to drain, then what waits in the queue, and closes: what waits there then would be reset.
pub(super) async fn listen(
    listener: TcpListener,
    mut place: Arc<Listener>,
    index: usize,
    door: Arc<Door>,
) {
    let mut drain = pin!(door.stops.drain.cancelled());
    loop {
        let seat = tokio::select! {
            biased;
            () = drain.as_mut() => break,
            seat = Arc::clone(&door.seats).acquire_owned() => seat,
        };
        let Ok(seat) = seat else { return };
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            () = drain.as_mut() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                // an address that the file has no more is served as it was: addresses are read at the start
                if let Some(found) = door.house.snapshot().load().listener(index, place.address)
                    && !Arc::ptr_eq(found, &place)
                {
                    place = Arc::clone(found);
                }
                door.welcome((stream, address), &place, seat);
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
            door.welcome((stream, address), &place, seat);
        }
    }
}

impl Door {
    /// Serves a connection beside the others.
    fn welcome(
        self: &Arc<Self>,
        (stream, address): (TcpStream, SocketAddr),
        place: &Arc<Listener>,
        seat: OwnedSemaphorePermit,
    ) {
        let rules = **self.rules.load();
        self.metrics.connections.inc();
        if place.is_plain() {
            let counted = |address| self.counted(address, rules);
            let arrival = Arrival::plain((stream, address), &self.gates, counted);
            let door = Arc::clone(self);
            tokio::spawn(async move { door.serve((arrival, address), rules, seat).await });
        } else {
            let (door, place) = (Arc::clone(self), Arc::clone(place));
            tokio::spawn(async move {
                let arrival = Box::pin(door.arrival((stream, address), &place, rules)).await;
                door.serve((arrival, address), rules, seat).await;
            });
        }
    }

    /// Waits for what comes before HTTP.
    async fn arrival(
        &self,
        accepted: (TcpStream, SocketAddr),
        place: &Listener,
        rules: Rules,
    ) -> Result<Arrival, Refused> {
        let counted = |address| self.counted(address, rules);
        tokio::select! {
            arrival = arrive(accepted, place, (&self.gates, counted), rules) => arrival,
            () = self.stops.idle.cancelled() => Err(Refused::Stopping),
        }
    }

    /// How many connections may be open from this address; `None` for any number.
    fn counted(&self, address: IpAddr, rules: Rules) -> Option<usize> {
        let most = rules.per_address?;
        (!self.house.snapshot().load().trust.is_proxy(address)).then_some(most)
    }

    async fn serve(
        &self,
        (arrival, address): (Result<Arrival, Refused>, SocketAddr),
        rules: Rules,
        seat: OwnedSemaphorePermit,
    ) {
        match arrival {
            Ok(arrival) => {
                let tunnels = &self.metrics.tunnels;
                connection(arrival, &self.house, rules, &self.stops, tunnels).await;
            }
            Err(refused) => {
                debug!(%address, %refused, "a connection is refused");
                self.metrics.turn_away(refused.word());
            }
        }
        self.metrics.connections.dec();
        drop(seat);
    }
}

//! A connection after its 101: octets both ways, until both sides have said that no more comes.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use crate::exchange::Opened;
use crate::telemetry::Ended;
use crate::wire::{Link, Seat};

/// How long a tunnel waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// For one side to take what is written to it.
    pub(super) write: Duration,
    /// For anything to move, either way.
    pub(super) idle: Duration,
}

/// One way through a tunnel. What is written is all that is held: nothing is read before it is gone.
#[derive(Debug, Default)]
struct Way {
    octets: u64,
    over: bool,
}

impl Way {
    /// Moves what there is; ready once the end was carried over too.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        (from, to): (&mut Link, &mut Link),
        patience: Duration,
    ) -> Poll<io::Result<()>> {
        while !self.over {
            ready!(to.poll_flush(context, patience))?;
            if !from.input.is_empty() {
                let bytes = from.input.split().freeze();
                self.octets += bytes.len() as u64;
                to.queue(bytes);
            } else if from.has_ended() {
                ready!(to.poll_shutdown(context))?;
                self.over = true;
            } else {
                ready!(from.poll_fill(context))?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A tunnel under way.
struct Tunnel {
    up: Way,
    down: Way,
    /// Octets that had moved when it was last looked at, and until when more have to.
    moved: u64,
    due: Instant,
}

impl Tunnel {
    fn new(waits: Waits) -> Self {
        let due = Instant::now() + waits.idle;
        Self { up: Way::default(), down: Way::default(), moved: 0, due }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        (client, backend): (&mut Link, &mut Link),
        waits: Waits,
    ) -> Poll<io::Result<()>> {
        let up = self.up.poll(context, (client, backend), waits.write)?;
        let down = self.down.poll(context, (backend, client), waits.write)?;
        if up.is_ready() && down.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let moved = self.up.octets + self.down.octets;
        if moved != self.moved {
            (self.moved, self.due) = (moved, Instant::now() + waits.idle);
        }
        ready!(client.clock.poll(context, self.due));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// One more tunnel that is open, until it is dropped.
struct Counted<'a>(&'a Gauge);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Runs a tunnel to its end; what is queued for the client goes first. The record ends with it.
pub(super) async fn tunnel(seat: &Seat, opened: Opened, waits: Waits, open: &Gauge) {
    let Opened { link: mut backend, mut record } = opened;
    open.inc();
    let _counted = Counted(open);
    let mut tunnel = Tunnel::new(waits);
    let end = poll_fn(|context| {
        let end = seat.with(|client| tunnel.poll(context, (client, &mut backend), waits));
        // what is said when nobody waits for the end any more
        if let Some(record) = &mut record {
            (record.tunnel_in, record.bytes_out) = (tunnel.up.octets, tunnel.down.octets);
        }
        end
    });
    let end = end.await;
    if end.is_err() {
        // neither side may take what it got for all there was
        backend.reset_on_close();
        seat.with(|client| client.reset_on_close());
    }
    let Some(record) = &mut record else { return };
    match end {
        Ok(()) => record.ended = Ended::Whole,
        Err(error) => {
            record.ended = Ended::Cut;
            record.cause = match error.kind() {
                io::ErrorKind::TimedOut => "nothing moved in the tunnel for too long".to_owned(),
                _ => format!("the tunnel broke off: {error}"),
            };
        }
    }
}

//! A backend's body on its way through a pipe: its beginning before the head of the answer is sent, the rest as it
//! comes.

use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;

use super::digest::Digests;
use super::pipe::{Failed, Pipe};
use super::reply::{Cut, Quiet};
use super::room;
use crate::snapshot::loss::Lost;

/// So many octets of a response are converted before its head is sent, so that a failure there is a 502, and the
/// length and digest of a shorter one are known.
pub(crate) const BEGINNING: usize = 64 << 10;

/// Why the beginning did not get through.
#[derive(Debug)]
pub(crate) enum Early {
    /// The backend broke off or fell silent.
    Source,
    /// The pipe refused it.
    Pipe(Failed),
}

/// What there is when the head can be sent.
pub(crate) enum Begun {
    /// All of it, with what was lost and the digests it had.
    Whole(Bytes, Lost, Option<Box<Digests>>),
    /// More is to come.
    Going(Box<Converted>),
}

/// A body of which more is to come.
#[derive(Debug)]
pub(crate) struct Converted {
    source: Quiet,
    pipe: Pipe,
    /// What came out and was not taken.
    ready: Vec<u8>,
    /// Something went in since the last flush.
    wet: bool,
    ended: Ended,
}

/// Whether the body is to be cut after what came out of it.
#[derive(Debug, Default)]
enum Ended {
    #[default]
    No,
    After(Cut),
    Now(Cut),
}

/// What came out, and, at the end, what was lost.
pub(crate) type Piece = Result<(Option<Frame<Bytes>>, Option<Lost>), Cut>;

impl Converted {
    /// Reads and converts the `beginning` of a body, in octets, whose length is about `length` if that is known.
    pub(crate) async fn begin(
        source: Quiet,
        pipe: Pipe,
        (length, beginning): (Option<u64>, usize),
    ) -> Result<Begun, Early> {
        let octets = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let octets = octets.min(BEGINNING);
        // what comes out is mostly a little shorter or longer
        let ready = room::take(octets + octets / 8 + 512);
        let mut body = Self { source, pipe, ready, wet: false, ended: Ended::No };
        let mut read = 0;
        // a stream may be silent for long, and its client waits for the head
        while read < beginning && !body.pipe.streams() {
            // a body of known length is over without waiting for the connection to say so
            let frame = if body.source.is_over() { None } else { body.source.frame().await };
            let Some(frame) = frame else {
                let lost = body.pipe.finish(&mut body.ready).map_err(Early::Pipe)?;
                let whole = room::give(body.ready);
                return Ok(Begun::Whole(whole, lost, body.pipe.into_digests()));
            };
            read += body.take(frame.map_err(|_| Early::Source)?).map_err(Early::Pipe)?;
        }
        Ok(Begun::Going(Box::new(body)))
    }

    /// Gives the octets of the frame.
    fn take(&mut self, frame: Frame<Bytes>) -> Result<usize, Failed> {
        // trailers speak of the bytes before conversion (digests, mostly), so they end here
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(other) => {
                if let Some(trailers) = other.trailers_ref() {
                    self.pipe.trailers(trailers);
                }
                return Ok(0);
            }
        };
        if self.ready.capacity() == 0 {
            self.ready = room::take(data.len());
        }
        self.ready.reserve(data.len());
        self.pipe.push(&data, &mut self.ready)?;
        self.wet = true;
        Ok(data.len())
    }

    /// Reads until something comes out. Each turn reads one frame of the backend, so a body of many frames
    /// from which nothing comes out still lets other tasks in, by tokio's own budget.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        let cut =
            |failed: Failed| Cut(format!("the response cannot be converted: {}", failed.why()));
        loop {
            if !self.ready.is_empty() {
                let ready = std::mem::take(&mut self.ready);
                return Poll::Ready(Ok((Some(Frame::data(room::give(ready))), None)));
            }
            match std::mem::take(&mut self.ended) {
                Ended::No => {}
                // one turn for what came out before, which a server drops with the connection if it is not flushed
                Ended::After(cut) => {
                    self.ended = Ended::Now(cut);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ended::Now(cut) => return Poll::Ready(Err(cut)),
            }
            match self.source.poll_frame(context) {
                Poll::Pending if std::mem::take(&mut self.wet) && self.pipe.streams() => {
                    self.pipe.flush(&mut self.ready);
                    if self.ready.is_empty() {
                        return Poll::Pending;
                    }
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(frame)) => {
                    let done = self.take(frame?).map_err(cut);
                    match done {
                        // the records of a stream before the one that fails are good
                        Err(cut) if self.pipe.streams() => {
                            self.pipe.flush(&mut self.ready);
                            self.ended = Ended::After(cut);
                        }
                        done => drop(done?),
                    }
                }
                Poll::Ready(None) => {
                    let mut out = Vec::new();
                    let lost = self.pipe.finish(&mut out).map_err(cut)?;
                    let frame = (!out.is_empty()).then(|| Frame::data(out.into()));
                    return Poll::Ready(Ok((frame, Some(lost))));
                }
            }
        }
    }
}

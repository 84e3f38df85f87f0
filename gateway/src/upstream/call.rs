//! One request and its answer on one connection, driven by whoever waits for the answer: no task, no channel.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, UPGRADE};
use http::{Method, StatusCode, Version};
use http_body::{Body, Frame};
use tokio::time::Instant;

use super::body::{BodyFault, OutboundBody};
use super::client::{ClientSettings, SendFailure};
use super::connect::Beside;
use super::websocket::accepts;
use crate::wire::{
    BackendBody, Decoder, End, HeadFault, Incoming, Link, Lot, RequestHead, Response, ResponseHead,
    Sending, Upload, UploadFault, chunk, end, end_of_chunks, names, of_response, parse_response,
    request_head,
};

/// So many octets of a body are queued before they are written.
const QUEUED: usize = 64 << 10;
/// Most interim answers before the final one: they have no use beyond a few, and an answer of nothing else no end.
const INTERIM: usize = 16;

/// A body on its way out.
#[derive(Debug)]
struct Outgoing {
    body: OutboundBody,
    sending: Sending,
    /// Octets that the head promised and that have not come yet.
    left: u64,
    patience: Duration,
    is_over: bool,
    fault: Option<BodyFault>,
}

impl Outgoing {
    fn new(body: OutboundBody, patience: Duration) -> Self {
        let (sending, left) = match (body.is_end_stream(), body.size_hint().exact()) {
            (true, _) => (Sending::Nothing, 0),
            (false, Some(octets)) => (Sending::Length(octets), octets),
            (false, None) => (Sending::Chunked, 0),
        };
        let is_over = sending == Sending::Nothing;
        Self { body, sending, left, patience, is_over, fault: None }
    }

    /// Queues one frame of the body.
    fn take(
        &mut self,
        link: &mut Link,
        frame: Option<Result<Frame<Bytes>, BodyFault>>,
    ) -> Result<(), UploadFault> {
        let chunked = self.sending == Sending::Chunked;
        let frame = match frame {
            Some(Ok(frame)) => Some(frame),
            Some(Err(fault)) => {
                self.fault = Some(fault);
                return Err(UploadFault::Source);
            }
            None => None,
        };
        let trailers = match frame.map(Frame::into_data) {
            Some(Ok(data)) => {
                if chunked {
                    chunk(link, data);
                } else {
                    let left = self.left.checked_sub(data.len() as u64);
                    self.left = left.ok_or(UploadFault::Source)?;
                    // what has all that was promised is over without being asked again
                    self.is_over = self.left == 0;
                    link.queue(data);
                }
                return Ok(());
            }
            Some(Err(other)) => other.into_trailers().ok(),
            None => None,
        };
        if chunked {
            end_of_chunks(link, trailers.as_ref());
        } else if self.left > 0 {
            self.fault = Some(BodyFault::Broken);
            return Err(UploadFault::Source);
        }
        self.is_over = true;
        Ok(())
    }
}

impl Upload for Outgoing {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        link: &mut Link,
    ) -> Poll<Result<(), UploadFault>> {
        loop {
            let mut waits = false;
            while !self.is_over && link.queued() < QUEUED {
                match Pin::new(&mut self.body).poll_frame(context) {
                    Poll::Ready(frame) => self.take(link, frame)?,
                    Poll::Pending => {
                        waits = true;
                        break;
                    }
                }
            }
            if ready!(link.poll_flush(context, self.patience)).is_err() {
                link.forget();
                return Poll::Ready(Err(UploadFault::Refused));
            }
            if self.is_over {
                return Poll::Ready(Ok(()));
            }
            if waits {
                return Poll::Pending;
            }
        }
    }
}

/// A request on a connection, its answer awaited.
pub(super) struct Call<'a> {
    link: Box<Link>,
    upload: Option<Outgoing>,
    asked: &'a RequestHead,
    settings: &'a ClientSettings,
    beside: Beside<'a>,
    /// The backend took less than all of the request.
    refused: bool,
    seen: usize,
    interim: usize,
}

impl<'a> Call<'a> {
    /// Writes the head into the connection's queue.
    pub(super) fn new(
        mut link: Box<Link>,
        (asked, body): (&'a RequestHead, OutboundBody),
        beside: Beside<'a>,
        settings: &'a ClientSettings,
    ) -> Self {
        let upload = Outgoing::new(body, settings.write);
        let target = asked.uri.path_and_query().map_or("/", |target| target.as_str());
        let told = (upload.sending, beside.upgrade);
        request_head(link.scratch(), (&asked.method, target), &asked.headers, told);
        link.queue_scratch();
        let upload = Some(upload);
        Self { link, upload, asked, settings, beside, refused: false, seen: 0, interim: 0 }
    }

    /// Sends, and waits for the head of the answer until the deadline.
    pub(super) async fn run(
        mut self,
        method: &Method,
        home: (Arc<Lot>, usize),
        deadline: Instant,
    ) -> Result<Response<Incoming>, SendFailure> {
        let head = poll_fn(|context| self.poll_head(context, deadline)).await?;
        self.answer(head, method, home)
    }

    fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        deadline: Instant,
    ) -> Poll<Result<ResponseHead, SendFailure>> {
        if let Some(upload) = &mut self.upload {
            match upload.poll(context, &mut self.link) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.upload = None,
                // it may have said why before it closed
                Poll::Ready(Err(UploadFault::Refused)) => {
                    (self.upload, self.refused) = (None, true);
                }
                Poll::Ready(Err(UploadFault::Source)) => {
                    let fault = upload.fault.unwrap_or(BodyFault::Broken);
                    return Poll::Ready(Err(SendFailure::Body(fault)));
                }
            }
        }
        loop {
            if let Some(head) = self.head().transpose() {
                return Poll::Ready(head);
            }
            if self.interim > 0
                && let Some(client) = self.beside.client
            {
                client.poll_told(context);
            }
            match self.link.poll_fill(context) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(self.ended(None))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.ended(Some(&error)))),
                Poll::Pending => {
                    ready!(self.link.clock.poll(context, deadline));
                    return Poll::Ready(Err(SendFailure::Timeout));
                }
            }
        }
    }

    /// The final head, if it was read.
    fn head(&mut self) -> Result<Option<ResponseHead>, SendFailure> {
        let broken = |why: &str| Err(SendFailure::Broken(why.to_owned()));
        loop {
            let at = match end(&self.link.input, self.seen) {
                End::At(at) if at <= self.settings.head => at,
                End::BareLf => return broken("a line of the head ends in LF alone"),
                End::NotYet if self.link.input.len() <= self.settings.head => {
                    self.seen = self.link.input.len();
                    return Ok(None);
                }
                End::At(_) | End::NotYet => return broken("the head is larger than `limits.head`"),
            };
            self.seen = 0;
            let bytes = self.link.input.split_to(at).freeze();
            let head = match parse_response(&bytes, self.settings.fields) {
                Ok(head) => head,
                Err(HeadFault::Malformed(why)) => return broken(why),
                Err(HeadFault::Fields) => return broken("the head has too many fields"),
                Err(HeadFault::Version) => return broken("the version is not HTTP/1"),
            };
            if !head.status.is_informational() {
                return Ok(Some(head));
            }
            if head.status == StatusCode::SWITCHING_PROTOCOLS {
                if !self.may_switch(&head) {
                    return broken("it switched to a protocol that nobody asked for");
                }
                if self.beside.upgrade.is_some_and(|own| own.as_bytes() == b"websocket")
                    && !accepts(&self.asked.headers, &head.headers)
                {
                    return broken("its Sec-WebSocket-Accept does not answer the request's key");
                }
                return Ok(Some(head));
            }
            self.interim += 1;
            if self.interim > INTERIM {
                return broken("an interim answer that nobody asked for");
            }
            if let Some(client) = self.beside.client
                && head.status != StatusCode::CONTINUE
            {
                client.interim(head.status, head.headers);
            }
        }
    }

    /// Whether a 101 is to the protocol that was asked for, once all of the request is gone (RFC 9110 §7.8).
    fn may_switch(&self, head: &ResponseHead) -> bool {
        let Some(wanted) = self.beside.upgrade else { return false };
        let mut protocols = head.headers.get_all(UPGRADE);
        let own = protocols.next().map(|own| own.as_bytes().trim_ascii());
        head.version == Version::HTTP_11
            && names(&head.headers, &CONNECTION, b"upgrade")
            && own.is_some_and(|own| own.eq_ignore_ascii_case(wanted.as_bytes()))
            && protocols.next().is_none()
            && self.upload.is_none()
            && !self.refused
    }

    /// The connection ended before a head was whole.
    fn ended(&self, error: Option<&std::io::Error>) -> SendFailure {
        if self.link.input.is_empty() && self.interim == 0 {
            return SendFailure::Unanswered;
        }
        let why = error.map_or_else(String::new, |error| format!(": {error}"));
        SendFailure::Broken(format!("the connection ended within the head{why}"))
    }

    fn answer(
        mut self,
        head: ResponseHead,
        method: &Method,
        home: (Arc<Lot>, usize),
    ) -> Result<Response<Incoming>, SendFailure> {
        let framing = of_response(method, head.status, head.version, &head.headers)
            .map_err(|why| SendFailure::Broken(why.to_owned()))?;
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Response { head, body: Incoming::Tunnel(self.link) });
        }
        let decoder = Decoder::new(framing);
        let kept = !self.refused && lasts(&head);
        let upload = self.upload.take().map(|upload| Box::new(upload) as Box<dyn Upload>);
        let home = kept.then_some(home);
        let is_over = decoder.is_done();
        let body = BackendBody::new(self.link, decoder, upload, home);
        let body = if is_over { Incoming::Empty } else { Incoming::Backend(Box::new(body)) };
        Ok(Response { head, body })
    }
}

/// Whether the connection may carry another request (RFC 9112 §9.3).
fn lasts(head: &ResponseHead) -> bool {
    match head.version {
        Version::HTTP_10 => names(&head.headers, &CONNECTION, b"keep-alive"),
        _ => !names(&head.headers, &CONNECTION, b"close"),
    }
}

//! Reading a request body whole, within bounds, and converting it before anything is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::digest::Digests;
use super::merge;
use super::pipe::{Failed, Pipe};
use super::reply::Quiet;
use crate::refusal::Refusal;
use crate::snapshot::Bounds;
use crate::snapshot::loss::Lost;
use crate::upstream::{BodyFault, OutboundBody};

/// The octets of request bodies that all exchanges hold together.
#[derive(Debug, Default)]
pub struct Held(AtomicUsize);

/// A share of what is held, given back when dropped.
#[derive(Debug)]
struct Share<'a> {
    held: &'a Held,
    octets: usize,
}

impl Share<'_> {
    fn grow(&mut self, octets: usize, most: usize) -> Result<(), Refusal> {
        let before = self.held.0.fetch_add(octets, Ordering::Relaxed);
        self.octets += octets;
        if before.saturating_add(octets) > most { Err(Refusal::Overloaded) } else { Ok(()) }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// A request body in the backend's version.
pub(super) struct Converted {
    pub(super) bytes: Bytes,
    pub(super) lost: Lost,
    /// Those that it had.
    pub(super) digests: Option<Box<Digests>>,
    /// What came out of it and is a parameter there, as JSON texts.
    pub(super) beside: Vec<(Arc<str>, String)>,
}

/// Brings a whole request body through its pipe; gives it with what was lost and the digests it had. It is refused as
/// soon as it is known to be too large or not to fit.
pub(crate) async fn converted(
    mut body: OutboundBody,
    mut pipe: Pipe,
    bounds: &Bounds,
    held: &Held,
) -> Result<Converted, Refusal> {
    let declared = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    if declared > bounds.body {
        return Err(Refusal::BodyTooLarge(bounds.body));
    }
    let mut share = Share { held, octets: 0 };
    let mut read = 0_usize;
    let mut out = Vec::with_capacity(declared.min(64 << 10));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(body_fault)?;
        if let Some(trailers) = frame.trailers_ref() {
            pipe.trailers(trailers);
        }
        let Some(data) = frame.data_ref() else { continue };
        read = read.saturating_add(data.len());
        if read > bounds.body {
            return Err(Refusal::BodyTooLarge(bounds.body));
        }
        let before = out.len() + pipe.held_back();
        pipe.push(data, &mut out).map_err(refused)?;
        if pipe.decoded() > bounds.body {
            return Err(Refusal::BodyTooLarge(bounds.body));
        }
        let after = out.len() + pipe.held_back();
        share.grow(after.saturating_sub(before), bounds.held_bodies)?;
    }
    let lost = pipe.finish(&mut out).map_err(refused)?;
    let beside = pipe.take_beside();
    Ok(Converted { bytes: out.into(), lost, digests: pipe.into_digests(), beside })
}

/// Reads a backend's document whole within the bounds of request bodies, through a pipe that checks it.
pub(crate) async fn document(
    mut source: Quiet,
    mut pipe: Pipe,
    bounds: &Bounds,
    held: &Held,
) -> Result<Bytes, Refusal> {
    let large = || {
        let why = format!("it is larger than {} octets", bounds.body);
        Refusal::WriteUnread(why)
    };
    let mut share = Share { held, octets: 0 };
    let mut out = Vec::new();
    while !source.is_over() {
        let Some(frame) = source.frame().await else { break };
        let frame = frame.map_err(|cut| Refusal::WriteUnread(cut.to_string()))?;
        if let Some(trailers) = frame.trailers_ref() {
            pipe.trailers(trailers);
        }
        let Some(data) = frame.data_ref() else { continue };
        let before = out.len();
        pipe.push(data, &mut out).map_err(|failed| merge::unreadable(&failed))?;
        if out.len() > bounds.body {
            return Err(large());
        }
        share.grow(out.len().saturating_sub(before), bounds.held_bodies)?;
    }
    pipe.finish(&mut out).map_err(|failed| merge::unreadable(&failed))?;
    Ok(out.into())
}

/// The refusal for a client's body that stopped.
pub(crate) const fn body_fault(fault: BodyFault) -> Refusal {
    match fault {
        BodyFault::TooSlow => Refusal::BodyTooSlow,
        BodyFault::Broken => Refusal::BodyBroken,
    }
}

fn refused(failed: Failed) -> Refusal {
    match failed {
        Failed::Payload { pointer, why, malformed: true } => {
            Refusal::RequestMalformed { pointer, why }
        }
        Failed::Payload { pointer, why, malformed: false } => {
            Refusal::RequestUnconvertible { pointer, why }
        }
        Failed::Coding(coding) => Refusal::RequestCodingBroken(coding.name()),
        Failed::Decoded(limit) => Refusal::BodyTooLarge(limit),
        Failed::Ratio(limit) => Refusal::BodyRatio(limit),
        Failed::Digest(field) => Refusal::RequestDigest(field),
    }
}

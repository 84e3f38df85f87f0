//! What a walk notes of a request that somebody only asks about: the walk is the very one, and nothing is sent.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use http::uri::PathAndQuery;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::inbound::Inbound;
use super::request::Outbound;
use super::route::Named;
use crate::snapshot::meter::ConversionMeter;
use crate::upstream::OutboundBody;
use crate::wire::Fields;

/// What is known so far, and a meter that nobody reads.
#[derive(Debug)]
pub(super) struct Trace {
    noted: Mutex<Noted>,
    meter: Arc<ConversionMeter>,
}

/// What the parameters of a path are.
type Captured = Vec<(String, String)>;

/// What one walk found.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Host and port asked for, and the target.
    pub(super) arrived: Option<(HeaderValue, PathAndQuery)>,
    /// The fields from which the version is read.
    pub(super) fields: Fields,
    /// The operation's label and what its path's parameters are; absent for an undeclared one.
    pub(super) operation: Option<(Arc<str>, Captured)>,
    /// The request as it would be sent.
    pub(super) ready: Option<Ready>,
}

/// A request as it would be sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) outbound: Outbound,
    pub(super) body: OutboundBody,
    /// The backend's own document would be read first.
    pub(super) merges: bool,
}

impl Default for Trace {
    fn default() -> Self {
        let seconds = Histogram::new([]);
        let (bytes, refused) = (Counter::default(), Counter::default());
        Self {
            noted: Mutex::default(),
            meter: Arc::new(ConversionMeter { seconds, bytes, refused }),
        }
    }
}

impl Trace {
    pub(super) fn note(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn is_ready(&self, (outbound, body): (Outbound, OutboundBody), merges: bool) {
        self.note(|noted| noted.ready = Some(Ready { outbound, body, merges }));
    }

    pub(super) const fn meter(&self) -> &Arc<ConversionMeter> {
        &self.meter
    }

    /// What was found; nothing is left of it.
    pub(super) fn take(&self) -> Noted {
        std::mem::take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Noted {
    pub(super) fn arrives(&mut self, inbound: &Inbound) {
        self.arrived = Some((inbound.authority.clone(), inbound.target.clone()));
    }

    pub(super) fn named(&mut self, named: Option<&Named<'_, '_>>) {
        self.operation = named.map(|named| {
            let texts = named.captures.iter().map(|text| (*text).to_owned());
            let captures = named.operation.template.names.iter().cloned().zip(texts);
            (Arc::clone(&named.operation.label), captures.collect())
        });
    }
}

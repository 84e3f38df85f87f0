//! Whose a request is, and which deprecated parameters it has.

use std::net::IpAddr;

use http::HeaderValue;
use http::header::COOKIE;

use super::inbound::Peer;
use super::query;
use crate::snapshot::loss::Lost;
use crate::snapshot::meter::Way;
use crate::snapshot::{ConsumerSource, Tracked, TrackedPlace};
use crate::telemetry::usage::Consumer;
use crate::wire::Fields;

/// The first source that says anything.
pub(super) fn consumer(tracked: &Tracked, peer: &Peer, headers: &Fields) -> Consumer {
    for (number, (source, _)) in (0..).zip(tracked.sources.iter()) {
        let value = match source {
            ConsumerSource::Header(name) => headers.get(name).cloned(),
            ConsumerSource::Certificate => peer.subject.clone(),
            ConsumerSource::Address => Some(address(peer, headers)),
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            return Consumer::Named(number, value);
        }
    }
    Consumer::Anonymous
}

/// The client's address. Where the peer is a proxy of ours the field says who was before it.
fn address(peer: &Peer, headers: &Fields) -> HeaderValue {
    let told = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let mut nodes = told.unwrap_or_default().rsplit(',').map(str::trim);
    // the last one is the peer itself, as we wrote it
    let before = nodes.next().and_then(|_| nodes.next());
    before
        .and_then(|node| node.parse::<IpAddr>().ok())
        .and_then(|node| HeaderValue::try_from(node.to_string()).ok())
        .unwrap_or_else(|| peer.forwarded_for.clone())
}

/// A bit for each deprecated parameter that is there.
pub(super) fn fields(tracked: &Tracked, asked: Option<&str>, headers: &Fields) -> u64 {
    let mut bits = 0;
    for (at, field) in tracked.fields.iter().enumerate() {
        let there = match &field.place {
            TrackedPlace::Query(name) => {
                query::pairs(asked.unwrap_or_default()).any(|(own, _)| query::is_named(own, name))
            }
            TrackedPlace::Header(name) => headers.has(name),
            TrackedPlace::Cookie(name) => has_cookie(headers, name),
            TrackedPlace::Member(_) => false,
        };
        bits |= u64::from(there) << at;
    }
    bits
}

fn has_cookie(headers: &Fields, name: &str) -> bool {
    let lines = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let names = lines.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
    names.into_iter().any(|(own, _)| own.trim() == name)
}

/// A bit for each deprecated member that a conversion of the request left out or changed.
pub(super) fn converted(tracked: &Tracked, lost: &Lost) -> u64 {
    let mut bits = 0;
    for (loss, _) in lost.iter().filter(|(loss, _)| loss.way == Way::request) {
        for (at, field) in tracked.fields.iter().enumerate() {
            if let TrackedPlace::Member(pointer) = &field.place {
                bits |= u64::from(**pointer == *loss.at) << at;
            }
        }
    }
    bits
}

//! What rows are made of, and all rows in their order.

use super::super::frame::{BOTH, END_HEADERS, END_STREAM, block, frame, kind};
use super::super::run::{Row, Sign};
use super::{connection, fields, floods, messages, streams};
use crate::desync::case::Level;

/// The pseudo-header fields of a GET.
pub(super) const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":authority", "wire.test"), (":path", "/case")];

/// The same of a POST.
pub(super) const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":authority", "wire.test"), (":path", "/case")];

/// `NO_ERROR` and the others (RFC 9113 §7).
pub(super) const PROTOCOL: u32 = 1;
pub(super) const FLOW: u32 = 3;
pub(super) const CLOSED: u32 = 5;
pub(super) const SIZE: u32 = 6;
pub(super) const COMPRESSION: u32 = 9;

/// All rows.
pub fn all() -> Vec<Row> {
    let rooms =
        [connection::rows(), streams::rows(), fields::rows(), messages::rows(), floods::rows()];
    rooms.into_iter().flatten().collect()
}

/// HEADERS that are the whole of a request.
pub(super) fn request(stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(kind::HEADERS, BOTH, stream, &block(fields))
}

/// A GET on stream 1 with more fields.
pub(super) fn get(more: &[(&str, &str)]) -> Vec<u8> {
    request(1, &[&GET, more].concat())
}

/// HEADERS of a POST on stream 1 whose body follows.
pub(super) fn post(more: &[(&str, &str)]) -> Vec<u8> {
    frame(kind::HEADERS, END_HEADERS, 1, &block(&[&POST, more].concat()))
}

/// DATA on stream 1.
pub(super) fn data(octets: &[u8], last: bool) -> Vec<u8> {
    frame(kind::DATA, if last { END_STREAM } else { 0 }, 1, octets)
}

/// A row after which the connection is gone, with one of these codes.
pub(super) fn gone(
    level: Level,
    name: &'static str,
    section: &'static str,
    octets: Vec<u8>,
    codes: &'static [u32],
) -> Row {
    Row::new(level, name, section, octets).streams(&[]).expect([Sign::Gone(codes)])
}

/// A malformed request on stream 1: reset or refused, and nothing of it reaches a backend (RFC 9113 §8.1.1).
pub(super) fn malformed(
    level: Level,
    name: &'static str,
    section: &'static str,
    octets: Vec<u8>,
) -> Row {
    Row::new(level, name, section, octets).expect([Sign::Nothing, Sign::Refused(1, &[400])])
}

/// A request on stream 1 that goes through.
pub(super) fn passed(
    level: Level,
    name: &'static str,
    section: &'static str,
    octets: Vec<u8>,
) -> Row {
    Row::new(level, name, section, octets).expect([
        Sign::Requests(1),
        Sign::Status(1, &[200]),
        Sign::Alive,
    ])
}

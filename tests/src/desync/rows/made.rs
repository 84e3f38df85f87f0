//! What rows are made of, and all rows in their order.

use super::super::case::{Case, Check, Level};
use super::{answers, answers_framing, chunks, fields, forwarding, lengths, lines};

/// A request that must never be seen as one.
pub(super) const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n";

/// All rows.
pub fn all() -> Vec<Case> {
    let rooms = [
        lengths::rows(),
        chunks::rows(),
        lines::rows(),
        fields::rows(),
        forwarding::rows(),
        answers_framing::rows(),
        answers::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

/// A GET with these fields beside Host.
pub(super) fn get(fields: &str) -> String {
    format!("GET /case HTTP/1.1\r\nHost: wire.test\r\n{fields}\r\n")
}

/// A POST with these fields beside Host.
pub(super) fn post(fields: &str, body: &str) -> String {
    format!("POST /case HTTP/1.1\r\nHost: wire.test\r\n{fields}\r\n{body}")
}

/// A chunked POST.
pub(super) fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// A request that is refused before anything is sent, and whose connection is of no use after.
pub(super) fn refused(
    level: Level,
    name: &'static str,
    section: &'static str,
    request: impl AsRef<[u8]>,
) -> Case {
    Case::new(level, name, section).sends(request).expect([
        Check::Nothing,
        Check::Refused(&[400]),
        Check::Closed,
    ])
}

/// A request that is refused with one of these, whatever becomes of the connection.
pub(super) fn denied(
    level: Level,
    name: &'static str,
    section: &'static str,
    request: impl AsRef<[u8]>,
    statuses: &'static [u16],
) -> Case {
    Case::new(level, name, section)
        .sends(request)
        .expect([Check::Nothing, Check::Refused(statuses)])
}

/// A request that goes through.
pub(super) fn passed(
    level: Level,
    name: &'static str,
    section: &'static str,
    request: impl AsRef<[u8]>,
) -> Case {
    Case::new(level, name, section).sends(request)
}

/// A plain GET whose answer is what the row is about.
pub(super) fn answered(
    level: Level,
    name: &'static str,
    section: &'static str,
    answer: impl AsRef<[u8]>,
) -> Case {
    Case::new(level, name, section).sends(get("")).answered(answer)
}

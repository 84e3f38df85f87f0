//! Connections that ask for work without end: each is cut, and others are served.

use super::super::frame::{BOTH, END_HEADERS, block, frame, indexed_literal, kind, settings};
use super::super::run::{Row, Sign};
use super::made::{GET, POST, data, gone, post, request};
use crate::desync::case::Level::Security;

/// More than any client has a reason for.
const MANY: u32 = 20_000;

pub(super) fn rows() -> Vec<Row> {
    [blocks(), resets(), control()].concat()
}

fn cut(name: &'static str, section: &'static str, octets: Vec<u8>) -> Row {
    gone(Security, name, section, octets, &[])
}

fn many(one: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..MANY).flat_map(|at| one(1 + 2 * at)).collect()
}

fn blocks() -> Vec<Row> {
    let begun = frame(kind::HEADERS, 0, 1, &block(&GET));
    let field = block(&[("x-a", &"b".repeat(1000))]);
    let empty = frame(kind::CONTINUATION, 0, 1, &[]);
    let full = frame(kind::CONTINUATION, 0, 1, &field);
    // 4,000 octets go into the table once, and are named 16,000 times by one octet each.
    let bomb = [block(&GET), indexed_literal(b"x-a", &[b'b'; 3900]), vec![0xbe; 12_000]].concat();
    let long: Vec<u8> = (0..15).flat_map(|_| block(&[("x-a", &"b".repeat(1000))])).collect();
    let over: Vec<u8> = [frame(kind::HEADERS, 1, 1, &[block(&GET), long.clone()].concat())]
        .into_iter()
        .chain((0..10).map(|_| frame(kind::CONTINUATION, 0, 1, &long)))
        .chain([frame(kind::CONTINUATION, END_HEADERS, 1, &[])])
        .flatten()
        .collect();
    vec![
        cut(
            "continuations-empty",
            "9113 §10.5",
            [begun.clone(), empty.repeat(MANY as usize)].concat(),
        ),
        cut("continuations-full", "9113 §10.5", [begun, full.repeat(MANY as usize)].concat()),
        Row::new(Security, "fields-of-150-kib", "9113 §10.5.1", over)
            .expect([Sign::Nothing, Sign::Refused(1, &[400, 413, 431])]),
        Row::new(
            Security,
            "fields-2000",
            "9113 §10.5.1",
            frame(
                kind::HEADERS,
                BOTH,
                1,
                &[block(&GET), block(&[("a", "b")]).repeat(2_000)].concat(),
            ),
        )
        .expect([Sign::Nothing, Sign::Refused(1, &[400, 413, 431])]),
        Row::new(Security, "hpack-bomb", "7541 §7.3", frame(kind::HEADERS, BOTH, 1, &bomb))
            .expect([Sign::Nothing, Sign::Refused(1, &[400, 413, 431])]),
    ]
}

fn resets() -> Vec<Row> {
    let cancel = |id| frame(kind::RST_STREAM, 0, id, &[0, 0, 0, 8]);
    let begun = |id| frame(kind::HEADERS, END_HEADERS, id, &block(&POST));
    vec![
        cut("rapid-reset", "9113 §10.5", many(|id| [request(id, &GET), cancel(id)].concat()))
            .expect_also(Sign::AtMost(2_000)),
        cut("rapid-reset-of-bodies", "9113 §10.5", many(|id| [begun(id), cancel(id)].concat())),
        cut(
            "made-you-reset-by-windows",
            "9113 §10.5",
            many(|id| [begun(id), frame(kind::WINDOW_UPDATE, 0, id, &[0; 4])].concat()),
        ),
        cut(
            "made-you-reset-by-data",
            "9113 §10.5",
            many(|id| [request(id, &GET), frame(kind::DATA, 0, id, b"a")].concat()),
        ),
        cut(
            "malformed-requests-without-end",
            "9113 §10.5",
            many(|id| request(id, &[&GET[..], &[("connection", "close")]].concat())),
        ),
        cut(
            "resets-of-a-closed-stream",
            "9113 §5.4.1",
            [request(1, &GET), cancel(1).repeat(MANY as usize)].concat(),
        ),
    ]
}

fn control() -> Vec<Row> {
    let flood = |name, one: Vec<u8>| cut(name, "9113 §10.5", one.repeat(5 * MANY as usize));
    vec![
        flood("ping-flood", frame(kind::PING, 0, 0, &[1; 8])),
        flood("ping-ack-flood", frame(kind::PING, 1, 0, &[1; 8])),
        flood("settings-flood", settings(&[(3, 100)])),
        flood("settings-empty-flood", settings(&[])),
        flood("priority-flood", frame(kind::PRIORITY, 0, 9, &[0, 0, 0, 1, 7])),
        flood("unknown-frame-flood", frame(0xfa, 0, 0, &[])),
        cut(
            "empty-data-flood",
            "9113 §10.5",
            [post(&[]), data(b"", false).repeat(5 * MANY as usize)].concat(),
        ),
        cut(
            "window-update-flood",
            "9113 §10.5",
            [post(&[]), frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]).repeat(5 * MANY as usize)]
                .concat(),
        ),
    ]
}

trait ExpectAlso {
    fn expect_also(self, sign: Sign) -> Self;
}

impl ExpectAlso for Row {
    fn expect_also(mut self, sign: Sign) -> Self {
        for outcome in &mut self.outcomes {
            outcome.push(sign);
        }
        self
    }
}

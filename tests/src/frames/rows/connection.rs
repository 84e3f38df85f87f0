//! The preface, SETTINGS, PING, GOAWAY, and frames of the wrong size or on the wrong stream.

use super::super::frame::{ACK, END_HEADERS, PREFACE, block, frame, kind, settings};
use super::super::run::{Row, Sign};
use super::made::{FLOW, GET, PROTOCOL, SIZE, get, gone, passed, request};
use crate::desync::case::Level::{Must, Security};

pub(super) fn rows() -> Vec<Row> {
    [prefaces(), settled(), borne(), goaways(), sizes(), pings()].concat()
}

fn prefaces() -> Vec<Row> {
    let raw = |name, octets: Vec<u8>| {
        let mut row =
            gone(Must, name, "9113 §3.4", octets, &[]).expect([Sign::Nothing, Sign::Gone(&[])]);
        row.opens = false;
        row
    };
    let own = settings(&[(1, 0)]);
    vec![
        raw("preface-then-no-settings", [PREFACE, &get(&[])].concat()),
        raw("preface-then-ping", [PREFACE, &frame(kind::PING, 0, 0, &[0; 8]), &own].concat()),
        raw(
            "preface-with-another-letter",
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", &own[..], &get(&[])].concat(),
        ),
        raw(
            "preface-then-http1",
            [PREFACE, b"GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n"].concat(),
        ),
        Row::new(Must, "settings-are-acknowledged", "9113 §6.5.3", get(&[])).expect([
            Sign::Acknowledged,
            Sign::Status(1, &[200]),
            Sign::Alive,
        ]),
        passed(Must, "a-request", "9113 §8.1", get(&[])),
    ]
}

fn settled() -> Vec<Row> {
    let bad = |name, values: &[(u16, u32)], codes| {
        gone(Must, name, "9113 §6.5.2", settings(values), codes)
    };
    vec![
        gone(
            Must,
            "settings-ack-with-a-payload",
            "9113 §6.5",
            frame(kind::SETTINGS, ACK, 0, &[0; 6]),
            &[SIZE],
        ),
        gone(
            Must,
            "settings-of-five-octets",
            "9113 §6.5",
            frame(kind::SETTINGS, 0, 0, &[0; 5]),
            &[SIZE],
        ),
        gone(
            Must,
            "settings-on-a-stream",
            "9113 §6.5",
            frame(kind::SETTINGS, 0, 1, &[]),
            &[PROTOCOL],
        ),
        bad("settings-push-2", &[(2, 2)], &[PROTOCOL]),
        bad("settings-window-over-31-bits", &[(4, 0x8000_0000)], &[FLOW]),
        bad("settings-frame-size-too-small", &[(5, 16_383)], &[PROTOCOL]),
        bad("settings-frame-size-too-large", &[(5, 1 << 24)], &[PROTOCOL]),
    ]
}

/// What nobody has to know is passed over.
fn borne() -> Vec<Row> {
    vec![
        passed(
            Must,
            "settings-unknown",
            "9113 §6.5.2",
            [settings(&[(0xf0f0, 7)]), get(&[])].concat(),
        ),
        passed(
            Must,
            "settings-twice",
            "9113 §6.5",
            [settings(&[(1, 0), (3, 10)]), get(&[])].concat(),
        ),
        passed(
            Must,
            "frame-of-an-unknown-type",
            "9113 §5.5",
            [frame(0xfa, 0xff, 0, b"abc"), get(&[])].concat(),
        ),
        passed(
            Must,
            "frame-of-an-unknown-type-on-a-stream",
            "9113 §5.5",
            [get(&[]), frame(0xfa, 0, 1, b"abc")].concat(),
        )
        .expect([Sign::Requests(1), Sign::Status(1, &[200])]),
        passed(
            Must,
            "unknown-flags",
            "9113 §4.1",
            [frame(kind::SETTINGS, 0xf0, 0, &[]), get(&[])].concat(),
        ),
    ]
}

fn goaways() -> Vec<Row> {
    vec![
        gone(
            Must,
            "goaway-on-a-stream",
            "9113 §6.8",
            frame(kind::GOAWAY, 0, 1, &[0; 8]),
            &[PROTOCOL],
        ),
        Row::new(
            Must,
            "goaway-lets-streams-end",
            "9113 §6.8",
            [get(&[]), frame(kind::GOAWAY, 0, 0, &[0; 8])].concat(),
        )
        .expect([Sign::Requests(1), Sign::Status(1, &[200])]),
        gone(
            Must,
            "push-promise-of-a-client",
            "9113 §8.4",
            frame(kind::PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&GET)].concat()),
            &[PROTOCOL],
        ),
    ]
}

fn sizes() -> Vec<Row> {
    let large = vec![b'a'; 16_385];
    let size = |name, octets| gone(Must, name, "9113 §4.2", octets, &[SIZE]);
    vec![
        size("headers-over-the-frame-size", frame(kind::HEADERS, END_HEADERS, 1, &large)),
        size("settings-over-the-frame-size", frame(kind::SETTINGS, 0, 0, &[0; 16_386])),
        size(
            "rst-stream-of-three-octets",
            [get(&[]), frame(kind::RST_STREAM, 0, 1, &[0; 3])].concat(),
        ),
        size("window-update-of-three-octets", frame(kind::WINDOW_UPDATE, 0, 0, &[0; 3])),
        size("window-update-of-five-octets", frame(kind::WINDOW_UPDATE, 0, 0, &[0; 5])),
        size("ping-of-seven-octets", frame(kind::PING, 0, 0, &[0; 7])),
        size("ping-of-nine-octets", frame(kind::PING, 0, 0, &[0; 9])),
        size("goaway-of-seven-octets", frame(kind::GOAWAY, 0, 0, &[0; 7]))
            .expect([Sign::Gone(&[])]),
        Row::new(
            Must,
            "priority-of-four-octets",
            "9113 §6.3",
            [frame(kind::PRIORITY, 0, 1, &[0; 4]), get(&[])].concat(),
        )
        .streams(&[])
        .expect([Sign::Reset(1, &[SIZE])]),
    ]
}

fn pings() -> Vec<Row> {
    vec![
        gone(Must, "ping-on-a-stream", "9113 §6.7", frame(kind::PING, 0, 1, &[0; 8]), &[PROTOCOL]),
        passed(
            Must,
            "ping-ack-unasked",
            "9113 §6.7",
            [frame(kind::PING, ACK, 0, &[7; 8]), get(&[])].concat(),
        ),
        passed(
            Must,
            "many-requests-on-a-connection",
            "9113 §5.1",
            [1, 3, 5, 7, 9].iter().flat_map(|id| request(*id, &GET)).collect(),
        )
        .streams(&[1, 3, 5, 7, 9])
        .expect([
            Sign::Requests(5),
            Sign::Status(1, &[200]),
            Sign::Status(9, &[200]),
            Sign::Alive,
        ]),
        Row::new(
            Security,
            "http1-behind-http2",
            "9113 §3.4",
            b"GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n".to_vec(),
        )
        .streams(&[])
        .expect([Sign::Nothing, Sign::Gone(&[])]),
    ]
}

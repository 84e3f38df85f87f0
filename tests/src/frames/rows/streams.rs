//! Ids and states of streams, padding, CONTINUATION, and flow control.

use super::super::frame::{BOTH, END_HEADERS, END_STREAM, PADDED, block, frame, kind, settings};
use super::super::run::{Row, Sign};
use super::made::{CLOSED, FLOW, GET, PROTOCOL, data, get, gone, malformed, passed, post, request};
use crate::desync::case::Level::{Must, Security, Should};

pub(super) fn rows() -> Vec<Row> {
    [ids(), states(), padding(), continued(), windows()].concat()
}

fn ids() -> Vec<Row> {
    let bad = |name, section, octets| gone(Must, name, section, octets, &[PROTOCOL]);
    let four = [0; 4];
    vec![
        bad("headers-on-stream-0", "9113 §6.2", request(0, &GET)),
        bad("headers-on-an-even-stream", "9113 §5.1.1", request(2, &GET)),
        gone(
            Must,
            "headers-on-an-older-stream",
            "9113 §5.1.1",
            [request(5, &GET), request(3, &GET)].concat(),
            &[PROTOCOL, CLOSED],
        ),
        bad("data-on-stream-0", "9113 §6.1", frame(kind::DATA, 0, 0, b"abc")),
        bad("data-on-an-idle-stream", "9113 §5.1", frame(kind::DATA, END_STREAM, 1, b"abc")),
        bad("rst-stream-on-stream-0", "9113 §6.4", frame(kind::RST_STREAM, 0, 0, &four)),
        bad("rst-stream-on-an-idle-stream", "9113 §6.4", frame(kind::RST_STREAM, 0, 7, &four)),
        bad(
            "window-update-on-an-idle-stream",
            "9113 §5.1",
            frame(kind::WINDOW_UPDATE, 0, 7, &[0, 0, 0, 1]),
        ),
        bad("priority-on-stream-0", "9113 §6.3", frame(kind::PRIORITY, 0, 0, &[0; 5])),
        bad(
            "continuation-on-stream-0",
            "9113 §6.10",
            frame(kind::CONTINUATION, END_HEADERS, 0, &[]),
        ),
        bad(
            "continuation-without-headers",
            "9113 §6.10",
            frame(kind::CONTINUATION, END_HEADERS, 1, &block(&GET)),
        ),
        passed(
            Must,
            "priority-on-an-idle-stream",
            "9113 §5.3.2",
            [frame(kind::PRIORITY, 0, 9, &[0, 0, 0, 1, 7]), get(&[])].concat(),
        ),
        Row::new(
            Should,
            "priority-to-itself",
            "9113 §5.3.2",
            [get(&[]), frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 1, 7])].concat(),
        )
        .expect([Sign::Status(1, &[200])])
        .expect([Sign::Reset(1, &[PROTOCOL])]),
    ]
}

fn states() -> Vec<Row> {
    let closed = |name, octets| {
        Row::new(Must, name, "9113 §5.1", octets)
            .expect([Sign::Reset(1, &[CLOSED, PROTOCOL])])
            .expect([Sign::Status(1, &[200]), Sign::Requests(1)])
    };
    vec![
        closed("data-after-the-end", [get(&[]), data(b"abc", true)].concat()),
        closed("headers-after-the-end", [get(&[]), get(&[])].concat()),
        Row::new(
            Must,
            "request-reset-by-its-client",
            "9113 §5.4.2",
            [
                post(&[("content-length", "10")]),
                data(b"hello", false),
                frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]),
            ]
            .concat(),
        )
        .streams(&[])
        .expect([Sign::Unfinished, Sign::Alive]),
        Row::new(
            Must,
            "chunks-reset-by-their-client",
            "9113 §5.4.2",
            [post(&[]), data(b"hello", false), frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8])]
                .concat(),
        )
        .streams(&[])
        .expect([Sign::Unfinished, Sign::Alive]),
        Row::new(
            Security,
            "streams-over-the-limit",
            "9113 §5.1.2",
            (0..600)
                .flat_map(|at| {
                    frame(
                        kind::HEADERS,
                        END_HEADERS,
                        1 + 2 * at,
                        &block(&[
                            (":method", "POST"),
                            (":scheme", "http"),
                            (":authority", "wire.test"),
                            (":path", "/case"),
                        ]),
                    )
                })
                .collect(),
        )
        .streams(&[1199])
        .expect([Sign::SomeReset, Sign::Unfinished]),
    ]
}

fn padding() -> Vec<Row> {
    let padded = [&[3][..], &block(&GET), &[0; 3]].concat();
    vec![
        passed(
            Must,
            "headers-padded",
            "9113 §6.2",
            frame(kind::HEADERS, BOTH | PADDED, 1, &padded),
        ),
        gone(
            Must,
            "headers-padded-too-far",
            "9113 §6.2",
            frame(kind::HEADERS, BOTH | PADDED, 1, &[&[255][..], &block(&GET)].concat()),
            &[PROTOCOL],
        ),
        gone(
            Must,
            "data-padded-too-far",
            "9113 §6.1",
            [post(&[]), frame(kind::DATA, END_STREAM | PADDED, 1, &[9, 1, 2])].concat(),
            &[PROTOCOL],
        ),
        Row::new(
            Must,
            "data-padded",
            "9113 §6.1",
            [
                post(&[]),
                frame(kind::DATA, END_STREAM | PADDED, 1, &[&[3][..], b"hello", &[0; 3]].concat()),
            ]
            .concat(),
        )
        .expect([Sign::Requests(1), Sign::Body("hello"), Sign::Status(1, &[200])]),
    ]
}

fn continued() -> Vec<Row> {
    let whole = block(&GET);
    let (one, other) = whole.split_at(10);
    let begun = frame(kind::HEADERS, END_STREAM, 1, one);
    let rest = frame(kind::CONTINUATION, END_HEADERS, 1, other);
    let between = |name, octets: Vec<u8>| {
        gone(Must, name, "9113 §6.10", [begun.clone(), octets, rest.clone()].concat(), &[PROTOCOL])
    };
    vec![
        passed(Must, "continuation", "9113 §6.10", [begun.clone(), rest.clone()].concat()),
        between("ping-inside-a-header-block", frame(kind::PING, 0, 0, &[0; 8])),
        between("data-inside-a-header-block", data(b"abc", false)),
        between("headers-inside-a-header-block", request(3, &GET)),
        between("unknown-frame-inside-a-header-block", frame(0xfa, 0, 0, b"abc")),
        between("continuation-of-another-stream", frame(kind::CONTINUATION, 0, 3, &[])),
    ]
}

fn windows() -> Vec<Row> {
    let most = 0x7fff_ffff_u32.to_be_bytes();
    vec![
        gone(
            Must,
            "window-update-of-0",
            "9113 §6.9",
            frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4]),
            &[PROTOCOL],
        ),
        gone(
            Must,
            "window-over-31-bits",
            "9113 §6.9.1",
            [frame(kind::WINDOW_UPDATE, 0, 0, &most), frame(kind::WINDOW_UPDATE, 0, 0, &most)]
                .concat(),
            &[FLOW],
        ),
        malformed(
            Must,
            "window-update-of-0-on-a-stream",
            "9113 §6.9",
            [post(&[]), frame(kind::WINDOW_UPDATE, 0, 1, &[0; 4])].concat(),
        )
        .expect([Sign::Unfinished, Sign::Reset(1, &[PROTOCOL])]),
        malformed(
            Must,
            "window-over-31-bits-on-a-stream",
            "9113 §6.9.1",
            [
                post(&[]),
                frame(kind::WINDOW_UPDATE, 0, 1, &most),
                frame(kind::WINDOW_UPDATE, 0, 1, &most),
            ]
            .concat(),
        )
        .expect([Sign::Unfinished, Sign::Reset(1, &[FLOW])]),
        Row::new(
            Must,
            "answers-wait-for-the-window",
            "9113 §6.9.2",
            [settings(&[(4, 0)]), get(&[]), frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 200])]
                .concat(),
        )
        .expect([
            Sign::Requests(1),
            Sign::Status(1, &[200]),
            Sign::Says(1, "echo:get /case"),
            Sign::Alive,
        ]),
    ]
}

//! What must be safe on the wire: SECURITY 1 to 20, on the real program, judged on both of its sides.
//!
//! Load, 21 to 25, is in `security_load.rs`; converted JSON, 26 to 31, in the gateway's `security_json.rs`.

use evergate_tests::backend::{Backend, Reply};
use evergate_tests::client::{Request, ask};
use evergate_tests::desync;
use evergate_tests::desync::case::{Case, Check, Level, Step};
use evergate_tests::desync::recorder::Recorder;
use evergate_tests::desync::run::{Verdict, run};
use evergate_tests::desync::table::failures;
use evergate_tests::desync::target::{Peer, Target};
use evergate_tests::frames;
use evergate_tests::frames::run::run as run_frames;
use evergate_tests::gate::Gate;

/// Names of rows, or their beginnings with a `*`.
fn chosen(name: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|one| match one.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *one == name,
    })
}

#[track_caller]
fn all_pass(verdicts: &[Verdict], least: usize) {
    assert!(verdicts.len() >= least, "only {} rows were chosen", verdicts.len());
    let told = failures(verdicts);
    assert!(told.is_empty(), "{told}");
}

/// Rows of the HTTP/1.1 suite, all of which have to pass.
#[track_caller]
fn http1(wanted: &[&str]) {
    let mut cases = desync::all();
    cases.retain(|case| case.level != Level::Should && chosen(case.name, wanted));
    play(&cases, wanted.len());
}

#[track_caller]
fn play(cases: &[Case], least: usize) {
    let backend = Recorder::start().expect("a free port");
    let target = Target::start(Peer::Evergate, backend.address()).expect("the program starts");
    all_pass(&run(target.http1, &backend, cases), least);
}

/// Rows of the HTTP/2 suite.
#[track_caller]
fn http2(wanted: &[&str]) {
    let backend = Recorder::start().expect("a free port");
    let target = Target::start(Peer::Evergate, backend.address()).expect("the program starts");
    let mut rows = frames::all();
    rows.retain(|row| row.level != Level::Should && chosen(row.name, wanted));
    all_pass(&run_frames(target.http2, target.http1, &backend, &rows), wanted.len());
}

#[test]
fn security_01_length_and_coding_are_refused_and_the_connection_closed() {
    http1(&["length-and-coding*", "coding-and-length*", "length-shorter-than-chunks"]);
    http2(&["length-and-coding", "coding-with-a-request-behind"]);
}

#[test]
fn security_02_only_one_final_chunked_is_understood() {
    http1(&["coding-*", "transfer-encoding-with-underscores"]);
    http2(&["field-transfer-encoding*"]);
}

#[test]
fn security_03_a_content_length_is_one_plain_number() {
    http1(&["length-*"]);
    http2(&["length-*"]);
}

#[test]
fn security_04_chunk_lines_are_read_to_the_letter() {
    http1(&[
        "size-*",
        "last-size-*",
        "data-*",
        "extension*",
        "chunks-*",
        "answer-size-*",
        "answer-data-*",
    ]);
}

#[test]
fn security_05_each_message_is_framed_anew() {
    // One octet a chunk comes in, and the framing of neither side is seen on the other.
    let request = "POST /case HTTP/1.1\r\nHost: wire.test\r\nTransfer-Encoding: CHUNKED\r\n\r\n000003;a=b\r\nabc\r\n0\r\n\r\n";
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n0005;a=b\r\nhello\r\n0\r\n\r\n";
    let anew = Case::new(Level::Security, "framed-anew", "9112 §6.1")
        .sends(request)
        .answered(answer)
        .expect([
            Check::Requests(1),
            Check::Exactly("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
            Check::Lacks("a=b"),
            Check::Answer("hello"),
            Check::Hides("a=b"),
            Check::Hides("0005"),
            Check::Kept,
        ]);
    let zeros = Case::new(Level::Security, "length-anew", "9112 §6.2")
        .sends("POST /case HTTP/1.1\r\nHost: wire.test\r\nContent-Length: 0003\r\n\r\nabc")
        .answered("HTTP/1.1 200 OK\r\nContent-Length: 0005\r\n\r\nhello")
        .expect([
            Check::Requests(1),
            Check::Has("content-length: 3\r\n"),
            Check::Answer("hello"),
            Check::Tells("content-length: 5\r\n"),
        ]);
    play(&[anew, zeros], 2);
}

#[test]
fn security_06_what_is_not_whole_never_becomes_whole() {
    http1(&["body-cut-*", "head-cut-*", "answer-cut-*", "answer-missing"]);
    http2(&[
        "request-reset-by-its-client",
        "chunks-reset-by-their-client",
        "answer-cut-in-a-chunk-is-reset",
        "length-more-than-came*",
    ]);
}

#[test]
fn security_07_trailers_never_become_fields_and_are_bounded() {
    http1(&["trailer*", "answer-trailer*"]);
    http2(&["trailers-never-become-fields"]);
}

#[test]
fn security_08_a_body_behind_a_refusal_is_no_request() {
    http1(&["body-of-a-refused-request-is-no-request", "method-connect-opens-no-tunnel"]);
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: wire.test\r\n\r\n";
    let length = smuggled.len();
    let behind = |name, line: &str, more: &str| {
        let request = format!(
            "{line}\r\nHost: wire.test\r\n{more}Content-Length: {length}\r\n\r\n{smuggled}"
        );
        Case::new(Level::Security, name, "9112 §9.3")
            .sends(request)
            .expect([Check::Nothing, Check::Refused(&[400, 405, 414, 417, 431, 501])])
    };
    let long = "a".repeat(9_000);
    play(
        &[
            behind("behind-a-bad-target", "POST /../case HTTP/1.1", ""),
            behind("behind-a-bad-method", "TRACE /case HTTP/1.1", ""),
            behind("behind-a-long-target", &format!("POST /{long} HTTP/1.1"), ""),
            behind("behind-an-expectation", "POST /case HTTP/1.1", "Expect: magic\r\n"),
            behind("behind-many-fields", "POST /case HTTP/1.1", &"X-A: b\r\n".repeat(200)),
        ],
        5,
    );
}

#[test]
fn security_09_a_backend_connection_that_is_not_clean_is_never_used_again() {
    http1(&[
        "surplus-*",
        "unsolicited-*",
        // not `answer-before-its-request`: an answer that comes between the look at a connection and the request is a race
        "an-early-answer-reaches-the-client",
        "head-with-*",
        "204-with-*",
        "304-with-a-body",
    ]);
}

#[test]
fn security_10_answers_that_are_not_to_the_letter_are_a_502() {
    http1(&[
        "answer-length-*",
        "answer-coding-*",
        "status-*",
        "reason-with-*",
        "answer-name-*",
        "answer-head-over-the-limit",
        "answer-of-*",
        "no-status-line",
    ]);
}

#[test]
fn security_11_there_is_one_host() {
    http1(&["host-*", "target-absolute*"]);
    http2(&["host-*", "authority-*"]);
}

#[test]
fn security_12_no_field_holds_what_another_reader_takes_for_its_end() {
    http1(&[
        "name-*",
        "bare-*",
        "nul-*",
        "control-*",
        "delete-*",
        "escape-*",
        "fold*",
        "no-colon",
        "answer-nul-*",
        "answer-bare-*",
        "answer-fold*",
        "answer-control-*",
        "head-*of-bare-*",
        "head-ended-by-bare-lf",
    ]);
    http2(&["name-*", "value-with-*", "answer-with-nul-in-a-value", "trailers-with-cr-and-lf"]);
}

#[test]
fn security_13_the_path_that_is_routed_is_the_path_that_is_forwarded() {
    http1(&["path-*", "query-is-kept"]);
    http2(&["path-with-*"]);
}

#[test]
fn security_14_only_plain_targets_are_served() {
    http1(&["method-trace", "method-connect*", "target-*"]);
    http2(&[
        "connect*",
        "method-trace",
        "path-asterisk-with-get",
        "path-without-slash",
        "path-absolute",
    ]);
}

#[test]
fn security_15_nothing_in_a_request_chooses_an_address() {
    let outside = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    outside.set_nonblocking(true).expect("a socket");
    let there = outside.local_addr().expect("bound");
    let backend = Backend::start(|_| Reply::whole(200, &[], b"inside"));
    let gate = Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n\
         apis:\n  wire:\n    backends: [{{ endpoints: [\"{}\"] }}]\n",
        backend.endpoint()
    ));
    let request = |target: &str, host: &str, field: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{field}Connection: close\r\n\r\n")
    };
    let name = there.to_string();
    let mut asked = vec![
        request(&format!("http://{there}/a"), &name, ""),
        request(&format!("http://{there}/a"), "wire.test", ""),
        request(&format!("//{there}/a"), "wire.test", ""),
        request(&format!("@{there}/a"), "wire.test", ""),
        request(&format!("/@{there}/a?http://{there}"), "wire.test", ""),
        request("/a", &name, ""),
        request("/a", &format!("x@{there}"), ""),
        format!("CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n\r\n"),
    ];
    for field in [
        "X-Forwarded-Host",
        "Forwarded",
        "X-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Backend",
        "Location",
        "X-Real-IP",
        "Via",
    ] {
        asked.push(request("/a", "wire.test", &format!("{field}: {there}\r\n")));
    }
    for one in asked {
        let mut client =
            desync::client::Client::connect(gate.address(), false).expect("it listens");
        client.send(one.as_bytes());
        client.final_answer();
        let said = client.finals.first().map_or(0, desync::message::Message::status);
        assert!([0, 200, 400, 404, 501].contains(&said), "{one:?} got {said}");
        assert!(outside.accept().is_err(), "{one:?} reached another address");
    }
    assert!(backend.count() > 0);
}

#[test]
fn security_16_versions_that_disagree_are_400_and_never_guessed() {
    let [one, two] =
        ["one", "two"].map(|body| Backend::start(move |_| Reply::whole(200, &[], body.as_bytes())));
    let gate = Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\napis:\n  a:\n    match: {{ path: /a }}\n    \
         client_version:\n      - path: /v{{version}}\n      - header: api-version\n      - query: api-version\n      - default: oldest\n    \
         backends:\n      - {{ version: \"1\", endpoints: [\"{}\"] }}\n      - {{ version: \"2\", endpoints: [\"{}\"] }}\n",
        one.endpoint(),
        two.endpoint()
    ));
    let said = |target: &str, versions: &[&str]| {
        let request = versions
            .iter()
            .fold(Request::get(target), |request, one| request.field("Api-Version", one));
        ask(gate.address(), &request).status
    };
    assert_eq!(said("/a/v2/b?api-version=2", &["2"]), 200);
    for (target, versions) in [
        ("/a/v1/b", &["2"][..]),
        ("/a/v1/b?api-version=2", &[]),
        ("/a/b?api-version=1", &["2"]),
        ("/a/b?api-version=1&api-version=2", &[]),
        ("/a/b?api-version=1&api%2dversion=2", &[]),
        ("/a/b", &["1", "2"]),
        ("/a/b", &["1, 2"]),
        ("/a/b", &["3"]),
        ("/a/b", &[""]),
    ] {
        assert_eq!(said(target, versions), 400, "{target} {versions:?}");
    }
    assert_eq!((one.count(), two.count()), (0, 1));
}

#[test]
fn security_17_fields_of_a_connection_end_here_and_take_nothing_along() {
    http1(&[
        "connection-n*",
        "keep-alive*",
        "proxy-connection",
        "te",
        "upgrade-unnamed",
        "answer-connection-*",
        "answer-keep-alive",
        "answer-proxy-connection",
        "answer-upgrade-unnamed",
    ]);
    http2(&[
        "field-connection*",
        "field-keep-alive",
        "field-proxy-connection",
        "field-upgrade",
        "field-te-*",
    ]);
}

#[test]
fn security_18_forwarding_fields_are_the_gateways_own() {
    http1(&["via-is-added*", "x-forwarded-for-*"]);
    let fields = "Forwarded: for=6.6.6.6;host=six.test;proto=https\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: six.test\r\n\
                  X-Forwarded-Proto: six\r\nX-Forwarded-Port: 666\r\nX-Forwarded-Prefix: /six\r\nX-Real-IP: 6.6.6.6\r\n";
    let replaced = Case::new(Level::Security, "forwarding-fields", "7239 §8.1")
        .sends(format!("GET /case HTTP/1.1\r\nHost: wire.test\r\n{fields}\r\n"))
        .expect([
            Check::Requests(1),
            Check::Lacks("6.6.6.6"),
            Check::Lacks("six"),
            Check::Lacks("666"),
            Check::Has("forwarded: for=127.0.0.1;proto=http\r\n"),
            Check::Has("x-forwarded-for: 127.0.0.1\r\n"),
            Check::Has("x-forwarded-host: wire.test\r\n"),
            Check::Has("via: 1.1 evergate\r\n"),
        ]);
    play(&[replaced], 1);
}

#[test]
fn security_19_no_tunnel_opens_unasked() {
    http1(&[
        "upgrade-to-*",
        "http2-settings-alone",
        "switching-*",
        "method-connect-opens-no-tunnel",
    ]);
    http2(&["answer-switching-protocols", "connect", "connect-extended-unasked"]);
    let upgrade =
        "GET /case HTTP/1.1\r\nHost: wire.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let tunnel = Case::new(Level::Security, "h2c-answered", "9113 §3.1")
        .sends(upgrade)
        .answered("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        .then(Step::Elsewhere)
        .expect([Check::Status(&[502]), Check::Lacks("h2c"), Check::Hides("h2c")]);
    play(&[tunnel], 1);
}

#[test]
fn security_20_underscores_shadow_no_field_that_is_trusted() {
    http1(&[
        "coding-with-underscore",
        "x-forwarded-for-with-underscores",
        "transfer-encoding-with-underscores",
        "length-with-underscore",
    ]);
    let shadow = |name, field: &'static str| {
        Case::new(Level::Security, name, "9110 §16.3.2.1")
            .sends(format!("GET /case HTTP/1.1\r\nHost: wire.test\r\n{field}: 6.6.6.6\r\n\r\n"))
            .expect([Check::Requests(1), Check::Lacks("6.6.6.6")])
            .expect([Check::Nothing, Check::Refused(&[400])])
    };
    play(
        &[
            shadow("shadow-of-x-real-ip", "X_Real_IP"),
            shadow("shadow-of-forwarded-host", "X_Forwarded-Host"),
            shadow("shadow-of-forwarded-proto", "x-forwarded_proto"),
            shadow("shadow-of-content-type", "Content_Type"),
            shadow("shadow-of-request-id", "X-Request_ID"),
        ],
        5,
    );
}

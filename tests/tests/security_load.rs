//! What must be safe under load: SECURITY 21 to 25, on the real program.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use evergate_tests::backend::{Backend, Reply};
use evergate_tests::client::{Client, Request, ask};
use evergate_tests::desync::case::Level;
use evergate_tests::desync::recorder::Recorder;
use evergate_tests::desync::table::failures;
use evergate_tests::desync::target::{Peer, Target};
use evergate_tests::frames;
use evergate_tests::frames::run::{Row, run as run_frames};
use evergate_tests::gate::Gate;
use evergate_tests::orders;
use evergate_tests::wire::Ending;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn plain(backend: &Backend, more: &str) -> Gate {
    Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n{more}\n\
         apis:\n  wire:\n    backends: [{{ endpoints: [\"{}\"] }}]\n",
        backend.endpoint()
    ))
}

/// Everything that comes until the peer closes; the time it took.
fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut came = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // A reset is an end too.
    let _ = stream.read_to_end(&mut came);
    (String::from_utf8_lossy(&came).into_owned(), began.elapsed())
}

#[test]
fn security_21_slow_clients_are_cut() {
    let backend = Backend::start(|_| Reply::whole(200, &[], b"ok"));
    let gate = plain(&backend, "timeouts: { header: 200ms, body: 200ms }\nlimits: { pace: 1000 }");
    for (start, expected) in [
        ("", ""),
        ("G", "HTTP/1.1 408 "),
        ("GET /a HTTP/1.1\r\nHost: wire.test\r\n", "HTTP/1.1 408 "),
        ("POST /a HTTP/1.1\r\nHost: wire.test\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 "),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n", ""),
    ] {
        let mut stream = TcpStream::connect(gate.address()).expect("it listens");
        stream.write_all(start.as_bytes()).expect("sent");
        let (said, took) = until_closed(&mut stream);
        assert!(said.is_empty() || said.starts_with(expected), "{start:?}: {said}");
        assert!(took < PATIENCE / 2, "{start:?} was held for {took:?}");
    }
    // Octets that trickle in do not put it off: the whole head has one time.
    let mut stream = TcpStream::connect(gate.address()).expect("it listens");
    let began = Instant::now();
    let mut reader = stream.try_clone().expect("a socket");
    let trickle = std::thread::spawn(move || {
        let head = format!("GET /a HTTP/1.1\r\nHost: wire.test\r\nX-A: {}", "b".repeat(100_000));
        // Ends when the peer has closed; the pause is what is tested.
        head.bytes()
            .take_while(|byte| {
                std::thread::park_timeout(Duration::from_millis(20));
                stream.write_all(&[*byte]).is_ok()
            })
            .count()
    });
    until_closed(&mut reader);
    assert!(began.elapsed() < PATIENCE / 2, "held for {:?}", began.elapsed());
    trickle.join().expect("no panic");
    let whole = backend.seen().iter().filter(|seen| seen.ending == Ending::Whole).count();
    assert_eq!(whole, 0, "a request that never came whole was sent as if it had");
}

/// The slowest of many requests while something else goes on.
fn slowest(address: SocketAddr, count: usize) -> Duration {
    let mut client = Client::connect(address).expect("it listens");
    let mut one = |_| {
        let began = Instant::now();
        let answer = client.ask(&Request::get("/sentinel-load")).expect("an answer");
        assert_eq!(answer.status, 200);
        began.elapsed()
    };
    (0..count).map(&mut one).max().unwrap_or_default()
}

#[test]
fn security_22_floods_end_their_connection_while_others_are_served() {
    let backend = Recorder::start().expect("a free port");
    let target = Target::start(Peer::Evergate, backend.address()).expect("the program starts");
    let floods =
        ["flood", "rapid-reset", "made-you-reset", "continuations", "without-end", "resets-of"];
    let rows: Vec<Row> = frames::all()
        .into_iter()
        .filter(|row| row.level == Level::Security)
        .filter(|row| floods.iter().any(|part| row.name.contains(part)))
        .collect();
    assert!(rows.len() >= 14, "{}", rows.len());
    for row in rows {
        let (http1, http2) = (target.http1, target.http2);
        let slowest = std::thread::scope(|scope| {
            let others = scope.spawn(move || slowest(http1, 100));
            let told = failures(&run_frames(http2, http1, &backend, std::slice::from_ref(&row)));
            // What the recorder ends between rows may be the others' connection; their answers are what counts.
            assert!(told.is_empty(), "{told}");
            others.join().expect("every request is answered")
        });
        assert!(
            slowest < Duration::from_secs(1),
            "{}: another client waited {slowest:?}",
            row.name
        );
    }
}

#[test]
fn security_23_heads_targets_bodies_and_depth_are_capped() {
    let backend = Backend::start(|_| Reply::whole(200, &[], b"ok"));
    let gate = plain(&backend, "");
    let said = |target: &str, fields: &str| {
        let mut client = Client::connect(gate.address()).expect("it listens");
        let head = format!("GET {target} HTTP/1.1\r\nHost: wire.test\r\n{fields}\r\n");
        // It may be refused before all of it is sent.
        let _ = client.send(head.as_bytes());
        client.answer("GET").map_or(0, |answer| answer.status)
    };
    let long = |size: usize| format!("/{}", "a".repeat(size - 1));
    assert_eq!((said(&long(8_000), ""), said(&long(8_001), "")), (200, 414));
    assert_eq!(
        (said("/a", &"X-A: b\r\n".repeat(99)), said("/a", &"X-A: b\r\n".repeat(100))),
        (200, 431)
    );
    let field = |size: usize| format!("X-A: {}\r\n", "b".repeat(size));
    assert_eq!((said("/a", &field(60 << 10)), said("/a", &field(66 << 10))), (200, 431));
    assert_eq!(backend.count(), 3);
    // Bodies are bounded where they are held: where they are converted.
    let two = orders::backend("v2");
    let more = "\nlimits: { body: 4KiB, depth: 16, held_bodies: 3KiB }\n";
    let config = orders::config(&[("v2", &two.endpoint())], &[]) + more;
    let gate = Gate::start(&config);
    let order = |note: &str| {
        let body = format!("{{\"item\":{note},\"qty\":1}}");
        let request = Request::new("POST", "/orders")
            .field("Api-Version", "v1")
            .field("Content-Type", "application/json");
        ask(gate.address(), &request.body(body)).status
    };
    let text = |size: usize| format!("\"{}\"", "a".repeat(size));
    assert_eq!(order(&text(10)), 201);
    assert_eq!(order(&text(5 << 10)), 413);
    assert_eq!(order(&text(3 << 10)), 503);
    assert_eq!(order(&format!("{}{}", "[".repeat(30), "]".repeat(30))), 400);
    assert_eq!(two.count(), 1);
}

/// The most memory that the program had so far, in KiB.
fn peak(gate: &Gate) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn security_24_attacks_take_little_memory() {
    /// What any of these attacks may add, in KiB.
    const MOST: u64 = 96 << 10;
    let large = vec![b'x'; 8 << 20];
    let backend = Backend::start(move |_| Reply::whole(200, &[], &large));
    let attack = |name: &str, connections: usize, octets: &[u8]| {
        let gate = plain(&backend, "");
        assert_eq!(ask(gate.address(), &Request::get("/warm")).status, 200);
        let before = peak(&gate);
        let mut open: Vec<TcpStream> = Vec::new();
        for _ in 0..connections {
            let mut stream = TcpStream::connect(gate.address()).expect("it listens");
            stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a socket");
            // A peer that takes no more is right.
            let _ = stream.write_all(octets);
            open.push(stream);
        }
        // Answered behind all of them.
        assert_eq!(ask(gate.address(), &Request::get("/after")).status, 200);
        let more = peak(&gate).saturating_sub(before);
        assert!(more < MOST, "{name}: {more} KiB more for {connections} connections");
        drop(open);
    };
    let head = "GET /a HTTP/1.1\r\nHost: wire.test\r\n";
    attack("heads without end", 200, format!("{head}X-A: {}", "b".repeat(60 << 10)).as_bytes());
    attack("answers that nobody reads", 100, format!("{head}\r\n").as_bytes());
    attack("pipelines that nobody reads", 50, format!("{head}\r\n").repeat(500).as_bytes());
    let ext = format!(
        "POST /a HTTP/1.1\r\nHost: wire.test\r\nTransfer-Encoding: chunked\r\n\r\n1;{}",
        "a".repeat(1 << 20)
    );
    attack("extensions without end", 100, ext.as_bytes());
    for row in frames::all().into_iter().filter(|row| {
        matches!(row.name, "hpack-bomb" | "continuations-full" | "ping-flood" | "settings-flood")
    }) {
        let opening = [frames::frame::PREFACE, &frames::frame::settings(&[])].concat();
        let octets = [opening, row.octets].concat();
        attack(row.name, 20, octets.get(..octets.len().min(2 << 20)).unwrap_or_default());
    }
}

#[test]
fn security_25_only_what_may_be_done_twice_is_done_twice() {
    // Takes every request and closes without an answer.
    let dying = || Backend::start(|_| Reply::new().close());
    let (one, two) = (dying(), dying());
    let gate = Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n\
         apis:\n  wire:\n    backends:\n      - endpoints: [\"{}\", \"{}\"]\n        retries: {{ floor: 0, backoff: 0s }}\n\
         \x20       ejection: {{ failures: 0 }}\n",
        one.endpoint(),
        two.endpoint()
    ));
    let executed = || one.count() + two.count();
    for method in ["POST", "PATCH"] {
        let before = executed();
        for _ in 0..20 {
            let request = Request::new(method, "/a").field("Idempotency-Key", "\"k\"").body("once");
            assert!(ask(gate.address(), &request).status >= 500);
        }
        // No backend has said that it knows such keys.
        assert!(executed() - before <= 20, "{method} was executed {} times", executed() - before);
    }
    let before = executed();
    for _ in 0..200 {
        assert!(ask(gate.address(), &Request::get("/a")).status >= 500);
    }
    let again = (executed() - before).saturating_sub(200);
    assert!((1..=48).contains(&again), "{again} were sent again of 240, a fifth is allowed");
    // Never after the answer has begun.
    let begun = Backend::start(|_| {
        Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").close()
    });
    let gate = plain(&begun, "");
    let mut client = Client::connect(gate.address()).expect("it listens");
    client.send(&Request::get("/a").bytes()).expect("sent");
    let answer = client.answer("GET").expect("a head");
    assert_eq!((answer.status, answer.ending), (200, Ending::Cut));
    assert_eq!(begun.count(), 1);
}

//! What can go wrong with a backend, one test each: what the client sees, within which time, and what is never done
//! twice. `docs/faults.md` is the same list for people.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use evergate_tests::backend::{Backend, Latch, Reply};
use evergate_tests::client::{Answer, Client, Request};
use evergate_tests::corpus::root;
use evergate_tests::gate::Gate;
use evergate_tests::load::{Check, Load, Plan};
use evergate_tests::name_server::NameServer;
use evergate_tests::orders;
use evergate_tests::process::own_address;
use evergate_tests::wire::Ending;

/// The time that each test lets run out.
const SHORT: Duration = Duration::from_millis(300);
/// What a loaded machine may add to it.
const MORE: Duration = Duration::from_secs(10);
/// For whatever has to happen some time.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a request is sent at most by default.
const ATTEMPTS: usize = 3;

/// A gateway before these addresses, with more settings of the backend.
fn gate(endpoints: &[SocketAddr], more: &str) -> Gate {
    let all: Vec<_> = endpoints.iter().map(|one| format!("\"http://{one}\"")).collect();
    of_endpoints(&all.join(", "), more)
}

fn of_endpoints(endpoints: &str, more: &str) -> Gate {
    Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n\
         apis: {{ x: {{ backends: [{{ endpoints: [{endpoints}] {more} }}] }} }}\n"
    ))
}

/// An address that nobody listens on, and nobody but a test with this number will.
fn gone(number: u8) -> SocketAddr {
    TcpListener::bind((own_address(number), 0)).unwrap().local_addr().unwrap()
}

/// A whole answer in one piece.
fn ok() -> Reply {
    Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

fn well() -> Backend {
    Backend::start(|_| ok())
}

/// A request that can be counted.
fn named(method: &str, id: &str) -> Request {
    let request = Request::new(method, "/x").field("x-id", id);
    if matches!(method, "POST" | "PUT" | "PATCH") { request.body("content") } else { request }
}

/// How often a request was done.
fn done(backends: &[&Backend], id: &str) -> usize {
    let all = backends.iter().flat_map(|backend| backend.seen());
    all.filter(|seen| seen.head.field("x-id") == Some(id)).count()
}

/// The answer, and how long it took.
fn timed(gate: &Gate, request: &Request) -> (Answer, Duration) {
    let began = Instant::now();
    let answer = gate.ask(request);
    (answer, began.elapsed())
}

/// The code of a refusal.
fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

/// Every request is refused so, at once, and only what may be done twice is done more than once.
#[track_caller]
fn check_refused(fault: Reply, refusal: (u16, &str)) {
    let ill = Backend::start(move |_| fault.clone());
    let alone = gate(&[ill.address()], "");
    for (method, most) in
        [("GET", ATTEMPTS), ("PUT", ATTEMPTS), ("DELETE", ATTEMPTS), ("POST", 1), ("PATCH", 1)]
    {
        let (answer, took) = timed(&alone, &named(method, method));
        assert_eq!((answer.status, code(&answer).as_str()), refusal, "{method}");
        assert!(took < MORE, "{method}: {took:?}");
        let times = done(&[&ill], method);
        assert!((1..=most).contains(&times), "{method} was done {times} times");
    }
    // Beside one that is well, nobody who may be served twice notices.
    let other = well();
    let both = gate(&[ill.address(), other.address()], "");
    for number in 0..10 {
        for method in ["GET", "PUT", "DELETE"] {
            let (answer, took) = timed(&both, &named(method, &format!("{method}{number}")));
            assert_eq!((answer.status, answer.ending), (200, Ending::Whole), "{method}");
            assert!(took < MORE, "{method}: {took:?}");
        }
        let id = format!("POST{number}");
        let answer = both.ask(&named("POST", &id));
        assert!(answer.status == 200 || (answer.status, code(&answer).as_str()) == refusal);
        assert_eq!(done(&[&ill, &other], &id), 1);
    }
}

/// The client gets the head and then a cut body, at once, and nothing is done twice.
#[track_caller]
fn check_cut(fault: Reply) {
    let (ill, other) = (Backend::start(move |_| fault.clone()), well());
    let gate = gate(&[ill.address(), other.address()], "");
    let mut met = 0;
    for number in 0..20 {
        for method in ["GET", "PUT", "POST"] {
            let id = format!("{method}{number}");
            let (answer, took) = timed(&gate, &named(method, &id));
            assert_eq!(answer.status, 200);
            assert!(took < MORE, "{method}: {took:?}");
            if done(&[&ill], &id) > 0 {
                met += 1;
                assert_eq!(answer.ending, Ending::Cut, "{method}: {}", answer.text());
            }
            assert_eq!(done(&[&ill, &other], &id), 1, "{method}");
        }
    }
    assert!(met > 0, "no request met the fault");
}

#[test]
fn fault_refuses_connections() {
    let nobody = gone(1);
    let alone = gate(&[nobody], "");
    for method in ["GET", "POST"] {
        let (answer, took) = timed(&alone, &named(method, method));
        assert_eq!((answer.status, code(&answer).as_str()), (502, "backend-unreachable"));
        assert!(took < MORE, "{took:?}");
    }
    let other = well();
    let both = gate(&[nobody, other.address()], "");
    for number in 0..10 {
        for method in ["GET", "PUT", "POST", "PATCH"] {
            let id = format!("{method}{number}");
            let (answer, took) = timed(&both, &named(method, &id));
            assert_eq!(answer.status, 200, "what was not sent is sent elsewhere, whatever it is");
            assert!(took < MORE, "{took:?}");
            assert_eq!(done(&[&other], &id), 1);
        }
    }
}

#[test]
fn fault_takes_no_connection() {
    // Who connects is heard, but the handshake never ends.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let gate = of_endpoints(&format!("\"https://{address}\""), ", timeouts: { connect: 300ms }");
    for method in ["GET", "POST"] {
        let (answer, took) = timed(&gate, &named(method, method));
        assert_eq!((answer.status, code(&answer).as_str()), (504, "connect-timeout"));
        assert!((SHORT..SHORT + MORE).contains(&took), "{took:?}");
    }
}

#[test]
fn fault_closes_without_an_answer() {
    check_refused(Reply::new().close(), (502, "backend-broken"));
    check_refused(Reply::new().reset(), (502, "backend-broken"));
}

#[test]
fn fault_resets_within_the_head() {
    check_refused(
        Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Le").reset(),
        (502, "backend-broken"),
    );
    check_refused(
        Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Le").close(),
        (502, "backend-broken"),
    );
}

#[test]
fn fault_resets_within_the_body() {
    let head = "HTTP/1.1 200 OK\r\n";
    check_cut(Reply::new().bytes(format!("{head}Content-Length: 1000\r\n\r\nhalf")).reset());
    check_cut(Reply::new().bytes(format!("{head}Content-Length: 1000\r\n\r\nhalf")).close());
    check_cut(
        Reply::new()
            .bytes(format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"))
            .close(),
    );
    // Framed by the end of the connection, which a reset is not.
    check_cut(Reply::new().bytes(format!("{head}Connection: close\r\n\r\nhalf")).reset());
}

#[test]
fn fault_resets_within_a_body_that_is_converted() {
    // Nothing of it went to the client yet.
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    let fault = Reply::new().bytes(format!("{head}{{\"id\":\"1\",")).reset();
    let ill = Backend::start(move |_| fault.clone());
    let gate = Gate::start(&orders::config(&[("v2", &ill.endpoint())], &[]));
    let request = Request::get("/orders/1").field("api-version", "v1").field("x-id", "1");
    let (answer, took) = timed(&gate, &request);
    assert_eq!((answer.status, code(&answer).as_str()), (502, "backend-broken"));
    assert!(took < MORE, "{took:?}");
    assert_eq!(done(&[&ill], "1"), 1, "an answer that has begun is not asked for again");
}

/// A backend that takes requests and says nothing, beside one that is well: the time runs out, and nothing is repeated.
#[track_caller]
fn check_silent(reply: Reply, times: &str, refusal: (u16, &str)) {
    let (ill, other) = (Backend::start(move |_| reply.clone()), well());
    let gate = gate(&[ill.address(), other.address()], times);
    let mut met = 0;
    for number in 0..20 {
        for method in ["GET", "POST"] {
            let id = format!("{method}{number}");
            let (answer, took) = timed(&gate, &named(method, &id));
            if done(&[&ill], &id) > 0 {
                met += 1;
                assert_eq!((answer.status, code(&answer).as_str()), refusal, "{method}");
                assert!((SHORT..SHORT + MORE).contains(&took), "{method}: {took:?}");
            } else {
                assert_eq!(answer.status, 200);
            }
            assert_eq!(done(&[&ill, &other], &id), 1, "whether it was done is not known");
        }
        if met > 1 {
            return;
        }
    }
    assert!(met > 0, "no request met the fault");
}

#[test]
fn fault_hangs() {
    let never = Latch::default();
    let hangs = || Reply::new().wait(&never);
    check_silent(hangs(), ", timeouts: { upstream: 300ms }", (504, "backend-timeout"));
    let all = ", timeouts: { upstream: 10s, request: 300ms }";
    check_silent(hangs(), all, (504, "request-timeout"));
    // Within the body there is nothing left to say.
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";
    let ill = Backend::start({
        let reply = Reply::new().bytes(begun).wait(&never);
        move |_| reply.clone()
    });
    let gate = gate(&[ill.address()], ", timeouts: { silence: 300ms }");
    let (answer, took) = timed(&gate, &named("GET", "1"));
    assert_eq!((answer.status, answer.text().as_str(), answer.ending), (200, "half", Ending::Cut));
    assert!((SHORT..SHORT + MORE).contains(&took), "{took:?}");
    assert_eq!(done(&[&ill], "1"), 1);
    never.open();
}

#[test]
fn fault_trickles() {
    let pause = Duration::from_millis(20);
    // A head that comes octet by octet has no more time than any other.
    let endless = format!("HTTP/1.1 200 OK\r\nX-A: {}", "a".repeat(2_000));
    let head = Reply::new().slowly(endless, pause);
    check_silent(head, ", timeouts: { upstream: 300ms }", (504, "backend-timeout"));
    // A body may come as slowly as it likes, as long as it comes.
    let reply = Reply::new()
        .bytes("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")
        .slowly("a".repeat(30), pause);
    let slow = Backend::start(move |_| reply.clone());
    let gate = gate(&[slow.address()], ", timeouts: { upstream: 300ms, silence: 10s }");
    let (answer, took) = timed(&gate, &named("GET", "1"));
    assert_eq!((answer.body.len(), answer.ending), (30, Ending::Whole));
    assert!(took < 30 * pause + MORE, "{took:?}");
    assert_eq!(done(&[&slow], "1"), 1);
}

#[test]
fn fault_sends_bad_framing() {
    for head in [
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\nabc",
        "Content-Length: -1\r\n\r\n",
        "Content-Length : 2\r\n\r\nab",
    ] {
        let fault = Reply::new().bytes(format!("HTTP/1.1 200 OK\r\n{head}")).close();
        check_refused(fault, (502, "backend-broken"));
    }
    check_refused(Reply::new().bytes("what is this\r\n\r\n").close(), (502, "backend-broken"));
    for chunks in ["4\r\nhalf\r\nzz\r\n", "4\r\nhalfTOO MUCH", "-1\r\n"] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check_cut(Reply::new().bytes(format!("{head}{chunks}")).close());
    }
}

#[test]
fn fault_dies_under_load() {
    let (mut mortal, other) = (well(), well());
    let gate = gate(&[mortal.address(), other.address()], "");
    let requests = ["GET", "PUT", "DELETE"].map(|method| named(method, "load")).to_vec();
    let plan = Plan { address: gate.address(), connections: 4, requests, most: usize::MAX };
    let check: Check = |_, answer| match (answer.status, answer.text().as_str()) {
        (200, "ok") => Ok(()),
        (status, text) => Err(format!("{status} {text}")),
    };
    let load = Load::start(&plan, check);
    load.wait_for(200);
    assert!(mortal.count() > 0, "it takes part");
    mortal.kill();
    let (mut refused, before) = (0, load.sent());
    for number in 0..50 {
        let id = format!("POST{number}");
        let (answer, took) = timed(&gate, &named("POST", &id));
        if answer.status != 200 {
            assert_eq!((answer.status, code(&answer).as_str()), (502, "backend-broken"));
            refused += 1;
        }
        assert!(took < MORE, "{took:?}");
        assert!(done(&[&mortal, &other], &id) <= 1);
    }
    load.wait_for(before + 200);
    let tally = load.stop();
    assert_eq!(tally.failed, 0, "{:#?}", tally.failures);
    assert!(tally.quantile(100) < MORE, "{:?}", tally.quantile(100));
    assert!(refused < 50, "the other one serves");
}

#[test]
fn fault_comes_back() {
    let (mut mortal, other) =
        (Backend::at(SocketAddr::from((own_address(2), 0)), |_| ok()), well());
    let address = mortal.address();
    let gate = gate(&[address, other.address()], ", ejection: { base: 50ms, most: 50ms }");
    mortal.kill();
    for number in 0..20 {
        let id = format!("POST{number}");
        assert_eq!(gate.ask(&named("POST", &id)).status, 200);
        assert_eq!(done(&[&other], &id), 1);
    }
    let back = Backend::at(address, |_| ok());
    let mut number = 20;
    until("it is used again", || {
        number += 1;
        let id = format!("POST{number}");
        assert_eq!(gate.ask(&named("POST", &id)).status, 200);
        assert_eq!(done(&[&back, &other], &id), 1);
        back.count() > 0
    });
}

#[test]
fn fault_all_backends_of_a_version_die() {
    let (mut old, mut new) = (orders::backend("v1"), orders::backend("v2"));
    let (first, second) = (old.endpoint(), new.endpoint());
    let gate = Gate::start(&orders::config(&[("v1", &first), ("v2", &second)], &[]));
    let place = |id: &str| {
        let order = serde_json::json!({ "item": "tea", "qty": 2 });
        let request = Request::post("/orders", &order).field("api-version", "v1").field("x-id", id);
        timed(&gate, &request)
    };
    let (answer, _) = place("well");
    assert_eq!((answer.status, answer.json()["id"].as_str()), (201, Some("from v1")));
    old.kill();
    // Who finds the last one gone was converted for it already.
    until("another version serves", || {
        let (answer, took) = place("after");
        assert!(took < MORE, "{took:?}");
        let refused = answer.status == 502;
        let codes = ["backend-unreachable", "backend-broken"];
        assert!(!refused || codes.contains(&code(&answer).as_str()), "{}", answer.text());
        !refused
    });
    assert_eq!(done(&[&old, &new], "after"), 1, "those that were refused were not done");
    let (answer, _) = place("converted");
    assert_eq!((answer.status, answer.json()["id"].as_str()), (201, Some("from v2")));
    assert_eq!(answer.json()["qty"], 2);
    new.kill();
    for number in 0..3 {
        let id = format!("nobody{number}");
        let (answer, took) = place(&id);
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(took < MORE, "{took:?}");
        assert_eq!(done(&[&old, &new], &id), 0);
    }
}

#[test]
fn fault_names_change() {
    let one = Backend::at(SocketAddr::from((own_address(3), 0)), |_| ok());
    let port = one.address().port();
    let other = Backend::at(SocketAddr::from((own_address(4), port)), |_| ok());
    let (first, second) = (own_address(3), own_address(4));
    let server = NameServer::start(&[first]);
    let config = format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\ndns: {{ servers: [\"{}\"] }}\n\
         apis:\n  x: {{ backends: [{{ endpoints: [\"http://orders.test:{port}\"], dns: {{ least: 20ms }} }}] }}\n",
        server.address()
    );
    let gate = Gate::start(&config);
    let mut number = 0;
    let mut post = || {
        number += 1;
        let id = format!("POST{number}");
        assert_eq!(gate.ask(&named("POST", &id)).status, 200);
        assert_eq!(done(&[&one, &other], &id), 1);
    };
    (0..5).for_each(|_| post());
    assert_eq!((one.count(), other.count()), (5, 0));
    let states = || states(&gate);
    server.says(Some(&[first, second]));
    until("there are two", || states() == ["up", "up"]);
    (0..20).for_each(|_| post());
    server.says(Some(&[second]));
    until("there is one again", || states() == ["up"]);
    let before = (one.count(), other.count());
    post();
    assert_eq!((one.count(), other.count()), (before.0, before.1 + 1));
    // Nobody knows the name any more: the last addresses stay.
    server.says(None);
    let asked = server.asked();
    until("it was asked in vain", || server.asked() > asked + 8);
    post();
    assert_eq!((one.count(), other.count()), (before.0, before.1 + 2));
    let reload = Request::new("POST", "/reload").field("x-evergate-reload", "1").body("");
    assert_eq!(gate.ask_admin(&reload).status, 200);
    assert_eq!(states(), ["up"]);
}

/// The states of all endpoints, in the order of the configuration.
fn states(gate: &Gate) -> Vec<String> {
    let told = gate.ask_admin(&Request::get("/endpoints")).json();
    let groups = told["apis"][0]["groups"].as_array().unwrap().clone();
    let all = groups.iter().flat_map(|group| group["endpoints"].as_array().unwrap().clone());
    all.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn fault_a_fifth_of_the_answers_is_503() {
    // Every fifth answer of both together, so that the next one is always a good one.
    let count: &'static AtomicUsize = Box::leak(Box::default());
    let flaky = || {
        Backend::start(|_| match count.fetch_add(1, Ordering::Relaxed) % 5 {
            4 => Reply::new().bytes("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"),
            _ => ok(),
        })
    };
    let both = [flaky(), flaky()];
    let all = [&both[0], &both[1]];
    let addresses = [both[0].address(), both[1].address()];
    let gate = gate(&addresses, ", retries: { budget: 50 }");
    let mut client = Client::connect(gate.address()).unwrap();
    let (mut busy, began) = (0, Instant::now());
    let methods = ["GET", "PUT", "POST", "DELETE", "POST", "GET", "PATCH"];
    for (number, method) in methods.iter().cycle().take(400).enumerate() {
        let id = format!("{method}{number}");
        let answer = client.ask(&named(method, &id)).unwrap();
        if matches!(*method, "POST" | "PATCH") {
            // What the backend says goes to a client whose request may be done only once.
            assert!([200, 503].contains(&answer.status));
            assert_eq!(answer.text(), if answer.status == 200 { "ok" } else { "busy" });
            busy += usize::from(answer.status == 503);
            assert_eq!(done(&all, &id), 1);
        } else {
            assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{method}");
            assert!((1..=2).contains(&done(&all, &id)), "{method}");
        }
    }
    assert!((1..=80).contains(&busy), "{busy} of 172");
    assert!(began.elapsed() < 400 * MORE, "{:?}", began.elapsed());
}

#[test]
fn the_list_for_people_is_this_one() {
    let text = std::fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let list = text.split("\n## ").next().unwrap();
    let own = std::fs::read_to_string(root().join("tests/tests/faults.rs")).unwrap();
    let tests: Vec<&str> =
        own.lines().filter_map(|line| line.strip_prefix("fn fault_")?.split('(').next()).collect();
    for test in &tests {
        assert!(list.contains(&format!("`fault_{test}`")), "docs/faults.md lacks fault_{test}");
    }
    let others = [
        "gateway/tests/tls.rs",
        "gateway/tests/backend_tls.rs",
        "gateway/tests/backends.rs",
        "gateway/tests/backend_http2.rs",
        "tests/tests/chaos.rs",
        "tests/tests/soak.rs",
    ];
    let others = others.map(|path| std::fs::read_to_string(root().join(path)).unwrap()).concat();
    let rows: Vec<&str> = list.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > tests.len(), "{} rows", rows.len());
    for row in rows {
        let named = row.rsplit('|').nth(1).unwrap().trim().trim_matches('`');
        let is_test =
            own.contains(&format!("\nfn {named}(")) || others.contains(&format!("fn {named}("));
        assert!(is_test, "docs/faults.md names `{named}`, which is no test");
    }
}

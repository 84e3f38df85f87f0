//! The plain proxy of the examples: what is sent arrives, what is answered comes back.

use evergate_tests::backend::{Backend, Latch, Reply};
use evergate_tests::client::{Client, Request};
use evergate_tests::corpus::root;
use evergate_tests::gate::Gate;
use evergate_tests::wire::Ending;
use serde_json::json;

/// The example's gateway on free ports before this backend.
fn start(backend: &Backend) -> Gate {
    let text = std::fs::read_to_string(root().join("examples/plain-proxy/gateway.yaml"))
        .expect("the example's config");
    for place in ["127.0.0.1:8080", "127.0.0.1:9901", "http://127.0.0.1:3000"] {
        assert!(text.contains(place), "the example no longer names {place}");
    }
    let text = text
        .replace("127.0.0.1:8080", "127.0.0.1:0")
        .replace("127.0.0.1:9901", "127.0.0.1:0")
        .replace("http://127.0.0.1:3000", &backend.endpoint());
    Gate::start(&text)
}

#[test]
fn what_is_sent_arrives_and_what_is_answered_comes_back() {
    let backend = Backend::start(|_| {
        Reply::whole(201, &[("Content-Type", "text/plain"), ("X-Kept", "yes")], b"made")
    });
    let gate = start(&backend);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let request = Request::new("PUT", "/a%2Fb?q=%20x&q=2").field("X-Own", "1").body(bytes.clone());
    let answer = gate.ask(&request);
    assert_eq!((answer.status, answer.text().as_str()), (201, "made"));
    assert_eq!(
        (answer.field("x-kept"), answer.field("content-type")),
        (Some("yes"), Some("text/plain"))
    );
    let seen = backend.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PUT", "/a%2Fb?q=%20x&q=2"));
    assert_eq!(seen.head.field("x-own"), Some("1"));
    assert!(seen.body == bytes, "the body changed on the way");
}

#[test]
fn numbers_and_spacing_are_not_touched() {
    let odd = b"{ \"n\" : 12345678901234567890123, \"d\":1.10,\r\n\"e\":1e400, \"n\":2 }";
    let backend =
        Backend::start(move |_| Reply::whole(200, &[("Content-Type", "application/json")], odd));
    let gate = start(&backend);
    let request = Request::new("POST", "/x").field("content-type", "application/json").body(*odd);
    assert_eq!(gate.ask(&request).body, odd);
    assert_eq!(backend.only().body, odd);
}

#[test]
fn one_connection_serves_many_requests() {
    let backend = Backend::start(|seen| Reply::json(200, &json!({ "target": seen.target })));
    let gate = start(&backend);
    let mut client = Client::connect(gate.address()).unwrap();
    for number in 0..20 {
        let target = format!("/{number}");
        let answer = client.ask(&Request::get(&target)).unwrap();
        assert_eq!(answer.json(), json!({ "target": target }));
    }
}

#[test]
fn an_answer_streams_before_it_is_complete() {
    let latch = Latch::default();
    let reply = Reply::new()
        .bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        .wait(&latch)
        .bytes("4\r\nlast\r\n0\r\n\r\n");
    let backend = Backend::start(move |_| reply.clone());
    let gate = start(&backend);
    let mut client = Client::connect(gate.address()).unwrap();
    client.send(&Request::get("/").bytes()).unwrap();
    assert!(client.until(b"first"), "the first chunk is held back");
    latch.open();
    assert!(client.until(b"last"), "the last chunk does not come");
}

#[test]
fn a_cut_answer_is_never_passed_as_whole() {
    let heads = [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ];
    for head in heads {
        let backend = Backend::start(move |_| Reply::new().bytes(head).close());
        let gate = start(&backend);
        let mut client = Client::connect(gate.address()).unwrap();
        // No answer at all is as honest as a cut one; a complete 200 is not.
        if let Ok(answer) = client.ask(&Request::get("/")) {
            let honest = answer.ending == Ending::Cut || answer.status == 502;
            assert!(honest, "{head:?} came as {} {:?}", answer.status, answer.ending);
        }
    }
}

#[test]
fn a_backend_killed_while_it_answers_cuts_the_answer() {
    let latch = Latch::default();
    let reply = Reply::new()
        .bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        .bytes("x".repeat(500))
        .wait(&latch);
    let mut backend = Backend::start(move |_| reply.clone());
    let gate = start(&backend);
    let mut client = Client::connect(gate.address()).unwrap();
    client.send(&Request::get("/").bytes()).unwrap();
    backend.wait_for(1);
    assert!(client.until(b"xxx"), "the first half does not come");
    backend.kill();
    latch.open();
    assert!(!client.until(&[b'x'; 600]), "more came than was sent");
}

#[test]
fn a_backend_that_is_gone_is_a_bad_gateway() {
    let mut backend = Backend::start(|_| Reply::whole(200, &[], b""));
    let gate = start(&backend);
    assert_eq!(gate.ask(&Request::get("/")).status, 200);
    backend.kill();
    let answer = gate.ask(&Request::get("/"));
    assert!(matches!(answer.status, 502..=504), "{}", answer.status);
    assert_eq!(answer.ending, Ending::Whole);
}

#[test]
fn a_term_signal_lets_a_slow_request_finish() {
    let latch = Latch::default();
    let reply = Reply::new()
        .bytes("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nslow")
        .wait(&latch)
        .bytes("done");
    let backend = Backend::start(move |seen| match seen.target.as_str() {
        "/slow" => reply.clone(),
        _ => Reply::whole(200, &[], b"late"),
    });
    let mut gate = start(&backend);
    let mut client = Client::connect(gate.address()).unwrap();
    client.send(&Request::get("/slow").bytes()).unwrap();
    backend.wait_for(1);
    gate.terminate();
    // The listener is closed when the drain has begun; only then may the slow answer go on.
    while Client::connect(gate.address())
        .is_ok_and(|mut late| late.ask(&Request::get("/late")).is_ok())
    {}
    latch.open();
    let answer = client.answer("GET").unwrap();
    assert_eq!((answer.text().as_str(), answer.ending), ("slowdone", Ending::Whole));
    // its head was gone before the drain, so that the connection might carry another request
    drop(client);
    let status = gate.ended();
    assert!(status.success(), "{status}:\n{}", gate.log());
}

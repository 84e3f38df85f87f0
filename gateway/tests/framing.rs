//! Raw bytes that bare HTTP libraries let through: none of them reaches a backend in another meaning.

#[path = "support/house.rs"]
mod support;

use std::time::{Duration, Instant};

use support::{Backend, House, PATIENCE, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn plain(backend: &Backend, more: &str) -> House {
    let address = backend.address;
    House::with(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"), more)
        .await
}

#[tokio::test]
async fn requests_that_can_be_read_two_ways_are_refused_and_nothing_is_sent() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "").await;
    let post =
        |fields: &str, body: &str| format!("POST /a HTTP/1.1\r\nhost: x\r\n{fields}\r\n{body}");
    let get = |line: &str, fields: &str| format!("{line}\r\n{fields}\r\n");
    let chunk = "1\r\na\r\n0\r\n\r\n";
    for (request, statuses) in [
        (
            post(
                "content-length: 5\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n",
            ),
            [400, 400],
        ),
        (post("transfer-encoding: chunked\r\ncontent-length: 5\r\n", chunk), [400, 400]),
        (post("transfer-encoding: chunked, chunked\r\n", chunk), [400, 501]),
        (post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", chunk), [400, 501]),
        (post("transfer-encoding: ,chunked\r\n", chunk), [400, 501]),
        (post("transfer-encoding: gzip, chunked\r\n", chunk), [400, 501]),
        (post("transfer-encoding: chunked, gzip\r\n", chunk), [400, 501]),
        (post("transfer-encoding: identity\r\n", ""), [400, 501]),
        (post("transfer-encoding: \x0bchunked\r\n", chunk), [400, 501]),
        (post("content-length: 1\r\ncontent-length: 2\r\n", "aa"), [400, 400]),
        (post("content-length: 1\r\ncontent-length: 1\r\n", "a"), [400, 400]),
        (post("content-length: 1, 1\r\n", "a"), [400, 400]),
        (post("content-length: +1\r\n", "a"), [400, 400]),
        (post("content-length: -1\r\n", "a"), [400, 400]),
        (post("content-length: 0x1\r\n", "a"), [400, 400]),
        (post("content-length: 99999999999999999999\r\n", "a"), [400, 400]),
        (post("content-length : 1\r\n", "a"), [400, 400]),
        (post("x-a: 1\r\n b: 2\r\n", ""), [400, 400]),
        (post("x\0a: 1\r\n", ""), [400, 400]),
        (post("x-a: 1\0\r\n", ""), [400, 400]),
        (post("x-a: a\rb\r\n", ""), [400, 400]),
        (post("x a: 1\r\n", ""), [400, 400]),
        (post("host: y\r\n", ""), [400, 400]),
        (post("host: x\r\n", ""), [400, 400]),
        (get("GET /a HTTP/1.1", ""), [400, 400]),
        (get("GET /a HTTP/1.1", "host:\r\n"), [400, 400]),
        (get("GET /a HTTP/1.1", "host: a b\r\n"), [400, 400]),
        (get("GET /a HTTP/1.1", "host: u@x\r\n"), [400, 400]),
        (get("GET /a HTTP/1.1", "host: x/y\r\n"), [400, 400]),
        (get("GET /a HTTP/1.1", "host: x:99999\r\n"), [400, 400]),
        (get("GET http://y/a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET ftp://x/a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET http://u@x/a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET * HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("OPTIONS * HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /../a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /b/%2e%2E/a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET //a HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /a%00 HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /a\\b HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /a b HTTP/1.1", "host: x\r\n"), [400, 400]),
        (get("GET /a HTTP/1.1 ", "host: x\r\n"), [400, 400]),
        (get("GET /a HTTP/2.0", "host: x\r\n"), [400, 505]),
        (get("CONNECT x:80 HTTP/1.1", "host: x:80\r\n"), [501, 400]),
        (get("TRACE /a HTTP/1.1", "host: x\r\n"), [501, 405]),
        (get("GET /a HTTP/1.1", "host: x\r\nexpect: magic\r\n"), [417, 417]),
        (get("GET /a HTTP/1.0", "host: x\r\ntransfer-encoding: chunked\r\n"), [400, 400]),
    ] {
        let reply = Reply::read(&house.raw(&request).await);
        // a connection closed without a word is a refusal too
        assert!(reply.status == 0 || statuses.contains(&reply.status), "{request:?} {reply:?}");
    }
    assert_eq!(backend.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_framing_refusal_nothing_more_is_read_from_the_connection() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "").await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    for fields in [
        "content-length: 30\r\ntransfer-encoding: chunked\r\n",
        "content-length: 1\r\ncontent-length: 1\r\n",
        "transfer-encoding: chunked, chunked\r\n",
    ] {
        let request =
            format!("POST /a HTTP/1.1\r\nhost: x\r\n{fields}\r\n0\r\n\r\n{smuggled}{smuggled}");
        let text = house.raw(&request).await;
        assert_eq!(text.matches("HTTP/1.1 ").count(), usize::from(!text.is_empty()), "{text}");
    }
    assert_eq!(backend.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_forwarded_is_framed_anew() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "").await;
    let request = "POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\nconnection: x-drop, keep-alive\r\n\
                   x-drop: 1\r\nte: trailers\r\ntrailer: x-late\r\nupgrade: h2c\r\nhttp2-settings: x\r\nkeep-alive: 1\r\nx-forwarded-for: 9.9.9.9\r\n\
                   x_forwarded_for: 9.9.9.9\r\nvia: 1.0 other\r\n\r\n3;ext=1\r\nabc\r\n0\r\nx-late: 1\r\n\r\n";
    assert_eq!(Reply::read(&house.raw(request).await).status, 200);
    let seen = backend.seen().pop().unwrap();
    for gone in [
        "x-drop",
        "\r\nte:",
        "trailer",
        "upgrade",
        "http2-settings",
        "keep-alive",
        "9.9.9.9",
        "ext",
        "x_forwarded",
    ] {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
    for there in [
        "transfer-encoding: chunked\r\n",
        "\r\nvia: 1.0 other\r\nvia: 1.1 evergate\r\n",
        "x-forwarded-for: 127.0.0.1\r\n",
        "forwarded: for=127.0.0.1;proto=http\r\n",
        "\r\n\r\n3\r\nabc\r\n0\r\n",
    ] {
        assert!(seen.contains(there), "{there} not in {seen}");
    }
}

#[tokio::test]
async fn an_incomplete_request_body_never_becomes_a_whole_one() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "").await;
    for request in [
        "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        support::read_reply(&mut stream, false).await;
    }
    assert_eq!(backend.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn answers_that_can_be_read_two_ways_are_a_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\naa",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    ] {
        let backend = Backend::start(&format!(
            "{answer}{}",
            if answer.is_empty() { "connection: close" } else { "" }
        ))
        .await;
        let house = plain(&backend, "timeouts: { upstream: 2s }").await;
        let reply = house.get("/a", "").await;
        assert_eq!(reply.status, 502, "{answer:?} {reply:?}");
        assert_eq!(reply.json()["code"], "backend-broken", "{answer:?} {reply:?}");
    }
}

#[tokio::test]
async fn an_incomplete_answer_is_cut() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nx: connection: close\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx: connection: close\r\n\r\n3\r\nabc\r\n",
    ] {
        let backend = Backend::start(answer).await;
        let house = plain(&backend, "").await;
        let text = house.raw("GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(!text.ends_with("0\r\n\r\n") && !text.contains("content-length: 3"), "{text}");
    }
}

#[tokio::test]
async fn connection_named_fields_of_an_answer_are_stripped() {
    let answer = support::ok("1").replace(
        "\r\n\r\n",
        "\r\nconnection: x-inner\r\nx-inner: 1\r\nkeep-alive: 5\r\nvia: 1.1 b\r\n\r\n",
    );
    let backend = Backend::start(&answer).await;
    let house = plain(&backend, "").await;
    let reply = house.get("/a", "").await;
    assert_eq!((reply.field("x-inner"), reply.field("keep-alive")), (String::new(), String::new()));
    assert_eq!(reply.field("via"), "1.1 b | 1.1 evergate");
}

#[tokio::test]
async fn a_client_that_is_slow_is_cut() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "timeouts: { header: 50ms, body: 50ms }").await;
    for (start, expected) in [
        ("", ""),
        ("GET", ""),
        ("GET /a HTTP/1.1\r\nhost: x\r\n", ""),
        ("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc", "HTTP/1.1 408 "),
    ] {
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let text =
            timeout(PATIENCE, support::read_reply(&mut stream, false)).await.expect("still open");
        assert!(
            text.starts_with(expected) || text.starts_with("HTTP/1.1 408 "),
            "{start:?} {text}"
        );
    }
    assert_eq!(backend.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn heads_and_targets_over_the_limit_are_refused() {
    let backend = Backend::json("1").await;
    let house = plain(&backend, "limits: { head: 8KiB, fields: 10, target: 100 }").await;
    let reply = house.get(&format!("/{}", "a".repeat(200)), "").await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (414, serde_json::json!("target-too-long"))
    );
    assert_eq!(house.get("/a", &"x: y\r\n".repeat(20)).await.status, 431);
    assert_eq!(house.get("/a", &format!("x: {}\r\n", "y".repeat(20_000))).await.status, 431);
    assert_eq!(backend.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_passed_over() {
    let backend = Backend::json("1").await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let address = backend.address;
    let api =
        format!("  a:\n    backends: [{{ endpoints: [\"http://{gone}\", \"http://{address}\"] }}]");
    let house = House::start(&api).await;
    for _ in 0..4 {
        let reply = house.post("/a", "", "body").await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert!(backend.seen().iter().all(|request| request.ends_with("\r\n\r\nbody")));
    assert_eq!(backend.seen().len(), 4);
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{gone}\"] }}]")).await;
    assert_eq!(house.get("/a", "").await.json()["code"], "backend-unreachable");
}

#[tokio::test]
async fn http2_by_prior_knowledge_is_served_and_checked() {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let backend = Backend::json("\"two\"").await;
    let house = plain(&backend, "").await;
    let stream = TcpStream::connect(house.address()).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let running = tokio::spawn(connection);
    let request = |host: &str| {
        http::Request::get("http://x.example/a")
            .header("host", host)
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Empty::<bytes::Bytes>::new())
            .unwrap()
    };
    let reply = client.send_request(request("x.example")).await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "\"two\"");
    let seen = backend.seen().pop().unwrap();
    assert!(
        seen.contains("host: x.example\r\n") && seen.contains("cookie: a=1; b=2\r\n"),
        "{seen}"
    );
    assert_eq!(client.send_request(request("other.example")).await.unwrap().status(), 400);
    drop(client);
    running.abort();
}

/// A request that is refused before its body, which has ten octets, and another one behind it.
const EARLY: &str = "POST /a HTTP/1.1\r\nhost: x\r\nexpect: more\r\ncontent-length: 10\r\n\r\n0123456789\
                     GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn an_unread_body_is_passed_over_up_to_a_bound() {
    let backend = Backend::json("1").await;
    for (unread, answers) in [(10, 2), (9, 1)] {
        let house = plain(&backend, &format!("limits: {{ unread: {unread} }}")).await;
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        stream.write_all(EARLY.as_bytes()).await.unwrap();
        let mut came = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut came)).await.expect("still open").unwrap();
        assert_eq!(came.matches("HTTP/1.1 ").count(), answers, "{unread}: {came}");
        assert!(came.starts_with("HTTP/1.1 417 "), "{came}");
    }
}

/// How many octets a client may send behind the last answer, which it was given whole, and for how long.
async fn lingered(bounds: &str) -> (usize, Duration) {
    let backend = Backend::json("1").await;
    let house = plain(&backend, bounds).await;
    let mut stream = TcpStream::connect(house.address()).await.expect("it listens");
    stream
        .write_all(
            b"POST /a HTTP/1.1\r\nhost: x\r\nexpect: more\r\ncontent-length: 9999999\r\n\r\n",
        )
        .await
        .expect("sent");
    let mut came = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut came))
        .await
        .expect("no end of it")
        .expect("an answer");
    assert!(came.starts_with("HTTP/1.1 417 ") && came.ends_with('}'), "{came}");
    let (began, mut sent) = (Instant::now(), 0);
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    while stream.write_all(&[b'x'; 1024]).await.is_ok() {
        sent += 1024;
        assert!(began.elapsed() < PATIENCE, "it is never closed");
        pace.tick().await;
    }
    (sent, began.elapsed())
}

#[tokio::test]
async fn what_is_sent_behind_the_last_answer_is_taken_up_to_a_bound() {
    let (sent, _) = lingered("limits: { linger: 8KiB }\ntimeouts: { linger: 1h }").await;
    assert!((8 << 10..128 << 10).contains(&sent), "{sent}");
    let (_, lasted) = lingered("limits: { linger: 1GiB }\ntimeouts: { linger: 100ms }").await;
    assert!(lasted < Duration::from_millis(1500), "{lasted:?}");
}

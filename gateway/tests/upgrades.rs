//! Other protocols on a connection behind a 101, and answers before the answer, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, PATIENCE, Reply, ok};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const ASK: &str = "GET /chat HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A backend whose connections the test serves by hand.
struct Hand {
    listener: TcpListener,
    house: House,
}

impl Hand {
    async fn start(upgrades: &str, more: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let api = format!(
            "  a:\n    upgrades: {upgrades}\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"
        );
        Self { house: House::with(&api, more).await, listener }
    }

    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.house.address()).await.unwrap()
    }

    /// The next connection, and the head that came on it.
    async fn accept(&self) -> (TcpStream, String) {
        let (mut stream, _) = timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap();
        let head = head(&mut stream).await;
        (stream, head)
    }

    /// A tunnel: the client's end, the backend's end, and the head that the client got.
    async fn tunnel(&self) -> (TcpStream, TcpStream, String) {
        let mut client = self.client().await;
        client.write_all(ASK.as_bytes()).await.unwrap();
        let (mut backend, _) = self.accept().await;
        backend.write_all(SWITCHED.as_bytes()).await.unwrap();
        let head = head(&mut client).await;
        (client, backend, head)
    }
}

/// Reads a head to its end, and nothing behind it.
async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_u8()).await.expect("no head in time") {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(bytes).unwrap()
}

async fn exactly(stream: &mut TcpStream, octets: usize) -> Vec<u8> {
    let mut bytes = vec![0; octets];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("too little came").unwrap();
    bytes
}

/// All until the peer says that no more comes.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("no end in time").unwrap();
    bytes
}

/// Sends, and reads all that comes until the gateway closes.
async fn all(house: &House, ask: &str) -> String {
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    stream.write_all(ask.as_bytes()).await.unwrap();
    String::from_utf8(rest(&mut stream).await).unwrap()
}

/// What one side sends has to be what the other gets.
async fn carried(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    from.write_all(bytes).await.unwrap();
    assert_eq!(exactly(to, bytes.len()).await, bytes);
}

#[tokio::test]
async fn a_websocket_is_opened_and_carries_frames_both_ways() {
    let hand = Hand::start("[websocket]", "").await;
    let mut client = hand.client().await;
    client.write_all(ASK.as_bytes()).await.unwrap();
    let (mut backend, asked) = hand.accept().await;
    for line in ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"] {
        assert_eq!(asked.matches(line).count(), 1, "{asked}");
    }
    assert!(!asked.contains("content-length") && !asked.contains("transfer-encoding"), "{asked}");
    let switched =
        SWITCHED.replace("connection:", "content-length: 7\r\nx-a: 1\r\nconnection: x-a,");
    backend.write_all(switched.as_bytes()).await.unwrap();
    let reply = Reply::read(&head(&mut client).await);
    assert_eq!(reply.status, 101);
    assert_eq!(
        (reply.field("connection").as_str(), reply.field("upgrade").as_str()),
        ("upgrade", "websocket")
    );
    assert_eq!(reply.field("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for name in ["content-length", "transfer-encoding", "x-a"] {
        assert_eq!(reply.field(name), "", "{name}");
    }
    // RFC 6455 §5.7: a masked `Hello`, its echo, a ping, and a close with its answer
    carried(
        &mut client,
        &mut backend,
        &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
    )
    .await;
    carried(&mut backend, &mut client, &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]).await;
    carried(&mut backend, &mut client, &[0x89, 0x00]).await;
    assert!(hand.house.metrics().await.contains("evergate_tunnels 1\n"));
    carried(&mut backend, &mut client, &[0x88, 0x02, 0x03, 0xe8]).await;
    carried(&mut client, &mut backend, &[0x88, 0x82, 1, 2, 3, 4, 0x02, 0xea]).await;
    drop(backend);
    assert_eq!(rest(&mut client).await, b"");
    drop(client);
    let metrics = hand.house.metrics().await;
    assert!(metrics.contains("status=\"101\"} 1"), "{metrics}");
}

#[tokio::test]
async fn what_comes_in_one_piece_with_a_head_is_the_first_of_the_tunnel() {
    let hand = Hand::start("websocket", "").await;
    let mut client = hand.client().await;
    client.write_all(format!("{ASK}from the client").as_bytes()).await.unwrap();
    let (mut backend, _) = hand.accept().await;
    backend.write_all(format!("{SWITCHED}from the backend").as_bytes()).await.unwrap();
    assert_eq!(exactly(&mut backend, 15).await, b"from the client");
    head(&mut client).await;
    assert_eq!(exactly(&mut client, 16).await, b"from the backend");
    let large: Vec<u8> = (0..1 << 20).map(|at: u32| at.to_le_bytes()[1]).collect();
    let (mut read, mut write) = client.split();
    let (mut back_read, mut back_write) = backend.split();
    let mut seen = (vec![0; large.len()], vec![0; large.len()]);
    let all = async {
        tokio::try_join!(
            write.write_all(&large),
            back_write.write_all(&large),
            async { read.read_exact(&mut seen.0).await.map(drop) },
            async { back_read.read_exact(&mut seen.1).await.map(drop) },
        )
    };
    timeout(PATIENCE, all).await.expect("too slow").unwrap();
    assert!(seen.0 == large && seen.1 == large);
}

#[tokio::test]
async fn the_end_of_one_way_is_carried_and_the_other_goes_on() {
    let hand = Hand::start("[websocket]", "").await;
    let (mut client, mut backend, _) = hand.tunnel().await;
    client.write_all(b"last").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut backend).await, b"last");
    carried(&mut backend, &mut client, b"still here").await;
    backend.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
}

#[tokio::test]
async fn a_side_that_breaks_off_breaks_the_other_off() {
    let hand = Hand::start("[websocket]", "").await;
    for backwards in [false, true] {
        let (client, backend, _) = hand.tunnel().await;
        let (gone, mut left) = if backwards { (backend, client) } else { (client, backend) };
        gone.set_zero_linger().unwrap();
        drop(gone);
        let end = timeout(PATIENCE, left.read_u8()).await.expect("no end in time");
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_is_closed() {
    let hand = Hand::start("[websocket]", "timeouts: { tunnel: 100ms }").await;
    let (mut client, mut backend, _) = hand.tunnel().await;
    carried(&mut client, &mut backend, b"a").await;
    for side in [&mut client, &mut backend] {
        let end = timeout(PATIENCE, side.read_u8()).await.expect("no end in time");
        end.unwrap_err();
    }
}

#[tokio::test]
async fn a_drain_waits_for_tunnels_until_its_time_is_over() {
    let hand = Hand::start("[websocket]", "timeouts: { drain: 300ms }").await;
    let (mut client, mut backend, _) = hand.tunnel().await;
    let stopped = tokio::spawn(hand.house.gateway.stop());
    carried(&mut client, &mut backend, b"a").await;
    assert!(!timeout(PATIENCE, stopped).await.unwrap().unwrap());
    timeout(PATIENCE, client.read_u8()).await.expect("no end in time").unwrap_err();
}

#[tokio::test]
async fn what_is_not_allowed_is_an_ordinary_request() {
    let backend = Backend::json("1").await;
    let address = backend.address;
    for (upgrades, ask) in [
        ("[]", ASK.to_owned()),
        ("[other]", ASK.to_owned()),
        ("[websocket]", ASK.replace("WebSocket", "h2c\r\nhttp2-settings: AAMAAABkAAQAAP__")),
        ("[websocket]", ASK.replace("connection: Upgrade", "connection: keep-alive")),
        ("[websocket]", ASK.replace("HTTP/1.1", "HTTP/1.0")),
        ("[websocket]", ASK.replace("GET", "POST")),
        ("[websocket]", ASK.replace("host: x", "host: x\r\ncontent-length: 0")),
        ("[websocket]", ASK.replace("\r\n\r\n", "\r\ncontent-length: 1\r\n\r\na")),
    ] {
        let api = format!(
            "  a:\n    upgrades: {upgrades}\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"
        );
        let house = House::start(&api).await;
        assert_eq!(Reply::read(&house.raw(&ask).await).status, 200, "{ask}");
        let seen = backend.seen().pop().unwrap().to_ascii_lowercase();
        for gone in ["upgrade", "h2c", "http2-settings", "\r\nconnection"] {
            assert!(!seen.contains(gone), "{gone} in {seen}");
        }
    }
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_a_502() {
    let plain = "GET /chat HTTP/1.1\r\nhost: x\r\n\r\n";
    let other = |field: &str| SWITCHED.replace("upgrade: websocket", field);
    for (upgrades, ask, answer) in [
        ("[websocket]", plain, SWITCHED.to_owned()),
        ("[]", ASK, SWITCHED.to_owned()),
        ("[websocket]", ASK, other("upgrade: h2c")),
        ("[websocket]", ASK, other("upgrade: websocket, h2c")),
        ("[websocket]", ASK, other("upgrade: websocket\r\nupgrade: h2c")),
        ("[websocket]", ASK, other("x: y")),
        ("[websocket]", ASK, SWITCHED.replace("connection: Upgrade", "connection: close")),
        ("[websocket]", ASK, SWITCHED.replace("HTTP/1.1", "HTTP/1.0")),
        ("[websocket]", ASK, SWITCHED.replace("s3pP", "S3pP")),
        ("[websocket]", ASK, SWITCHED.replace("sec-websocket-accept", "sec-websocket-accepts")),
        ("[websocket]", &ASK.replace("sec-websocket-key", "sec-websocket-keys"), SWITCHED.into()),
    ] {
        let backend = Backend::start(&answer).await;
        let address = backend.address;
        let api = format!(
            "  a:\n    upgrades: {upgrades}\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"
        );
        let house = House::start(&api).await;
        let reply = Reply::read(&house.raw(ask).await);
        assert_eq!(reply.status, 502, "{answer}");
        assert_eq!(reply.json()["code"], "backend-broken");
    }
}

#[tokio::test]
async fn any_other_answer_is_an_ordinary_one_and_what_follows_is_a_request() {
    let backend = Backend::json("1").await;
    let address = backend.address;
    let api = format!(
        "  a:\n    upgrades: [websocket]\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"
    );
    let house = House::start(&api).await;
    let next = "GET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let text = all(&house, &format!("{ASK}{next}")).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
    let seen = backend.seen();
    assert!(seen[0].contains("upgrade: websocket") && seen[1].starts_with("GET /next"), "{seen:?}");
}

#[tokio::test]
async fn an_upgrade_is_never_converted() {
    let backend = Backend::json("1").await;
    let directory = tempfile::tempdir().unwrap();
    for (version, kind) in [("1", "string"), ("2", "integer")] {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{ title: a, version: \"{version}\" }}\npaths:\n  /chat:\n    get:\n      parameters:\n      - \
             {{ name: a, in: query, schema: {{ type: {kind} }} }}\n      responses: {{ \"200\": {{ description: a }} }}\n"
        );
        support::write(directory.path(), &format!("chat/{version}/openapi.yaml"), &text);
    }
    let address = backend.address;
    let api = format!(
        "  a:\n    description: ./chat\n    client_version: [{{ header: v }}]\n    upgrades: [websocket]\n    \
         conversion: {{ require: any }}\n    backends: [{{ version: \"2\", endpoints: [\"http://{address}\"] }}]"
    );
    let house = House::in_directory(directory, &api, "").await;
    let ask = |version| ASK.replace("host: x", &format!("host: x\r\nv: {version}"));
    let reply = Reply::read(&house.raw(&ask("1")).await);
    assert_eq!(
        (reply.status, reply.json()["code"].as_str()),
        (501, Some("upgrade-elsewhere")),
        "{reply:?}"
    );
    assert_eq!(reply.field("api-backend-version"), "2");
    assert_eq!(backend.seen(), Vec::<String>::new());
    assert_eq!(Reply::read(&house.raw(&ask("2")).await).status, 200);
    assert!(backend.seen()[0].contains("upgrade: websocket"));
}

#[tokio::test]
async fn answers_before_the_answer_are_passed_on_without_fields_of_the_connection() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nconnection: x-a\r\nx-a: 1\r\n\
                 keep-alive: 5\r\ncontent-length: 9\r\n\r\n";
    let backend = Backend::start(&format!(
        "HTTP/1.1 100 Continue\r\n\r\n{early}HTTP/1.1 102 Processing\r\n\r\n{}",
        ok("1")
    ))
    .await;
    let address = backend.address;
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"))
            .await;
    let ask = |version| format!("GET /a HTTP/{version}\r\nhost: x\r\nconnection: close\r\n\r\n");
    let text = all(&house, &ask("1.1")).await;
    let expected = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(all(&house, &ask("1.0")).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn an_early_hint_is_there_before_its_answer() {
    let hand = Hand::start("[]", "").await;
    let mut client = hand.client().await;
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut backend, _) = hand.accept().await;
    backend.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await.unwrap();
    assert_eq!(head(&mut client).await, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    backend.write_all(ok("1").as_bytes()).await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn answers_before_the_answer_without_end_are_a_502() {
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    for (count, status) in [(16, 200), (17, 502)] {
        let backend = Backend::start(&format!("{}{}", hints.repeat(count), ok("1"))).await;
        let address = backend.address;
        let house = House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"], retries: {{ attempts: 1 }} }}]")).await;
        let text = all(&house, "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert_eq!(text.matches("HTTP/1.1 103").count(), 16, "{text}");
        assert!(text.contains(&format!("\r\n\r\nHTTP/1.1 {status} ")), "{text}");
    }
}

const EXPECTS: &str =
    "POST /a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";

#[tokio::test]
async fn a_body_that_is_wanted_is_asked_for_once() {
    let hand = Hand::start("[]", "").await;
    let mut client = hand.client().await;
    client.write_all(EXPECTS.as_bytes()).await.unwrap();
    assert_eq!(head(&mut client).await, "HTTP/1.1 100 Continue\r\n\r\n");
    let (mut backend, asked) = hand.accept().await;
    assert!(!asked.contains("expect"), "{asked}");
    client.write_all(b"abc").await.unwrap();
    assert_eq!(exactly(&mut backend, 3).await, b"abc");
    // the backend's own is for the gateway
    backend
        .write_all(format!("HTTP/1.1 100 Continue\r\n\r\n{}", ok("1")).as_bytes())
        .await
        .unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_body_that_is_not_wanted_or_there_already_is_not_asked_for() {
    let backend = Backend::json("1").await;
    let address = backend.address;
    let house = House::start(&format!(
        "  a:\n    match: {{ path: /a }}\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"
    ))
    .await;
    let sent = format!("{EXPECTS}abc").replace("expect", "connection: close\r\nexpect");
    for (ask, status) in [
        (EXPECTS.replace("/a", "/b"), 404),
        (EXPECTS.replace("/a", "/../a"), 400),
        (EXPECTS.replace("host: x", "host: x y"), 400),
        (EXPECTS.replace("100-continue", "magic\r\nconnection: close"), 417),
        (sent, 200),
    ] {
        let text = all(&house, &ask).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{ask} {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    }
    assert_eq!(backend.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_asked_of_a_client_whose_backend_is_not_there() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{gone}\"] }}]")).await;
    let text = all(&house, EXPECTS).await;
    assert!(text.starts_with("HTTP/1.1 502 "), "{text}");
}

#[tokio::test]
async fn settings_that_would_let_requests_past_are_refused() {
    for (upgrades, more, what) in [
        ("[h2c]", "", "an upgrade to `h2c` would carry requests past the gateway"),
        ("[HTTP/2.0]", "", "an upgrade to `HTTP/2.0` would carry requests past the gateway"),
        ("[\"a b\"]", "", "`a b` is not the name of a protocol"),
        ("[websocket]", ", protocol: http2", "which has no upgrades"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let api = format!(
            "  a:\n    upgrades: {upgrades}\n    backends: [{{ endpoints: [\"http://127.0.0.1:1\"]{more} }}]"
        );
        let config = directory.path().join("gateway.yaml");
        std::fs::write(&config, support::text(&api, "")).unwrap();
        let options = evergate_gateway::server::RunOptions { config, ..Default::default() };
        let failure = evergate_gateway::server::Gateway::start(&options).await.unwrap_err();
        let told = format!("{failure:?}");
        assert!(told.contains(what), "{told}");
    }
}

//! A new configuration is taken whole or not at all, and stopping loses nothing.

#[path = "support/house.rs"]
mod support;

use serde_json::json;
use support::{Backend, House, PATIENCE, Reply, read_reply, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

fn api(backend: &Backend, version: &str) -> String {
    let address = backend.address;
    format!(
        "  a:\n    client_version: [{{ default: oldest }}]\n    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    )
}

#[tokio::test]
async fn a_good_file_comes_into_use_and_a_bad_one_does_not() {
    let (one, two) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&api(&one, "x")).await;
    assert_eq!(house.get("/", "").await.body, "1");
    let ready = async |house: &House| {
        house.admin("GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await.json()
    };
    let first = ready(&house).await;
    assert_eq!(first["generation"], 1);

    std::fs::write(
        house.config(),
        text(&api(&one, "x").replace("endpoints", "endpoint"), "limit: {}"),
    )
    .unwrap();
    let refused = house.reload().await;
    assert_eq!(refused.status, 422);
    let problems = refused.json();
    let whats: Vec<_> =
        problems["problems"].as_array().unwrap().iter().map(|one| one["what"].clone()).collect();
    assert_eq!(
        whats,
        [
            "`limit` is not a key here",
            "the backend has no endpoint",
            "`endpoint` is not a key here"
        ],
        "{problems}"
    );
    assert_eq!(problems["problems"][0]["line"], 3);
    assert_eq!(problems["problems"][0]["remedy"], "did you mean `limits`?");
    assert_eq!(ready(&house).await, first);
    assert_eq!(house.get("/", "").await.body, "1");

    std::fs::write(house.config(), text(&api(&two, "y"), "")).unwrap();
    let taken = house.reload().await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let reply = house.get("/", "").await;
    assert_eq!((reply.body.as_str(), reply.field("api-version").as_str()), ("2", "y"));
    let now = ready(&house).await;
    assert_eq!(now["generation"], 2);
    assert_ne!(now["digest"], first["digest"]);
    let metrics = house.metrics().await;
    assert!(metrics.contains("evergate_generation 2\n"), "{metrics}");
    assert!(!metrics.contains("evergate_reloads_failed_total 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let (one, two) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&api(&one, "x")).await;
    // as a config map does it: written beside, then moved over
    let draft = house.directory.path().join("draft");
    std::fs::write(&draft, text(&api(&two, "x"), "")).unwrap();
    std::fs::rename(&draft, house.config()).unwrap();
    let changed = async { while house.get("/", "").await.body != "2" {} };
    timeout(PATIENCE, changed).await.expect("the file was not noticed");
}

#[tokio::test]
async fn only_a_deliberate_post_reloads() {
    let one = Backend::json("1").await;
    let house = House::start(&api(&one, "x")).await;
    for (request, status) in [
        ("GET /reload HTTP/1.1\r\nhost: localhost\r\nx-evergate-reload: 1\r\n\r\n", 405),
        ("POST /reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n", 403),
        (
            "POST /reload HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n",
            403,
        ),
        (
            "POST /reload HTTP/1.1\r\nhost: evil.example\r\nx-evergate-reload: 1\r\ncontent-length: 0\r\n\r\n",
            403,
        ),
        (
            "POST /reload HTTP/1.1\r\nhost: localhost\r\norigin: http://evil\r\nx-evergate-reload: 1\r\ncontent-length: 0\r\n\r\n",
            403,
        ),
        (
            "POST /reload HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
            200,
        ),
        ("GET /livez HTTP/1.1\r\nhost: [::1]:1\r\n\r\n", 200),
        ("GET /other HTTP/1.1\r\nhost: localhost\r\n\r\n", 404),
    ] {
        assert_eq!(house.admin(request).await.status, status, "{request}");
    }
}

#[tokio::test]
async fn stopping_lets_an_exchange_finish_and_takes_no_new_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]");
    let house = House::with(&api, "timeouts: { drain_idle: 100ms }").await;
    let front = house.address();
    let mut idle = TcpStream::connect(front).await.unwrap();
    let mut client = TcpStream::connect(front).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut upstream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        upstream.read_buf(&mut head).await.unwrap();
    }
    let stopping = tokio::spawn(house.gateway.stop());
    // the idle connection ends some time after draining has begun
    assert_eq!(timeout(PATIENCE, idle.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
    upstream.write_all(support::ok("\"late\"").as_bytes()).await.unwrap();
    let reply = Reply::read(&read_reply(&mut client, false).await);
    assert_eq!((reply.status, reply.body.as_str()), (200, "\"late\""));
    assert!(timeout(PATIENCE, stopping).await.unwrap().unwrap(), "not all exchanges finished");
    assert!(TcpStream::connect(front).await.is_err());
}

#[tokio::test]
async fn a_connection_that_waits_may_bring_one_more_request_while_the_gateway_drains() {
    let backend = Backend::json("1").await;
    let api = api(&backend, "x");
    let house = House::with(&api, "timeouts: { drain_idle: 20s }").await;
    let front = house.address();
    let mut fresh = TcpStream::connect(front).await.unwrap();
    let mut kept = TcpStream::connect(front).await.unwrap();
    let ask = "GET /x HTTP/1.1\r\nhost: x\r\n\r\n";
    kept.write_all(ask.as_bytes()).await.unwrap();
    assert_eq!(Reply::read(&read_reply(&mut kept, false).await).field("connection"), "");
    let stopping = tokio::spawn(house.gateway.stop());
    while TcpStream::connect(front).await.is_ok() {}
    for client in [&mut fresh, &mut kept] {
        client.write_all(ask.as_bytes()).await.unwrap();
        let reply = Reply::read(&read_reply(client, false).await);
        assert_eq!((reply.status, reply.field("connection")), (200, "close".to_owned()));
    }
    assert!(timeout(PATIENCE, stopping).await.unwrap().unwrap(), "not all ended");
}

#[tokio::test]
async fn stopping_cuts_what_does_not_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]");
    let house = House::with(&api, "timeouts: { drain: 20ms }").await;
    let mut client = TcpStream::connect(house.address()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let held = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    assert!(!house.gateway.stop().await);
    assert_eq!(timeout(PATIENCE, client.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
    drop(held);
}

#[tokio::test]
async fn the_ready_file_names_the_bound_addresses() {
    let one = Backend::json("1").await;
    let house = House::start(&api(&one, "x")).await;
    let text = std::fs::read_to_string(house.directory.path().join("ready.json")).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        ready,
        json!({"listen": [house.address().to_string()], "admin": house.gateway.admin().to_string()})
    );
}

//! TLS towards backends, over real sockets: who is trusted, as whom the gateway comes, and what a client is told.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/speaker.rs"]
#[expect(dead_code, reason = "what is of HTTP/2 alone is used elsewhere")]
mod speaker;
#[path = "support/house.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use certificates::Authority;
use speaker::{acceptor, closing, secure, who};
use support::{House, text, write};
use tempfile::TempDir;

/// An api of this name and path at these endpoints, with these settings.
fn api(name: &str, endpoints: &[SocketAddr], settings: &str) -> String {
    let list: Vec<_> = endpoints.iter().map(|one| format!("\"https://{one}\"")).collect();
    format!(
        "  {name}:\n    match: {{ path: /{name} }}\n    backends: [{{ endpoints: [{}], {settings} }}]",
        list.join(", ")
    )
}

fn files(authority: &Authority) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "ca.pem", &authority.pem());
    directory
}

#[tokio::test]
async fn only_a_backend_that_is_who_it_should_be_gets_a_request() {
    let (authority, stranger) = (Authority::new("ca"), Authority::new("stranger"));
    let past = SystemTime::now() - Duration::from_mins(1);
    let cases = [
        (authority.issue(&["127.0.0.1"]), "tls: { ca: ca.pem }", 200),
        (authority.issue(&["b.test"]), "tls: { ca: ca.pem, server_name: b.test }", 200),
        (authority.issue(&["b.test"]), "tls: { ca: ca.pem }", 502),
        (authority.issue(&["b.test"]), "tls: { ca: ca.pem, server_name: c.test }", 502),
        (authority.issue_until(&["127.0.0.1"], past), "tls: { ca: ca.pem }", 502),
        (stranger.issue(&["127.0.0.1"]), "tls: { ca: ca.pem }", 502),
    ];
    for (issued, settings, status) in cases {
        let (address, seen) = secure(acceptor(&issued, None, &["http/1.1"])).await;
        let house =
            House::in_directory(files(&authority), &api("a", &[address], settings), "").await;
        let reply = house.get("/a/x", "").await;
        assert_eq!(reply.status, status, "{settings} {reply:?}");
        assert_eq!(seen.requests().len(), usize::from(status == 200));
        if status == 502 {
            assert_eq!(reply.json()["code"], "backend-untrusted");
            assert!(!reply.body.contains("127.0.0.1"), "{}", reply.body);
        }
    }
}

#[tokio::test]
async fn without_authorities_of_its_own_a_backend_is_held_to_those_of_the_system() {
    let authority = Authority::new("ca");
    let issued = authority.issue(&["127.0.0.1"]);
    let (address, seen) = secure(acceptor(&issued, None, &[])).await;
    let directory = files(&authority);
    let config = directory.path().join("gateway.yaml");
    std::fs::write(&config, text(&api("a", &[address], "weight: 1"), "")).unwrap();
    let options = evergate_gateway::server::RunOptions { config, ..Default::default() };
    // a machine without any is told so at the start
    if let Ok(gateway) = evergate_gateway::server::Gateway::start(&options).await {
        let house = House { gateway, directory };
        assert_eq!(house.get("/a/x", "").await.json()["code"], "backend-untrusted");
    }
    assert!(seen.requests().is_empty());
}

#[tokio::test]
async fn cleartext_behind_https_is_unreachable_and_another_endpoint_is_asked() {
    let authority = Authority::new("ca");
    let plain = support::Backend::json("1").await;
    let expired = authority.issue_until(&["127.0.0.1"], SystemTime::now() - Duration::from_mins(1));
    let (bad, _) = secure(acceptor(&expired, None, &[])).await;
    let (good, seen) = secure(acceptor(&authority.issue(&["127.0.0.1"]), None, &[])).await;
    let both = api("a", &[bad, good], "tls: { ca: ca.pem }");
    let apis = format!("{both}\n{}", api("b", &[plain.address], "tls: { ca: ca.pem }"));
    let house = House::in_directory(files(&authority), &apis, "").await;
    for _ in 0..8 {
        assert_eq!(house.post("/a/x", "", "").await.status, 200, "nothing was sent to the other");
    }
    assert_eq!(seen.requests().len(), 8);
    // it waits for more of what it takes for a head
    let reply = house.get("/b/x", "").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (504, Some("connect-timeout")));
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn the_gateway_shows_a_certificate_of_its_own_and_a_renewed_one_after_a_reload() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let (address, seen) =
        secure(acceptor(&authority.issue(&["127.0.0.1"]), Some(&clients), &[])).await;
    let directory = files(&authority);
    let (one, two) = (clients.issue(&["one"]), clients.issue(&["two"]));
    one.write(directory.path(), "one");
    two.write(directory.path(), "two");
    let settings =
        |name: &str| format!("tls: {{ ca: ca.pem, certificate: {name}.pem, key: {name}.key }}");
    // the same endpoint as two people, and as nobody
    let apis = [
        api("a", &[address], &settings("one")),
        api("b", &[address], &settings("two")),
        api("c", &[address], "tls: { ca: ca.pem }"),
    ];
    let house = House::in_directory(directory, &apis.join("\n"), "").await;
    for _ in 0..4 {
        assert_eq!(house.get("/a/x", "").await.body, who(&one));
        assert_eq!(house.get("/b/x", "").await.body, who(&two));
        assert_eq!(house.get("/c/x", "").await.status, 502);
    }
    let before = seen.connections.load(Ordering::SeqCst);
    assert_eq!(house.reload().await.status, 200);
    assert_eq!(house.get("/a/x", "").await.body, who(&one));
    let three = clients.issue(&["three"]);
    three.write(house.directory.path(), "one");
    assert_eq!(house.reload().await.status, 200);
    assert_eq!(house.get("/a/x", "").await.body, who(&three), "after {before} connections");
    std::fs::write(house.directory.path().join("one.key"), two.key_pem()).unwrap();
    assert_eq!(house.reload().await.status, 422);
    assert_eq!(house.get("/a/x", "").await.body, who(&three));
}

#[tokio::test]
async fn the_protocol_is_what_both_speak() {
    let authority = Authority::new("ca");
    let issued = authority.issue(&["127.0.0.1"]);
    let cases: [(&str, &[&str], &str); 6] = [
        ("http1", &["h2", "http/1.1"], "GET /a/x HTTP/1.1"),
        ("auto", &["h2", "http/1.1"], "GET https://x/a/x"),
        ("auto", &["http/1.1"], "GET /a/x HTTP/1.1"),
        ("auto", &[], "GET /a/x HTTP/1.1"),
        ("http2", &["h2"], "GET https://x/a/x"),
        ("http2", &[], ""),
    ];
    for (protocol, speaks, expected) in cases {
        let (address, seen) = secure(acceptor(&issued, None, speaks)).await;
        let settings = format!("protocol: {protocol}, tls: {{ ca: ca.pem }}");
        let house =
            House::in_directory(files(&authority), &api("a", &[address], &settings), "").await;
        let reply = house.get("/a/x", "").await;
        let seen = seen.requests();
        match seen.first() {
            Some(request) => {
                assert!(
                    request.starts_with(expected) && !expected.is_empty(),
                    "{protocol} {request}"
                );
                assert_eq!((reply.status, reply.body.as_str()), (200, "-"));
            }
            None => assert_eq!((expected, reply.status), ("", 502), "{protocol}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_anybody_on_the_way_could_have_cut_is_not_whole() {
    let authority = Authority::new("ca");
    let issued = authority.issue(&["127.0.0.1"]);
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[1,2]";
    for (properly, ended) in [(true, true), (false, false)] {
        let address = closing(acceptor(&issued, None, &[]), answer, properly).await;
        let apis = api("a", &[address], "tls: { ca: ca.pem }");
        let house = House::in_directory(files(&authority), &apis, "").await;
        let reply = house.raw("GET /a/x HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(reply.ends_with("0\r\n\r\n"), ended, "{reply}");
    }
}

#[tokio::test]
async fn health_is_asked_under_the_same_tls() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let backend = acceptor(&authority.issue(&["b.test"]), Some(&clients), &["h2"]);
    let (address, seen) = secure(backend).await;
    let directory = files(&authority);
    clients.issue(&["gateway"]).write(directory.path(), "one");
    let settings = "protocol: http2, health: { path: /well }, tls: { ca: ca.pem, server_name: b.test, certificate: one.pem, key: one.key }";
    let house = House::in_directory(directory, &api("a", &[address], settings), "").await;
    assert_eq!(house.get("/a/x", "").await.status, 200);
    let asked = async {
        while !seen.requests().iter().any(|one| one.contains("/well")) {
            house.get("/a/x", "").await;
        }
    };
    tokio::time::timeout(support::PATIENCE, asked).await.expect("health was not asked");
}

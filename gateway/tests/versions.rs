//! Where a request says its version, and what is said back.

#[path = "support/house.rs"]
mod support;

use support::{Backend, House};

/// An api without a description, in two versions, with every place for a version.
async fn house(one: &Backend, two: &Backend) -> House {
    let (one, two) = (one.address, two.address);
    House::start(&format!(
        "  orders:
    match: {{ path: /orders }}
    client_version:
      - path: /v{{version}}
      - header: x-version
      - accept: application/vnd.orders.v{{version}}+json
      - query: api-version
      - consumer: x-api-key
      - default: oldest
    consumers: {{ secret-key: \"2\" }}
    versions:
      \"1\": {{ deprecated: 2026-01-01, sunset: 2026-12-31, link: https://example.com/v1, successor: /orders/v2 }}
    backends:
      - {{ version: \"1\", endpoints: [\"http://{one}\"] }}
      - {{ version: \"2\", endpoints: [\"http://{two}\"] }}"
    ))
    .await
}

async fn both() -> (Backend, Backend) {
    (Backend::json("\"one\"").await, Backend::json("\"two\"").await)
}

#[tokio::test]
async fn each_place_is_read() {
    let (one, two) = both().await;
    let house = house(&one, &two).await;
    for (target, fields, expected) in [
        ("/orders/7", "", "1"),
        ("/orders/v2/7", "", "2"),
        ("/orders/v1/7", "", "1"),
        ("/orders/7", "x-version: 2\r\n", "2"),
        ("/orders/7", "x-version: v2\r\n", "2"),
        ("/orders/7", "accept: text/html, application/vnd.orders.v2+json\r\n", "2"),
        ("/orders/7?a=b&api%2Dversion=2", "", "2"),
        ("/orders/7", "x-api-key: secret-key\r\n", "2"),
        ("/orders/7", "x-api-key: other\r\n", "1"),
        ("/orders/v2/7?api-version=2", "x-version: 2\r\nx-api-key: secret-key\r\n", "2"),
        ("/orders/vegetables", "", "1"),
    ] {
        let reply = house.get(target, fields).await;
        assert_eq!(reply.status, 200, "{target} {fields} {reply:?}");
        assert_eq!(reply.field("api-version"), expected, "{target} {fields}");
        assert_eq!(reply.field("api-backend-version"), expected);
        assert_eq!(reply.field("vary"), "accept, x-api-key, x-version");
        assert_eq!(reply.body, if expected == "1" { "\"one\"" } else { "\"two\"" });
    }
}

#[tokio::test]
async fn two_that_disagree_are_refused() {
    let (one, two) = both().await;
    let house = house(&one, &two).await;
    for (target, fields) in [
        ("/orders/v1/7", "x-version: 2\r\n"),
        ("/orders/7", "x-version: 1\r\nx-version: 2\r\n"),
        ("/orders/7?api-version=1&api-version=2", ""),
        ("/orders/7?api-version=1", "x-api-key: secret-key\r\n"),
        ("/orders/7", "accept: application/vnd.orders.v1+json, application/vnd.orders.v2+json\r\n"),
    ] {
        let reply = house.get(target, fields).await;
        assert_eq!(reply.status, 400, "{target} {fields}");
        assert_eq!(reply.json()["code"], "versions-disagree");
        assert_eq!(reply.field("vary"), "accept, x-api-key, x-version");
        assert!(!reply.body.contains("secret-key"));
    }
    assert!(one.seen().is_empty() && two.seen().is_empty());
}

#[tokio::test]
async fn an_unknown_version_is_told_the_known_ones() {
    let (one, two) = both().await;
    let house = house(&one, &two).await;
    for (target, fields) in [
        ("/orders/v3/7", ""),
        ("/orders/7", "x-version: 9\r\n"),
        ("/orders/7?api-version=", ""),
        ("/orders/7", "x-version: 1, 2\r\n"),
    ] {
        let reply = house.get(target, fields).await;
        assert_eq!(reply.status, 400, "{target} {fields}");
        assert_eq!(reply.json()["code"], "unknown-version");
        assert_eq!(reply.json()["known_versions"], serde_json::json!(["1", "2"]));
        assert_eq!(reply.field("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn an_old_version_is_announced() {
    let (one, two) = both().await;
    let house = house(&one, &two).await;
    let reply = house.get("/orders/7", "").await;
    assert_eq!(reply.field("deprecation"), "@1767225600");
    assert_eq!(reply.field("sunset"), "Thu, 31 Dec 2026 00:00:00 GMT");
    assert_eq!(
        reply.field("link"),
        "<https://example.com/v1>; rel=\"deprecation\" | <https://example.com/v1>; rel=\"sunset\" | \
         </orders/v2>; rel=\"successor-version\""
    );
    assert_eq!(house.get("/orders/v2/7", "").await.field("deprecation"), "");
}

#[tokio::test]
async fn the_same_version_passes_untouched() {
    let (one, two) = both().await;
    let house = house(&one, &two).await;
    house.get("/orders/v1/a%2Fb;x?q=%41", "x-version: 1\r\n").await;
    let seen = one.seen().pop().unwrap();
    assert!(seen.starts_with("GET /orders/v1/a%2Fb;x?q=%41 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-version: 1\r\n"), "{seen}");
}

#[tokio::test]
async fn nowhere_said_and_no_default_is_refused() {
    let one = Backend::json("1").await;
    let address = one.address;
    let house = House::start(&format!(
        "  a:
    client_version: [{{ header: v }}]
    backends: [{{ version: x, endpoints: [\"http://{address}\"] }}]"
    ))
    .await;
    let reply = house.get("/", "").await;
    assert_eq!(
        (reply.status, reply.json()["code"].as_str().unwrap().to_owned()),
        (400, "version-missing".to_owned())
    );
    assert_eq!(house.get("/", "v: x\r\n").await.status, 200);
}

#[tokio::test]
async fn a_plain_api_is_plain_proxying() {
    let (one, other) = both().await;
    let (first, second) = (one.address, other.address);
    let house = House::start(&format!(
        "  web:
    match: {{ path: /web, hosts: [\"*.example.com\"] }}
    backends: [{{ endpoints: [\"http://{first}\", \"http://{second}\"] }}]"
    ))
    .await;
    let request = |host: &str| format!("GET /web/a HTTP/1.1\r\nhost: {host}\r\n\r\n");
    // which endpoint takes a request is drawn: that one of two takes none of a hundred is no chance
    let mut bodies = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let reply = support::Reply::read(&house.raw(&request("a.example.com:80")).await);
        assert_eq!(reply.field("vary"), "");
        assert_eq!(reply.field("api-version"), "");
        bodies.insert(reply.body);
    }
    assert_eq!(bodies.into_iter().collect::<Vec<_>>(), ["\"one\"", "\"two\""]);
    let reply = support::Reply::read(&house.raw(&request("example.org")).await);
    assert_eq!(reply.json()["code"], "no-api");
}

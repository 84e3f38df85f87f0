//! Who uses which version, operation and deprecated field: counted by consumer, written down, asked for.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/orders.rs"]
#[expect(dead_code, reason = "these tests start their houses by a clock")]
mod orders;
#[path = "support/house.rs"]
mod support;

use evergate_gateway::snapshot::Now;
use serde_json::{Value, json};
use support::{Backend, House, ok};

/// 2026-10-01T09:00:00Z.
const NINE: i64 = 1_790_845_200;
const ORDER: &str = r#"{"id":"7","quantity":3}"#;

const LIFE: &str = "    versions:
      v1:
        deprecated: 2026-09-01
        sunset: 2026-12-31
        after_sunset: refuse
        operations:
          GET /orders: { fields: { query expand: {}, header x-old: {}, cookie theme: {} } }
          POST /orders: { fields: { request /note: {} } }
";

async fn house(backend: &Backend, top: &str, now: &Now) -> House {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = format!("[{{ version: v2, endpoints: [\"http://{}\"] }}]", backend.address);
    let api = orders::api(&backends, &format!("{LIFE}\n{top}"));
    House::at(directory, &api, now.clone()).await
}

/// Rows of `GET /usage`, each as one line.
async fn rows(house: &House, query: &str) -> Vec<String> {
    let asked = format!("GET /usage{query} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let reply = house.admin(&asked).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    assert_eq!(body["problem"], Value::Null, "{body}");
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let one = |row: &Value| {
        let [version, operation, field, consumer] =
            ["version", "operation", "field", "consumer"].map(|name| text(row, name));
        format!("{version} {operation} {field} {consumer} {}/{}", row["count"], row["refused"])
    };
    body["rows"].as_array().unwrap().iter().map(one).collect()
}

const PLAIN: &str = "usage: { hash: false, consumer: [{ header: x-client }, address] }";

#[tokio::test]
async fn consumers_are_told_apart_and_counted_by_version_and_operation() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, PLAIN, &now).await;
    for (path, client) in [
        ("/v1/orders/7", "x-client: shop\r\n"),
        ("/v1/orders/7", "x-client: shop\r\n"),
        ("/v1/orders/7", "x-client: till\r\n"),
        ("/v1/orders/7", ""),
        ("/v1/nothing", "x-client: shop\r\n"),
        ("/v2/orders/7", "x-client: shop\r\n"),
    ] {
        house.get(path, client).await;
    }
    assert_eq!(
        rows(&house, "?api=orders").await,
        [
            "v1 GET /orders/{id} - address:127.0.0.1 1/0",
            "v1 GET /orders/{id} - x-client:shop 2/0",
            "v1 GET /orders/{id} - x-client:till 1/0",
            "v1 undeclared - x-client:shop 1/0",
            "v2 GET /orders/{id} - x-client:shop 1/0",
        ]
    );
    assert_eq!(rows(&house, "?version=v1&consumer=x-client%3Atill").await.len(), 1);
    assert_eq!(rows(&house, "?operation=GET+/orders/%7Bid%7D&version=v2").await.len(), 1);
    // who still asks after the sunset is seen too
    now.move_to(1_798_675_200);
    assert_eq!(house.get("/v1/orders/7", "x-client: shop\r\n").await.status, 410);
    let since = rows(&house, "?version=v1&since=1d").await;
    assert_eq!(since, ["v1 GET /orders/{id} - x-client:shop 1/1"]);
    let metrics = house.metrics().await;
    for line in [
        "evergate_version_requests_total{api=\"orders\",version=\"v1\",state=\"deprecated\"} 5",
        "evergate_version_requests_total{api=\"orders\",version=\"v1\",state=\"gone\"} 1",
        "evergate_sunset_timestamp_seconds{api=\"orders\",version=\"v1\"} 1798675200",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn use_outlives_the_process_and_a_store_that_cannot_be_written_stops_no_traffic() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let first = house(&backend, "", &now).await;
    first.get("/v1/orders/7", "x-api-key: k\r\n").await;
    let before = rows(&first, "").await;
    let House { gateway, directory } = first;
    gateway.stop().await;
    now.move_to(NINE + 86_400);
    let api = orders::api(
        &format!("[{{ version: v2, endpoints: [\"http://{}\"] }}]", backend.address),
        LIFE,
    );
    let second = House::at(directory, &api, now.clone()).await;
    assert_eq!(rows(&second, "").await, before, "with the same hash");
    second.get("/v1/orders/7", "x-api-key: k\r\n").await;
    assert_eq!(rows(&second, "").await, [before[0].replace(" 1/0", " 2/0")]);
    assert!(rows(&second, "?since=2026-10-03T00:00:00Z").await.is_empty());
    let House { gateway, directory } = second;
    gateway.stop().await;
    // something else stands in its place
    let store = directory.path().join(".evergate/usage.redb");
    std::fs::write(&store, "something else").unwrap();
    let third = House::at(directory, &api, now.clone()).await;
    assert_eq!(third.get("/v1/orders/7", "x-api-key: k\r\n").await.status, 200);
    let body = third.admin("GET /usage HTTP/1.1\r\nhost: localhost\r\n\r\n").await.json();
    assert_eq!(body["rows"].as_array().unwrap().len(), 1, "{body}");
    assert!(body["problem"].as_str().unwrap().contains("usage.redb cannot be read"), "{body}");
}

#[tokio::test]
async fn names_are_hashed_unless_the_file_says_otherwise_and_who_is_not_let_in_has_none() {
    let denied = ok("{}").replace("200 OK", "401 Unauthorized");
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, "", &now).await;
    house.get("/v2/orders/7", "x-api-key: secret-key\r\n").await;
    let seen = rows(&house, "").await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains("x-api-key:") && !seen[0].contains("secret-key"), "{seen:?}");
    let backend = Backend::start(&denied).await;
    let guarded = self::house(&backend, "", &now).await;
    for key in ["a", "b", "c"] {
        guarded.get("/v2/orders/7", &format!("x-api-key: {key}\r\n")).await;
    }
    assert_eq!(rows(&guarded, "").await, ["v2 GET /orders/{id} - denied 3/0"]);
}

#[tokio::test]
async fn deprecated_fields_are_counted_where_requests_have_them() {
    let (backend, now) = (Backend::json("[]").await, Now::standing(NINE));
    let house = house(&backend, PLAIN, &now).await;
    for (query, fields) in [
        ("", ""),
        ("?expand=a", ""),
        ("?exp%61nd=a&x=1", "x-old: 1\r\n"),
        ("?x=expand", "cookie: a=theme; theme=dark\r\n"),
    ] {
        house.get(&format!("/v1/orders{query}"), &format!("x-client: shop\r\n{fields}")).await;
    }
    let fields = |name: &str| format!("?version=v1&field={name}");
    assert_eq!(
        rows(&house, &fields("query+expand")).await,
        ["v1 GET /orders query expand x-client:shop 2/0"]
    );
    assert_eq!(rows(&house, &fields("header+x-old")).await.len(), 1);
    assert_eq!(
        rows(&house, &fields("cookie+theme")).await,
        ["v1 GET /orders cookie theme x-client:shop 1/0"]
    );
    assert_eq!(rows(&house, "?version=v1").await, ["v1 GET /orders - x-client:shop 4/0"]);
}

#[tokio::test]
async fn a_question_that_is_none_is_told() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, PLAIN, &now).await;
    for (query, said) in [
        ("?apo=x", "did you mean `api`"),
        ("?since=later", "write `30d`"),
        ("?limit=0", "from 1 to"),
        ("?api=%ff", "not text"),
    ] {
        let asked = format!("GET /usage{query} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let reply = house.admin(&asked).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("bad-query")), "{reply:?}");
        assert!(reply.body.contains(said), "{reply:?}");
    }
}

#[tokio::test]
async fn answers_come_in_pages_that_hold_together() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, PLAIN, &now).await;
    for client in ["a", "b", "c", "d", "e"] {
        house.get("/v2/orders/7", &format!("x-client: {client}\r\n")).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let asked = format!("GET /usage?limit=2{after} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let body = house.admin(&asked).await.json();
        let rows = body["rows"].as_array().unwrap();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row["consumer"].as_str().unwrap().to_owned()));
        let Some(next) = body["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"].map(|client| format!("x-client:{client}")));
}

#[tokio::test]
async fn the_board_says_where_each_version_stands_and_who_is_left() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, PLAIN, &now).await;
    for client in ["shop", "till", "shop"] {
        house.get("/v1/orders/7", &format!("x-client: {client}\r\n")).await;
    }
    let reply = house.admin("GET /lifecycle HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let board = reply.json();
    let versions = &board["apis"][0]["versions"];
    let old = &versions[0];
    assert_eq!((&old["version"], &old["state"]), (&json!("v1"), &json!("deprecated")), "{board}");
    assert_eq!(old["sunset"], "2026-12-31T00:00:00Z");
    assert_eq!((&old["consumers"], &old["requests"]), (&json!(2), &json!(3)));
    assert_eq!(old["last_use"], "2026-10-01T09:00:00Z");
    assert_eq!(
        (&versions[1]["state"], &versions[1]["last_use"]),
        (&json!("current"), &Value::Null)
    );
    now.move_to(1_798_675_200);
    let later = house.admin("GET /lifecycle HTTP/1.1\r\nhost: localhost\r\n\r\n").await.json();
    assert_eq!(later["apis"][0]["versions"][0]["state"], "gone");
}

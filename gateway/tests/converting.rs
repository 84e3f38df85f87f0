//! Clients of one version, backends of another: what each side sees.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use serde_json::json;
use support::{Backend, House, ok, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    get:
      parameters: [{ name: limit, in: query, schema: { type: integer } }]
      responses:
        "200": { description: all, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Order" } } } } }
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    New:
      type: object
      required: [qty]
      properties: { qty: { type: integer }, note: { type: string } }
      additionalProperties: false
    Order:
      type: object
      required: [id, qty]
      properties: { id: { type: string }, qty: { type: integer }, note: { type: string } }
      additionalProperties: false
"##;

/// Version 2: `qty` is called `quantity`, orders also have an optional `tag`, and `note` is at most 5 long.
fn v2() -> String {
    V1.replace("qty", "quantity")
        .replace("version: \"1\"", "version: \"2\"")
        .replace(
            "note: { type: string } }\n      additionalProperties: false\n    Order",
            "note: { type: string, maxLength: 5 } }\n      additionalProperties: false\n    Order",
        )
        .replace(
            "id: { type: string }, quantity",
            "id: { type: string }, tag: { type: string }, quantity",
        )
        .replace("name: limit", "name: size")
}

const CHANGES: &str = r"
changes:
  - say: The number of things is called `quantity`.
    at: [New, Order]
    rename: { qty: quantity }
  - say: The page length is called `size`.
    at: GET /orders
    parameter: { rename: { limit: size } }
";

async fn house(backend: &Backend, version: &str, more: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2());
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ path: \"/v{{version}}\" }}, {{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, more).await
}

#[tokio::test]
async fn a_response_is_converted_for_an_older_client() {
    let backend = Backend::json(r#"{"id":"a", "quantity": 1.50e3 ,"tag":"t"}"#).await;
    let house = house(&backend, "v2", "").await;
    let reply = house
        .get(
            "/orders/a%2Fb",
            "accept-encoding: gzip, compress\r\nrange: bytes=0-1\r\nif-match: \"x~v1~0123456789abcdef\"\r\n",
        )
        .await;
    assert_eq!(reply.body, r#"{"id":"a", "qty": 1.50e3 }"#, "{reply:?}");
    assert_eq!(reply.field("content-length"), reply.body.len().to_string());
    assert_eq!(
        (reply.field("api-version"), reply.field("api-backend-version")),
        ("v1".into(), "v2".into())
    );
    assert_eq!(reply.field("accept-ranges"), "none");
    let seen = backend.seen().pop().unwrap();
    assert!(seen.starts_with("GET /orders/a%2Fb HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains("accept-encoding: gzip\r\n") && seen.contains("if-match: \"x\"\r\n"),
        "{seen}"
    );
    assert!(!seen.contains("range:"), "{seen}");
    let metrics = house.metrics().await;
    let line = "evergate_exchanges_total{api=\"orders\",operation=\"GET /orders/{id}\",client_version=\"v1\",backend_version=\"v2\",status=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(
        metrics.contains("evergate_conversion_seconds_count{api=\"orders\",way=\"response\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_request_is_converted_before_it_is_sent() {
    let backend = Backend::start(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 24\r\nlocation: /v2/orders/a?x\r\n\
         etag: \"e\"\r\ndigest: x\r\n\r\n{\"id\":\"a\",\"quantity\":12}",
    )
    .await;
    let house = house(&backend, "v2", "").await;
    let json = "content-type: application/json; charset=utf-8\r\n";
    let reply = house.post("/v1/orders", json, r#"{ "qty": 12 }"#).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.body, r#"{"id":"a","qty":12}"#);
    assert_eq!(reply.field("location"), "/v1/orders/a?x");
    assert!(reply.field("etag").starts_with("\"e~v1~"), "{reply:?}");
    assert_eq!(reply.field("digest"), "");
    let seen = backend.seen().pop().unwrap();
    assert!(seen.starts_with("POST /v2/orders HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{ \"quantity\": 12 }"), "{seen}");
    assert!(seen.contains("content-length: 18\r\n"), "{seen}");
}

#[tokio::test]
async fn what_cannot_be_converted_is_refused_before_it_is_sent() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v2", "limits: { body: 64 }").await;
    let json = "content-type: application/json\r\n";
    for (fields, body, status, code) in [
        (json, r#"{"qty":1,"qty":2}"#, 400, "request-malformed"),
        (json, r#"{"qty":1} x"#, 400, "request-malformed"),
        (json, "", 200, ""),
        (
            "content-type: application/json\r\ncontent-encoding: compress\r\n",
            "{}",
            415,
            "request-coded",
        ),
        (
            "content-type: application/json\r\ncache-control: no-transform\r\n",
            "{}",
            406,
            "request-no-transform",
        ),
    ] {
        let reply = house.post("/orders", fields, body).await;
        assert_eq!(reply.status, status, "{body} {reply:?}");
        if status != 200 {
            assert_eq!(reply.json()["code"], code, "{reply:?}");
        }
    }
    let large = format!("{{\"qty\":1,\"note\":\"{}\"}}", "x".repeat(100));
    let reply = house.post("/orders", json, &large).await;
    assert_eq!((reply.status, reply.json()["code"].clone()), (413, json!("body-too-large")));
    let chunked = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    assert!(house.raw(&chunked).await.starts_with("HTTP/1.1 413 "));
    assert!(backend.seen().iter().all(|request| !request.contains('{')), "{:?}", backend.seen());
}

#[tokio::test]
async fn a_response_that_cannot_be_converted_is_a_502() {
    for (answer, code) in [
        (ok("{\"quantity\":1"), "response-unconvertible"),
        (ok("{\"quantity\":1,\"quantity\":2}"), "response-unconvertible"),
        (ok("{}").replace("\r\n\r\n", "\r\ncontent-encoding: compress\r\n\r\n"), "response-coded"),
        (
            ok("{}").replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n"),
            "response-coding-broken",
        ),
        (
            ok("{}").replace("\r\n\r\n", "\r\ncache-control: no-transform\r\n\r\n"),
            "response-no-transform",
        ),
    ] {
        let backend = Backend::start(&answer).await;
        let house = house(&backend, "v2", "").await;
        let reply = house.get("/orders/a", "").await;
        assert_eq!(
            (reply.status, reply.json()["code"].clone()),
            (502, json!(code)),
            "{answer} {reply:?}"
        );
        assert!(!reply.body.contains("\"quantity\""), "{reply:?}");
    }
}

#[tokio::test]
async fn a_long_response_that_fails_late_is_cut_and_not_ended() {
    let long = format!("[{}", r#"{"id":"a","quantity":1},"#.repeat(10_000));
    let backend = Backend::start(&ok(&long)).await;
    let house = house(&backend, "v2", "").await;
    let text = house.raw("GET /orders HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", &text[..300]);
    assert!(text.contains("\"qty\":1") && !text.contains("quantity"));
    assert!(!text.ends_with("0\r\n\r\n"), "ended as if whole");
}

#[tokio::test]
async fn a_long_response_is_converted_as_it_streams() {
    let item = r#"{"id":"a","quantity":1,"tag":"x"}"#;
    let items = vec![item; 20_000].join(",");
    let backend = Backend::json(&format!("[{items}]")).await;
    let house = house(&backend, "v2", "").await;
    let reply = house.get("/orders", "").await;
    let whole = reply.json();
    assert_eq!(whole.as_array().unwrap().len(), 20_000);
    assert!(whole.as_array().unwrap().iter().all(|one| *one == json!({"id": "a", "qty": 1})));
}

#[tokio::test]
async fn a_newer_client_is_served_by_an_older_backend() {
    let backend = Backend::json(r#"{"id":"a","qty":3}"#).await;
    let house = house(&backend, "v1", "").await;
    let reply = house.get("/v2/orders/a", "").await;
    assert_eq!(reply.body, r#"{"id":"a","quantity":3}"#, "{reply:?}");
    let reply = house.get("/v2/orders?size=3&x=%20", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let seen = backend.seen().pop().unwrap();
    assert!(seen.starts_with("GET /v1/orders?limit=3&x=%20 HTTP/1.1\r\n"), "{seen}");
}

#[tokio::test]
async fn the_header_indicator_names_the_version_of_the_backend() {
    let backend = Backend::json(r#"{"id":"a","quantity":3}"#).await;
    let house = house(&backend, "v2", "").await;
    house.get("/orders/a", "api-version: 1\r\n").await;
    let seen = backend.seen().pop().unwrap();
    assert!(seen.contains("api-version: 2\r\n"), "{seen}");
}

#[tokio::test]
async fn an_undeclared_operation_goes_only_to_the_very_version() {
    let backend = Backend::json("1").await;
    let house = house(&backend, "v2", "").await;
    assert_eq!(house.get("/v2/other", "").await.status, 200);
    let reply = house.get("/v1/other", "").await;
    assert_eq!((reply.status, reply.json()["code"].clone()), (404, json!("no-operation")));
    let reply = house.raw("PUT /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await;
    assert!(
        reply.starts_with("HTTP/1.1 405 ") && reply.contains("\r\nallow: GET, POST\r\n"),
        "{reply}"
    );
    assert!(house.metrics().await.contains("operation=\"undeclared\",client_version=\"v2\""));
}

#[tokio::test]
async fn head_says_no_length_that_the_conversion_would_change() {
    let backend = Backend::start(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n",
    )
    .await;
    let house = house(&backend, "v2", "").await;
    let text = house.raw("HEAD /v1/orders/a HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200 ") && !text.contains("content-length"), "{text}");
    let text = house.raw("HEAD /v2/orders/a HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.contains("content-length: 99\r\n"), "{text}");
}

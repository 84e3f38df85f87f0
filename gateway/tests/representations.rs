//! What HTTP says about a representation, where it is converted on its way: tags, dates, ranges, lengths, caches,
//! signatures, and what must not be transformed.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/client.rs"]
mod client;
#[path = "support/orders.rs"]
mod orders;
#[path = "support/house.rs"]
mod support;

use client::{BOTH, send, whole};
use http::Request;
use orders::crossing;
use serde_json::json;
use support::{Backend, House, write};

const V2: &str = r#"{"id":"a","tag":"t","quantity":3}"#;
const JSON: &str = "content-type: application/json\r\n";

/// An answer with these fields, each line ended.
fn answer(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{JSON}content-length: {length}\r\n{fields}\r\n{body}")
}

/// The fields of this name in the last request that the backend saw.
fn seen(backend: &Backend, name: &str) -> Vec<String> {
    let request = backend.seen().pop().unwrap();
    let head = request.split("\r\n\r\n").next().unwrap().to_owned();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(own, _)| *own == name).map(|(_, value)| value.to_owned()).collect()
}

#[tokio::test]
async fn a_tag_names_version_and_rules_and_comes_back() {
    let backend = Backend::start(&answer("200 OK", "etag: W/\"e\"\r\n", V2)).await;
    let house = crossing(&backend, "").await;
    let tag = house.get("/orders/a", "").await.field("etag");
    assert!(
        tag.starts_with("W/\"e~v1~") && tag.len() == "W/\"e~v1~0123456789abcdef\"".len(),
        "{tag}"
    );
    let other_version = tag.replace("~v1~", "~v2~");
    for (given, read, written) in [
        (tag.clone(), vec!["W/\"e\""], "W/\"e\""),
        (other_version.clone(), vec![], "W/\"e\""),
        ("\"e\"".to_owned(), vec![], "\"e\""),
        ("*".to_owned(), vec!["*"], "*"),
        (format!("{other_version}, {tag}"), vec!["W/\"e\""], "W/\"e\", W/\"e\""),
    ] {
        house.get("/orders/a", &format!("if-none-match: {given}\r\n")).await;
        assert_eq!(seen(&backend, "if-none-match"), read, "{given}");
        let put = |field: &str| {
            format!(
                "PUT /orders/a HTTP/1.1\r\nhost: x\r\n{JSON}{field}: {given}\r\ncontent-length: 9\r\n\r\n{{\"qty\":1}}"
            )
        };
        for field in ["if-match", "if-none-match"] {
            house.raw(&put(field)).await;
            assert_eq!(seen(&backend, field), [written], "{given}");
        }
    }
}

#[tokio::test]
async fn a_change_of_the_rules_changes_the_tag_and_breaks_no_writer() {
    let backend = Backend::start(&answer("200 OK", "etag: \"e\"\r\n", V2)).await;
    let house = crossing(&backend, "").await;
    let before = house.get("/orders/a", "").await.field("etag");
    let path = house.directory.path();
    let changes = "changes:
  - say: The number of things is called `quantity`.
    at: [New, Order]
    rename: { qty: quantity }
  - say: Tags are told in notes.
    at: Order
    rename: { note: tag }
";
    write(path, "orders/v2/changes.yaml", changes);
    let v2 = std::fs::read_to_string(path.join("orders/v2/openapi.yaml")).unwrap();
    write(
        path,
        "orders/v2/openapi.yaml",
        &v2.replace(
            "tag: { type: string }, quantity: { type: integer }, note: { type: string }",
            "tag: { type: string }, quantity: { type: integer }",
        ),
    );
    assert_eq!(house.reload().await.status, 200);
    let reply = house.get("/orders/a", &format!("if-none-match: {before}\r\n")).await;
    assert_eq!(reply.body, r#"{"id":"a","note":"t","qty":3}"#);
    let after = reply.field("etag");
    assert!(after != before && after.starts_with("\"e~v1~"), "{before} {after}");
    assert!(seen(&backend, "if-none-match").is_empty());
    let put = format!(
        "PUT /orders/a HTTP/1.1\r\nhost: x\r\n{JSON}if-match: {before}\r\ncontent-length: 9\r\n\r\n{{\"qty\":1}}"
    );
    assert!(house.raw(&put).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(seen(&backend, "if-match"), ["\"e\""]);
}

#[tokio::test]
async fn a_304_and_a_412_have_the_client_s_tag() {
    for status in ["304 Not Modified", "412 Precondition Failed"] {
        let fields = "etag: \"e\"\r\nlast-modified: Mon, 02 Jan 2023 00:00:00 GMT\r\n";
        let backend =
            Backend::start(&format!("HTTP/1.1 {status}\r\n{fields}content-length: 0\r\n\r\n"))
                .await;
        let house = crossing(&backend, "").await;
        for version in BOTH {
            let request = Request::get("/orders/a").header("if-none-match", "\"x\"");
            let request = request.body(whole("")).unwrap();
            let reply = send(house.address(), version, request).await.unwrap();
            assert!(status.starts_with(reply.status().as_str()));
            let text = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
            assert!(text("etag").starts_with("\"e~v1~"), "{reply:?}");
            assert_eq!(text("last-modified"), "Mon, 02 Jan 2023 00:00:00 GMT");
            assert_eq!(text("vary"), "accept, api-version, x-api-key");
            assert!(reply.body().is_empty());
        }
    }
}

#[tokio::test]
async fn a_date_older_than_the_rules_asks_nothing() {
    let backend = Backend::json(V2).await;
    let house = crossing(&backend, "").await;
    let old = "Mon, 02 Jan 2023 00:00:00 GMT";
    let later =
        httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_secs(9));
    for (target, fields, expected) in [
        ("/orders/a", format!("if-modified-since: {old}\r\n"), vec![]),
        ("/orders/a", format!("if-modified-since: {later}\r\n"), vec![later.as_str()]),
        ("/orders/a", format!("if-modified-since: {later}\r\nif-none-match: \"x\"\r\n"), vec![]),
        ("/v2/orders/a", format!("if-modified-since: {old}\r\n"), vec![old]),
    ] {
        house.get(target, &fields).await;
        assert_eq!(seen(&backend, "if-modified-since"), expected, "{target} {fields}");
    }
    house.get("/orders/a", &format!("if-unmodified-since: {old}\r\n")).await;
    assert_eq!(seen(&backend, "if-unmodified-since"), [old]);
}

#[tokio::test]
async fn head_says_what_get_would_but_the_length() {
    let fields = "content-encoding: gzip\r\netag: \"e\"\r\nrepr-digest: sha-256=:AAAA:\r\n";
    let head = format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 99\r\n{fields}\r\n");
    let backend = Backend::start(&head).await;
    let house = crossing(&backend, "").await;
    for version in BOTH {
        let request = Request::head("/orders/a").header("accept-encoding", "gzip");
        let request = request.body(whole("")).unwrap();
        let reply = send(house.address(), version, request).await.unwrap();
        assert_eq!(reply.status(), 200);
        for gone in ["content-length", "repr-digest"] {
            assert!(!reply.headers().contains_key(gone), "{reply:?}");
        }
        assert_eq!(reply.headers()["content-encoding"], "gzip");
        assert_eq!(reply.headers()["accept-ranges"], "none");
        assert!(reply.headers()["etag"].to_str().unwrap().starts_with("\"e~v1~"));
    }
    let text = house.raw("HEAD /v2/orders/a HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.contains("content-length: 99\r\n") && text.contains("repr-digest"), "{text}");
}

#[tokio::test]
async fn an_answer_without_a_body_stays_one() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\netag: \"e\"\r\n\r\n").await;
    let house = crossing(&backend, "").await;
    let text = house.raw("PUT /orders/a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 204 ") && text.contains("etag: \"e~v1~"), "{text}");
    assert!(!text.contains("content-length") && !text.contains("transfer-encoding"), "{text}");
}

#[tokio::test]
async fn ranges_are_neither_asked_for_nor_offered_where_bodies_are_converted() {
    let backend = Backend::start(&answer("200 OK", "accept-ranges: bytes\r\n", V2)).await;
    let house = crossing(&backend, "").await;
    let fields = "range: bytes=0-1\r\nif-range: \"e\"\r\n";
    let reply = house.get("/orders/a", fields).await;
    assert_eq!((reply.status, reply.field("accept-ranges")), (200, "none".to_owned()));
    assert!(seen(&backend, "range").is_empty() && seen(&backend, "if-range").is_empty());
    let reply = house.get("/v2/orders/a", fields).await;
    assert_eq!(reply.field("accept-ranges"), "bytes");
    assert_eq!(seen(&backend, "range"), ["bytes=0-1"]);
}

#[tokio::test]
async fn caches_hear_what_chose_the_version_on_every_answer() {
    let backend =
        Backend::start(&answer("200 OK", "cache-control: public, max-age=60\r\n", V2)).await;
    let house = crossing(&backend, "").await;
    for (target, fields, status, cached) in [
        ("/orders/a", "", 200, "public, max-age=60"),
        ("/orders/a", "x-api-key: partner\r\n", 200, "private, max-age=60"),
        ("/orders/a", "x-api-key: stranger\r\n", 200, "public, max-age=60"),
        ("/orders/nothing/here", "", 404, "no-store"),
        ("/orders/a", "api-version: 9\r\n", 400, "no-store"),
    ] {
        let reply = house.get(target, fields).await;
        assert_eq!(reply.status, status, "{target} {fields} {reply:?}");
        assert!(reply.field("vary").ends_with("accept, api-version, x-api-key"), "{reply:?}");
        assert_eq!(reply.field("cache-control"), cached, "{target} {fields}");
    }
}

const FORBIDDING: &str = "cache-control: max-age=1, No-Transform\r\n";

#[tokio::test]
async fn what_must_not_be_transformed_is_not_unless_the_operator_says_so() {
    let backend = Backend::start(&answer("200 OK", FORBIDDING, V2)).await;
    let house = crossing(&backend, "").await;
    let reply = house.get("/orders/a", "").await;
    assert_eq!((reply.status, &reply.json()["code"]), (502, &json!("response-no-transform")));
    let reply = house.get("/orders/a", FORBIDDING).await;
    assert_eq!((reply.status, &reply.json()["code"]), (406, &json!("request-no-transform")));
    assert_eq!(house.get("/v2/orders/a", FORBIDDING).await.body, V2);
    let house = crossing(&backend, "    conversion: { no_transform: override }").await;
    let reply = house.get("/orders/a", FORBIDDING).await;
    assert_eq!(reply.body, r#"{"id":"a","qty":3}"#);
}

#[tokio::test]
async fn a_signature_that_a_conversion_would_break_is_refused() {
    let signed = [
        "signature-input: s=(\"@method\" \"content-digest\");created=1\r\nsignature: s=:AA==:\r\n",
        "signature-input: s=(\"@path\");created=1\r\nsignature: s=:AA==:\r\n",
        "authorization: AWS4-HMAC-SHA256 Credential=a, Signature=b\r\n",
        "x-hub-signature-256: sha256=00\r\n",
        "x-jws-signature: a..b\r\n",
    ];
    let backend = Backend::start(&answer("201 Created", "", V2)).await;
    let house = crossing(&backend, "").await;
    for fields in signed {
        let reply = house.post("/v1/orders", &format!("{JSON}{fields}"), "{\"qty\":3}").await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (501, &json!("request-signed")),
            "{fields}"
        );
        let own = house.post("/v2/orders", &format!("{JSON}{fields}"), "{\"quantity\":3}").await;
        assert_eq!(own.status, 201, "{fields}");
    }
    // neither the body's bytes nor the target are covered
    let fields = "signature-input: s=(\"@method\" \"date\");created=1\r\nsignature: s=:AA==:\r\n";
    let reply = house.post("/v1/orders", &format!("{JSON}{fields}"), "{\"qty\":3}").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    // no path changes without a version in it
    let reply = house.post("/orders", &format!("{JSON}{}", signed[1]), "{\"qty\":3}").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let reply = house.post("/orders", "content-type: application/jose\r\n", "a.b.c").await;
    assert_eq!(
        reply.status, 201,
        "a media type that is not declared goes on as it came: {reply:?}"
    );
    let house = crossing(&backend, "    conversion: { signatures: forward }").await;
    for fields in signed {
        let reply = house.post("/v1/orders", &format!("{JSON}{fields}"), "{\"qty\":3}").await;
        assert_eq!(reply.status, 201, "{fields}");
        let name = fields.split(':').next().unwrap();
        assert_eq!(seen(&backend, name).len(), 1);
    }
}

#[tokio::test]
async fn an_answer_whose_signature_would_not_hold_is_refused() {
    let fields =
        "signature-input: s=(\"content-digest\";req \"@status\")\r\nsignature: s=:AA==:\r\n";
    let backend = Backend::start(&answer("200 OK", fields, V2)).await;
    let house = crossing(&backend, "").await;
    let reply = house.get("/orders/a", "").await;
    assert_eq!((reply.status, &reply.json()["code"]), (502, &json!("response-signed")));
    assert_eq!(house.get("/v2/orders/a", "").await.body, V2);
    let house = crossing(&backend, "    conversion: { signatures: forward }").await;
    assert_eq!(house.get("/orders/a", "").await.body, r#"{"id":"a","qty":3}"#);
}

#[tokio::test]
async fn versions_in_media_types_are_said_in_each_side_s_own() {
    let fields = "accept-patch: application/json;version=2, text/plain\r\n";
    let fields = answer("201 Created", fields, V2)
        .replace("application/json\r\n", "application/json; version=\"2\"\r\n");
    let backend = Backend::start(&fields).await;
    let house = crossing(&backend, "").await;
    let fields = "content-type: application/json; version=1\r\naccept: text/plain;q=0.1\r\naccept: application/json; version=v1\r\n";
    let reply = house.post("/orders", fields, "{\"qty\":3}").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(seen(&backend, "content-type"), ["application/json; version=2"]);
    assert_eq!(seen(&backend, "accept"), ["text/plain;q=0.1", "application/json; version=v2"]);
    assert_eq!(reply.field("content-type"), "application/json; version=\"1\"");
    assert_eq!(reply.field("accept-patch"), "application/json;version=1, text/plain");
    let fields =
        "content-type: application/json; version=2\r\naccept: application/json; version=1\r\n";
    let reply = house.post("/orders", fields, "{\"qty\":3}").await;
    assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("versions-disagree")));
}

#[tokio::test]
async fn an_operation_that_is_not_here_is_told_where_it_is() {
    let backend = Backend::json("{}").await;
    let house = crossing(&backend, "").await;
    for (target, link) in [
        ("/v1/parcels?a=1", "</v2/parcels>; rel=\"successor-version\"; version=\"v2\""),
        ("/parcels", "</parcels>; rel=\"successor-version\"; version=\"v2\""),
        ("/v1/nothing", ""),
    ] {
        let reply = house.get(target, "").await;
        assert_eq!((reply.status, &reply.json()["code"]), (404, &json!("no-operation")));
        assert_eq!(reply.field("link"), link);
        let served = if link.is_empty() { json!(null) } else { json!("v2") };
        assert_eq!(reply.json()["served_in"], served);
    }
    // only the older version runs
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = format!("[{{ version: v1, endpoints: [\"http://{}\"] }}]", backend.address);
    let house = House::in_directory(directory, &orders::api(&backends, ""), "").await;
    let reply = house.get("/v2/parcels", "").await;
    assert_eq!((reply.status, &reply.json()["code"]), (501, &json!("no-backend")));
}

#[tokio::test]
async fn what_is_not_declared_passes_counted_or_is_refused() {
    let csv = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 4\r\n\r\na,b\n";
    let error = answer("418 Teapot", "", "{\"quantity\":1}");
    let odd = answer("202 Accepted", "", "{\"quantity\":1}");
    for (reply, status, refused) in [(csv, 200, 502), (&error, 418, 418), (&odd, 202, 502)] {
        let backend = Backend::start(reply).await;
        let house = crossing(&backend, "").await;
        let seen = house.get("/orders/a", "").await;
        assert_eq!(seen.status, status, "{seen:?}");
        assert!(reply.ends_with(&seen.body));
        let metrics = house.metrics().await;
        let why = if status == 200 { "media_type" } else { "status" };
        let line = format!(
            "evergate_unconverted_total{{api=\"orders\",way=\"response\",why=\"{why}\"}} 1"
        );
        assert!(metrics.contains(&line), "{metrics}");
        let house = crossing(&backend, "    undeclared: refuse").await;
        let seen = house.get("/orders/a", "").await;
        assert_eq!(seen.status, refused, "{seen:?}");
    }
    let backend = Backend::start(&answer("201 Created", "", V2)).await;
    let house = crossing(&backend, "").await;
    assert_eq!(house.post("/orders", "content-type: text/csv\r\n", "qty\n").await.status, 201);
    assert!(house.metrics().await.contains("way=\"request\",why=\"media_type\"} 1"));
    let house = crossing(&backend, "    undeclared: refuse").await;
    assert_eq!(house.post("/orders", "content-type: text/csv\r\n", "qty\n").await.status, 415);
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_the_same_to_the_byte() {
    let backend = Backend::start(&answer("201 Created", "", V2)).await;
    let house = crossing(&backend, "").await;
    let fields = format!("{JSON}idempotency-key: \"k\"\r\nx-request-id: one\r\n");
    for _ in 0..3 {
        house.post("/orders", &fields, "{ \"note\" : \"n\",\"qty\":1.0 }").await;
    }
    assert_eq!(house.reload().await.status, 200);
    house.post("/orders", &fields, "{ \"note\" : \"n\",\"qty\":1.0 }").await;
    let requests = backend.seen();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|one| *one == requests[0]), "{requests:?}");
}

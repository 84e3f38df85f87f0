//! Parameters that move into the body of a request, and members of it that move out: what each side sees.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, Reply, write};

const ANSWER: &str =
    "{ description: one, content: { application/json: { schema: { type: object } } } }";

fn description(paths: &str) -> String {
    let paths = paths.replace("ANSWER", &format!(r#""200": {ANSWER}"#));
    format!("openapi: 3.1.0\ninfo: {{ title: shop, version: \"1\" }}\npaths:\n{paths}")
}

const V1: &str = r"
  /search:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer, minimum: 1 } }
        - { name: tag, in: query, schema: { type: array, items: { type: string } } }
        - { name: q, in: query, required: true, schema: { type: string } }
      responses: { ANSWER }
  /items:
    get:
      parameters:
        - { name: size, in: query, schema: { type: integer, maximum: 1000 } }
        - { name: order, in: query, schema: { type: string, enum: [name, age, size] } }
        - { name: x-mode, in: header, schema: { type: string, enum: [full, brief] } }
      responses: { ANSWER }
  /notes:
    post:
      parameters: [{ name: x-tenant, in: header, required: true, schema: { type: string, pattern: '^[a-z]+$' } }]
      requestBody: { required: true, content: { application/json: { schema: {
        type: object, properties: { text: { type: string } } } } } }
      responses: { ANSWER }
";

const V2: &str = r"
  /search:
    post:
      parameters:
        - { name: q, in: query, required: true, schema: { type: string } }
      requestBody: { required: true, content: { application/json: { schema: {
        type: object, properties: {
          limit: { type: integer, minimum: 1 },
          filter: { type: object, properties: { tags: { type: array, items: { type: string } } } } } } } } }
      responses: { ANSWER }
  /items:
    get:
      parameters:
        - { name: most, in: query, schema: { type: integer, maximum: 100 } }
        - { name: order, in: query, schema: { type: string, enum: [name, age] } }
        - { name: x-mode, in: header, schema: { type: string, enum: [full] } }
      responses: { ANSWER }
  /notes:
    post:
      requestBody: { required: true, content: { application/json: { schema: {
        type: object, required: [tenant], properties: {
          text: { type: string }, tenant: { type: string, pattern: '^[a-z]+$' } } } } } }
      responses: { ANSWER }
";

const CHANGES: &str = r"
changes:
  - say: A search is sent as a body.
    at: GET /search
    route: { to: POST /search, unsafe: allow }
    parameter:
      move:
        limit: { from: query, to: body }
        tag: { from: query, to: body, as: /filter/tags }
  - say: Pages are smaller.
    at: GET /items
    parameter:
      rename: { size: most }
      on_range: { size: { up: clamp } }
      on_unknown: { order: { up: { fallback: name } }, x-mode: { up: error } }
  - say: The tenant of a note is said in it.
    at: POST /notes
    parameter: { move: { x-tenant: { from: header, to: body, as: /tenant } } }
";

/// Version 3 calls the members otherwise.
fn v3() -> String {
    V2.replace("limit:", "most:").replace("tenant", "owner")
}

const CHANGES_3: &str = r"
changes:
  - say: Other names.
    at: POST /search request
    rename: { limit: most }
  - say: Other names.
    at: POST /notes request
    rename: { tenant: owner }
";

async fn house(backend: &Backend, speaks: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| write(directory.path(), path, text);
    put("shop/v1/openapi.yaml", &description(V1));
    put("shop/v2/openapi.yaml", &description(V2));
    put("shop/v2/changes.yaml", CHANGES);
    put("shop/v3/openapi.yaml", &description(&v3()));
    put("shop/v3/changes.yaml", CHANGES_3);
    let address = backend.address;
    let apis = format!(
        "  shop:
    description: ./shop
    client_version: [{{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {speaks}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "limits: { body: 256 }").await
}

/// A request as `METHOD target`, further fields and a body.
type Asked<'a> = (&'a str, &'a str, &'a str);

async fn answered(house: &House, client: &str, (line, fields, body): Asked<'_>) -> Reply {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
    };
    let request = format!(
        "{line} HTTP/1.1\r\nhost: x\r\napi-version: {client}\r\n{fields}{length}\r\n{body}"
    );
    Reply::read(&house.raw(&request).await)
}

/// What a backend of version `speaks` gets when a client of version `client` asks this.
async fn check((speaks, client): (&str, &str), asked: Asked<'_>, wanted: (&str, &str)) -> String {
    let backend = Backend::json("{}").await;
    let house = house(&backend, speaks).await;
    let reply = answered(&house, client, asked).await;
    assert_eq!(reply.status, 200, "{asked:?}: {reply:?}");
    let seen = backend.seen().pop().unwrap();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("{} HTTP/1.1\r\n", wanted.0)), "{asked:?}: {seen}");
    assert_eq!(body, wanted.1, "{asked:?}: {seen}");
    head.to_owned()
}

#[tokio::test]
async fn a_query_becomes_a_body_that_was_not_there() {
    let asked = ("GET /search?limit=3&q=a%20b&tag=x&tag=y", "", "");
    let body = r#"{"limit":3,"filter":{"tags":["x","y"]}}"#;
    let head = check(("v2", "v1"), asked, ("POST /search?q=a%20b", body)).await;
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    // what is not asked for is not said
    check(("v2", "v1"), ("GET /search?q=a", "", ""), ("POST /search?q=a", "{}")).await;
    // nothing happens where the backend speaks the client's version
    check(("v1", "v1"), ("GET /search?limit=3&q=a", "", ""), ("GET /search?limit=3&q=a", "")).await;
    let later = r#"{"most":3,"filter":{"tags":["x"]}}"#;
    check(("v3", "v1"), ("GET /search?limit=3&q=a&tag=x", "", ""), ("POST /search?q=a", later))
        .await;
}

#[tokio::test]
async fn a_body_becomes_a_query() {
    let body = r#"{ "filter": { "tags": ["x", "y&z"] }, "limit": 3 }"#;
    let asked = ("POST /search?q=a", "", body);
    let head = check(("v1", "v2"), asked, ("GET /search?q=a&limit=3&tag=x&tag=y%26z", "")).await;
    assert!(!head.contains("content-type"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
    check(("v1", "v2"), ("POST /search?q=a", "", "{}"), ("GET /search?q=a", "")).await;
    let later = ("POST /search?q=a", "", r#"{"most":3}"#);
    check(("v1", "v3"), later, ("GET /search?q=a&limit=3", "")).await;
}

#[tokio::test]
async fn a_header_moves_into_a_body_that_is_there_and_back() {
    let old = ("POST /notes", "x-tenant: acme\r\n", r#"{ "text": "a" }"#);
    let new = r#"{ "text": "a" ,"tenant":"acme"}"#;
    let head = check(("v2", "v1"), old, ("POST /notes", new)).await;
    assert!(!head.contains("x-tenant"), "{head}");
    let asked = ("POST /notes", "", r#"{"text":"a", "owner":"acme"}"#);
    let head = check(("v1", "v3"), asked, ("POST /notes", r#"{"text":"a"}"#)).await;
    assert!(head.contains("x-tenant: acme"), "{head}");
}

#[tokio::test]
async fn a_body_that_is_held_is_bounded_and_of_a_known_type() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v1").await;
    let large = format!(r#"{{"limit":3{}}}"#, " ".repeat(300));
    refused(&house, "v2", ("POST /search?q=a", "", &large), (413, "body-too-large")).await;
    let post = |kind: &str, coding: &str, body: &str| {
        let length = body.len();
        format!(
            "POST /search?q=a HTTP/1.1\r\nhost: x\r\napi-version: v2\r\ncontent-type: {kind}\r\n{coding}content-length: {length}\r\n\r\n{body}"
        )
    };
    let text = Reply::read(&house.raw(&post("text/plain", "", "3")).await);
    assert_eq!(text.status, 415, "{text:?}");
    let broken = post("application/json", "content-encoding: gzip\r\n", "{}");
    let broken = Reply::read(&house.raw(&broken).await);
    assert_eq!(broken.status, 400, "{broken:?}");
    assert!(backend.seen().is_empty());
    // one that is not there at all is no mistake of the gateway's: the backend says what it lacks
    let nothing = Reply::read(&house.raw("POST /search?q=a HTTP/1.1\r\nhost: x\r\napi-version: v2\r\ncontent-length: 0\r\n\r\n").await);
    assert_eq!(nothing.status, 200, "{nothing:?}");
    assert!(backend.seen().pop().unwrap().starts_with("GET /search?q=a HTTP/1.1\r\n"));
}

#[tokio::test]
async fn values_that_the_backend_does_not_take_go_by_policy() {
    let up = ("v2", "v1");
    let asked = |line| (line, "x-mode: full\r\n", "");
    check(up, asked("GET /items?size=500&order=size"), ("GET /items?order=name&most=100", ""))
        .await;
    check(up, asked("GET /items?size=5&order=age"), ("GET /items?order=age&most=5", "")).await;
    check(up, asked("GET /items"), ("GET /items", "")).await;
    check(("v1", "v2"), asked("GET /items?most=5"), ("GET /items?size=5", "")).await;
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v2").await;
    let brief = ("GET /items", "x-mode: brief\r\n", "");
    refused(&house, "v1", brief, (422, r#""parameter":"x-mode""#)).await;
    let strict = ("GET /items?size=500", "prefer: handling=strict\r\n", "");
    refused(&house, "v1", strict, (422, "request-lossy")).await;
    assert!(backend.seen().is_empty());
}

async fn refused(house: &House, client: &str, asked: Asked<'_>, wanted: (u16, &str)) {
    let reply = answered(house, client, asked).await;
    assert_eq!(reply.status, wanted.0, "{asked:?}: {reply:?}");
    assert!(reply.body.contains(wanted.1), "{asked:?}: {reply:?}");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_the_client_s_names() {
    let backend = Backend::json("{}").await;
    let newer = house(&backend, "v2").await;
    let limit = r#""parameter":"limit""#;
    refused(&newer, "v1", ("GET /search?q=a&limit=many", "", ""), (422, limit)).await;
    refused(&newer, "v1", ("GET /search?q=a&limit=1&limit=2", "", ""), (422, limit)).await;
    let missing = r#""parameter":"x-tenant""#;
    refused(&newer, "v1", ("POST /notes", "", r#"{"text":"a"}"#), (400, missing)).await;
    // nothing that stands in a body can say what stands beside it
    for body in [r#"{},"header x-tenant":"b""#, r#"{}},{"body":{}"#, "{} {}", "{"] {
        let asked = ("POST /notes", "x-tenant: acme\r\n", body);
        refused(&newer, "v1", asked, (400, "request-malformed")).await;
    }
    let older = house(&backend, "v1").await;
    let tenant = r#""pointer":"/owner""#;
    let asked = ("POST /notes", "", r#"{"owner":"a\nb"}"#);
    refused(&older, "v3", asked, (422, tenant)).await;
    assert!(backend.seen().is_empty(), "{:?}", backend.seen());
}

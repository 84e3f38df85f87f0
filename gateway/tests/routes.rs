//! Operations that moved to another path or method, and parameters that moved to another place: what each side sees.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, Reply, write};

const ANSWER: &str =
    "{ description: one, content: { application/json: { schema: { type: object } } } }";

fn description(paths: &str) -> String {
    let paths = paths.replace("ANSWER", &format!(r#""200": {ANSWER}"#));
    format!("openapi: 3.1.0\ninfo: {{ title: orders, version: \"1\" }}\npaths:\n{paths}")
}

const V1: &str = r"
  /orders/{id}:
    get:
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
        - { name: tenant, in: query, required: true, schema: { type: string, pattern: '^[a-z]+$' } }
        - { name: fields, in: query, schema: { type: array, items: { type: string, pattern: '^[a-z]+$' } } }
      responses: { ANSWER }
  /shops/{shop}/items/{item}:
    get:
      parameters:
        - { name: shop, in: path, required: true, schema: { type: string } }
        - { name: item, in: path, required: true, schema: { type: string } }
      responses: { ANSWER }
  /search:
    get:
      parameters: [{ name: q, in: query, schema: { type: string } }]
      responses: { ANSWER }
";

const V2: &str = r"
  /tenants/{tenant}/orders/{order}:
    get:
      parameters:
        - { name: tenant, in: path, required: true, schema: { type: string, pattern: '^[a-z]+$' } }
        - { name: order, in: path, required: true, schema: { type: integer } }
        - { name: x-fields, in: header, schema: { type: array, items: { type: string, pattern: '^[a-z]+$' } } }
      responses: { ANSWER }
  /items/{item}/in/{shop}:
    get:
      parameters:
        - { name: shop, in: path, required: true, schema: { type: string } }
        - { name: item, in: path, required: true, schema: { type: string } }
      responses: { ANSWER }
  /searches:
    post:
      parameters: [{ name: q, in: query, schema: { type: string } }]
      responses: { ANSWER }
";

const CHANGES: &str = r"
changes:
  - say: Orders belong to a tenant.
    at: GET /orders/{id}
    route: GET /tenants/{tenant}/orders/{order}
    parameter:
      rename: { id: order }
      move:
        tenant: { from: query, to: path }
        fields: { from: query, to: header, as: X-Fields }
  - say: Items come first.
    at: GET /shops/{shop}/items/{item}
    route: GET /items/{item}/in/{shop}
  - say: A search is made.
    at: GET /search
    route: { to: POST /searches, unsafe: allow }
";

/// Version 3 has what version 2 has, and orders at another path again.
fn v3() -> String {
    V2.replace("/tenants/{tenant}/orders/{order}", "/orders/{order}/of/{tenant}")
}

const CHANGES_3: &str = r"
changes:
  - say: Orders come first.
    at: GET /tenants/{tenant}/orders/{order}
    route: GET /orders/{order}/of/{tenant}
";

async fn house(backend: &Backend, speaks: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", &description(V1));
    write(directory.path(), "orders/v2/openapi.yaml", &description(V2));
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    write(directory.path(), "orders/v3/openapi.yaml", &description(&v3()));
    write(directory.path(), "orders/v3/changes.yaml", CHANGES_3);
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {speaks}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// What a backend of version `speaks` is asked when a client of version `client` asks this.
async fn check(speaks: &str, client: &str, line: &str, fields: &str, wanted: (&str, &str)) {
    let backend = Backend::json("{}").await;
    let house = house(&backend, speaks).await;
    let request = format!("{line} HTTP/1.1\r\nhost: x\r\napi-version: {client}\r\n{fields}\r\n");
    let reply = Reply::read(&house.raw(&request).await);
    assert_eq!(reply.status, 200, "{line}: {reply:?}");
    let seen = backend.seen().pop().unwrap();
    assert!(seen.starts_with(&format!("{} HTTP/1.1\r\n", wanted.0)), "{line}: {seen}");
    assert!(seen.contains(wanted.1), "{line}: {seen}");
}

#[tokio::test]
async fn each_side_sees_its_own_path_and_its_own_places() {
    let order = "GET /orders/7?tenant=acme&fields=a&x=1&fields=b";
    check("v2", "v1", order, "", ("GET /tenants/acme/orders/7?x=1", "x-fields: a,b\r\n")).await;
    check("v3", "v1", order, "", ("GET /orders/7/of/acme?x=1", "x-fields: a,b\r\n")).await;
    let newer = "GET /orders/7/of/acme?x=1";
    check(
        "v1",
        "v3",
        newer,
        "x-fields: a, b\r\n",
        ("GET /orders/7?x=1&tenant=acme&fields=a&fields=b", ""),
    )
    .await;
    check("v2", "v3", newer, "", ("GET /tenants/acme/orders/7?x=1", "")).await;
    check("v3", "v3", newer, "", ("GET /orders/7/of/acme?x=1", "")).await;
}

#[tokio::test]
async fn path_parameters_go_by_name_and_keep_their_spelling() {
    let old = "GET /shops/a%2Fb/items/%7e1";
    check("v2", "v1", old, "", ("GET /items/%7e1/in/a%2Fb", "")).await;
    check("v1", "v3", "GET /items/1/in/s", "", ("GET /shops/s/items/1", "")).await;
}

#[tokio::test]
async fn a_method_changes_where_it_is_allowed() {
    check(
        "v2",
        "v1",
        "GET /search?q=a",
        "if-none-match: \"x\"\r\n",
        ("POST /searches?q=a", "content-length: 0\r\n"),
    )
    .await;
    check("v1", "v2", "POST /searches?q=a", "content-length: 0\r\n", ("GET /search?q=a", "")).await;
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v2").await;
    house.get("/search?q=a", "if-none-match: \"x\"\r\n").await;
    assert!(!backend.seen().pop().unwrap().contains("if-none-match"));
    // a head without a body cannot be made of an answer to POST
    let head = Reply::read(&house.raw("HEAD /search HTTP/1.1\r\nhost: x\r\n\r\n").await);
    assert_eq!((head.status, head.field("allow")), (405, "GET".into()));
    let head =
        house.raw("HEAD /shops/s/items/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(backend.seen().pop().unwrap().starts_with("HEAD /items/1/in/s "));
}

#[tokio::test]
async fn each_version_has_only_its_own_paths() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v2").await;
    let newer = house.get("/tenants/acme/orders/7", "").await;
    assert_eq!(newer.status, 404, "{newer:?}");
    let post = house.post("/search", "", "").await;
    assert_eq!((post.status, post.field("allow")), (405, "GET".into()));
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn what_cannot_be_written_elsewhere_is_refused_in_the_client_s_names() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "v2").await;
    for target in ["/orders/7?tenant=..%2Fadmin", "/orders/7?tenant=..", "/orders/7?tenant="] {
        let reply = house.get(target, "").await;
        assert_eq!(reply.status, 422, "{reply:?}");
        assert!(reply.body.contains(r#""parameter":"tenant""#), "{reply:?}");
    }
    let reply = house.get("/orders/7", "").await;
    assert!(reply.status == 400 && reply.body.contains("parameter-missing"), "{reply:?}");
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn links_with_moved_paths_come_back() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlocation: /items/1/in/s\r\ncontent-length: 2\r\n\r\n{}";
    let backend = Backend::start(answer).await;
    let house = house(&backend, "v2").await;
    let reply = house.get("/shops/s/items/1", "").await;
    assert_eq!(reply.field("location"), "/shops/s/items/1");
}

//! Links and paging tokens between a client and a backend of another version, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use serde_json::json;
use support::{Backend, House, Reply, ok, write};

/// Orders in pages, with links of every kind.
const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer } }
        - { name: cursor, in: query, schema: { type: string } }
      responses:
        "200": { description: all, content: { application/json: { schema: { $ref: "#/components/schemas/Page" } } } }
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    Page:
      type: object
      required: [items]
      properties:
        items: { type: array, items: { $ref: "#/components/schemas/Order" } }
        next: { type: [string, "null"], format: uri-reference }
        next_cursor: { type: [string, "null"] }
    Order:
      type: object
      required: [id]
      properties:
        id: { type: string }
        _links:
          type: object
          additionalProperties: { type: object, properties: { href: { type: string, format: uri-reference } } }
"##;

const CHANGES: &str = r"
changes:
  - say: The page length is called `size`.
    at: GET /orders
    parameter: { rename: { limit: size } }
    cursor: { response: next_cursor, request: { parameter: cursor } }
  - say: Pages and orders have links.
    at: Page
    links: [next, items/*/_links/*/href]
  - say: So has an order by itself.
    at: Order
    links: [_links/*/href]
";

fn v2() -> String {
    V1.replace("version: \"1\"", "version: \"2\"").replace("name: limit", "name: size")
}

/// An api whose clients say their version at `place`.
async fn house(backends: &[(&str, &Backend)], place: &str) -> House {
    house_with(&v2(), backends, place).await
}

/// The same with another version 2.
async fn house_with(second: &str, backends: &[(&str, &Backend)], place: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", second);
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    let third = V1.replace("version: \"1\"", "version: \"3\"").replace("name: limit", "name: size");
    write(directory.path(), "orders/v3/openapi.yaml", &third);
    let backends = backends.iter().map(|(version, backend)| {
        format!("{{ version: {version}, endpoints: [\"http://{}\"] }}", backend.address)
    });
    let backends = backends.collect::<Vec<_>>().join(", ");
    let apis = format!(
        "  orders:
    description: ./orders
    match: {{ path: /shop }}
    client_version: [{place}]
    backends: [{backends}]"
    );
    House::in_directory(directory, &apis, "").await
}

const IN_PATH: &str = "{ path: \"/v{version}\" }, { default: oldest }";

/// An answer with these fields and this body.
fn answer(fields: &str, body: &str) -> String {
    ok(body).replacen("\r\n", &format!("\r\n{fields}"), 1)
}

#[track_caller]
fn check(reply: &Reply, status: u16, body: &serde_json::Value) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(&reply.json(), body);
}

#[tokio::test]
async fn links_in_fields_are_said_in_the_client_s_version() {
    let fields = "location: /shop/v2/orders/a?x#y\r\n\
        content-location: http://ADDRESS/shop/v2/orders/a\r\n\
        operation-location: https://x/shop/v2/orders/b\r\n\
        azure-asyncoperation: https://elsewhere.example/shop/v2/orders/b\r\n\
        link: </shop/v2/orders?size=2&page=%2F>; rel=\"next\"; title=\"a, <b>; \\\"c\\\"\", <https://x/shop/v1/orders>; rel=\"predecessor-version\"\r\n\
        link: </shop/v2/orders/../x>; rel=up,</other/v2/orders>; rel=other,</shop/v2/unknown?size=1>; rel=y\r\n\
        link: nonsense </shop/v2/orders>\r\n";
    let backend = Backend::start_with(|address| {
        answer(&fields.replace("ADDRESS", &address.to_string()), r#"{"id":"a"}"#)
    })
    .await;
    let house = house(&[("v2", &backend)], IN_PATH).await;
    let reply = house.get("/shop/v1/orders/a", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.field("location"), "/shop/v1/orders/a?x#y");
    assert_eq!(reply.field("content-location"), "http://x/shop/v1/orders/a");
    assert_eq!(reply.field("operation-location"), "https://x/shop/v1/orders/b");
    assert_eq!(reply.field("azure-asyncoperation"), "https://elsewhere.example/shop/v2/orders/b");
    assert_eq!(
        reply.field("link"),
        "</shop/v1/orders?limit=2&page=%2F>; rel=\"next\"; title=\"a, <b>; \\\"c\\\"\", <https://x/shop/v1/orders>; rel=\"predecessor-version\" \
         | </shop/v2/orders/../x>; rel=up,</other/v2/orders>; rel=other,</shop/v1/unknown?size=1>; rel=y \
         | nonsense </shop/v2/orders>"
    );
}

#[tokio::test]
async fn links_in_bodies_are_said_in_each_side_s_version() {
    let body = r#"{"items":[{"id":"/shop/v2/orders/a","_links":{"self":{"href":"/shop/v2/orders/a"},"web":{"href":"https://example.com/shop/v2/orders/a"}}}],
        "next":"?size=2&cursor=a%2Fb"}"#;
    let backend = Backend::json(body).await;
    let house = house(&[("v2", &backend)], IN_PATH).await;
    let reply = house.get("/shop/v1/orders", "").await;
    check(
        &reply,
        200,
        &json!({"items": [{"id": "/shop/v2/orders/a", "_links": {"self": {"href": "/shop/v1/orders/a"},
            "web": {"href": "https://example.com/shop/v2/orders/a"}}}],
            "next": "?limit=2&cursor=evg1~v2~a%2Fb"}),
    );
    // the client's links reach the backend as the backend writes them
    let sent = r#"{"id":"a","_links":{"self":{"href":"http://x/shop/v1/orders/a"},"old":{"href":"/shop/v2/orders/b"}}}"#;
    let fields = "content-type: application/json\r\n";
    house.post("/shop/v1/orders", fields, sent).await;
    let seen = backend.seen().pop().unwrap();
    let (_, body) = seen.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        body,
        r#"{"id":"a","_links":{"self":{"href":"http://x/shop/v2/orders/a"},"old":{"href":"/shop/v2/orders/b"}}}"#
    );
    // the same version changes no byte
    let reply = house.get("/shop/v2/orders", "").await;
    assert!(reply.body.contains("?size=2&cursor=a%2Fb"), "{reply:?}");
}

#[tokio::test]
async fn a_version_in_the_query_of_a_link_is_the_client_s_too() {
    let body = r#"{"items":[],"next":"https://x/shop/orders?api-version=v3&size=9&cursor=t&api-version=v3"}"#;
    let backend =
        Backend::start(&answer("link: </shop/orders?a&api-version=v2>;rel=x\r\n", body)).await;
    let house = house(&[("v3", &backend)], "{ query: api-version }, { default: oldest }").await;
    let reply = house.get("/shop/orders?api-version=v1", "").await;
    check(
        &reply,
        200,
        &json!({"items": [],
            "next": "https://x/shop/orders?api-version=v1&limit=9&cursor=evg1~v3~t&api-version=v1"}),
    );
    // another version is meant
    assert_eq!(reply.field("link"), "</shop/orders?a&api-version=v2>;rel=x");
    let next = reply.json()["next"].as_str().unwrap().replace("https://x", "");
    house.get(&next.replacen("&api-version=v1", "", 1), "").await;
    let seen = backend.seen().pop().unwrap();
    assert!(seen.starts_with("GET /shop/orders?size=9&cursor=t&api-version=v3 "), "{seen}");
}

#[tokio::test]
async fn a_version_between_that_lacks_the_operation_makes_no_difference() {
    let second = v2().replacen("  /orders:\n    get:", "  /orders:\n    put:", 1);
    let body = r#"{"items":[],"next":"/shop/v3/orders?cursor=a","next_cursor":"b"}"#;
    let backend = Backend::json(body).await;
    let house = house_with(&second, &[("v3", &backend)], IN_PATH).await;
    let reply = house.get("/shop/v1/orders", "").await;
    check(
        &reply,
        200,
        &json!({"items": [], "next": "/shop/v1/orders?cursor=evg1~v3~a", "next_cursor": "evg1~v3~b"}),
    );
}

#[tokio::test]
async fn a_token_goes_back_to_the_version_that_made_it() {
    let page = |token: &str| format!(r#"{{"items":[],"next_cursor":{token}}}"#);
    let newer = Backend::json(&page("\"new/1\"")).await;
    let older = Backend::json(&page("\"old\"")).await;
    let only = house(&[("v2", &newer)], IN_PATH).await;
    let first = only.get("/shop/v1/orders", "").await.json()["next_cursor"].clone();
    assert_eq!(first, "evg1~v2~new/1");
    // a replica that also has a backend of the client's own version, which would be preferred
    let both = house(&[("v2", &newer), ("v1", &older)], IN_PATH).await;
    let before = older.seen().len();
    let reply = both.get("/shop/v1/orders?limit=3&cursor=evg1~v2~new%2F1", "").await;
    assert_eq!((reply.status, reply.field("api-backend-version")), (200, "v2".into()), "{reply:?}");
    let seen = newer.seen().pop().unwrap();
    assert!(seen.starts_with("GET /shop/v2/orders?size=3&cursor=new%2F1 "), "{seen}");
    assert_eq!(older.seen().len(), before);
    // its own version's token is as it was, and comes back so
    let own = both.get("/shop/v1/orders", "").await;
    assert_eq!(own.json()["next_cursor"], "old");
    let reply = both.get("/shop/v1/orders?cursor=old", "").await;
    assert_eq!(reply.field("api-backend-version"), "v1");
    // a client of the newer version with a token that an older one was given
    let reply = both.get("/shop/v2/orders?cursor=evg1%7Ev2%7Enew/1&size=3", "").await;
    assert_eq!(reply.field("api-backend-version"), "v2");
    let seen = newer.seen().pop().unwrap();
    assert!(seen.starts_with("GET /shop/v2/orders?cursor=new%2F1&size=3 "), "{seen}");
    // nothing is kept: after a reload it is the same
    assert_eq!(both.reload().await.status, 200);
    let reply = both.get("/shop/v1/orders?cursor=evg1~v2~new/1", "").await;
    assert_eq!(reply.field("api-backend-version"), "v2");
}

#[tokio::test]
async fn a_token_of_a_version_that_is_gone_is_refused_in_the_client_s_words() {
    let backend = Backend::json(r#"{"items":[],"next_cursor":""}"#).await;
    let house = house(&[("v2", &backend)], IN_PATH).await;
    for token in ["evg1~v3~x", "evg1~v9~x", "evg1~v1~x"] {
        let reply = house.get(&format!("/shop/v1/orders?cursor={token}"), "").await;
        assert_eq!(reply.status, 400, "{reply:?}");
        let problem = reply.json();
        assert_eq!(problem["code"], "cursor-elsewhere", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("without `cursor`"), "{problem}");
    }
    assert!(backend.seen().is_empty());
    // what is not sealed passes, and an empty token stays empty
    let reply = house.get("/shop/v1/orders?cursor=anything", "").await;
    check(&reply, 200, &json!({"items": [], "next_cursor": ""}));
}

#[tokio::test]
async fn what_becomes_of_other_tokens_can_be_said() {
    let backend = Backend::json(r#"{"items":[]}"#).await;
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2());
    let changes = CHANGES.replace(
        "{ parameter: cursor } }",
        "{ parameter: cursor }, on_conflict: pass, unsealed: refuse }",
    );
    write(directory.path(), "orders/v2/changes.yaml", &changes);
    let apis = format!(
        "  orders:
    description: ./orders
    public: https://api.example.com
    client_version: [{IN_PATH}]
    backends: [{{ version: v2, endpoints: [\"http://{}\"] }}]",
        backend.address
    );
    let house = House::in_directory(directory, &apis, "").await;
    assert_eq!(house.get("/v1/orders?cursor=evg1~v9~x", "").await.status, 200);
    assert!(backend.seen().pop().unwrap().starts_with("GET /v2/orders?cursor=x "));
    assert_eq!(house.get("/v1/orders?cursor=x", "").await.status, 400);
    assert_eq!(house.get("/v2/orders?cursor=x", "").await.status, 200);
    assert_eq!(house.get("/v1/orders?cursor=", "").await.status, 200);
}

const BARE: &str = r#"
openapi: 3.1.0
info: { title: things, version: "1" }
paths:
  /things:
    get:
      parameters: [{ name: page, in: query, schema: { type: string } }]
      responses:
        "200": { description: all, content: { application/json: { schema: SCHEMA } } }
"#;

/// Old: a bare list, with `Link`. New: an envelope.
async fn things(version: &str, backend: &Backend) -> House {
    let list = "{ type: array, items: { type: string } }";
    let whole = format!(
        "{{ type: object, required: [data], properties: {{ data: {list}, next: {{ type: [string, \"null\"] }} }}, additionalProperties: false }}"
    );
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "things/v1/openapi.yaml", &BARE.replace("SCHEMA", list));
    let new = BARE.replace("SCHEMA", &whole).replace("version: \"1\"", "version: \"2\"");
    write(directory.path(), "things/v2/openapi.yaml", &new);
    let changes = "
changes:
  - say: Lists have a page around them.
    at: GET /things response 200
    envelope: { member: data, link: { next: next } }
";
    write(directory.path(), "things/v2/changes.yaml", changes);
    let apis = format!(
        "  things:
    description: ./things
    client_version: [{IN_PATH}]
    conversion: {{ loss_header: always }}
    backends: [{{ version: {version}, endpoints: [\"http://{}\"] }}]",
        backend.address
    );
    House::in_directory(directory, &apis, "").await
}

#[tokio::test]
async fn a_link_field_becomes_a_member() {
    let link = "link: </v1/things?page=2>; rel=\"next\", </v1/things>; rel=first\r\n";
    let backend = Backend::start(&answer(link, r#"["a"]"#)).await;
    let house = things("v1", &backend).await;
    let reply = house.get("/v2/things", "").await;
    check(&reply, 200, &json!({"data": ["a"], "next": "/v2/things?page=2"}));
    let last = Backend::json(r#"["b"]"#).await;
    let house = things("v1", &last).await;
    check(&house.get("/v2/things", "").await, 200, &json!({"data": ["b"]}));
}

#[tokio::test]
async fn a_member_becomes_a_link_field_while_the_head_is_here() {
    let backend = Backend::json(r#"{"data":["a"],"next":"/v2/things?page=2"}"#).await;
    let house = things("v2", &backend).await;
    let reply = house.get("/v1/things", "prefer: handling=strict\r\n").await;
    check(&reply, 200, &json!(["a"]));
    assert_eq!(reply.field("link"), "</v1/things?page=2>; rel=\"next\"");
    assert_eq!(reply.field("api-conversion-loss"), "", "{reply:?}");
    let last = Backend::json(r#"{"data":["a"],"next":null}"#).await;
    let house = things("v2", &last).await;
    let reply = house.get("/v1/things", "").await;
    assert_eq!((reply.field("link"), reply.body.as_str()), (String::new(), "[\"a\"]"));
    // what comes after the head is a loss that is told
    let long = format!(r#"{{"data":["{}"],"next":"/v2/things?page=2"}}"#, "a".repeat(200_000));
    let late = Backend::json(&long).await;
    let house = things("v2", &late).await;
    let reply = house.get("/v1/things", "").await;
    assert_eq!((reply.status, reply.field("link")), (200, String::new()));
    let metrics = house.metrics().await;
    let counted = metrics.lines().any(|line| {
        line.starts_with("evergate_losses_total")
            && line.contains("rule=\"L16\"")
            && line.ends_with(" 1")
    });
    assert!(counted, "{metrics}");
}

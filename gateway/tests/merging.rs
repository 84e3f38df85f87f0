//! An old client writes back what it read: what its version cannot show stays, by both remedies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/store.rs"]
mod store;
#[path = "support/house.rs"]
mod support;

use evergate_gateway::assemble::assemble;
use evergate_gateway::telemetry::Metrics;
use evergate_schemas::problem::Problem;
use proptest::prelude::{Just, Strategy, prop, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use store::{Store, Tags, answered, cases};
use support::{House, Reply, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get:
      responses: &answer
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
    put:
      requestBody: &body { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: *answer
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties:
        id: { type: string }
        note: { type: string }
        status: { enum: [open, closed] }
        to: { $ref: "#/components/schemas/Address" }
        items: { type: array, items: { $ref: "#/components/schemas/Item" } }
      additionalProperties: false
    Address:
      type: object
      properties: { street: { type: string } }
      additionalProperties: false
    Item:
      type: object
      required: [sku]
      properties: { sku: { type: string }, count: { type: integer } }
      additionalProperties: false
"##;

/// Orders have a tag and a currency, addresses a code, items a discount; a note is a remark, and there is one more status.
fn v2() -> String {
    V1.replace(
        "note: { type: string }",
        "remark: { type: string }\n        tag: { type: [string, object] }",
    )
    .replace("required: [id]", "required: [id, currency]")
    .replace("id: { type: string }\n", "id: { type: string }\n        currency: { type: string }\n")
    .replace("[open, closed]", "[open, closed, disputed]")
    .replace("street: { type: string }", "street: { type: string }, code: { type: string }")
    .replace("count: { type: integer }", "count: { type: integer }, discount: { type: number }")
}

const CHANGES: &str = r"
changes:
  - say: A note is called remark.
    at: [Order]
    rename: { note: remark }
  - say: Every order has a currency.
    at: [Order]
    add: { currency: { constant: EUR } }
  - say: A dispute is shown as open.
    at: [Order]
    on_unknown: { status: { down: { fallback: open } } }
";

const ONE: &str = "{ \"id\" : \"a\", \"remark\":\"n\\u00f6\",\"currency\":\"USD\",\n \"status\":\"disputed\", \"tag\": {\"k\" : [1.0, 2e3]},\
                   \"to\":{\"code\":\"8001\",\"street\":\"s\"}, \"items\":[{\"sku\":\"x\",\"discount\":0.50},{\"count\":1,\"sku\":\"y\"}] }";

const V1_FIELDS: &str = "content-type: application/json\r\napi-version: 1\r\n";

fn api(address: &str, more: &str) -> String {
    format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    backends: [{{ version: v2, endpoints: [\"http://{address}\"] }}]
{more}"
    )
}

fn files(directory: &std::path::Path, (v1, v2): (&str, &str)) {
    write(directory, "orders/v1/openapi.yaml", v1);
    write(directory, "orders/v2/openapi.yaml", v2);
    write(directory, "orders/v2/changes.yaml", CHANGES);
}

/// A gateway before the store, with these `writes`.
async fn house(store: &Store, writes: &str) -> House {
    of_versions(store, (V1, &v2()), writes).await
}

async fn of_versions(store: &Store, versions: (&str, &str), writes: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), versions);
    let more = format!("    writes: {{ {writes} }}\n");
    House::in_directory(directory, &api(&store.address.to_string(), &more), "").await
}

async fn merging(store: &Store) -> House {
    house(store, "default: read_merge_write").await
}

async fn put(house: &House, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "PUT /orders/a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{V1_FIELDS}{fields}\r\n{body}"
    );
    Reply::read(&house.raw(&request).await)
}

/// What the client sees.
async fn view(house: &House) -> Reply {
    house.get("/orders/a", V1_FIELDS).await
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, &reply.json()["code"]), (status, &json!(code)), "{reply:?}");
}

#[tokio::test]
async fn law_9_what_is_written_back_unchanged_leaves_the_document_as_it_is() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let seen = view(&house).await;
    assert_eq!(
        seen.json(),
        json!({"id": "a", "note": "nö", "status": "open", "to": {"street": "s"},
               "items": [{"sku": "x"}, {"count": 1, "sku": "y"}]})
    );
    let done = put(&house, "", &seen.body).await;
    assert_eq!((done.status, done.json()), (200, seen.json()), "{done:?}");
    assert_eq!(store.document(), ONE);
    assert_eq!(store.lines(), ["GET /orders/a", "GET /orders/a", "PUT /orders/a"]);
    let line = "evergate_merged_writes_total{api=\"orders\",operation=\"PUT /orders/{id}\",client_version=\"v1\",\
                backend_version=\"v2\",how=\"read_merge_write\"} 1";
    let metrics = house.metrics().await;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn what_the_client_changed_arrives_and_nothing_else_does() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let written = r#"{"id":"a","note":"new","status":"open","to":{},"items":[{"sku":"x"},{"count":2,"sku":"y"}]}"#;
    assert_eq!(put(&house, "", written).await.status, 200);
    let wanted = ONE
        .replace(r#""n\u00f6""#, r#""new""#)
        .replace(r#""code":"8001","street":"s""#, r#""code":"8001""#)
        .replace(r#""count":1"#, r#""count":2"#);
    assert_eq!(store.document(), wanted);
    let requests = store.requests();
    let (read, write) = (&requests[0], &requests[1]);
    assert!(read.starts_with("GET /orders/a ") && !read.contains("content-type"), "{read}");
    assert!(
        read.contains("accept: application/json\r\n") && read.contains("accept-encoding: identity")
    );
    assert!(
        read.contains("api-version: 2\r\n") && write.contains("if-match: \"r1\"\r\n"),
        "{write}"
    );
}

#[tokio::test]
async fn another_writer_in_between_is_merged_with_once_and_then_told() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let written =
        view(&house).await.body.replace("\"nö\"", "\"new\"").replace("\"n\\u00f6\"", "\"new\"");
    let other = |tag: &str| Some(ONE.replace("{\"k\" : [1.0, 2e3]}", tag));
    store.set(|state| state.others.push_back(other("\"other\"")));
    store.requests();
    assert_eq!(put(&house, "", &written).await.status, 200);
    assert_eq!(store.document(), other("\"other\"").unwrap().replace(r#""n\u00f6""#, r#""new""#));
    let four = ["GET /orders/a", "PUT /orders/a", "GET /orders/a", "PUT /orders/a"];
    assert_eq!(store.lines(), four);
    // two others, one attempt too few
    store.set(|state| state.others.extend([other("\"x\""), other("\"y\"")]));
    assert_eq!(put(&house, "", &written).await.status, 412);
    assert_eq!((store.document(), store.lines().len()), (other("\"y\"").unwrap(), 4));
    // a setting says how many, and a key stands for one body
    let patient = self::house(&store, "default: read_merge_write, attempts: 3").await;
    store.set(|state| state.others.extend([other("\"x\""), other("\"y\"")]));
    assert_eq!(put(&patient, "", &written).await.status, 200);
    assert_eq!(store.lines().len(), 6);
    store.set(|state| state.others.push_back(other("\"z\"")));
    assert_eq!(put(&patient, "idempotency-key: k\r\n", &written).await.status, 412);
    assert_eq!(store.lines().len(), 2);
}

#[tokio::test]
async fn conditions_of_the_client_hold_for_the_document_that_was_read() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let seen = view(&house).await;
    let tag = seen.field("etag");
    assert!(tag.starts_with("\"r1~v1~"), "{tag}");
    store.requests();
    assert_eq!(put(&house, &format!("if-match: {tag}\r\n"), &seen.body).await.status, 200);
    assert_eq!(store.lines(), ["GET /orders/a", "PUT /orders/a"]);
    // the state is another now: nothing is written
    refused(&put(&house, &format!("if-match: {tag}\r\n"), &seen.body).await, 412, "write-stale");
    refused(&put(&house, "if-none-match: *\r\n", &seen.body).await, 412, "write-stale");
    assert_eq!(store.lines(), ["GET /orders/a", "GET /orders/a"]);
    // changed after it was read: told, as the client asked for this very state
    store.set(|state| state.others.push_back(Some(ONE.replace("8001", "8002"))));
    assert_eq!(put(&house, "if-match: \"r2\"\r\n", &seen.body).await.status, 412);
    assert_eq!(store.lines(), ["GET /orders/a", "PUT /orders/a"]);
    assert_eq!(store.document(), ONE.replace("8001", "8002"));
}

#[tokio::test]
async fn what_is_not_there_is_made_unless_somebody_else_does() {
    let store = Store::start(ONE).await;
    store.set(|state| state.document = None);
    let house = merging(&store).await;
    let written = r#"{"id":"a","note":"n"}"#;
    refused(&put(&house, "if-match: *\r\n", written).await, 412, "write-stale");
    assert_eq!(put(&house, "", written).await.status, 200);
    assert_eq!(store.document(), r#"{"id":"a","remark":"n","currency":"EUR"}"#);
    let made = store.requests();
    assert!(made.last().unwrap().contains("if-none-match: *\r\n"), "{made:?}");
    store.set(|state| {
        state.document = None;
        state.others.push_back(Some(ONE.to_owned()));
    });
    assert_eq!(put(&house, "", written).await.status, 200);
    let merged: Value = serde_json::from_str(&store.document()).unwrap();
    assert_eq!((&merged["tag"], &merged["currency"]), (&json!({"k": [1.0, 2e3]}), &json!("USD")));
}

#[tokio::test]
async fn without_a_strong_tag_nothing_is_written_unless_that_is_allowed() {
    let store = Store::start(ONE).await;
    let (careful, bold) =
        (merging(&store).await, house(&store, "default: read_merge_write, unguarded: allow").await);
    let written = view(&careful).await.body;
    for tags in [Tags::None, Tags::Weak] {
        store.set(|state| state.tags = tags);
        refused(&put(&careful, "", &written).await, 409, "write-unguarded");
        store.requests();
        assert_eq!(put(&bold, "", &written).await.status, 200);
        let requests = store.requests();
        assert!(!requests.last().unwrap().contains("if-match"), "{requests:?}");
        refused(&put(&bold, "if-match: \"r1\"\r\n", &written).await, 412, "write-stale");
        assert_eq!(store.document(), ONE);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_written() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let written = view(&house).await.body;
    let text = answered("200 OK", "etag: \"a\"\r\n", "x").replace("application/json", "text/plain");
    let coded = answered("200 OK", "content-encoding: odd\r\n", "x");
    let odd = answered("200 OK", "etag: \"a\"\r\n", "{\"a\":1,\"a\":2}");
    for instead in [answered("500 Oops", "", "{}"), answered("302 Found", "", ""), text, coded, odd]
    {
        store.set(|state| state.instead = Some(instead));
        refused(&put(&house, "", &written).await, 502, "write-unread");
    }
    for status in ["401 Unauthorized", "403 Forbidden", "429 Too Many Requests", "503 Unavailable"]
    {
        let instead = answered(status, "retry-after: 7\r\n", "{}");
        store.set(|state| state.instead = Some(instead));
        let told = put(&house, "", &written).await;
        let code: u16 = status[..3].parse().unwrap();
        assert_eq!((told.status, told.field("retry-after").as_str()), (code, "7"), "{told:?}");
    }
    assert_eq!(store.document(), ONE);
    assert!(store.lines().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn a_document_has_its_own_bounds() {
    let large = ONE.replace("8001", &"8".repeat(600));
    let store = Store::start(&large).await;
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), (V1, &v2()));
    let more = "    writes: { default: read_merge_write }\n";
    let api = api(&store.address.to_string(), more);
    let small = House::in_directory(directory, &api, "limits: { body: 600 }").await;
    let told = put(&small, "", r#"{"id":"a"}"#).await;
    refused(&told, 502, "write-unread");
    assert!(told.body.contains("larger than 600 octets"), "{told:?}");
    let quick = house(&store, "default: read_merge_write, read_timeout: 50ms").await;
    let never = answered("200 OK", "", "{}").replace("content-length: 2", "content-length: 3");
    store.set(|state| state.instead = Some(never));
    let told = put(&quick, "", r#"{"id":"a"}"#).await;
    refused(&told, 502, "write-unread");
    assert!(told.body.contains("within 50 ms"), "{told:?}");
    assert_eq!(store.document(), large);
}

#[tokio::test]
async fn items_are_told_apart_by_what_identifies_them_or_not_at_all() {
    let store = Store::start(ONE).await;
    let (plain, known) =
        (merging(&store).await, house(&store, "default: read_merge_write, identity: sku").await);
    let written = r#"{"id":"a","items":[{"sku":"y","count":9},{"sku":"z"},{"sku":"w"}]}"#;
    let told = put(&plain, "", written).await;
    refused(&told, 409, "write-unclear");
    assert!(told.body.contains("items of `/items`"), "{told:?}");
    assert_eq!(store.document(), ONE);
    let strict = put(&known, "prefer: handling=strict\r\n", written).await;
    refused(&strict, 422, "request-lossy");
    assert_eq!(store.document(), ONE);
    let told = put(&known, "prefer: loss-report\r\n", written).await;
    assert_eq!(told.status, 200, "{told:?}");
    let losses = told.field("evergate-loss");
    assert!(losses.contains(r#""A1";at="/items/*/discount";in=request;n=1"#), "{losses}");
    let merged: Value = serde_json::from_str(&store.document()).unwrap();
    assert_eq!(merged["items"], json!([{"count": 9, "sku": "y"}, {"sku": "z"}, {"sku": "w"}]));
}

#[tokio::test]
async fn what_an_open_object_lets_through_undeclared_stays_too() {
    let store = Store::start(ONE).await;
    let open = |text: &str| text.replace("\n      additionalProperties: false", "");
    let house = of_versions(&store, (&open(V1), &open(&v2())), "default: read_merge_write").await;
    let seen = view(&house).await;
    assert_eq!(seen.json()["tag"], json!({"k": [1.0, 2e3]}));
    // a typed client keeps what its version declares
    let written = r#"{"id":"a","note":"new","to":{"street":"s"},"items":[{"sku":"x"},{"count":2,"sku":"y"}]}"#;
    let written = written.replace("\"to\"", "\"status\":\"open\",\"to\"");
    assert_eq!(put(&house, "", &written).await.status, 200);
    let wanted = ONE.replace(r#""n\u00f6""#, r#""new""#).replace(r#""count":1"#, r#""count":2"#);
    assert_eq!(store.document(), wanted);
}

#[tokio::test]
async fn what_is_no_json_is_not_merged() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    refused(&put(&house, "", "").await, 409, "write-unclear");
    let malformed = put(&house, "", "{").await;
    refused(&malformed, 400, "request-malformed");
    assert!(store.lines().is_empty());
}

/// Documents of version 2.
fn documents() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just("a"), Just("ß\n"), Just("")];
    let status = prop_oneof![Just("open"), Just("closed"), Just("disputed")];
    let item = (text(), prop::option::of(0..9), prop::option::of(Just(0.5))).prop_map(
        |(sku, count, discount)| json!({"sku": sku, "count": count, "discount": discount}),
    );
    let to = (prop::option::of(text()), prop::option::of(text()))
        .prop_map(|(street, code)| json!({"street": street, "code": code}));
    let own =
        (text(), prop::option::of(text()), prop::option::of(status), prop::option::of(text()));
    let more = (prop::option::of(to), prop::option::of(prop::collection::vec(item, 0..4)));
    (own, more).prop_map(|((currency, remark, status, tag), (to, items))| {
        bare(json!({"id": "a", "currency": currency, "remark": remark, "status": status, "tag": tag, "to": to,
                    "items": items}))
    })
}

/// Without the members that are null.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, one)| !one.is_null());
            Value::Object(kept.map(|(name, one)| (name, bare(one))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(bare).collect(),
        other => other,
    }
}

#[tokio::test]
async fn law_9_any_document_is_conserved_and_any_edit_arrives() {
    let store = Store::start(ONE).await;
    let house = merging(&store).await;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for case in 0..cases() {
        let document = documents().new_tree(&mut runner).unwrap().current();
        let text = if case % 2 == 0 {
            serde_json::to_string_pretty(&document).unwrap()
        } else {
            document.to_string()
        };
        store.set(|state| state.document = Some(text.clone()));
        store.requests();
        let mut seen = view(&house).await;
        assert_eq!(put(&house, "", &seen.body).await.status, 200, "{text}");
        assert_eq!(store.document(), text);
        // an edit of what is shown is seen again, and what is hidden is as it was
        let mut edited = seen.json();
        edited["note"] = json!("edited");
        edited["status"] = json!("closed");
        assert_eq!(put(&house, "", &edited.to_string()).await.status, 200, "{text}");
        seen = view(&house).await;
        assert_eq!(seen.json(), edited, "{text}");
        let after: Value = serde_json::from_str(&store.document()).unwrap();
        for name in ["tag", "currency", "to", "items"] {
            assert_eq!(after.get(name), document.get(name), "{text}");
        }
    }
}

/// What `evergate config check` and the start say, and whether the configuration can be used.
fn said(writes: &str) -> (String, bool) {
    told((&v2(), CHANGES), writes)
}

fn told((v2, changes): (&str, &str), writes: &str) -> (String, bool) {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), (V1, v2));
    write(directory.path(), "orders/v2/changes.yaml", changes);
    let config = directory.path().join("gateway.yaml");
    let more = format!("    writes: {writes}\n");
    std::fs::write(&config, support::text(&api("127.0.0.1:1", &more), "")).unwrap();
    let (problems, used) = match assemble(&config, &Metrics::default(), None) {
        Ok(assembled) => (assembled.warnings, true),
        Err(problems) => (problems, false),
    };
    let told = |one: &Problem| {
        let (line, column) = (one.place.line, one.place.column);
        format!("{line}:{column}: {}: {}\n", one.what, one.remedy)
    };
    (problems.iter().map(told).collect(), used)
}

#[test]
fn settings_that_cannot_be_are_told_with_a_remedy() {
    let check = |writes: &str, wanted: &str| {
        let (told, used) = said(writes);
        assert!(!used && told.contains(wanted), "{told}");
    };
    check("{ default: read_merge_write, attempts: 0 }", "write a number from 1 to 10");
    check("{ read_timeout: soon }", "`read_timeout` is not a time: write `10s`");
    check("{ unguarded: yes }", "write refuse or allow");
    check("{ default: merge_patch }", "that has no PATCH /orders/{id}: write `read_merge_write`, ");
    assert_eq!(said("{ default: read_merge_write, read_timeout: 3s }"), (String::new(), true));
}

#[test]
fn a_write_that_is_none_in_the_backends_version_is_not_merged() {
    let check = |v2: &str, changes: &str, wanted: &str| {
        let (told, used) = told((v2, changes), "{ default: read_merge_write }");
        assert!(!used && told.contains(wanted), "{told}");
    };
    let route = "  - say: Orders are written by POST.\n    at: [\"PUT /orders/{id}\"]\n    route: { to: \"POST /orders/{id}\", unsafe: allow }\n";
    let routed = format!("{CHANGES}{route}");
    check(
        &v2().replace("    put:\n", "    post:\n"),
        &routed,
        "that has POST /orders/{id} for the PUT",
    );
    check(
        &v2().replace("    get:\n", "    head:\n"),
        CHANGES,
        "that lacks the operation or its GET",
    );
}

//! An old client's PUT that is sent as a merge patch of no more than its version shows.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/store.rs"]
mod store;
#[path = "support/house.rs"]
mod support;

use std::path::Path;

use evergate_gateway::assemble::assemble;
use evergate_gateway::telemetry::Metrics;
use evergate_schemas::problem::Problem;
use proptest::prelude::{Just, Strategy, prop, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use store::{Store, Tags, cases};
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
        note: { type: [string, "null"] }
        to: { $ref: "#/components/schemas/Address" }
        lines: { type: array, items: { type: string } }
      additionalProperties: false
    Address:
      type: object
      properties: { street: { type: string }, city: { type: string } }
      additionalProperties: false
"##;

const PATCH: &str = r##"    patch:
      requestBody: { content: { application/merge-patch+json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: *answer
components:
"##;

/// Orders have a tag and a currency, addresses a code; a note is a remark.
fn v2() -> String {
    V1.replace(
        "note: { type: [string, \"null\"] }",
        "remark: { type: [string, \"null\"] }\n        tag: { type: string }",
    )
    .replace("required: [id]", "required: [id, currency]")
    .replace("id: { type: string }\n", "id: { type: string }\n        currency: { type: string }\n")
    .replace("street: { type: string }", "street: { type: string }, code: { type: string }")
    .replace("components:\n", PATCH)
}

const CHANGES: &str = r"
changes:
  - say: A note is called remark.
    at: [Order]
    rename: { note: remark }
  - say: Every order has a currency.
    at: [Order]
    add: { currency: { constant: EUR } }
";

const ONE: &str = "{ \"id\" : \"a\", \"remark\":\"n\\u00f6\",\"currency\":\"USD\",\n \"tag\": \"t\",\
                   \"to\":{\"code\":\"8001\",\"street\":\"s\"}, \"lines\":[\"x\", \"y\"] }";

const FIELDS: &str = "content-type: application/json\r\napi-version: 1\r\n";

fn api(address: &str, writes: &str) -> String {
    format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    backends: [{{ version: v2, endpoints: [\"http://{address}\"] }}]
    writes: {{ {writes} }}
"
    )
}

fn files(directory: &Path, (v1, v2): (&str, &str)) {
    write(directory, "orders/v1/openapi.yaml", v1);
    write(directory, "orders/v2/openapi.yaml", v2);
    write(directory, "orders/v2/changes.yaml", CHANGES);
}

async fn house(store: &Store) -> House {
    of_versions(store, (V1, &v2())).await
}

async fn of_versions(store: &Store, versions: (&str, &str)) -> House {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), versions);
    let writes = "operations: { \"PUT /orders/{id}\": merge_patch }";
    House::in_directory(directory, &api(&store.address.to_string(), writes), "").await
}

async fn put(house: &House, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "PUT /orders/a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{FIELDS}{fields}\r\n{body}"
    );
    Reply::read(&house.raw(&request).await)
}

#[track_caller]
fn refused(reply: &Reply, wanted: (u16, &str, &str)) {
    let problem = reply.json();
    let told = (reply.status, problem["code"].as_str(), problem["pointer"].as_str());
    assert_eq!(told, (wanted.0, Some(wanted.1), Some(wanted.2)), "{reply:?}");
}

#[tokio::test]
async fn what_the_client_changed_arrives_as_a_patch() {
    let store = Store::start(ONE).await;
    let house = house(&store).await;
    let seen = house.get("/orders/a", FIELDS).await;
    assert_eq!(
        seen.json(),
        json!({"id": "a", "note": "nö", "to": {"street": "s"}, "lines": ["x", "y"]})
    );
    store.requests();
    let tag = format!("if-match: {}\r\n", seen.field("etag"));
    let told = put(&house, &format!("{tag}prefer: loss-report\r\n"), &seen.body).await;
    assert_eq!((told.status, told.json()), (200, seen.json()));
    assert!(!told.field("evergate-loss").contains("in=request"), "{told:?}");
    assert_eq!(store.document(), ONE);
    let requests = store.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("PATCH /orders/a ") && head.contains("if-match: \"r1\"\r\n"),
        "{head}"
    );
    assert!(head.contains("content-type: application/merge-patch+json\r\n"), "{head}");
    let patch = r#"{"id":"a","remark":"nö","to":{"street":"s","city":null},"lines":["x","y"]}"#;
    let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(same(body), same(patch));
    // the state is another now
    assert_eq!(put(&house, &tag, &seen.body).await.status, 412);
    let written = r#"{"id":"a","to":{"city":"c"},"lines":[]}"#;
    assert_eq!(put(&house, "", written).await.status, 200);
    let wanted = json!({"id": "a", "currency": "USD", "tag": "t", "to": {"code": "8001", "city": "c"}, "lines": []});
    assert_eq!(same(&store.document()), wanted);
    let line = "evergate_merged_writes_total{api=\"orders\",operation=\"PUT /orders/{id}\",client_version=\"v1\",\
                backend_version=\"v2\",how=\"merge_patch\"} 3";
    let metrics = house.metrics().await;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn what_a_patch_cannot_say_is_refused_in_the_clients_names() {
    let store = Store::start(ONE).await;
    let house = house(&store).await;
    let null = put(&house, "", r#"{"id":"a","note":null,"to":{}}"#).await;
    refused(&null, (422, "request-unconvertible", "/note"));
    let half = put(&house, "", r#"{"id":"a","note":"n"}"#).await;
    refused(&half, (422, "request-unconvertible", "/to"));
    let text = put(&house, "", "").await;
    assert_eq!((text.status, &text.json()["code"]), (409, &json!("write-unclear")));
    let signed = "signature-input: a=(\"@method\");created=1\r\nsignature: a=:AA==:\r\n";
    let signed = put(&house, signed, r#"{"id":"a","to":{}}"#).await;
    assert_eq!((signed.status, &signed.json()["code"]), (501, &json!("request-signed")));
    assert!(store.lines().is_empty());
    // a patch makes nothing
    store.set(|state| state.document = None);
    assert_eq!(put(&house, "", r#"{"id":"a","to":{}}"#).await.status, 404);
}

#[tokio::test]
async fn what_an_open_object_lets_through_undeclared_stays_too() {
    let store = Store::start(ONE).await;
    let open = |text: &str| text.replace("\n      additionalProperties: false", "");
    let house = of_versions(&store, (&open(V1), &open(&v2()))).await;
    let written = r#"{"id":"a","note":"n","to":{"street":"s"},"lines":[]}"#;
    assert_eq!(put(&house, "", written).await.status, 200);
    let after: Value = serde_json::from_str(&store.document()).unwrap();
    let wanted = json!({"id": "a", "remark": "n", "currency": "USD", "tag": "t",
                        "to": {"code": "8001", "street": "s"}, "lines": []});
    assert_eq!(after, wanted);
    let half = put(&house, "", r#"{"id":"a","note":"n"}"#).await;
    refused(&half, (422, "request-unconvertible", "/to"));
    let items = |code: &str| {
        format!("items: {{ type: object, properties: {{ n: {{ type: string }}{code} }} }}")
    };
    let (told, used) = said(
        &open(V1).replace("items: { type: string }", &items("")),
        &open(&v2()).replace("items: { type: string }", &items(", d: { type: string }")),
        "default: merge_patch",
    );
    assert!(!used && told.contains("`/lines/*` is hidden inside an array"), "{told}");
}

/// Documents of version 2 that have an address, as one that may be absent cannot be written back in part.
fn documents() -> impl Strategy<Value = Value> {
    let text = || prop::option::of(prop_oneof![Just("a"), Just("ß\n"), Just("")]);
    let lines = prop::option::of(prop::collection::vec(prop_oneof![Just("x"), Just("y")], 0..3));
    (Just("EUR"), text(), text(), (text(), text(), text()), lines).prop_map(
        |(currency, remark, tag, (street, city, code), lines)| {
            let to = bare(&json!({"street": street, "city": city, "code": code}));
            bare(&json!({"id": "a", "currency": currency, "remark": remark, "tag": tag, "to": to, "lines": lines}))
        },
    )
}

/// Without the members that are null.
fn bare(value: &Value) -> Value {
    let members = value.as_object().unwrap().iter().filter(|(_, one)| !one.is_null());
    Value::Object(members.map(|(name, one)| (name.clone(), one.clone())).collect::<Map<_, _>>())
}

#[tokio::test]
async fn law_9_any_document_is_conserved_as_a_patch() {
    let store = Store::start(ONE).await;
    let house = house(&store).await;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for case in 0..cases() {
        let document = documents().new_tree(&mut runner).unwrap().current();
        let text = serde_json::to_string_pretty(&document).unwrap();
        // a patch needs no tag
        let tags = [Tags::Strong, Tags::Weak, Tags::None];
        store.set(|state| (state.document, state.tags) = (Some(text.clone()), tags[case % 3]));
        store.requests();
        let seen = house.get("/orders/a", FIELDS).await;
        assert_eq!(put(&house, "", &seen.body).await.status, 200, "{text}");
        assert_eq!(store.document(), text);
        let other = documents().new_tree(&mut runner).unwrap().current();
        let mut written = other.clone();
        for hidden in ["currency", "tag"] {
            written.as_object_mut().unwrap().remove(hidden);
        }
        if let Some(remark) = written.as_object_mut().unwrap().remove("remark") {
            written["note"] = remark;
        }
        written["to"].as_object_mut().unwrap().remove("code");
        let told = put(&house, "", &written.to_string()).await;
        assert_eq!((told.status, told.json()), (200, written), "{text}");
        let after: Value = serde_json::from_str(&store.document()).unwrap();
        for hidden in ["/currency", "/tag", "/to/code"] {
            assert_eq!(after.pointer(hidden), document.pointer(hidden), "{text}");
        }
    }
}

/// What the start says of these versions, and whether the configuration can be used.
fn said(v1: &str, v2: &str, writes: &str) -> (String, bool) {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), (v1, v2));
    let config = directory.path().join("gateway.yaml");
    std::fs::write(&config, support::text(&api("127.0.0.1:1", writes), "")).unwrap();
    let (problems, used) = match assemble(&config, &Metrics::default(), None) {
        Ok(assembled) => (assembled.warnings, true),
        Err(problems) => (problems, false),
    };
    let told = |one: &Problem| {
        format!("{}:{}: {}: {}\n", one.place.line, one.place.column, one.what, one.remedy)
    };
    (problems.iter().map(told).collect(), used)
}

#[test]
fn what_no_patch_can_say_is_an_error_of_the_configuration() {
    let named = "operations: { \"PUT /orders/{id}\": merge_patch }";
    let check = |v1: &str, v2: &str, wanted: &str| {
        let (told, used) = said(v1, v2, named);
        assert!(!used && told.contains(wanted), "wanted: {wanted}\n{told}");
        assert!(
            told.contains(
                "9:49: PUT /orders/{id} of version v1 cannot be written by `merge_patch`"
            ),
            "{told}"
        );
        assert!(
            told.contains(
                "write `read_merge_write`, `refuse` or `replace` for \"PUT /orders/{id}\""
            ),
            "{told}"
        );
    };
    assert_eq!(said(V1, &v2(), named), (String::new(), true));
    let items = |code: &str| {
        format!(
            "items: {{ type: object, properties: {{ n: {{ type: string }}{code} }}, additionalProperties: false }}"
        )
    };
    check(
        &V1.replace("items: { type: string }", &items("")),
        &v2().replace("items: { type: string }", &items(", d: { type: string }")),
        "`/lines/*/d` is hidden inside an array",
    );
    let map = |text: &str| {
        text.replace("city: { type: string }", "city: { additionalProperties: { type: string } }")
    };
    check(&map(V1), &map(&v2()), "`/to/city` may have members of any name");
    let tree = |text: &str| {
        text.replace("city: { type: string }", "city: { $ref: \"#/components/schemas/Address\" }")
    };
    check(&tree(V1), &tree(&v2()), "`/to/city` may hold itself");
    check(V1, &v2().replace("    patch:\n", "    post:\n"), "that has no PATCH /orders/{id}");
    check(
        V1,
        &v2().replace("merge-patch", "odd-patch"),
        "does not take application/merge-patch+json",
    );
    let answers = |status: &str| {
        PATCH.replace("*answer", &format!("{{ \"{status}\": {{ description: done }} }}"))
    };
    check(V1, &v2().replace(PATCH, &answers("204")), "answers 204, which its PUT does not declare");
    check(V1, &v2().replace(PATCH, &answers("200")), "answer 200 with different bodies");
    let parameter = "    patch:\n      parameters: [{ name: why, in: query, required: true, schema: { type: string } }]\n";
    check(
        V1,
        &v2().replace("    patch:\n", parameter),
        "requires `why`, which its PUT does not know",
    );
    let other = "{ type: object, properties: { id: { type: string }, remark: { type: string } } }";
    let narrow = PATCH.replace("{ $ref: \"#/components/schemas/Order\" }", other);
    check(V1, &v2().replace(PATCH, &narrow), "does not declare `/lines`");
}

#[test]
fn a_write_that_hides_nothing_needs_no_patch() {
    let v2 = V1.replace("note:", "remark:").replace(
        "id: { type: string }\n",
        "id: { type: string }\n        currency: { type: string, readOnly: true }\n",
    );
    assert_eq!(said(V1, &v2, "default: merge_patch"), (String::new(), true));
    let unread = V1.replace("    get:\n", "    head:\n");
    let (told, used) = said(&unread, &v2, "operations: { \"PUT /orders/{id}\": merge_patch }");
    assert!(
        !used && told.contains("cannot be merged: its version has no GET of that path"),
        "{told}"
    );
}

//! Parameters whose wire form changes between versions: what a backend sees of what its client wrote.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, write};

/// `ids` is exploded in the old version and delimited by commas in the new one, and so on.
fn description(styles: [&str; 4]) -> String {
    let [ids, tags, colour, at] = styles;
    format!(
        r#"
openapi: 3.1.0
info: {{ title: pets, version: "1" }}
paths:
  /pets/{{at}}:
    get:
      parameters:
        - {{ name: at, in: path, required: true, schema: {{ type: array, items: {{ type: integer }} }}, {at} }}
        - {{ name: ids, in: query, schema: {{ type: array, items: {{ type: string }} }}, {ids} }}
        - {{ name: tags, in: query, schema: {{ type: array, items: {{ type: string }} }}, {tags} }}
        - {{ name: colour, in: query, schema: {{ type: object, properties: {{ R: {{ type: integer }}, G: {{ type: integer }} }} }}, {colour} }}
      responses:
        "200": {{ description: some, content: {{ application/json: {{ schema: {{ type: array }} }} }} }}
"#
    )
}

const OLD: [&str; 4] = [
    "style: form, explode: true",
    "style: form, explode: false",
    "style: deepObject, explode: true",
    "style: simple",
];
const NEW: [&str; 4] = [
    "style: form, explode: false",
    "style: pipeDelimited, explode: false",
    "style: form, explode: true",
    "style: matrix, explode: true",
];

async fn house(backend: &Backend, speaks: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "pets/v1/openapi.yaml", &description(OLD));
    write(directory.path(), "pets/v2/openapi.yaml", &description(NEW));
    let address = backend.address;
    let apis = format!(
        "  pets:
    description: ./pets
    client_version: [{{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {speaks}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// What a backend of version `speaks` is asked when a client of version `client` asks for `target`.
async fn check(speaks: &str, client: &str, target: &str, wanted: &str) {
    let backend = Backend::json("[]").await;
    let house = house(&backend, speaks).await;
    let reply = house.get(target, &format!("api-version: {client}\r\n")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let seen = backend.seen().pop().unwrap();
    assert_eq!(seen.split(' ').nth(1), Some(wanted), "{seen}");
}

#[tokio::test]
async fn each_side_sees_its_own_style() {
    check("v2", "v1", "/pets/3,4?ids=a&x=1&ids=b%2Cc", "/pets/;at=3;at=4?x=1&ids=a,b%2Cc").await;
    check("v1", "v2", "/pets/;at=3;at=4?ids=a,b%2Cc", "/pets/3,4?ids=a&ids=b%2Cc").await;
    check("v2", "v1", "/pets/1?tags=a,b%20c", "/pets/;at=1?tags=a%7Cb%20c").await;
    check("v1", "v2", "/pets/;at=1?tags=a%7Cb|c", "/pets/1?tags=a,b,c").await;
    check("v2", "v1", "/pets/1?colour[R]=1&colour%5BG%5D=2", "/pets/;at=1?R=1&G=2").await;
    check("v1", "v2", "/pets/;at=1?G=2&R=1", "/pets/1?colour%5BG%5D=2&colour%5BR%5D=1").await;
}

#[tokio::test]
async fn what_is_not_concerned_stays_as_it_came() {
    check("v2", "v1", "/pets/1?x=%7e+&&y", "/pets/;at=1?x=%7e+&&y").await;
    check("v1", "v1", "/pets/1?ids=a&ids=b", "/pets/1?ids=a&ids=b").await;
}

#[tokio::test]
async fn a_value_that_the_style_cannot_carry_is_refused_before_anything_is_sent() {
    let backend = Backend::json("[]").await;
    let house = house(&backend, "v2").await;
    for (target, parameter) in [
        ("/pets/1?tags=a%7Cb,c", "tags"),
        ("/pets/1?colour[R][x]=1", "colour"),
        ("/pets/1?tags=a&tags=b", "tags"),
    ] {
        let reply = house.get(target, "").await;
        assert_eq!(reply.status, 422, "{reply:?}");
        let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["parameter"]),
            (&"parameter-unfit".into(), &parameter.into())
        );
    }
    assert!(backend.seen().is_empty());
}

//! `conversion.require`: what nobody can prove is used when it was tested and says so.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use evergate_gateway::assemble::assemble;
use evergate_gateway::telemetry::Metrics;
use support::{Backend, House, write};

/// Who reads has to be one of two variants, and who writes nearly always is the first. With a rename between, nobody
/// can tell whether what comes is one of them: no payload that is easily thought of is not.
fn things(version: &str, name: &str, variants: &str) -> String {
    format!(
        r##"
openapi: 3.1.0
info: {{ title: things, version: "{version}" }}
paths:
  /things:
    get:
      responses:
        "200": {{ description: one, content: {{ application/json: {{ schema: {{ $ref: "#/components/schemas/Thing" }} }} }} }}
components:
  schemas:
    Thing:
      type: object
      required: [id]
      properties: {{ id: {{ type: string }}, {name}: {{ type: string }}, kind: {{ type: string }} }}
      additionalProperties: false
      {variants}
"##
    )
}

const ONE_OF: &str =
    "oneOf: [{ required: [old] }, { required: [kind], properties: { kind: { const: zebra } } }]";
const RENAMED: &str = "changes: [{ say: it is new, at: Thing, rename: { old: new } }]";

fn files(directory: &std::path::Path, example: &str) {
    write(directory, "things/v1/openapi.yaml", &things("1", "old", ONE_OF));
    write(directory, "things/v2/openapi.yaml", &things("2", "new", "anyOf: [{ required: [new] }]"));
    write(directory, "things/v2/changes.yaml", RENAMED);
    if !example.is_empty() {
        let line = format!(
            r#"{{"version":"v2","dir":"response","method":"GET","path":"/things","status":"200","body":{example}}}"#
        );
        write(directory, "things/examples.jsonl", &line);
    }
}

fn api(address: &str, conversion: &str) -> String {
    format!(
        "  things:
    description: ./things
    client_version: [{{ header: api-version }}]
    backends: [{{ version: v2, endpoints: [\"http://{address}\"] }}]
    conversion: {{ {conversion} }}
"
    )
}

/// What the start says about the api.
fn said(conversion: &str, example: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path(), example);
    let config = directory.path().join("gateway.yaml");
    std::fs::write(&config, support::text(&api("127.0.0.1:1", conversion), "")).unwrap();
    let problems = match assemble(&config, &Metrics::default(), None) {
        Ok(assembled) => assembled.warnings,
        Err(problems) => problems,
    };
    let told: Vec<String> =
        problems.iter().map(|one| format!("{}: {}", one.what, one.remedy)).collect();
    told.join("\n")
}

#[test]
fn each_demand_says_what_it_takes_and_what_not() {
    let proved = said("require: proved", "");
    assert!(proved.contains("no backend can serve GET /things of version v1"), "{proved}");
    assert!(proved.contains("response 200 is undecided"), "{proved}");
    let tested = said("require: tested, payloads: 40", "");
    assert!(!tested.contains("no backend can serve"), "{tested}");
    let sentence = "1 answers of version v2 to clients of v1 are tested with";
    assert!(tested.contains(sentence) && tested.contains("payloads, and not proved"), "{tested}");
    assert_eq!(said("require: any", ""), "");
    assert!(said("require: tested, payloads: 0", "").contains("write a number from 1 to 100000"));
    assert!(said("require: maybe", "").contains("write proved or tested or any"));
}

/// What no generated payload shows, an example of the authors does.
#[test]
fn one_payload_that_does_not_get_through_is_enough() {
    let tested = said("require: tested", r#"{"id":"a","kind":"zebra","new":"b"}"#);
    assert!(tested.contains("no backend can serve GET /things of version v1"), "{tested}");
    assert!(tested.contains(r#"with {"id":"a","kind":"zebra","new":"b"}"#), "{tested}");
    // an example that its own version does not declare promises nothing
    let beyond = said("require: tested", r#"{"id":"a","kind":"zebra","new":7}"#);
    assert!(!beyond.contains("no backend can serve"), "{beyond}");
}

#[tokio::test]
async fn what_was_tested_is_served() {
    let backend = Backend::json(r#"{"id":"a","new":"horse"}"#).await;
    for (require, status) in [("proved", 501), ("tested", 200), ("any", 200)] {
        let directory = tempfile::tempdir().unwrap();
        files(directory.path(), "");
        let api = api(&backend.address.to_string(), &format!("require: {require}"));
        let house = House::in_directory(directory, &api, "").await;
        let reply = house.get("/things", "api-version: 1\r\n").await;
        assert_eq!(reply.status, status, "{require}: {reply:?}");
    }
}

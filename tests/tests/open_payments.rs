//! The Open Payments API of the examples: clients of all four versions before backends of all four versions.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may fall")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use evergate_contracts::{Example, read_examples};
use evergate_schemas::describe::model::{Api, Content, Description, Operation};
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{Role, Side};
use evergate_tests::backend::{Backend, Reply};
use evergate_tests::client::{Answer, Request};
use evergate_tests::corpus::root;
use evergate_tests::gate::Gate;
use serde_json::{Value, json};

/// What stands for each path parameter.
const NAME: &str = "n1";

fn folder() -> PathBuf {
    root().join("examples/open-payments")
}

/// The authors' valid examples.
fn examples() -> Vec<Example> {
    let text = std::fs::read_to_string(folder().join("examples.jsonl")).expect("the examples");
    let (examples, wrong) = read_examples(&text);
    assert_eq!(wrong, Vec::<String>::new());
    examples.into_iter().filter(|one| one.valid == Some(true)).collect()
}

/// The path with the name in the place of its parameters.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { NAME } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A backend of this version: it answers with the authors' own examples.
fn backend(version: &str, examples: &[Example]) -> Backend {
    let responses = examples.iter().filter(|one| one.version == version && one.dir == "response");
    let answers: HashMap<(String, String), (u16, Value)> = responses
        .filter_map(|one| {
            let status = one.status.as_ref()?.parse().ok()?;
            Some(((one.method.clone()?, filled(one.path.as_ref()?)), (status, one.body.clone())))
        })
        .collect();
    Backend::start(move |seen| {
        let path = seen.target.split('?').next().unwrap_or_default().to_owned();
        match answers.get(&(seen.method.clone(), path)) {
            Some((status, body)) => Reply::json(*status, body),
            None => Reply::json(599, &json!({"error": "no such example"})),
        }
    })
}

/// The gateway before one backend, configured as the demo is, with conversions that are `proved` or `any`.
fn gate(version: &str, backend: &Backend, require: &str) -> Gate {
    let description = Value::from(folder().to_string_lossy());
    Gate::start(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\napis:\n  open-payments:\n    \
         description: {description}\n    client_version: [{{ header: api-version }}]\n    \
         conversion: {{ require: {require} }}\n    values:\n      wallet-address: https://openpayments.guide/alice/\n      \
         auth-server: https://openpayments.guide/auth\n    backends:\n      \
         - {{ version: \"{version}\", endpoints: [\"{}\"] }}\n",
        backend.endpoint()
    ))
}

fn described<'a>(api: &'a Api, version: &str) -> &'a Arc<Description> {
    let found = api.versions.iter().find(|one| one.version.as_str() == version);
    found.unwrap_or_else(|| panic!("no version {version}"))
}

fn operation<'a>(of: &'a Description, method: &str, path: &str) -> Option<&'a Operation> {
    of.operations.iter().find(|one| one.key.method == method && one.key.path == path)
}

/// What is wrong with a body for its reader.
fn fault(of: &Description, contents: &[Content], side: Side, body: &Value) -> Option<String> {
    let json = contents.iter().find(|one| one.media_type == "application/json")?;
    let schema = of.schema(&json.root, side, Role::Reader);
    let validator = Validator::new(&schema).unwrap_or_else(|why| panic!("{why}"));
    validator.first_error(body).map(|(at, _, message)| format!("{at}: {message} in {body}"))
}

/// One request of a client's version through the gateway.
fn ask(gate: &Gate, version: &str, (method, path): (&str, &str), body: Option<&Value>) -> Answer {
    let mut target = filled(path);
    if version == "1.4" && method == "GET" && !path.contains('{') {
        target.push_str("?wallet-address=https%3A%2F%2Fopenpayments.guide%2Falice%2F");
    }
    let request = match body {
        Some(body) => Request::post(&target, body),
        None => Request::new(method, &target),
    };
    let signed = request.field("signature", "sig1=:x:").field("signature-input", "sig1=()");
    gate.ask(&signed.field("api-version", version))
}

/// How the exchanges between all versions went.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    refused: usize,
    unserved: usize,
    faults: Vec<String>,
}

impl Tally {
    fn judge(&mut self, name: &str, answer: &Answer, faults: [Option<String>; 2]) {
        match answer.status {
            200..=299 => self.served += 1,
            422 if answer.json()["pointer"].is_string() => self.refused += 1,
            // The operation is gone, or its conversion is not proved.
            404 | 501 => self.unserved += 1,
            // The version's own example is invalid and was left out.
            599 => {}
            other => self.faults.push(format!("{name}: {other} {}", answer.text())),
        }
        self.faults.extend(faults.into_iter().flatten().map(|fault| format!("{name}: {fault}")));
    }
}

#[test]
fn what_is_served_between_versions_is_valid_for_its_reader() {
    let api = load_api(&folder(), &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"));
    let examples = examples();
    let mut tally = Tally::default();
    for to in &api.versions {
        let backend = backend(to.version.as_str(), &examples);
        let gate = gate(to.version.as_str(), &backend, "proved");
        for example in &examples {
            let asks = example.dir == "request" || example.method.as_deref() == Some("GET");
            let (Some(method), Some(path)) = (&example.method, &example.path) else { continue };
            if !asks || matches!(path.as_str(), "/" | "/jwks.json") {
                continue;
            }
            let name = format!("{} for {}, {method} {path}", example.version, to.version);
            let body = (example.dir == "request").then_some(&example.body);
            let before = backend.count();
            let answer = ask(&gate, &example.version, (method, path), body);
            let seen = backend.seen();
            let sent = seen.get(before).filter(|_| body.is_some()).and_then(|sent| {
                let contents = &operation(to, method, path)?.body.as_ref()?.contents;
                fault(to, contents, Side::Request, &sent.json()).map(|why| format!("sent {why}"))
            });
            let from = described(&api, &example.version);
            let response =
                operation(from, method, path).and_then(|one| one.response(answer.status));
            let got = response.filter(|_| answer.status < 300).and_then(|response| {
                let why = fault(from, &response.contents, Side::Response, &answer.json());
                why.map(|why| format!("answered {why}"))
            });
            tally.judge(&name, &answer, [sent, got]);
        }
    }
    println!("{} served, {} refused, {} unserved", tally.served, tally.refused, tally.unserved);
    assert!(tally.faults.is_empty(), "{}", tally.faults.join("\n"));
    assert!(tally.served > 90, "{tally:?}");
}

#[test]
fn a_quote_of_2022_is_understood_by_the_newest_server() {
    let examples = examples();
    let backend = backend("1.4", &examples);
    let gate = gate("1.4", &backend, "any");
    let amount = json!({"value": "2500", "assetCode": "USD", "assetScale": 2});
    let payment =
        "https://openpayments.guide/alice/incoming-payments/37a0d0ee-26dc-4c66-89e0-01fbf93156f7";
    let quote = json!({"receiver": payment, "sendAmount": amount});
    let answer = ask(&gate, "1.0", ("POST", "/quotes"), Some(&quote));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let expected = json!({
        "receiver": payment,
        "debitAmount": amount,
        "walletAddress": "https://openpayments.guide/alice/",
        "method": "ilp",
    });
    assert_eq!(backend.only().json(), expected);
    let got = answer.json();
    assert!(got["paymentPointer"].is_string() && got["sendAmount"].is_object(), "{got}");
    for unknown in ["walletAddress", "debitAmount", "method"] {
        assert_eq!(got[unknown], Value::Null, "{unknown} in {got}");
    }
}

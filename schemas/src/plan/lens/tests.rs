//! Reading `changes.yaml`: what is written well is read, what is not is named with its line.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Direction, Scope, VersionChanges, read_changes};
use crate::describe::model::{Api, Description};
use crate::describe::{Limits, load_api};
use crate::document::{Document, DocumentLimits};
use crate::plan::apply::apply;
use crate::plan::derive::{Site, derive};
use crate::plan::outside::Values;
use crate::plan::{Bridges, Pairs};
use crate::relate::{Budget, Prover};
use crate::schema::{Role, Side};

const PETS: [&str; 2] = [
    r##"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/pets": {"post": {
        "parameters": [{"name": "q", "in": "query", "schema": {}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/pet"}}}},
        "responses": {"200": {"description": "d", "content": {"application/json": {"schema":
            {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/pet"}}}}}}}}
    }}}, "components": {"schemas": {"pet": {"type": "object", "additionalProperties": false, "properties": {
        "name": {"type": "string"}, "state": {"enum": ["A", "B", "C"]}, "note": {"type": "string"}}}}}}"##,
    r##"{"openapi": "3.1.0", "info": {"title": "t", "version": "2"}, "paths": {"/pets": {"post": {
        "parameters": [{"name": "query", "in": "query", "schema": {}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/pet"}}}},
        "responses": {"200": {"description": "d", "content": {"application/json": {"schema":
            {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/pet"}}}}}}}}
    }}}, "components": {"schemas": {"pet": {"type": "object", "additionalProperties": false, "properties": {
        "title": {"type": "string"}, "state": {"enum": ["a", "b"]}, "extra": {"type": "object"}}}}}}"##,
];

fn pets() -> Api {
    let directory = tempfile::tempdir().unwrap();
    for (version, text) in ["1", "2"].iter().zip(PETS) {
        std::fs::create_dir(directory.path().join(version)).unwrap();
        std::fs::write(directory.path().join(version).join("openapi.json"), text).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    assert!(api.problems.is_empty(), "{:?}", api.problems);
    api
}

pub(super) fn read(
    text: &str,
    old: &Description,
    new: &Description,
) -> (VersionChanges, Vec<String>) {
    let document =
        Document::parse("changes.yaml", text.as_bytes(), &DocumentLimits::default()).unwrap();
    let (changes, problems) = read_changes(&document, old, new);
    let said = problems
        .iter()
        .map(|one| format!("{}:{} {}; {}", one.place.line, one.place.column, one.what, one.remedy));
    (changes, said.collect())
}

#[track_caller]
fn check(text: &str, expected: &[&str]) -> VersionChanges {
    let api = pets();
    let (changes, problems) = read(text, &api.versions[0], &api.versions[1]);
    assert_eq!(problems, expected);
    changes
}

#[test]
fn every_verb_is_read() {
    let changes = check(
        r"
changes:
  - say: Names are titles.
    at: [pet, 'POST /pets response 200#/items/*']
    rename: { name: title }
    map: { member: state, values: { A: a, B: b, C: b }, down: { b: B }, otherwise: { down: A } }
    move: { note: extra/note }
  - say: The rest.
    at: POST /pets request
    add: { extra: { constant: {} } }
    remove: { note: { member: title } }
    supply: { up: { state: { header: X-State } } }
    on_null: { state: { down: omit, up: { default: a } } }
    on_unknown: { state: { down: { fallback: A } } }
  - say: The parameter is spelt out.
    at: POST /pets
    parameter: { rename: { q: query } }
",
        &[],
    );
    let [first, second] = changes.entries.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(first.targets[0].scope, Scope::Component("pet".to_owned()));
    assert_eq!(first.targets[1].within, ["items", "*"]);
    let down: Vec<_> = first.rules.maps[0].rows(Direction::Down).to_vec();
    assert_eq!(down, [("a".to_owned(), json!("A")), ("b".to_owned(), json!("B"))]);
    assert_eq!(first.rules.moves[0].1, ["extra", "note"]);
    assert_eq!((second.rules.adds.len(), second.rules.removes.len()), (1, 1));
    assert_eq!((second.rules.supplies.len(), second.rules.on_null.len()), (1, 2));
    assert_eq!(changes.parameters[0].renames, [("q".to_owned(), "query".to_owned())]);
    assert_eq!(
        (changes.parameters[0].place.line, &*changes.parameters[0].say),
        (15, "The parameter is spelt out.")
    );
}

#[test]
fn all_problems_are_named_at_once_with_their_lines() {
    let changes = check(
        r"
changes:
  - say: A typing error.
    at: pat
    renme: { name: title }
  - at: [pet, POST /pets, POST /pats request, POST /pets response 404]
    rename: { nam: title }
  - say: Where two become one.
    at: pet
    map: { member: state, values: { A: a, B: b, C: b } }
    add: { extra: { constant: 1, header: x } }
  - say: Still good.
    at: pet
    rename: { name: title }
",
        &[
            "5:12 `renme` is not known here; did you mean `rename`?",
            "3:5 this change does nothing; write one of rename, move, map, add, remove, supply, on_null, on_unknown, list, unlist, cast, scale, time, embed, keyed, group, sort, filter, split, merge, compute, on_range, on_extra, on_missing, on_conflict, wrap, unwrap, envelope, tag_union, case, links, error, parameter, cursor, names, status, header, route",
            "6:5 this change says nothing; write `say:` and the sentence a client developer reads",
            "6:15 `POST /pets` has several messages; add `request` or `response STATUS`",
            "6:27 `POST /pats` is an operation of neither 1 nor 2; did you mean `POST /pets`?",
            "6:47 `POST /pets` declares no status 404; write one of `200`",
            "7:20 `nam` is no member here in 1; did you mean `name`?",
            "10:52 several old values become `b`; name the one it goes back to: `down: { b: … }`",
            "11:19 one source is needed; write one of constant, default, member, header, parameter, configuration, link",
        ],
    );
    assert_eq!(changes.entries.len(), 1);
}

/// Two versions of one operation whose answers have these statuses.
fn answering(old: &Value, new: &Value) -> Api {
    let directory = tempfile::tempdir().unwrap();
    for (version, responses) in [("1", old), ("2", new)] {
        let paths = json!({"/pets": {"post": {"responses": responses}}});
        let info = json!({"title": "t", "version": version});
        let text = json!({"openapi": "3.1.0", "info": info, "paths": paths}).to_string();
        std::fs::create_dir(directory.path().join(version)).unwrap();
        std::fs::write(directory.path().join(version).join("openapi.json"), text).unwrap();
    }
    load_api(directory.path(), &Limits::default()).unwrap()
}

#[track_caller]
fn check_answers(verbs: &str, expected: &[&str]) -> VersionChanges {
    let body = json!({"description": "d", "content": {"application/json": {}}});
    let with = json!({"description": "d", "headers": {"X-Cost": {"schema": {}}}});
    let api = answering(
        &json!({"200": body, "202": with, "400": body, "404": body}),
        &json!({"200": body, "201": with, "304": with, "4XX": body}),
    );
    let text = format!("changes: [{{ say: s, at: POST /pets, {verbs} }}]");
    let (changes, problems) = read(&text, &api.versions[0], &api.versions[1]);
    let told: Vec<&str> = problems.iter().filter_map(|one| Some(one.split_once(' ')?.1)).collect();
    assert_eq!(told, expected);
    changes
}

#[test]
fn statuses_are_read_both_ways() {
    let pairs = |verbs: &str| {
        let changes = check_answers(verbs, &[]);
        (changes.answers[0].up.clone(), changes.answers[0].down.clone())
    };
    assert_eq!(pairs("status: { 202: 201 }"), (vec![(202, 201)], vec![(201, 202)]));
    assert_eq!(
        pairs("status: { 400: 422, 404: 422, down: { 422: 400 } }"),
        (vec![(400, 422), (404, 422)], vec![(422, 400)])
    );
    assert_eq!(pairs("status: { down: { 409: 400 } }"), (vec![], vec![(409, 400)]));
    assert_eq!(pairs("status: { across: true, down: { 200: 404 } }"), (vec![], vec![(200, 404)]));
}

#[test]
fn a_status_that_cannot_stand_for_another_is_named() {
    check_answers(
        "status: { 400: 422, 404: 422 }",
        &[
            "several old statuses become 422; name the one it goes back to: `down: { 422: … }`",
            "several old statuses become 422; name the one it goes back to: `down: { 422: … }`",
        ],
    );
    check_answers(
        "status: { 404: 400 }",
        &["several old statuses become 400; name the one it goes back to: `down: { 400: … }`"],
    );
    check_answers(
        "status: { 200: 304 }",
        &["304 says what becomes of this very message; such a status goes on as it came"],
    );
    check_answers(
        "status: { up: { 200: 422 } }",
        &[
            "200 and 422 are a success and an error; clients send again what failed: if that is meant, write `across: true` beside it",
        ],
    );
    check_answers(
        "status: { down: { 201: 500 }, across: true }",
        &["`POST /pets` declares no status 500 there; write one of `200`, `202`, `400`, `404`"],
    );
    check_answers(
        "status: { up: { 200: 204 } }",
        &[
            "`POST /pets` declares no status 204 there; write one of `200`, `201`, `304`, `4XX`",
            "204 has no body, and 200 is declared with one; keep the status, or write one that may have a body",
        ],
    );
    check_answers(
        "status: { 4XX: 400 }",
        &[
            "`4XX` is no status code; write pairs of codes, as `201: 200`",
            "no status changes; write `old: new`, as `201: 200`",
        ],
    );
}

#[test]
fn headers_are_read_and_those_of_the_connection_are_not() {
    let changes = check_answers(
        "header: { rename: { X-Cost: x-cost }, remove: { X-COST: { constant: 1 } } }",
        &[],
    );
    assert_eq!(changes.answers[0].renames, [("x-cost".to_owned(), "x-cost".to_owned())]);
    check_answers(
        "header: { add: { Transfer-Encoding: { constant: a }, X-Coast: { constant: a } } }",
        &[
            "`transfer-encoding` belongs to the connection or the body; the gateway writes it as the message needs it",
            "`x-coast` is no header of these answers there; did you mean `x-cost`?",
        ],
    );
    check_answers(
        r#"header: { add: { X-Cost: { constant: "a\r\nb" } }, remove: { a b: { constant: a } } }"#,
        &[
            "`\"a\\r\\nb\"` cannot stand in a header; write plain ASCII text",
            "`a b` is no name of a header; ",
        ],
    );
}

#[test]
fn places_in_errors_are_read() {
    let entry = |error: &str| {
        format!("changes: [{{ say: s, at: POST /pets response 200, error: {error} }}]")
    };
    let changes = check(
        &entry("{ pointers: { items: dotted, items/*/note: { as: path, prefix: [body] } } }"),
        &[],
    );
    let [items, note, ..] = changes.entries.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(items.rules.transforms[0].member.as_deref(), Some("items"));
    assert_eq!(note.targets[0].within, ["items", "*"]);
    let problems = |error: &str| {
        let api = pets();
        let (_, problems) = read(&entry(error), &api.versions[0], &api.versions[1]);
        problems
            .iter()
            .filter_map(|one| Some(one.split_once(' ')?.1.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        problems("{ pointers: { nowhere/a: dotted, items: { from: dotted } } }"),
        [
            "the notation is said by halves; write `as:` for both versions, or `from:` and `to:`",
            "`nowhere/a` leads nowhere in both versions; write names of members, `*` for any item or member, and `/` between",
        ]
    );
    assert_eq!(
        problems("{ pointers: { items: doted } }"),
        ["`doted` is not known here; did you mean `dotted`?"]
    );
    assert_eq!(
        problems("{}"),
        ["no place of an error is named; write `pointers: { errors/*/pointer: json-pointer }`"]
    );
}

#[test]
fn nothing_moves_over_the_border_of_a_value_that_is_made_as_a_whole() {
    let told = |value: &str, why: &str| {
        format!(
            "{value} is made as a whole here ({why}); leave out the move or the function, or put a version between them"
        )
    };
    let moved = "3:5 `note` cannot move to `extra/note`, as";
    let one = "changes:\n  - say: s\n    at: pet\n    move: { note: extra/note }\n";
    let embed = "    embed: { extra: { from: json, to: text } }\n";
    check(
        &format!("\n{one}{embed}"),
        &[&told(&format!("{moved} `extra`"), "write `extra` as text")],
    );
    // In an entry of its own, also where it is said of the value.
    let apart =
        "  - say: t\n    at: 'POST /pets response 200#/items/*'\n    rename: { name: title }\n";
    check(&format!("\n{one}{apart}"), &[]);
    let apart = "  - say: t\n    at: pet#/extra\n    envelope: data\n";
    check(
        &format!("\n{one}{apart}"),
        &[&told(&format!("{moved} `extra`"), "put the value into `data`")],
    );
    let apart = "  - say: t\n    at: pet\n    embed: { state: { from: json, to: text } }\n";
    check(&format!("\n{one}{apart}"), &[]);
}

#[test]
fn an_empty_file_declares_nothing() {
    assert_eq!(check("# nothing yet\n", &[]), VersionChanges::default());
    check("changes: 5\n", &["1:10 `changes` is not a list; begin each entry with `- say:`"]);
}

#[test]
fn a_lens_deep_in_a_message_holds_there_alone() {
    let text =
        "changes: [{ say: s, at: 'POST /pets response 200#/items/*', rename: { name: title } }]";
    let api = pets();
    let (changes, problems) = read(text, &api.versions[0], &api.versions[1]);
    assert_eq!(problems, [""; 0]);
    let key = &api.versions[0].operations[0].key;
    let status = Some(api.versions[0].operations[0].responses[0].status);
    let site = Site {
        direction: Direction::Up,
        side: Side::Response,
        old: Some(key),
        new: Some(key),
        status,
        changes: &changes,
    };
    let root = |version: &Description| version.operations[0].responses[0].contents[0].root.clone();
    let schema = |index: usize, role| {
        let version = &api.versions[index];
        version.schema(&root(version), Side::Response, role)
    };
    let (sender, reader) = (schema(0, Role::Sender), schema(1, Role::Reader));
    let program = derive(&sender, &reader, &site, &mut Prover::new(Budget::default()));
    let out = apply(&program, &json!({"items": [{"name": "x"}]}), &Values::default());
    assert_eq!(out, Ok(json!({"items": [{"title": "x"}]})));
    let request = Site { side: Side::Request, status: None, ..site };
    let program = derive(&sender, &reader, &request, &mut Prover::new(Budget::default()));
    let out = apply(&program, &json!({"items": [{"name": "x"}]}), &Values::default());
    assert_eq!(out, Ok(json!({"items": [{}]})));
}

/// The example that the documentation tells of, with what its `changes.yaml` files say.
struct Payments {
    api: Api,
    changes: Vec<VersionChanges>,
}

fn payments() -> Payments {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/open-payments");
    let api = load_api(&directory, &Limits::default()).unwrap();
    let mut changes = vec![VersionChanges::default()];
    for pair in api.versions.windows(2) {
        let file = directory.join(pair[1].version.as_str()).join("changes.yaml");
        let text = std::fs::read_to_string(file).unwrap();
        let (read, problems) = read(&text, &pair[0], &pair[1]);
        assert_eq!(problems, [""; 0], "{}", pair[1].version);
        changes.push(read);
    }
    Payments { api, changes }
}

impl Payments {
    /// Takes a body through every step from one version to another, as a request or as a 2xx response.
    #[track_caller]
    fn check(&self, way: (usize, usize), message: (&str, Side), body: Value, expected: &Value) {
        let mut values = Values::default();
        let address = "\"https://a.example/alice\"".to_owned();
        values.configuration.insert("wallet-address".to_owned(), address);
        let mut seen = body;
        let mut at = way.0;
        while at != way.1 {
            let next = if way.1 > at { at + 1 } else { at - 1 };
            seen = self.step((at, next), message, &seen, &values);
            at = next;
        }
        assert_eq!(&seen, expected);
    }

    #[track_caller]
    fn step(
        &self,
        (from, to): (usize, usize),
        message: (&str, Side),
        body: &Value,
        values: &Values,
    ) -> Value {
        let (operation, side) = message;
        let content = |version: &Arc<Description>, role| {
            let operation = version.operation(operation).unwrap();
            let (contents, status) = match side {
                Side::Request => (&operation.body.as_ref().unwrap().contents, None),
                Side::Response => {
                    let response = operation.response(201).unwrap();
                    (&response.contents, Some(response.status))
                }
            };
            (version.schema(&contents[0].root, side, role), operation.key.clone(), status)
        };
        let (sender, sent, status) = content(&self.api.versions[from], Role::Sender);
        let (reader, read, _) = content(&self.api.versions[to], Role::Reader);
        let up = to > from;
        let (direction, old, new) =
            if up { (Direction::Up, &sent, &read) } else { (Direction::Down, &read, &sent) };
        let changes = &self.changes[from.max(to)];
        let site = Site { direction, side, old: Some(old), new: Some(new), status, changes };
        let program = derive(&sender, &reader, &site, &mut Prover::new(Budget::default()));
        apply(&program, body, values).unwrap_or_else(|rejected| {
            panic!("{from} to {to}: {} {:?}", rejected.pointer, program.note(rejected.note))
        })
    }
}

#[test]
fn open_payments_requests_of_the_oldest_client_reach_the_newest_backend() {
    let all = payments();
    // 1.4 takes incoming payments alone; another receiver is refused by declaration.
    let receiver = "https://b.example/incoming-payments/08394f02-7b7b-45e2-b645-51d04e7c330c";
    let amount = json!({"value": "2500", "assetCode": "USD", "assetScale": 2});
    all.check(
        (0, 3),
        ("POST /quotes", Side::Request),
        json!({"receiver": receiver, "sendAmount": amount}),
        &json!({"receiver": receiver, "debitAmount": amount, "method": "ilp",
                "walletAddress": "https://a.example/alice"}),
    );
    all.check(
        (0, 3),
        ("POST /incoming-payments", Side::Request),
        json!({"externalRef": "INV", "metadata": {"externalRef": "INV"}, "incomingAmount": amount}),
        &json!({"metadata": {"externalRef": "INV"}, "incomingAmount": amount,
                "walletAddress": "https://a.example/alice"}),
    );
    all.check(
        (0, 3),
        ("POST /outgoing-payments", Side::Request),
        json!({"quoteId": "https://b.example/q", "description": "shoes"}),
        &json!({"quoteId": "https://b.example/q", "metadata": {"description": "shoes"},
                "walletAddress": "https://a.example/alice"}),
    );
}

#[test]
fn open_payments_responses_of_the_newest_backend_reach_the_oldest_client() {
    let all = payments();
    let amount = json!({"value": "2500", "assetCode": "USD", "assetScale": 2});
    all.check(
        (3, 0),
        ("POST /quotes", Side::Response),
        json!({"id": "i", "walletAddress": "w", "receiver": "r", "receiveAmount": amount,
               "debitAmount": amount, "method": "ilp", "createdAt": "c"}),
        &json!({"id": "i", "paymentPointer": "w", "receiver": "r", "receiveAmount": amount,
                "sendAmount": amount, "createdAt": "c"}),
    );
    all.check(
        (3, 0),
        ("POST /incoming-payments", Side::Response),
        json!({"id": "i", "walletAddress": "w", "completed": false, "receivedAmount": amount,
               "createdAt": "c", "metadata": {"description": "d", "n": 1}, "methods": []}),
        &json!({"id": "i", "paymentPointer": "w", "completed": false, "receivedAmount": amount,
                "createdAt": "c", "updatedAt": "c", "description": "d", "metadata": {"n": 1}}),
    );
    all.check(
        (3, 0),
        ("POST /outgoing-payments", Side::Response),
        json!({"id": "i", "walletAddress": "w", "receiver": "r", "receiveAmount": amount,
               "debitAmount": amount, "sentAmount": amount, "createdAt": "c",
               "grantSpentDebitAmount": amount}),
        &json!({"id": "i", "paymentPointer": "w", "receiver": "r", "receiveAmount": amount,
                "sendAmount": amount, "sentAmount": amount, "createdAt": "c", "updatedAt": "c"}),
    );
}

#[test]
fn open_payments_are_proved_where_the_documents_allow_it() {
    let all = payments();
    let mut prover = Prover::new(Budget::default());
    let pairs = Pairs::Listed(vec![(0, 1), (1, 0), (1, 2), (0, 3)]);
    let bridges = Bridges::compile(&all.api, &all.changes, pairs, &mut prover);
    let holds = |client: usize, backend: usize, operation: &str| {
        let known = &all.api.versions[client].operations;
        let found = bridges
            .operation(client, backend)
            .iter()
            .find(|one| known[one.client_operation].key.to_string() == operation);
        found.unwrap().verdict().holds()
    };
    for operation in [
        "POST /incoming-payments",
        "POST /outgoing-payments",
        "GET /quotes/{id}",
        "GET /outgoing-payments",
    ] {
        assert!(holds(0, 1, operation) && holds(1, 0, operation), "{operation}");
    }
    assert!(holds(1, 2, "POST /incoming-payments") && holds(0, 3, "POST /incoming-payments"));
    assert!(!holds(0, 3, "GET /connections/{id}"));
    // The public view, which 1.3 introduced, has nothing of what a payment had to have until then.
    assert!(!holds(1, 2, "GET /incoming-payments/{id}"));
}

#[test]
fn a_file_beside_the_oldest_version_is_a_problem_and_the_others_count() {
    let directory = tempfile::tempdir().unwrap();
    let document = r#"{"type": "object", "properties": {"a": {}, "b": {}}}"#;
    let changes = "changes: [{ say: renamed, at: thing, rename: { a: b } }]";
    for version in ["v1", "v2"] {
        let folder = directory.path().join(version);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("thing.json"), document).unwrap();
        std::fs::write(folder.join("changes.yaml"), changes).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    let (all, problems) = super::declared(&api);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], VersionChanges::default());
    assert_ne!(all[1], VersionChanges::default());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].what.contains("oldest version"), "{}", problems[0]);
}

#[test]
fn l22_a_cursor_is_read_and_holds_in_every_step() {
    let cursor = "
changes:
  - say: Pages are opaque.
    at: POST /pets
    parameter: { rename: { q: query } }
    cursor: { response: items/*/note, request: { parameter: q }, on_conflict: pass, unsealed: refuse }
";
    let changes = check(cursor, &[]);
    let [entry] = changes.entries.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(entry.targets[0].within, ["items", "*", "note"]);
    let mut all = vec![VersionChanges::default(), VersionChanges::default(), changes.clone()];
    let versions = pets().versions;
    let versions = [Arc::clone(&versions[0]), Arc::clone(&versions[1]), Arc::clone(&versions[0])];
    super::link::everywhere(&mut all, &versions);
    assert_eq!((all[1].entries.len(), all[2].entries.len()), (1, 1));
    let find = |version: usize| {
        let operation = &versions[version].operations[0];
        crate::plan::cursor(&all, operation)
            .map(|one| (one.parameter, one.on_conflict, one.unsealed))
    };
    let (pass, refuse) = (crate::plan::lens::OnConflict::Pass, crate::plan::lens::Unsealed::Refuse);
    assert_eq!(find(0), Some(("q".to_owned(), pass, refuse)));
    assert_eq!(find(1), Some(("query".to_owned(), pass, refuse)));
}

#[test]
fn mistakes_about_links_and_cursors_are_named() {
    check(
        "
changes:
  - say: Links.
    at: pet
    links: [names, name/x]
  - say: Cursors.
    at: [pet, POST /pets]
    cursor: { respons: x, request: { parameter: r }, unsealed: no }
  - say: More.
    at: POST /pets
    cursor: { response: next }
",
        &[
            "5:13 `names` leads nowhere in both versions; write names of members, `*` for any item or member, and `/` between",
            "5:20 `name/x` leads nowhere in both versions; write names of members, `*` for any item or member, and `/` between",
            "7:10 `pet` is not an operation; cursors are declared at `METHOD /path`",
            "8:24 `respons` is not known here; did you mean `response`?",
            "8:36 `r` is no query parameter there; did you mean `q`?",
            "8:64 `no` is not known here; write one of `pass`, `refuse`",
            "11:13 a cursor comes back in a request; write `request: { parameter: … }`",
        ],
    );
}

//! Verdicts on small OpenAPI documents: one question each, both ways.

use serde_json::{Value, json};

use crate::describe::model::Api;
use crate::describe::{Limits, load_api};
use crate::plan::bridge::{MessageBridge, ParameterStep, PartKey, Policy};
use crate::plan::lens::VersionChanges;
use crate::plan::wire::{Many, PartContent, Wire};
use crate::relate::Prover;
use crate::relate::verdict::Verdict::{self, Bridged, Broken, Lossy, Native, Undecided};

use super::{Bridges, Pairs};

fn document(members: &Value) -> Value {
    let mut document = json!({"openapi": "3.2.0", "info": {"title": "a", "version": "1"}});
    let table = document.as_object_mut().unwrap();
    table.extend(members.as_object().unwrap().clone());
    document
}

fn loaded(old: &Value, new: &Value) -> (Api, Bridges) {
    let directory = tempfile::tempdir().unwrap();
    for (name, one) in [("v1", old), ("v2", new)] {
        let home = directory.path().join(name);
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("openapi.json"), one.to_string()).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    assert_eq!(api.problems, []);
    let changes = vec![VersionChanges::default(); api.versions.len()];
    let bridges = Bridges::compile(&api, &changes, Pairs::Adjacent, &mut Prover::default());
    (api, bridges)
}

/// The verdicts of the request and of the responses for an old client, then for a new one.
#[track_caller]
fn check(
    old: &Value,
    new: &Value,
    old_client: (Verdict, Verdict),
    new_client: (Verdict, Verdict),
) -> Bridges {
    let one = |operation: &Value| {
        let path = json!({"/a": {"post": operation}});
        document(&json!({"paths": path, "components": {"schemas": {
            "Pair": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
        }}}))
    };
    let (_, bridges) = loaded(&one(old), &one(new));
    for ((client, backend), wanted) in [((0, 1), old_client), ((1, 0), new_client)] {
        let [operation] = bridges.operation(client, backend) else { panic!("one operation") };
        let answer = operation.responses.iter().map(|one| one.verdict).max();
        let found = (operation.request.verdict, answer.unwrap_or(Native));
        assert_eq!(found, wanted, "client {client} of {old} and {new}: {operation:#?}");
    }
    bridges
}

/// A question about the request alone.
#[track_caller]
fn request(old: &Value, new: &Value, old_client: Verdict, new_client: Verdict) -> Bridges {
    check(old, new, (old_client, Native), (new_client, Native))
}

/// A question about the responses alone.
#[track_caller]
fn response(old: &Value, new: &Value, old_client: Verdict, new_client: Verdict) -> Bridges {
    check(old, new, (Native, old_client), (Native, new_client))
}

fn policies(message: &MessageBridge) -> Vec<Policy> {
    message.parts.iter().flat_map(|part| part.judgement.policies.clone()).collect()
}

fn takes(media_type: &str, schema: &Value) -> Value {
    json!({"requestBody": {"required": true, "content": {media_type: {"schema": schema}}}})
}

fn gives(answers: &Value) -> Value {
    json!({ "responses": answers })
}

fn text() -> Value {
    json!({"type": "string"})
}

#[test]
fn a_media_type_finds_the_readers() {
    let of = |media_type| takes(media_type, &text());
    request(&of("application/json"), &of("application/*"), Native, Native);
    request(&of("application/json"), &of("application/json; charset=UTF-8"), Native, Native);
    request(&of("application/vnd.a.v1+json"), &of("application/vnd.a.v2+json"), Bridged, Bridged);
    request(&of("application/json"), &of("text/plain"), Broken, Broken);
    let bridges = request(&of("*/*"), &of("application/json"), Native, Native);
    assert!(policies(&bridges.operation(0, 1)[0].request).contains(&Policy::RangeNarrowed));
    let either = json!({"requestBody": {"required": true, "content": {
        "application/json": {"schema": text()}, "application/xml": {"schema": text()}
    }}});
    request(&either, &of("application/json"), Broken, Native);
}

#[test]
fn what_is_not_json_is_judged_and_never_converted() {
    let form = |members: Value, required: &[&str]| {
        takes(
            "multipart/form-data",
            &json!({"type": "object", "properties": members, "required": required}),
        )
    };
    let old = form(json!({"a": {"type": "integer"}}), &["a"]);
    request(
        &old,
        &form(json!({"a": {"type": "integer"}, "b": text()}), &["a", "b"]),
        Broken,
        Native,
    );
    // a number in a form is a text
    request(&old, &form(json!({"a": text()}), &["a"]), Native, Broken);
    let closed =
        json!({"type": "object", "properties": {"a": text()}, "additionalProperties": false});
    let open = json!({"type": "object", "properties": {"a": text(), "b": text()}});
    request(&takes("application/xml", &open), &takes("application/xml", &closed), Broken, Native);
}

/// The wire of an old client's request body.
fn wire(bridges: &Bridges) -> &Wire {
    &bridges.operation(0, 1)[0].request.bodies[0].wire
}

#[test]
fn parts_are_members_of_an_object() {
    let form = |members: Value, required: &[&str]| {
        let schema = json!({
            "type": "object", "properties": members, "required": required, "additionalProperties": false
        });
        takes("multipart/form-data", &schema)
    };
    let file = json!({"type": "string", "format": "binary"});
    let meta = |n: &str| json!({"type": "object", "properties": {"n": {"type": n}}});
    let old = form(json!({"a": {"type": "integer"}, "f": file, "m": meta("integer")}), &[]);
    let new = form(
        json!({
            "a": {"type": "integer"}, "f": file, "m": meta("integer"),
            "b": {"type": "string", "default": "x"}, "l": {"type": "array", "items": file}
        }),
        &["b"],
    );
    let bridges = request(&old, &new, Bridged, Lossy);
    let Wire::Multipart(parts) = wire(&bridges) else { panic!("{:?}", wire(&bridges)) };
    let of = |name: &str| (&parts.read[name].content, parts.read[name].repeated);
    assert_eq!(of("a"), (&PartContent::Text { string: false }, false));
    assert_eq!(of("b"), (&PartContent::Text { string: true }, false));
    assert_eq!(of("f"), (&PartContent::File, false));
    assert_eq!(of("l"), (&PartContent::File, true));
    assert_eq!(of("m"), (&PartContent::Json("application/json".into()), false));
    // a number in a JSON part is no text
    let texts = form(json!({"a": text(), "f": file, "m": meta("string")}), &[]);
    let bridges = request(&old, &texts, Broken, Broken);
    assert_eq!(*wire(&bridges), Wire::Document);
    let texts = form(json!({"a": text(), "f": file, "m": meta("integer")}), &[]);
    request(&old, &texts, Native, Broken);
}

#[test]
fn fields_are_written_in_the_readers_style() {
    let form = |style: &str, explode: bool, kind: &str| {
        let list = json!({"type": "array", "items": {"type": kind}});
        json!({"requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"l": list, "o": {"type": "object", "properties": {"n": {"type": "integer"}}}}},
            "encoding": {"l": {"style": style, "explode": explode}, "o": {"style": "deepObject", "explode": true}}
        }}}})
    };
    let (joined, repeated) =
        (form("pipeDelimited", false, "integer"), form("form", true, "integer"));
    let bridges = request(&joined, &repeated, Bridged, Bridged);
    let Wire::Form(fields) = wire(&bridges) else { panic!("{:?}", wire(&bridges)) };
    assert!(fields.restyled && matches!(fields.sent["o"].many, Many::Deep(_)));
    assert!(!bridges.operation(0, 1)[0].request.bodies[0].is_identity());
    // a text may hold what separates texts
    let (joined, repeated) = (form("form", false, "string"), form("form", true, "string"));
    request(&joined, &repeated, Bridged, Undecided);
    let bridges = request(&joined, &joined, Native, Native);
    assert!(bridges.operation(0, 1)[0].request.bodies[0].is_identity());
}

#[test]
fn parts_of_a_form_are_sent_in_types_that_the_reader_declares() {
    let of = |types: &str| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        json!({"requestBody": {"required": true, "content": {"multipart/form-data": {
            "schema": schema, "encoding": {"a": {"contentType": types}}
        }}}})
    };
    request(&of("image/png"), &of("image/png, image/jpeg"), Native, Broken);
    request(&of("image/png"), &of("image/*"), Native, Broken);
}

#[test]
fn items_of_a_stream_are_judged_by_themselves() {
    let of = |schema: &Value| {
        gives(
            &json!({"200": {"description": "a", "content": {"application/jsonl": {"itemSchema": schema}}}}),
        )
    };
    let more =
        json!({"type": "object", "properties": {"a": text(), "b": text()}, "required": ["a", "b"]});
    response(&of(&json!({"$ref": "#/components/schemas/Pair"})), &of(&more), Native, Broken);
}

/// The judgement on the events of an old client's stream, then of a new one's.
#[track_caller]
fn events(old: &Value, new: &Value, wanted: [Verdict; 2]) {
    let of = |media: &Value| {
        gives(&json!({"200": {"description": "a", "content": {"text/event-stream": media}}}))
    };
    response(&of(old), &of(new), wanted[0], wanted[1]);
}

#[test]
fn events_are_judged_by_their_type() {
    let typed = |name: &str, data: Value| json!({"type": "object", "properties": {"event": {"const": name}, "data": data}});
    let inside = |schema: Value| json!({"type": "string", "contentSchema": schema});
    let pair = || json!({"$ref": "#/components/schemas/Pair"});
    let other = json!({"type": "object", "properties": {"b": text()}, "required": ["b"]});
    let old = json!({"itemSchema": {"oneOf": [
        typed("a", inside(pair())), typed("b", text())
    ]}});
    events(&old, &old, [Native, Native]);
    let broken = json!({"itemSchema": {"oneOf": [
        typed("a", inside(other.clone())), typed("b", text())
    ]}});
    events(&old, &broken, [Broken, Broken]);
    // an event that the client does not know is no break, nor is one that never comes
    let more = json!({"itemSchema": {"oneOf": [
        typed("a", inside(pair())), typed("b", text()), typed("c", inside(other.clone()))
    ]}});
    events(&old, &more, [Native, Native]);
    // many write the schema of what is inside `data`, of the event or alone
    let alone = json!({"schema": pair()});
    events(&alone, &alone, [Native, Native]);
    events(&alone, &json!({"schema": other}), [Broken, Broken]);
    let loose = json!({"schema": {"anyOf": [typed("a", pair())]}});
    events(&old, &loose, [Native, Native]);
}

#[test]
fn statuses_are_read_as_the_reader_declares_them() {
    let body = |schema: Value| json!({"description": "a", "content": {"application/json": {"schema": schema}}});
    let number = || json!({"type": "number"});
    let old = gives(&json!({"200": body(text()), "404": body(number()), "4XX": body(text())}));
    // whatever comes under 4XX may be a 404, which the old client reads as a number
    let new = gives(&json!({"200": body(text()), "4XX": body(text())}));
    response(&old, &new, Broken, Broken);
    // a default alone is a success, too
    response(
        &gives(&json!({"200": body(number())})),
        &gives(&json!({"default": body(text())})),
        Broken,
        Broken,
    );
    let some = gives(&json!({"200": body(text())}));
    response(&some, &gives(&json!({"200": body(text()), "503": body(text())})), Native, Native);
    response(&some, &gives(&json!({"2XX": body(text())})), Broken, Native);
}

#[test]
fn response_headers_have_names_without_case() {
    let header = |name: &str, required: bool| {
        let one = json!({"schema": {"type": "integer"}, "required": required});
        gives(&json!({"200": {"description": "a", "headers": {name: one}}}))
    };
    response(&header("X-Rate", true), &header("x-rate", true), Native, Native);
    response(&header("X-Rate", true), &header("x-rate", false), Broken, Native);
}

#[test]
fn scalars_in_parameters_are_texts() {
    let query =
        |schema: Value| json!({"parameters": [{"name": "q", "in": "query", "schema": schema}]});
    let number = query(json!({"type": "integer"}));
    request(&number, &query(text()), Native, Broken);
    request(
        &number,
        &query(json!({"type": "array", "items": {"type": "integer"}})),
        Native,
        Broken,
    );
    // "1" is 1 on the wire: not shown to break, not shown to hold
    request(&query(json!({"enum": ["1"]})), &number, Undecided, Broken);
}

#[test]
fn styles_matter_where_they_write_differently() {
    let ids = |explode: bool| {
        let schema = json!({"type": "array", "items": {"type": "string"}});
        json!({"parameters": [{"name": "q", "in": "query", "schema": schema, "explode": explode}]})
    };
    let bridges = request(&ids(true), &ids(false), Bridged, Bridged);
    let part = &bridges.operation(0, 1)[0].request;
    assert!(matches!(part.parameters.as_slice(), [ParameterStep::Rewrite(_)]));
    assert!(policies(part).is_empty());
    assert!(policies(&bridges.operation(1, 0)[0].request).contains(&Policy::SenderStyle));
    let one = |style: &str| json!({"parameters": [{"name": "q", "in": "query", "schema": text(), "style": style}]});
    request(&one("form"), &one("pipeDelimited"), Native, Native);
    let json_text = json!({"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": text()}}}]});
    request(&one("form"), &json_text, Broken, Broken);
}

#[test]
fn a_style_is_written_anew_where_it_carries_every_value() {
    let list = |items: Value, style: &str| {
        let schema = json!({"type": "array", "items": items});
        json!({"parameters": [{"name": "q", "in": "query", "schema": schema, "style": style, "explode": style == "form"}]})
    };
    // a space inside an item would be two items
    let bridges = request(&list(text(), "form"), &list(text(), "spaceDelimited"), Broken, Bridged);
    let part = &bridges.operation(0, 1)[0].request.parts[0];
    let witness = part.judgement.witness.as_ref().unwrap();
    assert!(witness.keyword == "style" && witness.payload.to_string().contains(' '), "{witness:?}");
    for items in [
        json!({"type": "integer"}),
        json!({"enum": ["a", "b|c"], "type": "string"}),
        json!({"type": "string", "pattern": "^[a-z]+$"}),
    ] {
        request(&list(items.clone(), "form"), &list(items, "spaceDelimited"), Bridged, Bridged);
    }
    let colour = |style: &str, explode: bool| {
        let schema =
            json!({"type": "object", "properties": {"R": {"type": "integer"}, "G": text()}});
        json!({"parameters": [{"name": "c", "in": "query", "schema": schema, "style": style, "explode": explode}]})
    };
    request(&colour("form", false), &colour("form", true), Bridged, Bridged);
    request(&colour("deepObject", true), &colour("form", false), Bridged, Bridged);
    // the values still have to be the reader's
    let strict = list(json!({"type": "integer", "maximum": 5}), "pipeDelimited");
    request(&list(json!({"type": "integer"}), "form"), &strict, Broken, Bridged);
    let deep = |style: &str| {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "array", "items": text()}}});
        json!({"parameters": [{"name": "c", "in": "query", "schema": schema, "style": style}]})
    };
    request(&deep("deepObject"), &deep("form"), Broken, Broken);
}

#[test]
fn an_empty_value_must_be_allowed() {
    let query = |allowed: bool| json!({"parameters": [{"name": "q", "in": "query", "schema": {"type": "integer"}, "allowEmptyValue": allowed}]});
    request(&query(true), &query(false), Broken, Native);
}

#[test]
fn a_whole_query_string_matches_by_its_place() {
    let whole = |name: &str| {
        let schema = json!({"type": "object", "properties": {"a": text()}});
        let content = json!({"application/x-www-form-urlencoded": {"schema": schema}});
        json!({"parameters": [{"name": name, "in": "querystring", "content": content}]})
    };
    request(&whole("a"), &whole("b"), Native, Native);
    let single = json!({"parameters": [{"name": "a", "in": "query", "schema": text()}]});
    request(&whole("a"), &single, Undecided, Undecided);
}

#[test]
fn a_component_that_moved_is_no_change() {
    let inline =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let named = json!({"$ref": "#/components/schemas/Pair"});
    request(
        &takes("application/json", &inline),
        &takes("application/json", &named),
        Native,
        Native,
    );
}

#[test]
fn an_extensible_enum_may_grow_towards_clients() {
    let of = |values: &[&str]| json!({"type": "string", "x-extensible-enum": values});
    let answer = |values: &[&str]| {
        gives(
            &json!({"200": {"description": "a", "content": {"application/json": {"schema": of(values)}}}}),
        )
    };
    let bridges = response(&answer(&["a"]), &answer(&["a", "b"]), Native, Native);
    assert_eq!(policies(&bridges.operation(0, 1)[0].responses[0]), [Policy::ExtensibleEnum]);
    assert_eq!(policies(&bridges.operation(1, 0)[0].responses[0]), []);
    let ask = |values: &[&str]| takes("application/json", &of(values));
    request(&ask(&["a"]), &ask(&["a", "b"]), Native, Broken);
}

#[test]
fn a_discriminator_tells_branches_apart() {
    let kind = || json!({"type": "string"});
    let one =
        |members: Value| json!({"type": "object", "properties": members, "required": ["kind"]});
    let of = |branches: &[&str], says: bool| {
        let refs: Vec<Value> = branches
            .iter()
            .map(|key| json!({"$ref": format!("#/components/schemas/{key}")}))
            .collect();
        let mut pet = json!({"oneOf": refs, "discriminator": {"propertyName": "kind"}});
        if !says {
            pet.as_object_mut().unwrap().remove("discriminator");
        }
        let body = json!({"required": true, "content": {"application/json": {"schema": pet}}});
        document(&json!({
            "paths": {"/a": {"post": {"requestBody": body, "responses": {}}}},
            "components": {"schemas": {
                "Cat": one(json!({"kind": kind(), "lives": {"type": "integer"}})),
                "Dog": one(json!({"kind": kind(), "tricks": {"type": "string"}}))
            }}
        }))
    };
    // by their members alone every cat is a dog, so that one branch more would refuse all cats
    let (_, bridges) = loaded(&of(&["Cat"], true), &of(&["Cat", "Dog"], true));
    let verdict = |client, backend| bridges.operation(client, backend)[0].request.verdict;
    assert_eq!((verdict(0, 1), verdict(1, 0)), (Native, Broken));
    let judged = &bridges.operation(0, 1)[0].request;
    assert!(policies(judged).contains(&Policy::DiscriminatorDecides));
    // and it must not make invalid what was valid without it
    let (_, bridges) = loaded(&of(&["Cat"], false), &of(&["Cat"], true));
    let verdict = |client, backend| bridges.operation(client, backend)[0].request.verdict;
    assert_eq!((verdict(0, 1), verdict(1, 0)), (Native, Native));
}

fn webhooks(kind: &str, members: &Value, required: &[&str]) -> Value {
    let schema = json!({"type": "object", "properties": members, "required": required});
    let item = json!({"post": {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"204": {"description": "taken"}}
    }});
    match kind {
        "webhook" => document(&json!({"webhooks": {"paid": item}})),
        _ => document(&json!({"paths": {"/a": {"post": {
            "responses": {"200": {"description": "a"}},
            "callbacks": {"paid": {"{$request.body#/url}": item}}
        }}}})),
    }
}

/// The verdict on what the new backend sends to the old client, then on what the old one sends to the new.
#[track_caller]
fn check_outgoing(
    kind: &str,
    old: (&Value, &[&str]),
    new: (&Value, &[&str]),
    wanted: [Verdict; 2],
) {
    let (api, bridges) = loaded(&webhooks(kind, old.0, old.1), &webhooks(kind, new.0, new.1));
    assert_eq!(api.versions[0].outgoing.len(), 1);
    for ((client, backend), wanted) in [((0, 1), wanted[0]), ((1, 0), wanted[1])] {
        let [one] = bridges.outgoing(client, backend) else { panic!("one {kind}") };
        assert_eq!((one.client_operation, one.verdict()), (Some(0), wanted), "{kind}: {one:#?}");
    }
}

#[test]
fn webhooks_and_callbacks_are_judged_with_their_sides_turned() {
    for kind in ["webhook", "callback"] {
        let one = json!({"a": text()});
        let more = json!({"a": text(), "b": text()});
        check_outgoing(kind, (&one, &["a"]), (&more, &["a", "b"]), [Native, Broken]);
        // what only answers have is in what a backend sends on its own
        let read_only = json!({"a": text(), "b": {"type": "string", "readOnly": true}});
        check_outgoing(kind, (&read_only, &["a", "b"]), (&read_only, &["a"]), [Broken, Native]);
    }
}

#[test]
fn a_webhook_that_the_client_does_not_know_is_ignored() {
    let none = document(&json!({"paths": {}}));
    let (_, bridges) = loaded(&none, &webhooks("webhook", &json!({}), &[]));
    let [one] = bridges.outgoing(0, 1) else { panic!("one webhook") };
    assert_eq!((one.client_operation, one.verdict()), (None, Native));
    assert_eq!(policies(&one.request), [Policy::UndeclaredOutgoingIgnored]);
    assert!(bridges.outgoing(1, 0).is_empty());
}

#[test]
fn a_path_that_names_another_version_is_rewritten() {
    let at = |path: &str| {
        let parameter = json!({"name": "id", "in": "path", "required": true, "schema": text()});
        document(&json!({"paths": {path: {"get": {
            "parameters": [parameter], "responses": {"200": {"description": "a"}}
        }}}}))
    };
    let (_, bridges) = loaded(&at("/v1/a/{id}"), &at("/v2/a/{id}"));
    let [operation] = bridges.operation(0, 1) else { panic!("one operation") };
    assert_eq!((operation.backend_operation, operation.verdict()), (Some(0), Bridged));
    let moved = operation.request.parts.iter().find(|part| part.key == PartKey::Whole).unwrap();
    assert_eq!(moved.judgement.steps[0].text, "send it to `/v2/a/{id}`");
}

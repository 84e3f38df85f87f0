//! Every rule fires where it should and stays silent where it should.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{RULES, changes};
use crate::describe::model::{
    Body, Components, Content, Description, Location, Operation, OperationKey, Parameter, Response,
    Status,
};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::Defs;
use crate::version::Version;

fn place() -> Place {
    Place { file: Arc::from("api.yaml"), line: 1, column: 1, pointer: Pointer::root() }
}

fn parameter(name: &str, location: Location, written: &Value) -> Parameter {
    Parameter {
        required: written["required"] == true,
        style: written["style"].as_str().unwrap_or("form,true").to_owned(),
        ..Parameter::new(name, location, json!({"type": "string"}), place())
    }
}

fn contents(written: &Value) -> Vec<Content> {
    let each = written.as_object().into_iter().flatten();
    each.map(|(media_type, root)| Content::new(media_type, root.clone(), place())).collect()
}

fn operation(path: &str, written: &Value) -> Operation {
    let named = |members: &Value, location| -> Vec<Parameter> {
        let each = members.as_object().into_iter().flatten();
        each.map(|(name, one)| parameter(name, location, one)).collect()
    };
    let responses = written["responses"].as_object().into_iter().flatten();
    let key = OperationKey { method: "POST".to_owned(), path: path.to_owned() };
    Operation {
        parameters: named(&written["query"], Location::Query),
        body: written["body"].as_object().map(|body| Body {
            required: body.get("required") == Some(&json!(true)),
            contents: contents(&body["contents"]),
            place: place(),
        }),
        responses: responses
            .map(|(status, one)| Response {
                headers: named(&one["headers"], Location::Header),
                contents: contents(&one["contents"]),
                ..Response::new(Status::Code(status.parse().unwrap()), place())
            })
            .collect(),
        deprecated: written["deprecated"] == true,
        ..Operation::new(key, place())
    }
}

fn description(written: &Value) -> Description {
    let defs = written["defs"].as_object().into_iter().flatten();
    let defs = Defs(defs.map(|(key, one)| (key.clone(), one.clone())).collect());
    let documents = written["documents"].as_object().into_iter().flatten();
    Description {
        operations: written["operations"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(path, one)| operation(path, one))
            .collect(),
        documents: documents
            .map(|(name, root)| {
                (name.clone(), Content::new("application/json", root.clone(), place()))
            })
            .collect::<BTreeMap<_, _>>(),
        components: Components { written: Arc::new(defs), ..Components::default() },
        ..Description::new(Version::new("1"), Arc::from("api.yaml"))
    }
}

fn fired(old: &Value, new: &Value) -> Vec<&'static str> {
    changes(&description(old), &description(new)).iter().map(|one| one.rule.id).collect()
}

/// The rule, a pair on which it fires; whether it stays silent the other way round (else: on no change).
fn cases() -> Vec<(&'static str, Value, Value, bool)> {
    let mut cases = message_cases();
    for (rule, old, new, directed) in schema_cases() {
        let document = |schema| json!({"documents": {"order": schema}});
        cases.push((rule, document(old), document(new), directed));
    }
    cases
}

fn message_cases() -> Vec<(&'static str, Value, Value, bool)> {
    let one = |operation: Value| json!({"operations": {"/orders": operation}});
    let body = |required: bool| one(json!({"body": {"required": required, "contents": {}}}));
    let query = |written: Value| one(json!({"query": written}));
    let answer = |written: Value| one(json!({"responses": {"200": written}}));
    let bare = one(json!({}));
    let media = answer(json!({"contents": {"text/plain": true}}));
    let header = |required: bool| answer(json!({"headers": {"etag": {"required": required}}}));
    let empty = answer(json!({}));
    vec![
        ("operation-added", json!({}), bare.clone(), true),
        ("operation-removed", bare.clone(), json!({}), true),
        ("operation-deprecated", bare.clone(), one(json!({"deprecated": true})), true),
        ("body-added", bare.clone(), body(false), true),
        ("body-removed", body(false), bare.clone(), true),
        ("body-became-required", body(false), body(true), true),
        ("body-became-optional", body(true), body(false), true),
        ("parameter-added", bare.clone(), query(json!({"a": {}})), true),
        ("parameter-added-required", bare.clone(), query(json!({"a": {"required": true}})), true),
        ("parameter-removed", query(json!({"a": {}})), bare.clone(), true),
        (
            "parameter-became-required",
            query(json!({"a": {}})),
            query(json!({"a": {"required": true}})),
            true,
        ),
        (
            "parameter-became-optional",
            query(json!({"a": {"required": true}})),
            query(json!({"a": {}})),
            true,
        ),
        (
            "parameter-style-changed",
            query(json!({"a": {}})),
            query(json!({"a": {"style": "form,false"}})),
            false,
        ),
        ("status-added", bare.clone(), empty.clone(), true),
        ("status-removed", empty.clone(), bare, true),
        ("media-type-added", empty.clone(), media.clone(), true),
        ("media-type-removed", media, empty.clone(), true),
        ("header-added", empty.clone(), header(false), true),
        ("header-removed", header(false), empty, true),
        ("header-became-required", header(false), header(true), true),
        ("header-became-optional", header(true), header(false), true),
        ("document-added", json!({}), json!({"documents": {"a": true}}), true),
        ("document-removed", json!({"documents": {"a": true}}), json!({}), true),
    ]
}

fn schema_cases() -> Vec<(&'static str, Value, Value, bool)> {
    let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required});
    let bare = object(json!({}), json!([]));
    let optional = object(json!({"a": {}}), json!([]));
    let required = object(json!({"a": {}}), json!(["a"]));
    let closed = json!({"type": "object", "additionalProperties": false});
    let number = json!({"type": "number"});
    vec![
        ("property-added", bare.clone(), optional.clone(), true),
        ("property-added-required", bare.clone(), required.clone(), true),
        ("property-removed", optional.clone(), bare.clone(), true),
        ("property-became-required", optional.clone(), required.clone(), true),
        ("property-became-optional", required, optional, true),
        ("undeclared-forbidden", bare.clone(), closed.clone(), true),
        ("undeclared-allowed", closed, bare, true),
        ("enum-value-added", json!({"enum": [1]}), json!({"enum": [1, 2]}), true),
        ("enum-value-removed", json!({"enum": [1, 2]}), json!({"enum": [1]}), true),
        ("type-changed", number.clone(), json!({"type": "string"}), false),
        ("type-narrowed", number.clone(), json!({"type": "integer"}), true),
        ("type-widened", json!({"type": "integer"}), number.clone(), true),
        ("null-allowed", number.clone(), json!({"anyOf": [{"type": "null"}, number]}), true),
        ("null-forbidden", json!({"type": ["string", "null"]}), json!({"type": "string"}), true),
        ("constraint-tightened", json!({"minLength": 1}), json!({"minLength": 2}), true),
        ("constraint-loosened", json!({"maxItems": 1}), json!({"maxItems": 2}), true),
        ("constraint-changed", json!({"pattern": "a"}), json!({"pattern": "b"}), false),
        ("default-changed", json!({"default": 1}), json!({"default": 2}), false),
        ("format-changed", json!({"format": "date"}), json!({"format": "time"}), false),
        ("schema-changed", json!({"not": {"const": 1}}), json!({"not": {"const": 2}}), false),
        (
            "variant-added",
            json!({"oneOf": [{"title": "a"}]}),
            json!({"oneOf": [{"title": "a"}, {"title": "b"}]}),
            true,
        ),
        (
            "variant-removed",
            json!({"anyOf": [{"title": "a"}, {"title": "b"}]}),
            json!({"anyOf": [{"title": "a"}]}),
            true,
        ),
    ]
}

#[test]
fn every_rule_fires_and_stays_silent() {
    let cases = cases();
    for rule in RULES {
        assert!(cases.iter().any(|case| case.0 == rule.id), "{} has no case", rule.id);
    }
    for (rule, old, new, directed) in cases {
        assert!(fired(&old, &new).contains(&rule), "{rule} is silent: {:?}", fired(&old, &new));
        let (before, after) = if directed { (&new, &old) } else { (&old, &old) };
        assert!(!fired(before, after).contains(&rule), "{rule} fires where it should not");
    }
}

#[test]
fn a_shared_and_recursive_component_is_told_once() {
    let version = |kind: &str| {
        json!({
            "defs": {"node": {"properties": {
                "kind": {"type": kind}, "next": {"$ref": "#/$defs/node"}
            }}},
            "documents": {"a": {"$ref": "#/$defs/node"}, "b": {"items": {"$ref": "#/$defs/node"}}}
        })
    };
    let rows = changes(&description(&version("string")), &description(&version("number")));
    let seen: Vec<_> =
        rows.iter().map(|one| (one.rule.id, one.subject.as_str(), one.pointer.as_str())).collect();
    assert_eq!(seen, [("type-changed", "component `node`", "/kind")]);
}

#[test]
fn composition_is_folded_before_it_is_compared() {
    let old =
        json!({"documents": {"a": {"allOf": [{"properties": {"x": {}}}, {"required": ["x"]}]}}});
    let new = json!({"documents": {"a": {"properties": {"x": {}}, "required": ["x"]}}});
    assert_eq!(fired(&old, &new), [""; 0]);
}

#[test]
fn path_parameters_match_by_position() {
    let mut old = description(&json!({"operations": {"/a/{x}/{y}": {}}}));
    let mut new = description(&json!({"operations": {"/a/{p}/{q}": {}}}));
    for (one, names) in [(&mut old, ["x", "y"]), (&mut new, ["p", "q"])] {
        one.operations[0].parameters =
            names.map(|name| parameter(name, Location::Path, &json!({"required": true}))).to_vec();
    }
    assert_eq!(changes(&old, &new), []);
}
